"""What the page of an attempt shows besides its columns."""

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
    """An event, and the admin's page of its row where the person may see it."""

    event: Event
    url: str


def lines_of(site: AdminSite, request: HttpRequest, attempt: ExamAttempt) -> list[Line]:
    """The timeline of an attempt, oldest first."""
    return [Line(event, _url(site, request, event.row)) for event in timeline(attempt)]


def _url(site: AdminSite, request: HttpRequest, row: Model | None) -> str:
    shown_by: Any = site._registry.get(type(row)) if row is not None else None
    if row is None or shown_by is None or not shown_by.has_view_permission(request, row):
        return ""
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
