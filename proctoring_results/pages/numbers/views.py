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

from .page import numbers_page

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def numbers(request: SignedIn, course_id: str) -> HttpResponse:
    """Show how the exams of a course went, or the one that ``?exam=`` names."""
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
    exam = request.GET.get("exam", "")
    explanations = explanations_url(request.user, course_id)
    context = {
        "course_id": course_id,
        "course_name": course_name(course_id),
        "navigation": navigation(course_id, "numbers"),
        "page": numbers_page(course_id, clean_key("exam", exam) if exam else None, explanations=explanations),
        "report_url": explanations,
    }
    return render(request, "proctoring_results/numbers/page.html", context)
