from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from proctoring_results.filters import in_words as narrowing_in_words
from proctoring_results.lms import course_zone
from proctoring_results.models import Report, ReportDownload, ReportSchedule, ScheduleRun
from proctoring_results.reports.kinds.registry import kind_label
from proctoring_results.reports.rhythms import Rhythm, in_words

from .people import PeopleAdmin, person_column
from .read_only import ReadOnlyInline


class DownloadInline(ReadOnlyInline):
    model = ReportDownload
    fields = ["at", "user", "address", "outcome", "for_excel"]
    ordering = ["-pk"]
    show_change_link = False


@admin.register(Report)
class ReportAdmin(PeopleAdmin):
    person_path = "requested_by"
    list_display = [
        "file_name",
        "about",
        "kind_in_words",
        "narrowed_to",
        "format",
        "state",
        person_column("requested_by", _("requested by")),
        "requested_at",
        "rows",
        "failure",
        "reference",
    ]
    list_select_related = ["requested_by"]
    list_filter = ["state", "kind", "failure"]
    search_fields = ["file_name", "course_id", "reference"]
    ordering = ["-pk"]
    inlines = [DownloadInline]

    @admin.display(description=_("about"), ordering="course_id")
    def about(self, report: Report) -> str:
        if report.course_id:
            return str(report.course_id)
        number = len(report.courses)
        return ngettext("%(number)s course", "%(number)s courses", number) % {"number": number}

    # A kind of the host's is in no list of choices: its label, or its name if the host has taken it away.
    @admin.display(description=_("kind"), ordering="kind")
    def kind_in_words(self, report: Report) -> str:
        return kind_label(report.kind)

    @admin.display(description=_("narrowed to"))
    def narrowed_to(self, report: Report) -> str:
        # The exam by its id: its name would be a query for each row.
        return ", ".join(narrowing_in_words(report.filters, report.filters.get("exam", "")))


@admin.register(ReportDownload)
class ReportDownloadAdmin(PeopleAdmin):
    list_display = ["at", person_column("user", _("user")), "report", "address", "outcome", "for_excel"]
    list_select_related = ["user", "report"]
    list_filter = ["outcome"]
    search_fields = ["report__file_name"]
    ordering = ["-pk"]


class RunInline(ReadOnlyInline):
    model = ScheduleRun
    fields = ["ran_at", "planned_at", "exam", "outcome", "problem", "report"]
    ordering = ["-pk"]
    show_change_link = False


@admin.register(ReportSchedule)
class ReportScheduleAdmin(PeopleAdmin):
    person_path = "owner"
    list_display = [
        "schedule_id",
        "course_id",
        "kind",
        "when",
        person_column("owner", _("owner")),
        "state",
        "problem",
        "next_run_at",
        "last_run_at",
        "failures",
    ]
    list_select_related = ["owner"]
    list_filter = ["state", "rhythm", "kind"]
    search_fields = ["course_id"]
    ordering = ["-pk"]
    inlines = [RunInline]
    # In words, with the time by a clock of 24 hours.
    exclude = ["rhythm", "weekday", "month_day", "days_after_due", "run_time"]

    @admin.display(description=_("when"), ordering="rhythm")
    def when(self, schedule: ReportSchedule) -> str:
        return in_words(Rhythm.of(schedule), course_zone(schedule.course_id))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["when", *super().get_readonly_fields(request, obj)]
