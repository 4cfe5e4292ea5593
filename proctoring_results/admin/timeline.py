"""The timeline on the pages of an attempt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from proctoring_results.models import ExamAttempt, ExamReview, Incident
from proctoring_results.queries.timeline import Event, timeline

# Of each review on the page of an attempt. Reviews can have a thousand incidents, and an attempt many reviews.
MAX_INCIDENTS = 5


@dataclass(frozen=True, slots=True)
class Line:
    """An event, and the addresses of its row and its incidents in the admin, empty if the person may not view them."""

    event: Event
    url: str
    # Of a review: its first incidents, and the address of all.
    incidents: Sequence[Incident] = ()
    incidents_url: str = ""


def lines_of(site: AdminSite, request: HttpRequest, attempt: ExamAttempt) -> list[Line]:
    """Return the timeline of an attempt, oldest first, with the first incidents of each review."""
    first = Incident.objects.filter(review__attempt=attempt, position__lt=MAX_INCIDENTS).order_by("review", "position")
    incidents = {pk: list(rows) for pk, rows in groupby(first, key=lambda incident: incident.review_id)}
    return [_line(site, request, event, incidents) for event in timeline(attempt)]


def _line(site: AdminSite, request: HttpRequest, event: Event, incidents: Mapping[int, Sequence[Incident]]) -> Line:
    url = _url(site, request, event.row)
    if not isinstance(event.row, ExamReview):
        return Line(event, url)
    return Line(event, url, incidents.get(event.row.pk, ()), list_url(site, request, Incident, event.row))


def list_url(site: AdminSite, request: HttpRequest, model: type[Model], review: ExamReview) -> str:
    """Return the address of the list of this model, narrowed to a review; empty if the person may not view it."""
    if not site.is_registered(model) or not site.get_model_admin(model).has_view_permission(request):
        return ""
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return f"{reverse(name, current_app=site.name)}?review__id__exact={review.pk}"


def _url(site: AdminSite, request: HttpRequest, row: Model | None) -> str:
    if row is None or not site.is_registered(type(row)):
        return ""
    model_admin: Any = site.get_model_admin(type(row))
    if not model_admin.has_view_permission(request, row):
        return ""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return reverse(name, args=[row.pk], current_app=site.name)
