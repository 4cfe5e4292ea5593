from __future__ import annotations

from django.contrib import admin

from proctoring_results.models import ProviderMessage

from .reading import ReadOnlyAdmin


@admin.register(ProviderMessage)
class ProviderMessageAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "provider", "door", "attempt", "state", "tries", "next_try_at", "problem"]
    list_select_related = ["attempt"]
    list_filter = ["state", "provider", "door"]
    search_fields = ["attempt__attempt_code"]
    ordering = ["-pk"]
    # Encrypted: it would say nothing here.
    exclude = ["body"]
