from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from proctoring_results.models import Report, ReportDownload

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
        "course_id",
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


@admin.register(ReportDownload)
class ReportDownloadAdmin(PeopleAdmin):
    list_display = ["at", person_column("user", _("user")), "report", "address", "outcome", "for_excel"]
    list_select_related = ["user", "report"]
    list_filter = ["outcome"]
    search_fields = ["report__file_name"]
    ordering = ["-pk"]
