"""The views of Sessions: the list, the search, and Pass for a selection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from proctoring_results import permissions
from proctoring_results.conf import conf
from proctoring_results.exceptions import DatabaseBusy, InvalidInput, NotFound
from proctoring_results.filters import FILTER_NAMES
from proctoring_results.lms import course_name
from proctoring_results.models import ExamAttempt
from proctoring_results.pages._shared.decorators import SeeOther, page, signed_in
from proctoring_results.pages._shared.drafts import posted_fields
from proctoring_results.pages._shared.flash import flash, flash_context
from proctoring_results.pages._shared.live import not_modified
from proctoring_results.pages._shared.navigation import navigation
from proctoring_results.pages._shared.search import SESSIONS, make_token, read_search
from proctoring_results.pages._shared.session_list import NO_FILTERS
from proctoring_results.pages._shared.undo import made_at, offer_undo, undo_offer
from proctoring_results.queries.stamps import stamp_of_sessions
from proctoring_results.services.selection import (
    MAX_SELECTED,
    Selection,
    pass_selection,
    preview_selection,
    read_tokens,
    undo_selection,
)
from proctoring_results.validation import clean_key

from .page import sessions_page
from .selection import pass_groups

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn

# What an address of the list may have beside page numbers.
PARAMS = ("tab", *(name for name in FILTER_NAMES if name not in NO_FILTERS), "search", "sort")


@require_safe
@page
@signed_in
def sessions(request: SignedIn, course_id: str) -> HttpResponse:
    """Show a list of the sessions of a course, by default what requires attention."""
    course_id = course_to_view(request, course_id)
    if "" in request.GET.values():
        # A form sends its empty fields, too: the address that people share stays short.
        params = {name: value for name, value in request.GET.items() if value}
        return HttpResponseRedirect(f"{request.path}?{urlencode(params)}" if params else request.path)
    stamp = stamp_of_sessions(course_id)
    if unchanged := not_modified(request, stamp):
        return unchanged
    context = _context(request, course_id)
    search = read_search(SESSIONS, request.GET.get("search", ""), request.user, course_id)
    context["page"] = sessions_page(course_id, request.user, request.GET, search)
    context["stamp"] = stamp
    status = 400 if context["page"].is_refused else 200
    return render(request, "proctoring_results/sessions/page.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def search_sessions(request: SignedIn, course_id: str) -> HttpResponse:
    """Lead to the list with its filters and this search, or without any. By POST: no name may stand in an address."""
    course_id = course_to_view(request, course_id)
    fields = posted_fields(request)
    text = fields.get("search", "").strip()
    token = make_token(SESSIONS, text, request.user, course_id) if text else ""
    return SeeOther(list_address(fields, course_id, search=token))


@transaction.non_atomic_requests
@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def pass_sessions(request: SignedIn, course_id: str) -> HttpResponse:
    """Show what passing the ticked sessions leads to; with a reason, pass each of them on its own."""
    context = _context(request, course_id)
    course_id = context["course_id"]
    permissions.require(request.user, permissions.DECIDE_ATTEMPT, course_id)
    fields = posted_fields(request)
    list_url = list_address(fields, course_id)
    selection = read_tokens(fields.getlist("attempt"))
    if not 0 < len(selection) <= MAX_SELECTED:
        flash(request, messages.WARNING, _how_many())
        return SeeOther(list_url)
    reason, category, problem = fields.get("reason", ""), fields.get("category", ""), ""
    context |= {"reason": reason, "category": category, "categories": conf().REASON_CATEGORIES}
    if "reason" in request.POST:
        _refuse_other_courses(selection, course_id)
        try:
            outcomes = pass_selection(selection, by=request.user, reason=reason, category=category)
        except InvalidInput as error:
            if error.field != "reason":
                raise
            problem = error.problem
        else:
            offer_undo(request, [outcome.attempt.attempt_code for outcome in outcomes if outcome.is_passed], list_url)
            context |= {"undo": undo_offer(request)}
            context |= {"outcomes": outcomes, "filters": list_filters(fields), "list_url": list_url}
            return _result_page(request, context)
    candidates = [
        candidate
        for candidate in preview_selection(selection, by=request.user)
        if candidate.preview.attempt.exam.course_id == course_id
    ]
    passable = [candidate for candidate in candidates if not candidate.why_not]
    context |= {
        "passable": passable,
        "groups": pass_groups(passable),
        "others": [candidate for candidate in candidates if candidate.why_not],
        "problem": problem,
        "filters": list_filters(fields),
        "list_url": list_url,
    }
    return render(request, "proctoring_results/sessions/pass.html", context, status=400 if problem else 200)


def _result_page(request: SignedIn, context: dict[str, Any]) -> HttpResponse:
    """Show what became of each session, with a button to try again those for which the database was busy."""
    template = "proctoring_results/sessions/passed.html"
    # The ticks of the list were for these.
    context["pass_url"] = request.build_absolute_uri(request.path)
    again = [outcome.token for outcome in context["outcomes"] if outcome.token]
    if not again:
        return render(request, template, context)
    response = render(request, template, {**context, "again": again}, status=503)
    response.headers["Retry-After"] = str(DatabaseBusy.wait + 1)
    return response


@transaction.non_atomic_requests
@require_POST
@page
@signed_in
def undo_decisions(request: SignedIn, course_id: str) -> HttpResponse:
    """Undo what the person has just decided: one session, or a selection as a whole."""
    course_id = course_to_view(request, course_id)
    permissions.require(request.user, permissions.DECIDE_ATTEMPT, course_id)
    keys = [_change_id(text) for text in request.POST.getlist("decision")]
    codes = ExamAttempt.objects.filter(changes__in=keys).values_list("attempt_code", flat=True)
    _refuse_other_courses(dict.fromkeys(codes), course_id)
    address = made_at(request, keys) or reverse("proctoring_results:sessions", args=[course_id])
    outcomes = undo_selection(keys, by=request.user)
    undone = sum(outcome.is_passed for outcome in outcomes)
    if undone:
        sentence = ngettext("%d decision was undone.", "%d decisions were undone.", undone) % undone
        flash(request, messages.SUCCESS, sentence)
    for outcome in outcomes:
        if outcome.problem:
            flash(request, messages.WARNING, f"{outcome.attempt.learner.label}: {outcome.problem}")
    return SeeOther(f"{address}#pr-flash")


def _change_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidInput("decision", _("must be a key from the page."))
    return int(text)


def _refuse_other_courses(selection: Selection, course_id: str) -> None:
    """Raise ``NotFound`` before anything is passed: the page of this course lists no session of another one."""
    others = ExamAttempt.objects.filter(attempt_code__in=selection).exclude(exam__course_id=course_id)
    if attempt := others.first():
        raise NotFound("attempt", attempt.attempt_code)


def _how_many() -> str:
    return (
        ngettext("Choose the sessions first, at most %d.", "Choose the sessions first, at most %d.", MAX_SELECTED)
        % MAX_SELECTED
    )


# -------------------------------------------------------------------------------------------------------------- common


def course_to_view(request: SignedIn, course_id: str) -> str:
    """Raises ``InvalidInput`` and ``AccessDenied``."""
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
    return course_id


def _context(request: SignedIn, course_id: str) -> dict[str, Any]:
    course_id = course_to_view(request, course_id)
    return {
        "course_id": course_id,
        "course_name": course_name(course_id),
        "navigation": navigation(course_id, "sessions"),
        **flash_context(request),
    }


def list_filters(fields: QueryDict, **others: str) -> str:
    """Return the filters of the list with the form, and nothing else that was posted, so that it leads nowhere else."""
    posted = QueryDict(fields.get("filters", "")[:4_000])
    params = {**posted.dict(), **others}
    return urlencode({name: params[name] for name in PARAMS if params.get(name)})


def list_address(fields: QueryDict, course_id: str, **others: str) -> str:
    address, filters = reverse("proctoring_results:sessions", args=[course_id]), list_filters(fields, **others)
    return f"{address}?{filters}" if filters else address
