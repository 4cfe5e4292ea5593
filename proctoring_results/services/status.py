"""``change_status``, the only writer of an attempt's status."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from proctoring_results.choices import OPEN_STATUSES, OVER_STATUSES, AttemptStatus, Source
from proctoring_results.conf import conf
from proctoring_results.exceptions import AttemptIsArchived, AttemptIsErased, IllegalTransition, NotFound
from proctoring_results.models import ExamAttempt, ExamReview, StatusChange
from proctoring_results.models.attention import attention_since
from proctoring_results.models.compiled import compiled, insert, update
from proctoring_results.signals import attempt_status_changed
from proctoring_results.transitions import TRANSITIONS, Facts, Transition

from .effects import queue_effects

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def lock_attempt(attempt_code: str) -> ExamAttempt:
    """The attempt, locked until the transaction ends. Raises ``NotFound``."""
    attempt = _locked.first(attempt_code)
    if attempt is None:
        raise NotFound("attempt", attempt_code)
    return attempt


@compiled
def _locked(attempt_code: str) -> QuerySet[ExamAttempt]:
    # The lock makes two reviewers take turns: the second one sees the first one's verdict.
    locked = ExamAttempt.objects.select_for_update()
    if connection.features.has_select_for_update_of:
        # Most verbs ask about the exam, too. Elsewhere its row would be locked with the attempt's.
        locked = ExamAttempt.objects.select_for_update(of=("self",)).select_related("exam")
    return locked.filter(attempt_code=attempt_code)


def facts_of(attempt: ExamAttempt, source: Source, at: datetime) -> Facts:
    return Facts(
        source=source,
        was_started=attempt.started_at is not None,
        time_is_left=attempt.ends_at is None or at <= attempt.ends_at,
        a_person_decided=attempt.decided_at is not None,
        the_host_hands_in=conf().LATE_HAND_IN == "submitted",
    )


@transaction.atomic
def change_status(
    attempt: ExamAttempt,
    to: AttemptStatus,
    *,
    source: Source,
    by: AbstractBaseUser | None = None,
    reason: str = "",
    review: ExamReview | None = None,
    at: datetime | None = None,
) -> StatusChange | None:
    """Move a locked attempt (``lock_attempt``), and record when, who and why.

    ``at`` is the moment it happened, now unless given. Returns None when the attempt is already there, so a
    repeated callback is harmless; a person's decision is recorded all the same, without effects.
    Raises ``IllegalTransition``, ``AttemptIsArchived`` and ``AttemptIsErased``.
    """
    change = make_move(attempt, to, source=source, by=by, reason=reason, review=review, at=at)
    if change is not None:
        note_activity(attempt)
    return change


def make_move(
    attempt: ExamAttempt,
    to: AttemptStatus,
    *,
    source: Source,
    by: AbstractBaseUser | None = None,
    reason: str = "",
    review: ExamReview | None = None,
    at: datetime | None = None,
) -> StatusChange | None:
    """``change_status`` as a part of a larger verb, whose ``note_activity`` also writes what has changed here.

    Nothing has changed where it raises.
    """
    at = at or timezone.now()
    current = AttemptStatus(attempt.status)
    if attempt.archived_at is not None:
        raise AttemptIsArchived(attempt)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    if current is to and source is not Source.PERSON:
        return None
    move = TRANSITIONS.get((current, to))
    if current is not to:
        if move is None or not _is_allowed(move, attempt, source, at):
            raise IllegalTransition(attempt, current, to, source)
        _transition(attempt, to, at)
    if source is Source.PERSON and attempt.decided_at is None:
        attempt.decided_at = at
    change = StatusChange(
        attempt=attempt,
        from_status=current,
        to_status=to,
        at=at,
        source=source,
        by_id=by.pk if by else None,
        reason=reason,
        review=review,
    )
    insert(change)
    if move is not None:
        queue_effects(move.effects, attempt, change=change)
    code = attempt.attempt_code
    transaction.on_commit(lambda: attempt_status_changed.send_robust(ExamAttempt, attempt_code=code, change=change))
    return change


def _is_allowed(move: Transition, attempt: ExamAttempt, source: Source, at: datetime) -> bool:
    # Most moves have no condition, and for the facts the database is asked.
    return source in move.by and (move.only_if is None or move.allows(facts_of(attempt, source, at)))


def note_activity(attempt: ExamAttempt) -> None:
    """Write what a verb has done to a locked attempt: when that was, and whether a person has to look at it now."""
    attempt.last_activity_at = now = timezone.now()
    attempt.attention_since = attention_since(attempt, now)
    update(attempt, WRITTEN)


# By a move, by a review, and by either: one statement for all.
WRITTEN = (
    *("status", "open_key", "ends_at", "completed_at"),
    *("current_review", "reviewed_at", "decided_at"),
    *("last_activity_at", "attention_since"),
)


def _transition(attempt: ExamAttempt, to: AttemptStatus, at: datetime) -> None:
    attempt.status = to
    if to not in OPEN_STATUSES:
        attempt.open_key = attempt.ends_at = None
    if to in OVER_STATUSES and attempt.completed_at is None:
        attempt.completed_at = at
