from __future__ import annotations

from django.contrib import admin

from proctoring_results.models import Report, ReportDownload
from proctoring_results.people import search_fields

from .read_only import ReadOnlyAdmin, ReadOnlyInline


class DownloadInline(ReadOnlyInline):
    model = ReportDownload
    fields = ["at", "user", "address", "outcome", "for_excel"]
    ordering = ["-pk"]
    show_change_link = False


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ["file_name", "course_id", "state", "requested_by", "requested_at", "rows", "failure", "reference"]
    list_select_related = ["requested_by"]
    list_filter = ["state", "kind", "failure"]
    search_fields = ["file_name", "course_id", "reference"]
    ordering = ["-pk"]
    inlines = [DownloadInline]


@admin.register(ReportDownload)
class ReportDownloadAdmin(ReadOnlyAdmin):
    list_display = ["at", "user", "report", "address", "outcome", "for_excel"]
    list_select_related = ["user", "report"]
    list_filter = ["outcome"]
    search_fields = [*search_fields("user__"), "report__file_name"]
    ordering = ["-pk"]
