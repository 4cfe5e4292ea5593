"""The button *Take the next one*: the first session of the list at which nobody is looking."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from proctoring_results import permissions
from proctoring_results.choices import SessionTab
from proctoring_results.filters import AttemptFilter
from proctoring_results.pages._shared.came_from import list_params
from proctoring_results.pages._shared.decorators import SeeOther, page, signed_in
from proctoring_results.pages._shared.flash import flash
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.search import SESSIONS, read_search
from proctoring_results.pages._shared.session_list import filter_form
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.queries.sessions import ListOrder, sessions
from proctoring_results.services.claims import claim_next

from .views import course_to_view, list_address, list_filters

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn
    from proctoring_results.queries.merged import MergedSessions


@require_POST
@page
@signed_in
def take_next(request: SignedIn, course_id: str) -> HttpResponse:
    """Claim the next session of the list with its filters, and go there."""
    course_id = course_to_view(request, course_id)
    permissions.require(request.user, permissions.DECIDE_ATTEMPT, course_id)
    params = QueryDict(list_filters(request.POST))
    attempt = claim_next(_listed(request, course_id, params), by=request.user)
    if attempt is None:
        flash(request, messages.INFO, _("There is no session left at which nobody is looking."))
        return SeeOther(list_address(request.POST, course_id))
    filters = urlencode({name: value for name, value in params.items() if name != "tab"})
    # The keyboard starts there, behind what is the same on every page.
    return SeeOther(f"{session_url(attempt, list_params(SessionTab.ATTENTION, filters))}#pr-session")


def _listed(request: SignedIn, course_id: str, params: QueryDict) -> MergedSessions:
    """Return the list; that without filters if they cannot be read."""
    form = filter_form(params, exams_in_course(course_id).with_result())
    search = read_search(SESSIONS, params.get("search", ""), request.user, course_id)
    is_readable = form.is_valid() and not search.problem
    filters = replace(form.attempt_filter() if is_readable else AttemptFilter(), tab=SessionTab.ATTENTION)
    order = ListOrder.read(params.get("sort", ""))
    return sessions(course_id, filters, search.text if is_readable else "", order=order)
