"""The filters of the lists. None of them searches the attempts for its choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import AttemptStatus
from proctoring_results.models import ProctoredExam
from proctoring_results.providers.registry import known_providers
from proctoring_results.rules import full_status_label

if TYPE_CHECKING:
    Rows = QuerySet[Any]


def course_filter(path: str) -> type[admin.ListFilter]:
    """Return a filter by course. ``path`` leads to its id: ``exam__course_id``, for example."""
    return type("CourseFilter", (_CourseFilter,), {"path": path})


class _CourseFilter(admin.ListFilter):
    """A text field that suggests the courses with exams: a site has hundreds of courses."""

    title = _("course")
    template = "admin/proctoring_results/course_filter.html"
    parameter = "course"
    path: str

    def __init__(
        self, request: HttpRequest, params: dict[str, list[str]], model: type[Model], model_admin: admin.ModelAdmin[Any]
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.course = params.pop(self.parameter, [""])[-1].strip()

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [self.parameter]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        # No course id has a NUL, and PostgreSQL refuses a query with one.
        if "\0" in self.course:
            return queryset.none()
        return queryset.filter(**{self.path: self.course}) if self.course else queryset

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:
        ids = ProctoredExam.objects.order_by("course_id").values_list("course_id", flat=True).distinct()
        # The page number belongs to the list before this filter.
        others = {key: values for key, values in self.request.GET.lists() if key not in (self.parameter, "p")}
        yield {
            "course": self.course,
            "courses": ids,
            "others": [(key, value) for key, values in others.items() for value in values],
            "clear": changelist.get_query_string(remove=[self.parameter]),
        }


class _OneOf(admin.SimpleListFilter):
    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        value = self.value()
        if value is None:
            return queryset
        is_offered = value in dict(self.lookup_choices)
        return queryset.filter(**{str(self.parameter_name): value}) if is_offered else queryset.none()


class StatusFilter(_OneOf):
    title = _("status")
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(value, full_status_label(value)) for value in AttemptStatus.values]


class ProviderFilter(_OneOf):
    """The providers of the exams, and those in the settings."""

    title = _("provider")
    parameter_name = "provider"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        in_exams = ProctoredExam.objects.order_by().values_list("provider", flat=True).distinct()
        return [(name, name) for name in sorted({*in_exams, *(provider.name for provider in known_providers())})]


class _YesOrNo(admin.SimpleListFilter):
    yes: dict[str, Any]

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, Any]]:
        return [("no", _("No")), ("yes", _("Yes"))]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        match self.value():
            case "yes":
                return queryset.filter(**self.yes)
            case "no":
                return queryset.exclude(**self.yes)
        return queryset


class PracticeFilter(_YesOrNo):
    title = _("practice")
    parameter_name = "practice"
    yes = {"is_sample_attempt": True}


class ArchivedFilter(_YesOrNo):
    title = _("archived")
    parameter_name = "archived"
    yes = {"archived_at__isnull": False}
