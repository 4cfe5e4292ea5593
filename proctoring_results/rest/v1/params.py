"""From what was asked to values that can be used, or a refusal that names the field.

Stricter than DRF's own fields in one thing: what is no text is not made one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from proctoring_results.exceptions import InvalidInput
from proctoring_results.rest.json_body import BODY

MAX_FIELD_LENGTH = 200  # characters of a name in an answer


class Text(serializers.CharField):
    """Text as it came, without anything trimmed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class Id(Text):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=255, **kwargs)


class Whole(serializers.IntegerField):
    """A whole number; digits in a query will do, true and 1.0 in a body will not."""

    def to_internal_value(self, data: Any) -> int:
        is_number = isinstance(data, int) and not isinstance(data, bool)
        if not is_number and not (isinstance(data, str) and data.isascii() and data.isdigit()):
            self.fail("invalid")
        number: int = super().to_internal_value(data)
        return number


class Day(serializers.DateField):
    """``2026-05-01``, and no other way to write it."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            self.fail("invalid", format="YYYY-MM-DD")
        day: date = super().to_internal_value(value)
        return day


class Word(serializers.ChoiceField):
    """One of a few words."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        word: str = super().to_internal_value(data)
        return word


class CourseQuery(serializers.Serializer[Any]):
    """A course that is named: without the permission for it the answer is 403."""

    course_id = Id(help_text="As the LMS writes it.")


def key_of(text: str) -> int:
    """The key that an address names. No row has 0, and none has more digits than this."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def asked(serializer: type[serializers.BaseSerializer[Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the serializer makes of it. Raises ``InvalidInput`` for the first wrong field, and for unknown ones."""
    reader = serializer(data=given)
    _refuse_unknown(reader, given, "")
    try:
        reader.is_valid(raise_exception=True)
    except ValidationError as error:
        raise InvalidInput(*_first(error.detail, "")) from None
    return dict(reader.validated_data)


def _refuse_unknown(reader: Any, given: Mapping[str, Any], above: str) -> None:
    for name, value in given.items():
        field = reader.fields.get(name)
        if field is None:
            raise InvalidInput(shown_name(f"{above}{name}"), "is not known here.")
        if isinstance(field, serializers.Serializer) and isinstance(value, Mapping):
            _refuse_unknown(field, value, f"{above}{name}.")


def _first(detail: Any, place: str) -> tuple[str, str]:
    """The field and the sentence of the first of DRF's errors."""
    if isinstance(detail, Mapping):
        name, below = next(iter(detail.items()))
        is_of_all = name == "non_field_errors"
        return _first(below, place if is_of_all else f"{place}.{name}" if place else str(name))
    if isinstance(detail, list):
        return _first(detail[0], place)
    return place or BODY, str(detail)


def shown_name(name: str) -> str:
    """A name that a caller made up, fit for an answer."""
    kept = name.encode(errors="backslashreplace").decode()
    return kept if len(kept) <= MAX_FIELD_LENGTH else f"{kept[:MAX_FIELD_LENGTH]}…"
