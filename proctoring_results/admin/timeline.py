"""The timeline on the pages of an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from proctoring_results.models import ExamAttempt
from proctoring_results.queries.timeline import Event, timeline


@dataclass(frozen=True, slots=True)
class Line:
    """An event, and the address of its row in the admin, or an empty text if the person may not view that."""

    event: Event
    url: str


def lines_of(site: AdminSite, request: HttpRequest, attempt: ExamAttempt) -> list[Line]:
    """Return the timeline of an attempt, oldest first."""
    return [Line(event, _url(site, request, event.row)) for event in timeline(attempt)]


def _url(site: AdminSite, request: HttpRequest, row: Model | None) -> str:
    if row is None or not site.is_registered(type(row)):
        return ""
    model_admin: Any = site.get_model_admin(type(row))
    if not model_admin.has_view_permission(request, row):
        return ""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(name, args=[row.pk], current_app=site.name)
