"""The view of Numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from proctoring_results import permissions
from proctoring_results.lms import course_name
from proctoring_results.pages._shared.decorators import page, signed_in
from proctoring_results.pages._shared.navigation import navigation
from proctoring_results.pages._shared.statuses import explanations_url
from proctoring_results.validation import clean_key

from .csv_file import csv_of, file_name
from .links import Counted
from .page import NumbersPage, numbers_page

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def numbers(request: SignedIn, course_id: str) -> HttpResponse:
    """Show how the exams of a course went, or the one that ``?exam=`` names."""
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
    explanations = explanations_url(request.user, course_id)
    context = {
        "course_id": course_id,
        "course_name": course_name(course_id),
        "navigation": navigation(course_id, "numbers"),
        "page": _page(request, course_id, explanations),
        "report_url": explanations,
    }
    return render(request, "proctoring_results/numbers/page.html", context)


@require_safe
@page
@signed_in
def numbers_csv(request: SignedIn, course_id: str) -> HttpResponse:
    """Send what the page shows with the same address as a CSV file. It has numbers of learners, and none of them."""
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
    contents = _page(request, course_id, explanations="")
    name = file_name(course_id, contents.rendered_at)
    return HttpResponse(
        csv_of(contents),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _page(request: SignedIn, course_id: str, explanations: str) -> NumbersPage:
    counted = Counted.read(course_id, request.GET.dict())
    may_decide = permissions.may(request.user, permissions.DECIDE_ATTEMPT, course_id)
    return numbers_page(counted, explanations=explanations, may_decide=may_decide)
