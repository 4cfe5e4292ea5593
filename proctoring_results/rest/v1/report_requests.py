"""What reports can be requested, by which body, and how many rows one would have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import permissions
from proctoring_results.choices import ReportFormat, ReportKind
from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import FILTERS, Filter
from proctoring_results.queries.filter_choices import OF_COURSES, FilterChoices
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.reports.formats import FORMAT_CHOICES, FileFormat, available_formats
from proctoring_results.reports.kinds.base import Kind
from proctoring_results.reports.kinds.registry import kind_named
from proctoring_results.reports.meanings import meaning_of
from proctoring_results.reports.requests import (
    ReportRequest,
    courses_of_kinds,
    kinds_in_course,
    request_about_all_courses,
    request_about_course,
)

from .base import ApiView
from .filters import FilterFields
from .params import IdField, StrictBooleanField, StrictChoiceField

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class CourseOrAllQuery(serializers.Serializer[Any]):
    """One course, or all: exactly one of these."""

    course_id = IdField(required=False, help_text="As the LMS writes it. Not together with `all_courses`.")
    all_courses = StrictBooleanField(
        default=False, help_text="All courses in which you may generate reports, instead of `course_id`."
    )


class ReportBody(CourseOrAllQuery):
    kind = IdField(default=ReportKind.EXAM_RESULTS.value, help_text="The name of a kind, see `reports/kinds/`.")
    filters = FilterFields(
        required=False,
        help_text="Those of `attempts/`. Without filters: the whole course, archived attempts included. "
        "With `all_courses` no `exam`.",
    )
    format = StrictChoiceField(FORMAT_CHOICES, default=ReportFormat.CSV)
    reuse = StrictBooleanField(
        default=False, help_text="Answer with the same report if it was finished within the last minute."
    )
    notify = StrictBooleanField(default=False, help_text="Send me a mail when it is ready or has failed.")


def course_of(params: Mapping[str, Any]) -> str | None:
    """Return the course that is named, or None for all courses. Raise ``InvalidInput`` for both, and for neither."""
    course_id: str | None = params.get("course_id")
    if course_id is None and not params["all_courses"]:
        raise InvalidInput("course_id", _("is required, unless all_courses is true."))
    if course_id is not None and params["all_courses"]:
        raise InvalidInput("course_id", _("must not be there if all_courses is true."))
    return course_id


class ColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.ChoiceField(["text", "number", "time"], help_text="In a CSV file all are text.")
    meaning = serializers.CharField()


class KindSerializer(serializers.Serializer[Any]):
    """One kind of report."""

    name = serializers.CharField(help_text="For `kind` of a request.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the label of this one
    description = serializers.CharField(help_text="What a row is.")
    version = serializers.IntegerField(help_text="Goes up when the columns change.")
    permission = serializers.CharField(
        allow_null=True, help_text="What is needed beside the permissions of all reports; null if nothing."
    )
    columns = ColumnSerializer(many=True)


class FormatSerializer(serializers.Serializer[Any]):
    name = serializers.ChoiceField(FORMAT_CHOICES, help_text="For `format` of a request.")
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the label of this one
    description = serializers.CharField()
    extension = serializers.CharField()
    max_rows = serializers.IntegerField(allow_null=True, help_text="Null if any number of rows fits.")


class ValueSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the label of this one


class FilterSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # a field, not the label of this one
    type = serializers.ChoiceField(["choice", "day", "number"])
    values = ValueSerializer(many=True, help_text="Empty for a day and a number.")


class KindsSerializer(serializers.Serializer[Any]):
    """What a request can have."""

    kinds = KindSerializer(many=True)
    formats = FormatSerializer(many=True)
    filters = FilterSerializer(many=True)


class PreviewSerializer(serializers.Serializer[Any]):
    rows = serializers.IntegerField(help_text="Rows that the report would have now, without the header.")


class KindsView(ApiView):
    def get(self, request: Request) -> Response:
        """The kinds that you may generate, the formats and the filters.

        Labels and texts are for people, in their language; names and values are for requests.
        """
        course_id = course_of(self.query(CourseOrAllQuery))
        if course_id is None:
            ours = [kind_named(name) for name in courses_of_kinds(self.caller)]
        else:
            self.require(permissions.GENERATE_REPORT, course_id)
            ours = kinds_in_course(self.caller, course_id)
        exams = list(exams_in_course(course_id).with_result()) if course_id is not None else []
        values = FilterChoices(exams, {})
        choices = {
            "kinds": [_kind(kind) for kind in ours],
            "formats": [_format(one) for one in available_formats().values()],
            "filters": [_filter(one, values) for one in FILTERS if course_id or one.name not in OF_COURSES],
        }
        return Response(KindsSerializer(choices).data)


class PreviewView(ApiView):
    http_method_names = ["post", "options"]
    only_reads = True

    def post(self, request: Request) -> Response:
        """How many rows the report would have. Nothing is requested.

        It is refused where the request would be refused.
        """
        requested = checked_request(self.body(ReportBody), self.caller)
        return Response(PreviewSerializer({"rows": requested.number_of_rows()}).data)


def checked_request(body: Mapping[str, Any], by: AbstractBaseUser) -> ReportRequest:
    course_id = course_of(body)
    options: dict[str, Any] = {"filters": body.get("filters"), "file_format": body["format"], "by": by}
    if course_id is None:
        return request_about_all_courses(body["kind"], **options)
    return request_about_course(course_id, body["kind"], **options)


def _kind(kind: Kind) -> dict[str, Any]:
    columns = [{"name": one.name, "type": one.type, "meaning": meaning_of(one)} for one in kind.columns()]
    return {
        "name": kind.name,
        "label": kind.label,
        "description": kind.description,
        "version": kind.version,
        "permission": kind.permission or None,
        "columns": columns,
    }


def _format(one: FileFormat) -> dict[str, Any]:
    return {
        "name": one.format.value,
        "label": one.format.label,
        "description": one.description,
        "extension": one.extension,
        "max_rows": one.max_rows,
    }


def _filter(one: Filter, choices: FilterChoices) -> dict[str, Any]:
    kind = "day" if one.is_day else "number" if one.is_number else "choice"
    values = [{"value": value, "label": label} for value, label in choices.of(one)]
    return {"name": one.name, "label": one.label, "type": kind, "values": values}
