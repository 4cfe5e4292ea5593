"""The view of the Quiz List."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from proctoring_results import permissions
from proctoring_results.lms import course_name
from proctoring_results.pages._shared.decorators import page, signed_in
from proctoring_results.pages._shared.flash import flash_context
from proctoring_results.pages._shared.navigation import navigation
from proctoring_results.pages._shared.statuses import explanations_url
from proctoring_results.validation import clean_key

from .page import quiz_groups

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def quiz_list(request: SignedIn, course_id: str) -> HttpResponse:
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
    context = {
        "course_id": course_id,
        "course_name": course_name(course_id),
        "navigation": navigation(course_id, "quiz_list"),
        "groups": quiz_groups(course_id),
        "explanations_url": explanations_url(request.user, course_id),
        **flash_context(request),
    }
    return render(request, "proctoring_results/quiz_list/page.html", context)
