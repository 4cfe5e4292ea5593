"""The filters of attempts as fields of a query or of a body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from proctoring_results.choices import Archived
from proctoring_results.filters import FILTER_NAMES, FILTERS, MAX_NUMBER, AttemptFilter, Filter

from .params import IdField, StrictChoiceField, StrictDateField, StrictIntegerField


class FilterFields(serializers.Serializer[Any]):
    """The fields of ``FILTERS``, none of them required."""

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), **{one.name: _field(one) for one in FILTERS}}


def read_filter(params: Mapping[str, Any], *, archived: Archived = Archived.WITHOUT) -> AttemptFilter:
    """Return the filter of validated parameters, which may hold others, too."""
    return AttemptFilter.read({name: params[name] for name in FILTER_NAMES if name in params}, archived=archived)


def _field(one: Filter) -> serializers.Field[Any, Any, Any, Any]:
    help_text = one.help or None
    if one.choices:
        return StrictChoiceField(list(one.choices), required=False, help_text=help_text)
    if one.is_day:
        return StrictDateField(required=False, help_text=help_text)
    if one.is_number:
        return StrictIntegerField(required=False, min_value=1, max_value=MAX_NUMBER, help_text=help_text)
    return IdField(required=False, help_text=help_text)
