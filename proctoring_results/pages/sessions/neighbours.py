"""The ways from a session to the next one, and to the previous one, in the list that somebody came from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from proctoring_results.pages._shared.came_from import came_from, list_url
from proctoring_results.pages._shared.decorators import page, signed_in
from proctoring_results.pages._shared.flash import flash
from proctoring_results.pages._shared.lookups import attempt_to_view
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.session_list import list_of, sort_key
from proctoring_results.queries.sessions import neighbour
from proctoring_results.queries.teamwork import without_claims_of_others

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


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
    # Before a session that has no place in the list there is none.
    if origin.place is not None or not before:
        listed = list_of(attempt, origin, request.user)
        # At what a colleague is looking nobody else need look.
        listed = replace(listed, attempts=without_claims_of_others(request.user, listed.attempts))
        other = neighbour(listed, attempt, sort_key(listed, origin), before=before)
        if other is not None:
            # The keyboard starts there, behind what is the same on every page.
            return HttpResponseRedirect(f"{session_url(other, origin.list_params)}#pr-session")
    flash(request, messages.INFO, _the_end(before=before))
    return HttpResponseRedirect(list_url(attempt.exam.course_id, origin.list_query))


def _the_end(*, before: bool) -> str:
    return _("That was the first session of this list.") if before else _("That was the last session of this list.")
