"""Validation of values that every database, JSON and CSV must take."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from proctoring_results.exceptions import InvalidInput


def problem_of_text(text: str) -> str:
    """Return what is wrong with text that some database refuses; nothing if every database takes it."""
    if "\0" in text:
        return _("must not contain the NUL character.")
    # Most text is ASCII, which is quick to find out.
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return _("must not contain lone surrogates.")
    return ""


def clean_text(field: str, value: object, *, min_length: int = 0, max_length: int | None = None) -> str:
    """Return the text unchanged.

    Raises ``InvalidInput`` for what is no text, for NUL and lone surrogates, and for too few or too many characters.
    """
    if not isinstance(value, str):
        raise InvalidInput(field, _("must be text."))
    if problem := problem_of_text(value):
        raise InvalidInput(field, problem)
    if len(value) < min_length:
        raise InvalidInput(field, _("must not be empty."))
    if max_length is not None and len(value) > max_length:
        raise InvalidInput(field, _("must have at most %(limit)d characters.") % {"limit": max_length})
    return value


def clean_key(field: str, value: object, *, max_length: int = 255) -> str:
    """Return the text unchanged, as ``clean_text`` does. Raises ``InvalidInput`` for an empty one, too."""
    return clean_text(field, value, min_length=1, max_length=max_length)


def clean_whole_number(field: str, value: object, *, min_value: int = 0, max_value: int = 1_000_000) -> int:
    """Return the number. Raises ``InvalidInput`` unless it is a whole number from ``min_value`` to ``max_value``."""
    if isinstance(value, bool) or not isinstance(value, int) or not min_value <= value <= max_value:
        raise InvalidInput(
            field, _("must be a whole number from %(min)d to %(max)d.") % {"min": min_value, "max": max_value}
        )
    return value


def not_one_of(field: str, values: Iterable[str]) -> InvalidInput:
    """Return the error to raise for a value that is none of these."""
    return InvalidInput(field, _("must be one of %(values)s.") % {"values": ", ".join(values)})


def clean_json(field: str, value: object) -> Any:
    """Return JSON data unchanged. Raises ``InvalidInput`` for what a database would refuse: NUL, surrogates, NaN."""
    if isinstance(value, str):
        return clean_text(field, value)
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidInput(field, _("must not contain NaN or infinity."))
    if isinstance(value, Mapping):
        return {clean_text(field, key): clean_json(f"{field}.{key}", item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean_json(f"{field}[{number}]", item) for number, item in enumerate(value)]
    if value is None or isinstance(value, bool | int | float):
        return value
    raise InvalidInput(field, _("must be JSON data."))
