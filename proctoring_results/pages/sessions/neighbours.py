"""The ways from a session to the next one, and to the previous one, in the list that somebody came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import AttemptFilter
from proctoring_results.pages._shared.came_from import CameFrom, came_from, list_url
from proctoring_results.pages._shared.decorators import page, signed_in
from proctoring_results.pages._shared.flash import flash
from proctoring_results.pages._shared.lookups import attempt_to_view
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.search import SESSIONS, read_search
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.queries.sessions import neighbour, sessions

from .page import filter_form

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt
    from proctoring_results.pages._shared.decorators import SignedIn
    from proctoring_results.queries.sessions import Sessions


@require_safe
@page
@signed_in
def next_session(request: SignedIn, attempt_code: str) -> HttpResponse:
    """Go to the next session of the list as it is now, or back to the list."""
    return _neighbour(request, attempt_code, before=False)


@require_safe
@page
@signed_in
def previous_session(request: SignedIn, attempt_code: str) -> HttpResponse:
    """Go to the previous session of the list as it is now, or back to the list."""
    return _neighbour(request, attempt_code, before=True)


def _neighbour(request: SignedIn, attempt_code: str, *, before: bool) -> HttpResponse:
    attempt = attempt_to_view(request.user, attempt_code)
    origin = came_from(request.GET, attempt)
    # Before a session that does not wait there is none that does.
    if origin.place is not None or not before:
        both = _lists(request, attempt, origin)
        listed = both.requiring_attention if origin.is_attention else both.others
        other = neighbour(listed, attempt, origin.place, before=before)
        if other is not None:
            # The keyboard starts there, behind what is the same on every page.
            return HttpResponseRedirect(f"{session_url(other, origin.list_params)}#pr-session")
    flash(request, messages.INFO, _the_end(before=before))
    return HttpResponseRedirect(list_url(attempt.exam.course_id, origin.filters))


def _lists(request: SignedIn, attempt: ExamAttempt, origin: CameFrom) -> Sessions:
    """Return the lists with their filters; those of the exam if the filters cannot be read."""
    course_id, params = attempt.exam.course_id, QueryDict(origin.filters)
    form = filter_form(params, exams_in_course(course_id).with_result())
    search = read_search(SESSIONS, params.get("search", ""), request.user, course_id)
    if form.is_valid() and not search.problem:
        try:
            return sessions(course_id, form.attempt_filter(), search.text)
        except InvalidInput:
            pass
    return sessions(course_id, AttemptFilter(exam=attempt.exam.content_id))


def _the_end(*, before: bool) -> str:
    return _("That was the first session of this list.") if before else _("That was the last session of this list.")
