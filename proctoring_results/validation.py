"""Validation of values that every database, JSON and CSV must take."""

import math
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from proctoring_results.exceptions import InvalidInput

# Letters and symbols by their Unicode category, and blank all the same: fillers of Hangul, and an empty Braille cell.
BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")


def problem_of_text(text: str) -> str:
    """Return what is wrong with text that some database refuses; nothing if every database takes it."""
    if "\0" in text:
        return _("must not contain the NUL character.")
    # Most text is ASCII, which is quick to find out.
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return _("must not contain lone surrogates.")
    return ""


def storable_text(text: str) -> str:
    """Return the text with a question mark for each lone surrogate, and without NUL."""
    return text.encode(errors="replace").decode().replace("\0", "")


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
    """Return an id as text: as it is, or that of a key of the host's, such as ``CourseKey``.

    Raises ``InvalidInput`` as ``clean_text`` does, for an empty one, and for one that no address can contain.
    """
    text = clean_text(field, _text_of_key(value), min_length=1, max_length=max_length)
    if not text.isprintable() and any(unicodedata.category(letter) in ("Cc", "Zl", "Zp") for letter in text):
        raise InvalidInput(field, _("must not contain line breaks or other control characters."))
    if {".", ".."}.intersection(text.split("/")):
        raise InvalidInput(field, _("must not be “.” or “..”, nor contain one of them between slashes."))
    return text


def _text_of_key(value: object) -> object:
    """Return the text of an object that is made to be an id. A model instance is not: its text may be a title."""
    kind = type(value)
    is_key = kind.__module__ != "builtins" and kind.__str__ is not object.__str__ and not isinstance(value, Model)
    return str(value) if is_key else value


def clean_reason(reason: object, *, missing: str = "", max_length: int | None = None, field: str = "reason") -> str:
    """Return a reason, or another text of a person, without surrounding white space; nothing if none of it can be seen.

    Raises ``InvalidInput`` as ``clean_text`` does, and with the sentence ``missing``, if there is one, for no reason.
    """
    text = clean_text(field, reason, max_length=max_length).strip()
    if any(unicodedata.category(letter)[0] in "LNPS" and letter not in BLANKS for letter in text):
        return text
    if missing:
        raise InvalidInput(field, missing)
    return ""


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
