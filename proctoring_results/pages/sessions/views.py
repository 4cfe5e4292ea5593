"""The views of Sessions: the list, the search, and Pass for a selection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from proctoring_results import api, permissions
from proctoring_results.choices import AttemptStatus
from proctoring_results.exceptions import ProctoringResultsError
from proctoring_results.lms import lms
from proctoring_results.pages._shared.decorators import SeeOther, page, signed_in
from proctoring_results.pages._shared.flash import said_to, say
from proctoring_results.pages._shared.navigation import places
from proctoring_results.queries.preview import Preview, preview_decisions
from proctoring_results.validation import clean_key, clean_text

from .forms import FilterForm
from .page import can_be_passed_from_the_list, draw_sessions

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn

# In the person's own session, with the course: no name of a learner stands in an address.
SEARCH = "proctoring_results_search"
MAX_SEARCH_LENGTH = 255
# Passed together. Each is a decision of its own; somebody should have looked at them.
MAX_AT_ONCE = 50


@require_safe
@page
@signed_in
def sessions(request: SignedIn, course_id: str) -> HttpResponse:
    """The sessions of a course: what requires attention first."""
    context = _context(request, course_id, "sessions")
    drawn = draw_sessions(context["course_id"], request.user, request.GET, _searched(request, context["course_id"]))
    status = 400 if drawn.form.errors else 200
    return render(request, "proctoring_results/sessions/page.html", {**context, "page": drawn}, status=status)


@require_POST
@page
@signed_in
def search_sessions(request: SignedIn, course_id: str) -> HttpResponse:
    """Search for a learner, or for nobody any more; back to the list as it was filtered."""
    course_id = _course_to_look_at(request, course_id)
    try:
        wanted = clean_text("search", request.POST.get("search", ""), most=MAX_SEARCH_LENGTH).strip()
    except api.InvalidInput as refusal:
        say(request, messages.ERROR, str(refusal))
        return SeeOther(_list_url(request, course_id))
    if wanted:
        request.session[SEARCH] = [course_id, wanted]
    else:
        request.session.pop(SEARCH, None)
    return SeeOther(_list_url(request, course_id))


@transaction.non_atomic_requests
@require_POST
@page
@signed_in
def pass_sessions(request: SignedIn, course_id: str) -> HttpResponse:
    """What was chosen in the list, with what will follow; then, with a reason, each is passed on its own."""
    context = _context(request, course_id, "sessions")
    course_id = context["course_id"]
    permissions.require(request.user, permissions.DECIDE_ATTEMPT, course_id)
    tokens = [_read_token(token) for token in request.POST.getlist("attempt")]
    if not 0 < len(tokens) <= MAX_AT_ONCE:
        say(request, messages.WARNING, _how_many())
        return SeeOther(_list_url(request, course_id))
    reason, problem = request.POST.get("reason", ""), ""
    if "reason" in request.POST:
        try:
            results = _pass_each(request, course_id, tokens, reason)
        except api.InvalidInput as refusal:
            problem = refusal.problem
        else:
            return render(
                request,
                "proctoring_results/sessions/passed.html",
                {**context, "results": results, "list_url": _list_url(request, course_id)},
            )
    chosen = _chosen(course_id, tokens)
    context |= {
        "chosen": [one for one in chosen if one.token],
        "others": [one for one in chosen if not one.token],
        "reason": reason,
        "problem": problem,
        "filters": _filters(request),
        "list_url": _list_url(request, course_id),
    }
    return render(request, "proctoring_results/sessions/pass.html", context, status=400 if problem else 200)


# ------------------------------------------------------------------------------------------------------------ selection


@dataclass(frozen=True, slots=True)
class Chosen:
    """``token`` carries what the page showed; without one it is not passed, and ``why_not`` says why."""

    preview: Preview
    token: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Result:
    attempt: api.ExamAttempt
    is_passed: bool
    sentence: str


def _chosen(course_id: str, tokens: list[tuple[str, api.Seen | None]]) -> list[Chosen]:
    seen = dict(tokens)
    chosen = []
    for preview in preview_decisions(list(seen), AttemptStatus.VERIFIED):
        attempt = preview.attempt
        if attempt.exam.course_id != course_id:
            continue
        why_not = _why_not(preview)
        # After a mistake in the form the page keeps to what was shown first.
        shown = seen[attempt.attempt_code] or preview.seen
        chosen.append(Chosen(preview, "" if why_not else _token(attempt.attempt_code, shown), why_not))
    return chosen


def _why_not(preview: Preview) -> str:
    if preview.obstacle is not None:
        return str(preview.obstacle.label)
    if not can_be_passed_from_the_list(preview.attempt):
        if preview.attempt.status == AttemptStatus.VERIFIED:
            return _("It is passed already.")
        return _("Second reviews are done by %(provider)s. Decide on the page of the session.") % {
            "provider": preview.attempt.provider
        }
    return ""


def _pass_each(
    request: SignedIn, course_id: str, tokens: list[tuple[str, api.Seen | None]], reason: str
) -> list[Result]:
    """Each in its own transaction; what became of it. Without a reason the first raises ``InvalidInput``."""
    results = []
    for code, seen in tokens:
        attempt = api.get_attempt(code)
        if attempt.exam.course_id != course_id:
            raise api.NotFound("attempt", code)
        try:
            api.pass_attempt(code, by=request.user, reason=reason, seen=seen)
            results.append(Result(attempt, True, _("Passed.")))
        except api.InvalidInput:
            raise
        except ProctoringResultsError as refusal:
            results.append(Result(attempt, False, str(refusal)))
    return results


def _token(code: str, seen: api.Seen) -> str:
    return ":".join([code, *("" if key is None else str(key) for key in seen)])


def _read_token(token: str) -> tuple[str, api.Seen | None]:
    """A code as the list names it, or with what the confirming page showed. Raises ``InvalidInput``."""
    found = re.fullmatch(r"([^:\0]{1,64})(?::([0-9]{0,18}):([0-9]{0,18}))?", token)
    if found is None:
        raise api.InvalidInput("attempt", "is not named as the page names it.")
    code, change, review = found.groups()
    if change is None:
        return code, None
    return code, api.Seen(int(change) if change else None, int(review) if review else None)


def _how_many() -> str:
    return (
        ngettext("Choose the sessions first, at most %d.", "Choose the sessions first, at most %d.", MAX_AT_ONCE)
        % MAX_AT_ONCE
    )


# -------------------------------------------------------------------------------------------------------------- common


def _course_to_look_at(request: SignedIn, course_id: str) -> str:
    """Raises ``InvalidInput`` and ``AccessDenied``."""
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
    return course_id


def _context(request: SignedIn, course_id: str, here: str) -> dict[str, Any]:
    course_id = _course_to_look_at(request, course_id)
    return {
        "course_id": course_id,
        "course_name": lms().course_name(course_id),
        "places": places(course_id, here),
        **said_to(request),
    }


def _searched(request: SignedIn, course_id: str) -> str:
    kept = request.session.get(SEARCH)
    return str(kept[1]) if kept and kept[0] == course_id else ""


def _filters(request: SignedIn) -> str:
    """The filters of the list that the form was on: only what is a filter, so that it leads nowhere else."""
    given = QueryDict(request.POST.get("filters", "")[:2_000])
    return urlencode({name: given[name] for name in FilterForm.base_fields if given.get(name)})


def _list_url(request: SignedIn, course_id: str) -> str:
    address, filters = reverse("proctoring_results:sessions", args=[course_id]), _filters(request)
    return f"{address}?{filters}" if filters else address
