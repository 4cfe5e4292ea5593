"""What stands on the page of one session, ready to be printed: a template asks no questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results import api, crypto, permissions
from proctoring_results.choices import AttemptStatus, ReviewStanding, SessionPart
from proctoring_results.exceptions import CannotDecrypt
from proctoring_results.links import EVIDENCE_LINK, EVIDENCE_LINK_TTL
from proctoring_results.lms import lms
from proctoring_results.models import Evidence, ExamAttempt, ExamReview, Incident
from proctoring_results.models.attention import attention_reasons
from proctoring_results.pages.service_dashboard.page import url_of_session
from proctoring_results.providers.policy import host_of, may_be_opened, policy_of
from proctoring_results.queries.preview import Preview, preview_verdicts
from proctoring_results.queries.timeline import Event, timeline
from proctoring_results.rules import exam_has_result, part_of_evidence, part_of_incident

from .recording import LEVELS, Mark, length_of, mark_of, minutes, span, ticks

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence: with a link, or with the reason why there is none."""

    pk: int
    name: str
    token: str
    why_not: str


def place_of(position: int) -> str:
    """By its place in the review: in a newer version of it the incident is another row."""
    return f"incident-{position + 1}"


@dataclass(frozen=True, slots=True)
class IncidentRow:
    pk: int
    number: int
    name: str
    status: str
    level: str
    kind: str
    comment: str
    when: str
    pieces: list[Piece]
    mark: Mark | None
    dismissed_by: str
    dismissed_at: datetime | None
    dismissal_reason: str

    @property
    def is_dismissed(self) -> bool:
        return self.dismissed_at is not None

    @property
    def place(self) -> str:
        """Where what was written is kept, if it is refused."""
        return place_of(self.number - 1)

    @property
    def reason_id(self) -> str:
        return f"pr-reason-{self.pk}"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the four tabs."""

    slug: str
    heading: str
    count: str
    empty: str
    incidents: list[IncidentRow]
    pieces: list[Piece]


@dataclass(frozen=True, slots=True)
class ReviewLine:
    """A review that can be shown on the page."""

    number: int
    pk: int
    name: str
    url: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Go:
    attempt: ExamAttempt
    url: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class SessionPage:
    attempt: ExamAttempt
    learner: str
    learner_name: str
    email: str
    exam_name: str
    facts: list[tuple[str, str]]
    reasons: list[str]
    seen: api.Seen
    # Nothing for those who may not decide.
    passing: Preview | None
    failing: Preview | None
    obstacle: str
    whom_to_ask: str
    second_reviewer: str
    reviews: list[ReviewLine]
    shown: ReviewLine | None
    shown_is_current: bool
    shown_is_news: bool
    may_dismiss: bool
    parts: list[Part]
    ticks: list[str]
    has_marks: bool
    events: list[Event]
    goes: list[Go]
    # The service's own dashboard, at this session.
    dashboard_url: str
    renew_after: int


def draw_session(attempt_code: str, user: AbstractBaseUser, asked_review: str = "") -> SessionPage:
    """The page as this person may see it; ``asked_review`` is the number of a review to show.

    Raises ``AccessDenied`` and ``NotFound``.
    """
    # First what was seen, then what is shown: whatever comes in between makes the page stale, and is noticed.
    verdicts = preview_verdicts(attempt_code)
    passing, failing = verdicts[AttemptStatus.VERIFIED], verdicts[AttemptStatus.REJECTED]
    attempt = passing.attempt
    permissions.require(user, permissions.VIEW_SESSIONS, attempt.exam.course_id)
    if not exam_has_result(attempt.exam):
        raise api.NotFound("session", attempt_code)
    events = timeline(attempt, with_messages=False)
    reviews = [event.row for event in events if isinstance(event.row, ExamReview)]
    shown = _shown(attempt, reviews, asked_review)
    incidents = list(shown.incidents.all()) if shown else []
    may_decide = permissions.may(user, permissions.DECIDE_ATTEMPT, attempt.exam.course_id)
    length = length_of(attempt, incidents)
    parts = _parts(attempt, shown, incidents, length, user, _names(reviews))
    lines = _review_lines(attempt, reviews, shown)
    is_current = shown is not None and shown.pk == attempt.current_review_id
    is_news = shown is not None and shown.standing == ReviewStanding.AFTER_DECISION
    return SessionPage(
        attempt=attempt,
        learner=attempt.user.get_username(),
        learner_name=lms().learner_name(attempt.user),
        email=getattr(attempt.user, attempt.user.get_email_field_name(), ""),
        exam_name=attempt.exam.exam_name,
        facts=_facts(attempt, next((review for review in reviews if review.pk == attempt.current_review_id), None)),
        reasons=[str(reason.label) for reason in attention_reasons([attempt]).get(attempt.pk, [])],
        seen=passing.seen,
        passing=passing if may_decide and passing.is_possible else None,
        failing=failing if may_decide and failing.is_possible else None,
        obstacle=_obstacle(passing, failing) if may_decide else "",
        whom_to_ask="" if may_decide else lms().whom_to_ask(attempt.exam.course_id),
        second_reviewer=attempt.provider if policy_of(attempt.provider).provider_does_second_reviews else "",
        reviews=lines,
        shown=next((line for line in lines if line.is_shown), None),
        shown_is_current=is_current,
        shown_is_news=is_news,
        may_dismiss=may_decide
        and attempt.archived_at is None
        and shown is not None
        and (is_current or (is_news and not any(review.version_of_id == shown.pk for review in reviews))),
        parts=parts,
        ticks=ticks(length),
        has_marks=any(row.mark for part in parts for row in part.incidents),
        events=events,
        goes=_goes(attempt),
        dashboard_url=url_of_session(attempt),
        renew_after=int(EVIDENCE_LINK_TTL.total_seconds() * 0.75),
    )


def _shown(attempt: ExamAttempt, reviews: Sequence[ExamReview], asked: str) -> ExamReview | None:
    """The review whose incidents the page shows: the one that is asked for, else what a person has to look at."""
    if asked.isascii() and asked.isdigit() and len(asked) < 6 and 0 < int(asked) <= len(reviews):
        return sorted(reviews, key=lambda review: review.pk)[int(asked) - 1]
    newest_first = sorted(reviews, key=lambda review: -review.pk)
    news = [review for review in newest_first if review.standing == ReviewStanding.AFTER_DECISION]
    current = [review for review in reviews if review.pk == attempt.current_review_id]
    return next(iter([*news, *current, *newest_first]), None)


def _review_lines(attempt: ExamAttempt, reviews: Sequence[ExamReview], shown: ExamReview | None) -> list[ReviewLine]:
    address = reverse("proctoring_results:session", args=[attempt.attempt_code])
    return [
        ReviewLine(
            number,
            review.pk,
            _("Review %(number)d, %(status)s") % {"number": number, "status": review.get_review_status_display()},
            f"{address}?review={number}#pr-incidents",
            review is shown,
        )
        for number, review in enumerate(sorted(reviews, key=lambda review: review.pk), 1)
    ]


def _names(reviews: Sequence[ExamReview]) -> dict[int, str]:
    """Of those who have dismissed incidents: each has made a version of a review."""
    people = [review.reviewed_by for review in reviews if review.reviewed_by is not None]
    return {person.pk: person.get_username() for person in people}


def _obstacle(passing: Preview, failing: Preview) -> str:
    if passing.obstacle is not None and failing.obstacle is not None:
        return str(passing.obstacle.label)
    return ""


# --------------------------------------------------------------------------------------------------------------- facts


def _facts(attempt: ExamAttempt, review: ExamReview | None) -> list[tuple[str, str]]:
    facts = [
        (_("Status"), str(AttemptStatus(attempt.status).label)),
        (_("Review"), review.get_review_status_display() if review else _("none yet")),
        (_("Time used"), _time_used(attempt)),
        (_("Provider"), attempt.provider),
        (_("Track"), attempt.track),
        (_("Attempt code"), attempt.attempt_code),
    ]
    return [(name, value) for name, value in facts if value]


def _time_used(attempt: ExamAttempt) -> str:
    limit = attempt.allowed_time_limit_mins
    if attempt.started_at is None or limit is None:
        return ""
    until = attempt.completed_at or min(timezone.now(), attempt.ends_at or timezone.now())
    words = {"used": max(0, minutes(until - attempt.started_at)), "limit": limit}
    return ngettext("%(used)d of %(limit)d minute", "%(used)d of %(limit)d minutes", limit) % words


def _goes(attempt: ExamAttempt) -> list[Go]:
    """Of the learner at this exam, the first one first."""
    rows = api.attempts_of(attempt.user, attempt.exam).order_by("pk")
    return [
        Go(row, reverse("proctoring_results:session", args=[row.attempt_code]), row.pk == attempt.pk) for row in rows
    ]


# -------------------------------------------------------------------------------------------------- incidents, evidence


def _parts(
    attempt: ExamAttempt,
    review: ExamReview | None,
    incidents: Sequence[Incident],
    length: float,
    user: AbstractBaseUser,
    names: Mapping[int, str],
) -> list[Part]:
    by_incident: dict[int | None, list[tuple[Evidence, Piece]]] = {}
    for item in review.evidence.order_by("position") if review else ():
        by_incident.setdefault(item.incident_id, []).append((item, _piece(attempt, item, user)))
    rows: dict[SessionPart, list[IncidentRow]] = {part: [] for part in SessionPart}
    for incident in incidents:
        pieces = [piece for _item, piece in by_incident.get(incident.pk, [])]
        rows[part_of_incident(incident.kind)].append(_incident(incident, pieces, length, names))
    whole: dict[SessionPart, list[Piece]] = {part: [] for part in SessionPart}
    for item, piece in by_incident.get(None, []):
        whole[part_of_evidence(item.kind)].append(piece)
    empty = {
        SessionPart.VIDEO: _("Nothing was marked on the recording, and there is no recording."),
        SessionPart.ONLINE: _("Nothing was marked on the screen."),
        SessionPart.VERIFICATION: _("Nothing was marked on identification or room, and there are no scans."),
        SessionPart.ONBOARDING: _("Nothing was marked when the learner was set up."),
    }
    return [
        Part(part.value, str(part.label), _counted(rows[part], whole[part]), empty[part], rows[part], whole[part])
        for part in SessionPart
    ]


def _counted(incidents: Sequence[IncidentRow], pieces: Sequence[Piece]) -> str:
    return str(len(incidents) + len(pieces))


def _incident(incident: Incident, pieces: list[Piece], length: float, names: Mapping[int, str]) -> IncidentRow:
    when = span(incident.start, incident.stop)
    number = incident.position + 1
    words = {"number": number, "status": incident.status, "when": when}
    return IncidentRow(
        pk=incident.pk,
        number=number,
        name=(_("Incident %(number)d, %(status)s, %(when)s") if when else _("Incident %(number)d, %(status)s")) % words,
        status=incident.status,
        level=LEVELS.get(incident.status, "info"),
        kind=incident.kind,
        comment=incident.comment,
        when=when,
        pieces=pieces,
        mark=mark_of(incident, length),
        dismissed_by=names.get(incident.dismissed_by_id or 0, ""),
        dismissed_at=incident.dismissed_at,
        dismissal_reason=incident.dismissal_reason,
    )


def _piece(attempt: ExamAttempt, item: Evidence, user: AbstractBaseUser) -> Piece:
    """Its address is read only to see whether it may be opened; it does not stand on the page."""
    when = span(item.start, item.stop)
    name = f"{item.get_kind_display()} {when}".strip()
    name = name[:1].upper() + name[1:]
    try:
        url = crypto.decrypt(item.url)
    except CannotDecrypt:
        return Piece(item.pk, name, "", _("cannot be opened: its key is gone"))
    if not may_be_opened(attempt.provider, url):
        host, sentence = host_of(url), _("cannot be opened: host not allowed")
        return Piece(item.pk, name, "", f"{sentence} ({host})" if host else sentence)
    return Piece(item.pk, name, EVIDENCE_LINK.make_token(item, user, now=timezone.now()), "")
