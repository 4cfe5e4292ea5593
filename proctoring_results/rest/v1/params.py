"""Fields and checks of what callers send: usable values, or a refusal that names the field.

The fields are stricter than DRF's in one thing: they convert no value of another type. Those of dates and times are the
same on every site: the host's formats in ``REST_FRAMEWORK`` and its time zone are for its own API.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import ISO_8601, serializers
from rest_framework.exceptions import ValidationError
from rest_framework.settings import api_settings

from proctoring_results.exceptions import InvalidInput
from proctoring_results.rest.json_body import BODY, printable_name
from proctoring_results.validation import clean_key


class StrictCharField(serializers.CharField):
    """Text as it came, with nothing trimmed."""

    #: What texts match, for the schema.
    pattern = r"^[^\u0000]*$"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        text: str = super().to_internal_value(data)
        return text


class IdField(StrictCharField):
    pattern = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=255, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        try:
            return clean_key("", text)
        except InvalidInput as refusal:
            raise ValidationError(refusal.problem) from None


class StrictIntegerField(serializers.IntegerField):
    """A whole number: digits in a query are one, ``true`` and ``1.0`` in a body are not."""

    def to_internal_value(self, data: Any) -> int:
        is_number = isinstance(data, int) and not isinstance(data, bool)
        if not is_number and not (isinstance(data, str) and data.isascii() and data.isdigit()):
            self.fail("invalid")
        number: int = super().to_internal_value(data)
        return number


class StrictBooleanField(serializers.BooleanField):
    """``true`` or ``false``."""

    def to_internal_value(self, data: Any) -> bool:
        if data not in ("true", "false") and not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data in ("true", True)


class MomentField(serializers.DateTimeField):
    """A moment in UTC, such as ``2026-05-01T09:30:00.250000Z``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO_8601, input_formats=[ISO_8601], default_timezone=UTC, **kwargs)


class DayField(serializers.DateField):
    """A day, such as ``2026-05-01``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format=ISO_8601, input_formats=[ISO_8601], **kwargs)


class StrictDateField(DayField):
    """``2026-05-01``, and no other way to write it."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            self.fail("invalid", format="YYYY-MM-DD")
        day: date = super().to_internal_value(value)
        return day


class StrictChoiceField(serializers.ChoiceField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        choice: str = super().to_internal_value(data)
        return choice


class CourseQuery(serializers.Serializer[Any]):
    """A course that the caller names: without the permission for it the answer is 403."""

    course_id = IdField(help_text="As the LMS writes it.")


def parse_pk(text: str) -> int:
    """Return the primary key in an address, or 0, which no row has, if the text is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0


def validate(serializer_class: type[serializers.BaseSerializer[Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the validated data. Raise ``InvalidInput`` for the first wrong field, and for unknown ones."""
    serializer = serializer_class(data=data)
    _refuse_unknown(serializer, data, "")
    try:
        serializer.is_valid(raise_exception=True)
    except ValidationError as error:
        raise InvalidInput(*_first(error.detail, "")) from None
    return dict(serializer.validated_data)


def _refuse_unknown(serializer: Any, data: Mapping[str, Any], prefix: str) -> None:
    for name, value in data.items():
        field = serializer.fields.get(name)
        if field is None:
            raise InvalidInput(printable_name(f"{prefix}{name}"), _("is not known here."))
        if isinstance(field, serializers.Serializer) and isinstance(value, Mapping):
            _refuse_unknown(field, value, f"{prefix}{name}.")


def _first(detail: Any, path: str) -> tuple[str, str]:
    """Return the field and the sentence of the first of DRF's errors."""
    if isinstance(detail, Mapping):
        name, nested = next(iter(detail.items()))
        if name != api_settings.NON_FIELD_ERRORS_KEY:
            path = f"{path}.{name}" if path else str(name)
        return _first(nested, path)
    if isinstance(detail, list):
        return _first(detail[0], path)
    return path or BODY, str(detail)
