"""The rows of a list of sessions, and the heads of its columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results.choices import DECIDED_STATUSES, AttentionReason, SessionSort, SessionTab
from proctoring_results.models.attention import attention_reasons
from proctoring_results.pages._shared.came_from import list_params
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.scores import score_text
from proctoring_results.pages._shared.statuses import StatusBadge, review_badge, status_badge
from proctoring_results.people import Person, person
from proctoring_results.queries.sessions import ListOrder, attempts_of_learners, time_in
from proctoring_results.queries.teamwork import claims_of, looks_of
from proctoring_results.rules import is_own_attempt, status_label
from proctoring_results.services.selection import why_not_with_others

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt, SessionClaim

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AttemptLink:
    """Another attempt of the same learner at the same exam."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Waited:
    """How long a session has waited: “121 days”.

    ``tone`` is ``warn`` when half of the limit of the course is over, and ``bad`` after it.
    """

    text: str
    tone: str
    # Said to those who cannot see the colour.
    limit: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    attempt: ExamAttempt
    learner: Person
    url: str
    status: StatusBadge
    review: StatusBadge | None
    suspicious: int
    violations: int
    # What the service itself thinks of it; empty if it does not say.
    score: str
    reasons: list[str]
    # Who decided what the status says; empty if it is no decision.
    decider: str
    # In the lists of what waits.
    waited: Waited | None
    at: datetime
    # By when the learner's open appeal has to be answered.
    answer_due_at: datetime | None
    is_overdue: bool
    other_attempts: list[AttemptLink]
    # Why it cannot be passed together with others; empty if it can.
    why_not: str
    # Who is looking at it, as a sentence, and who has looked; empty at the person's own attempt.
    looking: str
    looked: list[str]


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the list."""

    user: AbstractBaseUser
    # A person who may decide.
    decider: AbstractBaseUser | None
    # Where the statuses are explained; empty for somebody who may not see it.
    explanations: str


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a column. ``url`` sorts by it, or the other way round if the list is sorted by it already."""

    name: str
    label: str
    url: str
    # As ``aria-sort`` has it; empty if the list is not sorted by it.
    direction: str
    # A second way to sort by the same column.
    second: Head | None = None


def heads_of(tab: SessionTab, order: ListOrder, link: Callable[[ListOrder], str], *, has_scores: bool) -> list[Head]:
    """``link`` returns the address of the list in another order. ``has_scores``: the list shows scores of services."""
    time = _("Last activity")
    if tab is SessionTab.ATTENTION:
        time = _("Waiting")
    if tab is SessionTab.WAITING:
        time = _("Submitted")
    columns = [
        (SessionSort.LEARNER, _("Learner")),
        (SessionSort.EXAM, _("Exam")),
        (SessionSort.RESULT, _("Result")),
        (SessionSort.REVIEW, _("Review")),
        *([(SessionSort.DECIDER, _("Decided by"))] if has_deciders(tab) else []),
        (SessionSort.TIME, time),
    ]
    heads = {sort: _head(sort, label, tab, order, link) for sort, label in columns}
    if has_scores or order.sort is SessionSort.SCORE:
        score = _head(SessionSort.SCORE, _("Score"), tab, order, link)
        heads[SessionSort.REVIEW] = replace(heads[SessionSort.REVIEW], second=score)
    return list(heads.values())


def has_deciders(tab: SessionTab) -> bool:
    """Return whether a list has a column of who decided; in the others it stands below the result."""
    return tab in (SessionTab.DECIDED, SessionTab.ALL)


def _head(sort: SessionSort, label: str, tab: SessionTab, order: ListOrder, link: Callable[[ListOrder], str]) -> Head:
    if sort is not order.sort:
        return Head(sort.value, label, link(ListOrder(sort)), "")
    # What waits is sorted by a time, but read as a duration: the longest stands first.
    is_descending = order.is_descending(tab) != (sort is SessionSort.TIME and tab is SessionTab.ATTENTION)
    direction = "descending" if is_descending else "ascending"
    return Head(sort.value, label, link(ListOrder(sort, not order.is_reversed)), direction)


def rows_of(
    attempts: Sequence[ExamAttempt], tab: SessionTab, filters: str, limit: timedelta | None, viewer: Viewer
) -> list[SessionRow]:
    """``filters`` are those of the list as they stand in its address; ``limit`` is until when one should decide."""
    of_learners = attempts_of_learners(attempts)
    reasons = attention_reasons([attempt for attempt in attempts if attempt.attention_since])
    params, now = list_params(tab, filters), timezone.now()
    of_others = [attempt for attempt in attempts if not is_own_attempt(attempt, viewer.user)]
    claims, looks = claims_of(of_others), looks_of(of_others)
    return [
        _row(
            attempt,
            tab,
            reasons.get(attempt.pk, []),
            of_learners[attempt.user_id, attempt.exam_id],
            params,
            _waited(attempt, tab, limit, now),
            viewer,
            looking=_who_is_looking(claims[attempt.pk], viewer) if attempt.pk in claims else "",
            looked=[person(look.user).name for look in looks.get(attempt.pk, [])],
        )
        for attempt in attempts
    ]


def _row(
    attempt: ExamAttempt,
    tab: SessionTab,
    reasons: list[AttentionReason],
    of_learner: list[ExamAttempt],
    params: Mapping[str, str],
    waited: Waited | None,
    viewer: Viewer,
    *,
    looking: str,
    looked: list[str],
) -> SessionRow:
    review = attempt.current_review
    return SessionRow(
        attempt=attempt,
        learner=attempt.learner,
        url=session_url(attempt, params),
        status=status_badge(attempt.status, viewer.explanations),
        review=review_badge(review.review_status, viewer.explanations) if review else None,
        suspicious=review.suspicious_count if review else 0,
        violations=review.rules_violation_count if review else 0,
        score=score_text(review) if review else "",
        # The status says already that a second review is required.
        reasons=[str(reason.label) for reason in reasons if reason is not AttentionReason.SECOND_REVIEW],
        decider=_decider(attempt),
        waited=waited,
        at=time_in(tab, attempt) or attempt.last_activity_at,
        answer_due_at=attempt.appeal_due_at,
        is_overdue=attempt.appeal_due_at is not None and attempt.appeal_due_at < timezone.now(),
        other_attempts=[_link(n, other) for n, other in enumerate(of_learner, 1) if other.pk != attempt.pk],
        why_not=why_not_with_others(attempt, viewer.decider) if viewer.decider else "",
        looking=looking,
        looked=looked,
    )


def _who_is_looking(claim: SessionClaim, viewer: Viewer) -> str:
    if claim.user_id == viewer.user.pk:
        return _("You are looking")
    return _("%(name)s is looking") % {"name": person(claim.user).name}


def _decider(attempt: ExamAttempt) -> str:
    if attempt.status not in DECIDED_STATUSES:
        return ""
    return person(attempt.decided_by).name if attempt.decided_by else str(attempt.provider)


def _waited(attempt: ExamAttempt, tab: SessionTab, limit: timedelta | None, now: datetime) -> Waited | None:
    since = time_in(tab, attempt) if tab in (SessionTab.ATTENTION, SessionTab.WAITING) else None
    if since is None:
        return None
    duration = max(now - since, timedelta())
    # A course team keeps a limit; when the service answers is not in its hands.
    if limit is None or tab is not SessionTab.ATTENTION or duration < limit / 2:
        return Waited(_in_words(duration), "", "")
    params = {"limit": _in_words(limit)}
    if duration < limit:
        return Waited(_in_words(duration), "warn", _("of %(limit)s") % params)
    return Waited(_in_words(duration), "bad", _("more than %(limit)s") % params)


def _in_words(duration: timedelta) -> str:
    if duration < DAY:
        hours = duration // HOUR
        if not hours:
            return _("under 1 hour")
        return ngettext("%d hour", "%d hours", hours) % hours
    days = duration // DAY
    return ngettext("%d day", "%d days", days) % days


def _link(number: int, attempt: ExamAttempt) -> AttemptLink:
    params = {"number": number, "status": status_label(attempt.status)}
    if attempt.archived_at:
        return AttemptLink(_("Attempt %(number)d: %(status)s, archived") % params, session_url(attempt))
    return AttemptLink(_("Attempt %(number)d: %(status)s") % params, session_url(attempt))
