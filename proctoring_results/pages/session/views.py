"""The views of one session: the page, Pass and Fail, incidents and evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_http_methods, require_safe

from proctoring_results.choices import AttemptStatus
from proctoring_results.exceptions import (
    AttemptIsArchived,
    AttemptIsErased,
    CannotDecrypt,
    DatabaseBusy,
    EvidenceLinkExpired,
    HostNotAllowed,
    IllegalTransition,
    IncidentNotInState,
    InvalidInput,
    LinkInvalid,
    NotFound,
    SessionIsClaimed,
    StaleDecision,
)
from proctoring_results.http import address_of
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt, Incident
from proctoring_results.pages._shared.decorators import SeeOther, page, private_file, signed_in
from proctoring_results.pages._shared.drafts import take_draft
from proctoring_results.pages._shared.flash import flash, flash_context
from proctoring_results.pages._shared.live import not_modified
from proctoring_results.pages._shared.lookups import attempt_to_view, require_view
from proctoring_results.pages._shared.navigation import navigation, session_url
from proctoring_results.pages._shared.undo import offer_undo
from proctoring_results.queries.preview import Seen, preview_verdicts
from proctoring_results.queries.stamps import session_state
from proctoring_results.services.decisions import VERDICTS, Verdict
from proctoring_results.services.disclosures import evidence_link, open_evidence
from proctoring_results.services.incidents import (
    dismiss_incident,
    dismiss_incidents,
    restore_incident,
    restore_incidents,
)
from proctoring_results.validation import clean_key

from .address import address_of_page
from .decided import happened_since
from .page import session_page
from .tabs import TICKED, form_name
from .teamwork import ACTIONS, NOTE, PLACE
from .viewer import policy_of

if TYPE_CHECKING:
    from django.utils.functional import Promise

    from proctoring_results.pages._shared.decorators import SignedIn

EntryT = TypeVar("EntryT")

# What the buttons of an incident send, what they do, and the sentence that is shown then.
DISMISSALS: Mapping[str, tuple[Callable[..., object], str | Promise]] = {
    "dismiss": (dismiss_incident, gettext_lazy("The incident is dismissed: it is no longer counted.")),
    "restore": (restore_incident, gettext_lazy("The incident counts again.")),
}


# The same for the incidents that were ticked.
DISMISSALS_OF_TICKED: Mapping[str, tuple[Callable[..., object], Any]] = {
    "dismiss": (
        dismiss_incidents,
        ngettext_lazy(
            "%d incident is dismissed: it is no longer counted.",
            "%d incidents are dismissed: they are no longer counted.",
        ),
    ),
    "restore": (restore_incidents, ngettext_lazy("%d incident counts again.", "%d incidents count again.")),
}
DECISION = "decision"
# In the sign-in session: whether a decision leads to the next session of the list.
CONTINUES = "proctoring_results_decide_and_next"


@dataclass(frozen=True, slots=True)
class Refused:
    """What was refused: in which form, the reason that was written there, and why."""

    form: str
    reason: str
    problem: str = ""
    category: str = ""
    category_problem: str = ""
    # The numbers of the incidents that were ticked.
    ticked: tuple[int, ...] = ()
    # What the person's page showed, if something has happened since.
    seen: Seen | None = None

    @property
    def is_focused(self) -> bool:
        """Whether the reason has the focus, rather than its category."""
        return not self.category_problem


@require_safe
@page
@signed_in
def session(request: SignedIn, attempt_code: str) -> HttpResponse:
    """Show one attempt with everything that is known of it."""
    attempt_code = clean_key("attempt_code", attempt_code)
    if "If-None-Match" in request.headers:
        attempt_to_view(request.user, attempt_code)
        if unchanged := not_modified(request, session_state(attempt_code).stamp):
            return unchanged
    return _session_page(request, attempt_code)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def decide(request: SignedIn, attempt_code: str) -> HttpResponse:
    """Pass or Fail, by the button that was clicked."""
    attempt = attempt_to_view(request.user, attempt_code)
    if request.method != "POST":
        return _to_the_page(request, attempt)
    verdict = _lookup(VERDICTS, "verdict", request)
    # Remembered for as long as the person is signed in.
    request.session[CONTINUES] = request.POST.get("then") == "next"
    decide = partial(_decide, verdict, attempt.attempt_code, category=request.POST.get("category", ""))
    return _decided(request, attempt, decide, verdict.done, DECISION)


def _decide(verdict: Verdict, attempt_code: str, *, category: str, **fields: Any) -> None:
    if verdict.needs_category and not category:
        raise InvalidInput("category", _("must not be empty."))
    verdict.decide(attempt_code, category=category, **fields)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def dismissal(request: SignedIn, attempt_code: str, incident_id: int) -> HttpResponse:
    """Dismiss an incident of the session, or restore it."""
    attempt = attempt_to_view(request.user, attempt_code)
    if request.method != "POST":
        return _to_the_page(request, attempt)
    change, done = _lookup(DISMISSALS, "change", request)
    incident = Incident.objects.filter(pk=incident_id, review__attempt=attempt).first()
    if incident is None:
        raise NotFound("incident", str(incident_id))
    return _decided(request, attempt, partial(change, incident_id), done, form_name(incident.position))


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def dismissals(request: SignedIn, attempt_code: str, review_id: int) -> HttpResponse:
    """Dismiss the ticked incidents of a review of the session, or restore them."""
    attempt = attempt_to_view(request.user, attempt_code)
    if request.method != "POST":
        return _to_the_page(request, attempt)
    change, done = _lookup(DISMISSALS_OF_TICKED, "change", request)
    if not attempt.reviews.filter(pk=review_id).exists():
        raise NotFound("review", str(review_id))
    numbers = _ticked(request.POST)
    incidents = Incident.objects.filter(review=review_id, position__in=[number - 1 for number in numbers])
    keys = list(incidents.values_list("pk", flat=True))
    return _decided(request, attempt, partial(change, review_id, keys), done % len(keys), TICKED)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def team(request: SignedIn, attempt_code: str) -> HttpResponse:
    """Claim the session, let go of it, say that one has looked, write a note or withdraw one."""
    attempt = attempt_to_view(request.user, attempt_code)
    if request.method != "POST":
        return _to_the_page(request, attempt)
    action, fields = _lookup(ACTIONS, "action", request)
    values = {field: request.POST.get(field, "") for field in fields}
    try:
        action(attempt.attempt_code, by=request.user, **values)
    except InvalidInput as refusal:
        refused = Refused(NOTE, values["text"], problem=refusal.problem)
        return _session_page(request, attempt.attempt_code, refused, status=400)
    except (SessionIsClaimed, AttemptIsArchived, AttemptIsErased) as refusal:
        flash(request, messages.WARNING, str(refusal), place=PLACE)
    return SeeOther(f"{session_url(attempt, address_of_page(request, attempt).params)}#pr-team-heading")


def _to_the_page(request: SignedIn, attempt: ExamAttempt) -> HttpResponse:
    """Go to the page that has the form: after signing in again, and when a page that was refused is reloaded."""
    return HttpResponseRedirect(session_url(attempt, address_of_page(request, attempt).params))


def _decided(
    request: SignedIn, attempt: ExamAttempt, decide: Callable[..., object], done: str | Promise, form: str
) -> HttpResponse:
    """Call ``decide`` and go back to the page. If it is refused, show the page with the reason in its ``form``."""
    refused = partial(
        Refused,
        form,
        request.POST.get("reason", ""),
        category=request.POST.get("category", ""),
        ticked=_ticked(request.POST),
    )
    place, seen = address_of_page(request, attempt), _seen(request)
    try:
        decide(by=request.user, reason=request.POST.get("reason", ""), seen=seen)
    except InvalidInput as refusal:
        if refusal.field == "category":
            problem = refused(category_problem=_("Please choose a category."))
        elif refusal.field == "reason":
            problem = refused(problem=_("Please give a reason."))
        elif refusal.field == "incidents":
            problem = refused(problem=_("Please tick the incidents first."))
        else:
            raise
        return _session_page(request, attempt.attempt_code, problem, status=400)
    except StaleDecision:
        # The page is fresh now.
        return _session_page(request, attempt.attempt_code, refused(seen=seen), status=409)
    except (IllegalTransition, AttemptIsArchived, AttemptIsErased, IncidentNotInState) as refusal:
        return _session_page(request, attempt.attempt_code, refused(problem=str(refusal)), status=409)
    except DatabaseBusy as refusal:
        response = _session_page(request, attempt.attempt_code, refused(problem=str(refusal)), status=503)
        response.headers["Retry-After"] = str(refusal.wait + 1)
        return response
    if form == DECISION:
        offer_undo(request, [attempt.attempt_code], session_url(attempt, place.params))
    if form == DECISION and request.session[CONTINUES]:
        params = {"learner": attempt.learner.name, "exam": attempt.exam.exam_name, "decided": done}
        flash(request, messages.SUCCESS, _("%(learner)s, %(exam)s: %(decided)s") % params)
        # From its place in the list, which it may have left.
        following = reverse("proctoring_results:next_session", args=[attempt.attempt_code])
        return SeeOther(f"{following}?{urlencode(place.came_from.params_with_place)}")
    # The keyboard starts there: at the row of an incident if it is still listed, or with the way to the next.
    row = "" if form == DECISION or place.only_counted else form
    flash(request, messages.SUCCESS, str(done), place=row)
    return SeeOther(f"{session_url(attempt, place.params)}#pr-{row or 'flash'}")


def _session_page(
    request: SignedIn,
    attempt_code: str,
    refused: Refused | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    # Both are read before everything else on the page: a change in between makes the page stale, and is noticed.
    state = session_state(attempt_code)
    previews = preview_verdicts(attempt_code)
    attempt = previews[AttemptStatus.VERIFIED].attempt
    require_view(request.user, attempt)
    course_id = attempt.exam.course_id
    refused = refused or _draft(request, attempt)
    page = session_page(
        previews,
        request.user,
        address_of_page(request, attempt),
        state=state,
        continues=bool(request.session.get(CONTINUES)),
    )
    context = {
        "course_id": course_id,
        "course_name": lms().course_name(course_id),
        "navigation": navigation(course_id, "sessions"),
        "page": page,
        "stamp": "" if refused else state.stamp,
        "refused": refused,
        "happened": happened_since(page.events, refused.seen) if refused and refused.seen else [],
        "is_refused_on_top": refused is not None and not page.form_is_drawn(refused.form),
        **flash_context(request),
    }
    response = render(request, "proctoring_results/session/page.html", context, status=status)
    if policy := policy_of(attempt):
        response.headers["Content-Security-Policy"] = policy
    return response


def _draft(request: SignedIn, attempt: ExamAttempt) -> Refused | None:
    """Return what was not recorded because the sign-in was over."""
    draft = take_draft(request, session_url(attempt)) if request.method == "GET" else None
    if draft is None:
        return None
    path, fields = draft
    problem = _("Nothing was recorded, because you had to sign in again. Your reason is still here.")
    match = resolve(path)
    if match.url_name == "team":
        problem = _("Nothing was recorded, because you had to sign in again. Your note is still here.")
        return Refused(NOTE, fields.get("text", ""), problem)
    if match.url_name == "dismissals":
        return Refused(TICKED, fields.get("reason", ""), problem, ticked=_ticked(fields))
    incident_id = match.kwargs.get("incident_id", 0)
    incident = Incident.objects.filter(pk=incident_id, review__attempt=attempt).first()
    form = form_name(incident.position) if incident else DECISION
    return Refused(form, fields.get("reason", ""), problem, category=fields.get("category", ""))


def _lookup(table: Mapping[str, EntryT], field: str, request: SignedIn) -> EntryT:
    name = request.POST.get(field, "")
    if name not in table:
        raise InvalidInput(field, _("must be one of %(names)s.") % {"names": ", ".join(table)})
    return table[name]


def _ticked(fields: QueryDict) -> tuple[int, ...]:
    """Return the numbers of the incidents that were ticked. By number: in a newer version they are other rows."""
    return tuple(_number("incident", text) for text in fields.getlist("incident"))


def _seen(request: SignedIn) -> Seen:
    """Read the hidden fields; None if the page showed no change, no review, or no open appeal."""
    return Seen(_key(request, "seen_change"), _key(request, "seen_review"), _key(request, "seen_appeal"))


def _key(request: SignedIn, field: str) -> int | None:
    text = request.POST.get(field, "")
    return _number(field, text) if text else None


def _number(field: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise InvalidInput(field, _("must be a key from the page."))
    return int(text)


# ------------------------------------------------------------------------------------------------- evidence


@require_GET
@xframe_options_sameorigin
@private_file
@signed_in
def evidence(request: SignedIn, token: str) -> HttpResponse:
    """Go to the evidence at its provider. HEAD is refused: it would be recorded as a disclosure."""
    try:
        return HttpResponseRedirect(open_evidence(token, request.user, address=address_of(request)))
    except (LinkInvalid, CannotDecrypt):
        # Rendered without the request: the body must be the same whoever asks and whatever the reason.
        return HttpResponse(render_to_string("proctoring_results/session/link_invalid.html"), status=403)
    except EvidenceLinkExpired as refusal:
        attempt = refusal.evidence.review.attempt
        fresh = evidence_link(refusal.evidence, request.user)
        return _no_evidence(request, attempt, "link_expired", 410, token=fresh)
    except HostNotAllowed as refusal:
        return _no_evidence(request, refusal.evidence.review.attempt, "host_not_allowed", 403, host=refusal.host)


def _no_evidence(request: SignedIn, attempt: ExamAttempt, template: str, status: int, **more: str) -> HttpResponse:
    context = {
        "course_id": attempt.exam.course_id,
        "course_name": lms().course_name(attempt.exam.course_id),
        "session_url": session_url(attempt),
        **more,
    }
    return render(request, f"proctoring_results/session/{template}.html", context, status=status)
