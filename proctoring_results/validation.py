"""What text we can keep: every database, JSON and CSV must take it."""

import math
from collections.abc import Mapping

from proctoring_results.exceptions import InvalidInput


def unstorable_in(text: str) -> str:
    """Return what a text has that some database refuses, as a sentence names it; the empty text if there is nothing."""
    if "\0" in text:
        return "the NUL character"
    # Quick where it can be: most text is ASCII.
    has_surrogates = not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)
    return "lone surrogates" if has_surrogates else ""


def clean_text(field: str, value: object, *, most: int | None = None) -> str:
    """The text, unchanged. Raises ``InvalidInput`` for NUL, lone surrogates, what is no text, and over ``most``."""
    if not isinstance(value, str):
        raise InvalidInput(field, "must be text.")
    if unstorable := unstorable_in(value):
        raise InvalidInput(field, f"must not contain {unstorable}.")
    if most is not None and len(value) > most:
        raise InvalidInput(field, f"must have at most {most} characters.")
    return value


def clean_key(field: str, value: object, *, most: int = 255) -> str:
    """``clean_text`` that is not empty."""
    text = clean_text(field, value, most=most)
    if not text:
        raise InvalidInput(field, "must not be empty.")
    return text


def clean_whole_number(field: str, value: object, *, least: int = 0, most: int = 1_000_000) -> int:
    """A whole number between ``least`` and ``most``. Raises ``InvalidInput``."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise InvalidInput(field, f"must be a whole number from {least} to {most}.")
    return value


def clean_json(field: str, value: object) -> object:
    """JSON data, unchanged. Raises ``InvalidInput`` for what a database would refuse: NUL, surrogates, NaN."""
    if isinstance(value, str):
        return clean_text(field, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(field, "must not contain NaN or infinity.")
    if isinstance(value, Mapping):
        return {clean_text(field, key): clean_json(f"{field}.{key}", item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(f"{field}[{number}]", item) for number, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | float):
        return value
    raise InvalidInput(field, "must be JSON data.")
