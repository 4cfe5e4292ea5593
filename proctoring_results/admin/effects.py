from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from proctoring_results.models import LmsEffect
from proctoring_results.queries.lookups import effects_lag
from proctoring_results.services.effects import retry_effects

from .filters import course_filter
from .people import PeopleAdmin, person_column


@admin.register(LmsEffect)
class LmsEffectAdmin(PeopleAdmin):
    list_display = [
        "kind",
        "call",
        "state",
        person_column("user", _("person")),
        "exam",
        "report",
        "tries",
        "queued_at",
        "next_try_at",
        "done_at",
        "problem",
    ]
    list_select_related = ["user", "exam", "report"]
    list_filter = [course_filter("exam__course_id"), "state", "kind", "call"]
    search_fields = ["attempt__attempt_code", "report__file_name"]
    ordering = ["-pk"]
    actions = ["retry"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), "lag": effects_lag()})

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("proctoring_results.change_lmseffect")

    @admin.action(description=_("Retry the selected effects that were given up"), permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[LmsEffect, Any]) -> None:
        number = retry_effects(list(queryset.values_list("pk", flat=True)))
        sentence = ngettext("%d effect will be tried again.", "%d effects will be tried again.", number) % number
        self.message_user(request, sentence, messages.SUCCESS if number else messages.WARNING)
