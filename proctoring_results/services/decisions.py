"""A person decides Pass or Fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from proctoring_results import permissions
from proctoring_results.choices import AttemptStatus, ReviewStanding, Source
from proctoring_results.exceptions import InvalidInput, StaleDecision
from proctoring_results.models import ExamAttempt
from proctoring_results.queries.preview import Seen
from proctoring_results.validation import clean_text

from .status import change_status, lock_attempt, note_activity

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


MAX_REASON_LENGTH = 10_000  # characters


def pass_attempt(attempt_code: str, *, by: AbstractBaseUser, reason: str, seen: Seen | None = None) -> ExamAttempt:
    """Decide Pass: the attempt becomes ``verified``. Writes a ``StatusChange``, no review.

    ``seen`` is what the page showed; with it a decision on a stale page is refused. Raises ``AccessDenied``,
    ``InvalidInput`` (no reason), ``StaleDecision``, ``IllegalTransition``, ``AttemptIsArchived``, ``NotFound``.
    """
    return _decide(attempt_code, AttemptStatus.VERIFIED, by, reason, seen)


def fail_attempt(attempt_code: str, *, by: AbstractBaseUser, reason: str, seen: Seen | None = None) -> ExamAttempt:
    """Decide Fail: the attempt becomes ``rejected``. Otherwise as ``pass_attempt``."""
    return _decide(attempt_code, AttemptStatus.REJECTED, by, reason, seen)


@transaction.atomic
def _decide(attempt_code: str, to: AttemptStatus, by: AbstractBaseUser, reason: str, seen: Seen | None) -> ExamAttempt:
    attempt = lock_attempt(attempt_code)
    permissions.require(by, permissions.DECIDE_ATTEMPT, attempt.exam.course_id)
    reason = a_reason(reason)
    refuse_if_stale(attempt, seen)
    change_status(attempt, to, source=Source.PERSON, by=by, reason=reason, review=attempt.current_review)
    _take_up_what_waited_for_a_person(attempt)
    return attempt


def refuse_if_stale(attempt: ExamAttempt, seen: Seen | None) -> None:
    """Raise ``StaleDecision`` unless the newest change and review of a locked attempt were on the person's page."""
    change, review = attempt.changes.order_by("-pk").first(), attempt.reviews.order_by("-pk").first()
    if seen is not None and seen != Seen(change.pk if change else None, review.pk if review else None):
        raise StaleDecision(attempt, change, review)


def a_reason(reason: str) -> str:
    """The reason without space around it. Raises ``InvalidInput`` where there is none."""
    kept = clean_text("reason", reason, most=MAX_REASON_LENGTH).strip()
    if not kept:
        raise InvalidInput("reason", "A decision needs a reason.")
    return kept


def _take_up_what_waited_for_a_person(attempt: ExamAttempt) -> None:
    """The newest review that came after an earlier decision becomes current: this person had it before them."""
    waited = attempt.reviews.filter(standing=ReviewStanding.AFTER_DECISION).order_by("pk")
    newest = waited.last()
    if newest is None:
        return
    waited.update(standing=ReviewStanding.APPLIED)
    attempt.current_review = newest
    note_activity(attempt)
