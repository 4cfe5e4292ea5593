"""``change_status``: the only writer of an attempt's status."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import connections, router, transaction
from django.utils import timezone

from proctoring_results.choices import (
    DECIDED_STATUSES,
    DECIDING_SOURCES,
    OPEN_STATUSES,
    OVER_STATUSES,
    AttemptStatus,
    EffectKind,
    Source,
)
from proctoring_results.conf import conf
from proctoring_results.exceptions import AttemptIsArchived, AttemptIsErased, IllegalTransition, NotFound
from proctoring_results.models import Appeal, ExamAttempt, ExamReview, SessionClaim, StatusChange
from proctoring_results.models.attention import load_current_reviews, update_attention
from proctoring_results.rules import answers_appeal, is_outranked, is_withheld, seriousness
from proctoring_results.signals import attempt_status_changed
from proctoring_results.transitions import Facts, find_transition

from .effects import queue_effects

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def lock_attempt(attempt_code: str) -> ExamAttempt:
    """Return the attempt, locked until the transaction ends. Raises ``NotFound``."""
    attempts = ExamAttempt.objects.all()
    # Most services ask about the exam and the review, too.
    if connections[router.db_for_write(ExamAttempt)].features.has_select_for_update_of:
        related = attempts.select_related("exam", "current_review").defer("current_review__raw_data")
        attempts = related.select_for_update(of=("self",))
    else:
        # Joined, the rows of exam and review would be locked as well.
        attempts = attempts.select_for_update()
    # The lock makes two reviewers take turns: the second one sees the first one's verdict.
    attempt = attempts.identified_by(attempt_code=attempt_code).first()
    if attempt is None:
        raise NotFound("attempt", attempt_code)
    load_current_reviews([attempt])
    return attempt


def change_status(
    attempt: ExamAttempt,
    to: AttemptStatus,
    *,
    source: Source,
    by: AbstractBaseUser | None = None,
    reason: str = "",
    category: str = "",
    review: ExamReview | None = None,
    at: datetime | None = None,
    undoes: StatusChange | None = None,
) -> StatusChange | None:
    """Change the status of a locked attempt, record who and why, and queue what follows.

    ``at`` is when it happened, now unless given. The ``review`` that led to the change becomes the current one.
    While a decision is withheld its effects wait. ``undoes`` is the decision that the source *undo* takes back.
    Returns None if the attempt has the status already, so a repeated callback is harmless; a person's decision, made
    here or reported by the provider, is recorded all the same, without effects. Raises ``IllegalTransition``,
    ``AttemptIsArchived`` and ``AttemptIsErased`` before anything has changed.
    """
    at = at or timezone.now()
    current = AttemptStatus(attempt.status)
    if attempt.archived_at is not None:
        raise AttemptIsArchived(attempt)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    if current is to and source not in (*DECIDING_SOURCES, Source.UNDO):
        return None
    transition = find_transition(current, to, source)
    if current is not to:
        if transition is None or not transition.allows(_facts(attempt, source, at)):
            raise IllegalTransition(attempt, current, to, source)
        _set_status(attempt, to, at)
    _set_decider(attempt, to, source, by, at)
    if source is Source.PERSON:
        # Whoever was looking need not look any longer.
        SessionClaim.objects.filter(attempt=attempt).delete()
    if review is not None:
        make_current(attempt, review)
    change = StatusChange.objects.create(
        attempt=attempt,
        from_status=current,
        to_status=to,
        at=at,
        source=source,
        by_id=by.pk if by else None,
        reason=reason,
        category=category,
        review=review,
        undoes=undoes,
    )
    kinds = transition.effects if transition is not None else ()
    if _answer_appeal(attempt, change) and EffectKind.MAIL not in kinds:
        # The result stands, from which nothing else follows.
        kinds = (*kinds, EffectKind.MAIL)
    queue_effects(kinds, attempt, change=change, due=attempt.withheld_until if source is Source.PERSON else None)
    save_attempt(attempt)
    code = attempt.attempt_code
    transaction.on_commit(lambda: attempt_status_changed.send_robust(ExamAttempt, attempt_code=code, change=change))
    return change


def _set_decider(
    attempt: ExamAttempt, to: AttemptStatus, source: Source, by: AbstractBaseUser | None, at: datetime
) -> None:
    """Write into the attempt who has decided. An undo has restored that by itself."""
    if source is Source.PERSON and attempt.decided_at is None:
        attempt.decided_at = at
    if source is Source.REPORTED:
        attempt.has_reported_decision = True
    is_decision = source in DECIDING_SOURCES and to in DECIDED_STATUSES
    if source is not Source.UNDO:
        attempt.decided_by_id = by.pk if by and is_decision else None


def make_current(attempt: ExamAttempt, review: ExamReview | None) -> None:
    """Make a review the current one of a locked attempt, with its place in lists. The caller saves it."""
    attempt.current_review = review
    score = review.score_rank if review is not None else None
    attempt.score_place = 0 if score is None else 1 + round(10_000 * score)
    attempt.seriousness = seriousness(review)


def _answer_appeal(attempt: ExamAttempt, change: StatusChange) -> bool:
    """Return whether the change answers an appeal of the learner, which is no longer open then."""
    if attempt.appeal_due_at is None or not answers_appeal(change.source, change.to_status):
        return False
    Appeal.objects.open().filter(attempt=attempt).update(answer=change)
    attempt.appeal_due_at = None
    return True


def save_attempt(attempt: ExamAttempt) -> None:
    """Save a locked attempt, when that was, and whether it requires attention now."""
    attempt.last_activity_at = timezone.now()
    update_attention(attempt)
    attempt.save()


def _facts(attempt: ExamAttempt, source: Source, at: datetime) -> Facts:
    return Facts(
        source=source,
        was_started=attempt.started_at is not None,
        time_is_left=attempt.ends_at is None or at <= attempt.ends_at,
        is_outranked=is_outranked(attempt, source),
        the_host_hands_in=conf().LATE_HAND_IN == "submitted",
        decision_is_withheld=is_withheld(attempt, at),
    )


def _set_status(attempt: ExamAttempt, to: AttemptStatus, at: datetime) -> None:
    attempt.status = to
    if to not in OPEN_STATUSES:
        attempt.open_key = attempt.ends_at = None
    if to in OVER_STATUSES and attempt.completed_at is None:
        attempt.completed_at = at
