from __future__ import annotations

from django.contrib import admin

from proctoring_results.models import Erasure

from .read_only import ReadOnlyAdmin


@admin.register(Erasure)
class ErasureAdmin(ReadOnlyAdmin):
    list_display = ["at", "user", "by", "reason", "attempts"]
    list_select_related = ["user", "by"]
    search_fields = ["user__username", "reason"]
    ordering = ["-pk"]
