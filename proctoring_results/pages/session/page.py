"""The page of one session, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results import permissions
from proctoring_results.choices import AttemptStatus
from proctoring_results.conf import conf
from proctoring_results.lms import lms
from proctoring_results.models import Appeal, ExamAttempt, ExamReview, SessionLook
from proctoring_results.models.attention import attention_reasons
from proctoring_results.pages._shared.came_from import list_url
from proctoring_results.pages._shared.navigation import dashboard_url, session_url
from proctoring_results.pages._shared.permission_names import MissingPermission, missing_permission
from proctoring_results.pages._shared.session_list import Position, position_of
from proctoring_results.pages._shared.statuses import StatusBadge, explanations_url, status_badge
from proctoring_results.people import Person, person
from proctoring_results.providers.registry import provider_named
from proctoring_results.queries.learner import attempts_of
from proctoring_results.queries.preview import Obstacle, Preview, Seen
from proctoring_results.queries.timeline import Event, timeline
from proctoring_results.rules import is_own_attempt

from .address import Address
from .decided import Happening, standing_decision
from .exam_rules import RulesPart, rules_part
from .recording import length_of, minutes, ticks
from .reviews import SelectedReview, select_review
from .score import Score, score_of
from .tabs import TICKED, IncidentList, incident_list
from .teamwork import NOTE, Teamwork, teamwork

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.queries.stamps import SessionState


@dataclass(frozen=True, slots=True)
class AttemptLink:
    """An attempt of the learner at the exam; this one, too."""

    attempt: ExamAttempt
    status: StatusBadge
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What this person may decide. Without the permission there are no previews but somebody to ask."""

    seen: Seen
    passing: Preview | None
    failing: Preview | None
    obstacle: str
    missing: MissingPermission | None
    whom_to_ask: str
    # The provider, if it does second reviews itself.
    second_reviewer: str
    # What a reason may be about: what is sent, and what people read.
    categories: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class SessionPage:
    attempt: ExamAttempt
    learner: Person
    # How the LMS addresses the learner, if that is another name.
    addressed_as: str
    exam_name: str
    status: StatusBadge
    # What to know when deciding, and the rest.
    brief: list[tuple[str, str]]
    facts: list[tuple[str, str]]
    # What the service was sent; None if that is nothing.
    rules: RulesPart | None
    reasons: list[str]
    decision: Decision
    selected: SelectedReview | None
    # What the service itself thinks of the session; None if it does not say.
    score: Score | None
    may_dismiss: bool
    # What this person lacks to export the session, if anything, and whom to ask.
    missing_export: MissingPermission | None
    whom_to_ask: str
    incidents: IncidentList
    ticks: list[str]
    has_marks: bool
    # The learner's appeal that waits for an answer.
    appeal: Appeal | None
    # Who decided, when and why, if the attempt is decided.
    decided: Happening | None
    # After a decision there is nothing to decide, unless something new requires attention.
    is_folded: bool
    # Whether a decision leads to the next session.
    continues: bool
    place: Address
    # In the list that somebody came from; None once it has left that.
    position: Position | None
    list_url: str
    list_name: str
    events: list[Event]
    # None for the learner, who may be of the team.
    team: Teamwork | None
    attempts: list[AttemptLink]
    # The service's own dashboard, at this session.
    dashboard_url: str

    @property
    def neighbour_query(self) -> str:
        params = self.place.came_from.params_with_place
        return f"?{urlencode(params)}" if params else ""

    def form_is_drawn(self, form: str) -> bool:
        if form == NOTE:
            return self.team is not None and self.team.may_write
        if form == "decision":
            return bool(self.decision.passing or self.decision.failing)
        if form == TICKED:
            return self.may_dismiss and bool(self.incidents.rows)
        return self.may_dismiss and any(row.form_name == form for row in self.incidents.rows)


def session_page(
    previews: Mapping[AttemptStatus, Preview],
    user: AbstractBaseUser,
    place: Address,
    *,
    state: SessionState,
    continues: bool,
) -> SessionPage:
    """Return the page as this person may see it. ``previews`` are those of both verdicts."""
    attempt = previews[AttemptStatus.VERIFIED].attempt
    may_decide = permissions.may(user, permissions.DECIDE_ATTEMPT, attempt.exam.course_id)
    is_own, bar = is_own_attempt(attempt, user), _bar(attempt, user)
    may_export = permissions.may(user, permissions.EXPORT_SESSION, attempt.exam.course_id) and not is_own
    events = timeline(attempt, with_messages=False, with_looks=permissions.may_see_teamwork(user, attempt))
    reviews = [event.row for event in events if isinstance(event.row, ExamReview)]
    selected = select_review(attempt, reviews, place.review, place.came_from.params)
    review = selected.review if selected else None
    incidents = list(review.incidents.all()) if review else []
    length = length_of(attempt, incidents)
    addressed_as = lms().learner_name(attempt.user)
    listed = incident_list(
        attempt,
        review,
        incidents,
        length=length,
        user=user,
        # Everybody who has dismissed an incident has made a version of a review.
        names={one.reviewed_by.pk: person(one.reviewed_by).label for one in reviews if one.reviewed_by},
        place=place,
        params={**place.came_from.params, **({"review": place.review} if review and place.review else {})},
    )
    reasons = _reasons(attempt)
    decided = standing_decision(attempt, events)
    explanations = explanations_url(user, attempt.exam.course_id)
    return SessionPage(
        attempt=attempt,
        learner=attempt.learner,
        addressed_as=addressed_as if addressed_as != attempt.learner.name else "",
        exam_name=attempt.exam.exam_name,
        status=status_badge(attempt.status, explanations),
        brief=_brief(attempt, reviews),
        facts=_facts(attempt),
        rules=rules_part(attempt),
        reasons=reasons,
        appeal=_open_appeal(events),
        decided=decided,
        is_folded=decided is not None and not reasons,
        continues=continues,
        place=place,
        position=position_of(attempt, place.came_from, user),
        list_url=list_url(attempt.exam.course_id, place.came_from.list_query),
        list_name=_list_name(attempt, place),
        decision=_decision(attempt, previews, may_decide=may_decide, bar=bar),
        selected=selected,
        score=score_of(review) if review else None,
        missing_export=None if may_export else missing_permission(permissions.EXPORT_SESSION),
        whom_to_ask="" if may_export else lms().whom_to_ask(attempt.exam.course_id),
        may_dismiss=may_decide and bar is None and selected is not None and selected.can_change,
        incidents=listed,
        ticks=ticks(length),
        has_marks=any(tab.marks for tab in listed.visible),
        events=events,
        team=teamwork(
            attempt,
            user,
            place,
            state=state,
            review_id=previews[AttemptStatus.VERIFIED].seen.review_id,
            looks=[event.row for event in events if isinstance(event.row, SessionLook)],
        ),
        attempts=_attempts(attempt, explanations),
        dashboard_url=dashboard_url(attempt),
    )


def _reasons(attempt: ExamAttempt) -> list[str]:
    """Return why the attempt requires attention; none if it does not."""
    reasons = attention_reasons([attempt]) if attempt.attention_since else {}
    return [str(reason.label) for reason in reasons.get(attempt.pk, [])]


def _open_appeal(events: Sequence[Event]) -> Appeal | None:
    return next((event.row for event in events if isinstance(event.row, Appeal) and not event.row.answer_id), None)


def _bar(attempt: ExamAttempt, user: AbstractBaseUser) -> Obstacle | None:
    """Return why this person, whatever their permissions, cannot decide about the attempt."""
    if is_own_attempt(attempt, user):
        return Obstacle.OWN
    return Obstacle.DECIDED_BEFORE if permissions.decided_before_appeal(user, attempt) else None


def _list_name(attempt: ExamAttempt, place: Address) -> str:
    """The list that somebody came from may be of this exam, or of the whole course."""
    if parse_qs(place.came_from.filters).get("exam") == [attempt.exam.content_id]:
        return _("Sessions of %(exam)s") % {"exam": attempt.exam.exam_name}
    return _("Sessions")


def _decision(
    attempt: ExamAttempt, previews: Mapping[AttemptStatus, Preview], *, may_decide: bool, bar: Obstacle | None
) -> Decision:
    passing, failing = previews[AttemptStatus.VERIFIED], previews[AttemptStatus.REJECTED]
    obstacle = passing.obstacle if passing.obstacle is not None and failing.obstacle is not None else None
    obstacle = bar or obstacle
    may_decide_this = may_decide and bar is None
    policy = provider_named(attempt.provider).policy
    return Decision(
        seen=passing.seen,
        passing=passing if may_decide_this and passing.is_possible else None,
        failing=failing if may_decide_this and failing.is_possible else None,
        obstacle=str(obstacle.label) if may_decide and obstacle else "",
        missing=None if may_decide else missing_permission(permissions.DECIDE_ATTEMPT),
        whom_to_ask="" if may_decide else lms().whom_to_ask(attempt.exam.course_id),
        second_reviewer=attempt.provider if policy.provider_does_second_reviews else "",
        categories=conf().REASON_CATEGORIES,
    )


def _brief(attempt: ExamAttempt, reviews: Sequence[ExamReview]) -> list[tuple[str, str]]:
    current = next((review for review in reviews if review.pk == attempt.current_review_id), None)
    extra = attempt.extra_time_mins
    facts = [
        (_("Review"), current.get_review_status_display() if current else _("none yet")),
        (_("Time used"), _time_used(attempt)),
        (_("Extra time"), ngettext("%(mins)d minute", "%(mins)d minutes", extra) % {"mins": extra} if extra else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _facts(attempt: ExamAttempt) -> list[tuple[str, str]]:
    facts = [
        (_("Provider"), attempt.provider),
        (_("Track"), attempt.track),
        (_("Attempt code"), attempt.attempt_code),
    ]
    return [(name, value) for name, value in facts if value]


def _time_used(attempt: ExamAttempt) -> str:
    limit = attempt.allowed_time_limit_mins
    if attempt.started_at is None or limit is None:
        return ""
    end = attempt.completed_at or min(timezone.now(), attempt.ends_at or timezone.now())
    params = {"used": max(0, minutes(end - attempt.started_at)), "limit": limit}
    return ngettext("%(used)d of %(limit)d minute", "%(used)d of %(limit)d minutes", limit) % params


def _attempts(attempt: ExamAttempt, explanations: str) -> list[AttemptLink]:
    """Of the learner at this exam, oldest first."""
    return [
        AttemptLink(other, status_badge(other.status, explanations), session_url(other), other.pk == attempt.pk)
        for other in attempts_of(attempt.user, attempt.exam).with_result().order_by("pk")
    ]
