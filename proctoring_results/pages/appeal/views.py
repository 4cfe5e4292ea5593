"""The page on which a learner appeals against their own result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from proctoring_results import permissions
from proctoring_results.exceptions import AppealRefused, AttemptIsArchived, AttemptIsErased, InvalidInput, NotFound
from proctoring_results.lms import lms
from proctoring_results.models.appeals import last_day_to_appeal
from proctoring_results.models.withheld import in_effect_since
from proctoring_results.pages._shared.decorators import SeeOther, page, signed_in
from proctoring_results.pages._shared.drafts import posted_fields
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.queries.appeals import decision_to_appeal
from proctoring_results.queries.learner import own_result
from proctoring_results.queries.lookups import get_attempt
from proctoring_results.rules import is_own_attempt
from proctoring_results.services import appeals
from proctoring_results.validation import clean_key

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt
    from proctoring_results.pages._shared.decorators import SignedIn

REFUSALS = (AppealRefused, AttemptIsArchived, AttemptIsErased)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def appeal(request: SignedIn, attempt_code: str) -> HttpResponse:
    """Appeal, or read that one has appealed, or why one cannot."""
    attempt = get_attempt(clean_key("attempt_code", attempt_code))
    if not is_own_attempt(attempt, request.user):
        return _page_of_the_learner(request, attempt)
    text = posted_fields(request).get("text", "")
    if request.method != "POST":
        return _page(request, attempt, text)
    try:
        appeals.appeal(attempt.attempt_code, by=request.user, text=text)
    except InvalidInput as error:
        return _page(request, attempt, text, problem=error.problem, status=400)
    except REFUSALS:
        # The page says why.
        return _page(request, attempt, text, status=409)
    return SeeOther(reverse("proctoring_results:appeal", args=[attempt.attempt_code]))


def _page_of_the_learner(request: SignedIn, attempt: ExamAttempt) -> HttpResponse:
    """Tell those who may see the session that the page is not theirs: a host may show them what a learner sees."""
    course_id = attempt.exam.course_id
    if not permissions.may(request.user, permissions.VIEW_SESSIONS, course_id):
        raise NotFound("attempt", attempt.attempt_code)
    context = {
        "course_id": course_id,
        "course_name": lms().course_name(course_id),
        "session_url": session_url(attempt),
        "exam_url": lms().exam_url(course_id, attempt.exam.content_id),
    }
    return render(request, "proctoring_results/appeal/of_the_learner.html", context, status=403)


def _page(request: SignedIn, attempt: ExamAttempt, text: str, *, problem: str = "", status: int = 200) -> HttpResponse:
    course_id = attempt.exam.course_id
    last_day, refusal = None, ""
    try:
        last_day = last_day_to_appeal(in_effect_since(decision_to_appeal(attempt)), course_id)
    except REFUSALS as error:
        refusal = str(error)
    newest = attempt.appeals.select_related("answer__withheld").order_by("-pk").first()
    context = {
        "course_id": course_id,
        "course_name": lms().course_name(course_id),
        "exam_name": attempt.exam.exam_name,
        "exam_url": lms().exam_url(course_id, attempt.exam.content_id),
        "newest": newest,
        "is_answered": newest is not None and newest.answer_in_effect(timezone.now()) is not None,
        "result": own_result(request.user, attempt.attempt_code),
        "refusal": refusal,
        "last_day": last_day,
        "text": text,
        "problem": problem,
        "max_length": appeals.MAX_APPEAL_LENGTH,
    }
    return render(request, "proctoring_results/appeal/page.html", context, status=status)
