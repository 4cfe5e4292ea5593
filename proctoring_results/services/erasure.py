"""A learner's data is erased: the one exception to a history that only grows."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from proctoring_results import crypto, permissions
from proctoring_results.choices import AttemptStatus, EffectKind, EffectState, ProviderCall, Source
from proctoring_results.exceptions import ExamUnderWay, InvalidInput
from proctoring_results.models import (
    Erasure,
    Evidence,
    ExamAttempt,
    ExamReview,
    Incident,
    LmsEffect,
    ProviderMessage,
    StatusChange,
)
from proctoring_results.validation import clean_text

from .attempts import end_overdue_attempt
from .effects import queue_erasure
from .messages import without_content
from .reports import recall_reports
from .status import change_status, lock_attempt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser

# Stands where a text was that must not be empty: a decision has a reason.
ERASED = "Erased."
# What only we write says nothing about a person: "The course has ended.", "Review: Clean".
WRITTEN_BY_US = (Source.UPKEEP, Source.PROVIDER)
# What tells somebody about the learner. Grade, credit and certificate go on: they read the present, and carry no text.
TELLING = Q(kind__in=[EffectKind.MAIL, EffectKind.NOTICE]) | (
    Q(kind=EffectKind.PROVIDER) & ~Q(call__in=[ProviderCall.SAVE_EXAM, ProviderCall.ERASE_LEARNER])
)


def erase_learner(user: AbstractBaseUser, *, by: AbstractBaseUser, reason: str) -> Erasure:
    """Erase what is kept about a learner's attempts, and have the providers do so. It cannot be undone.

    Statuses, moments, verdicts and counts stay, and so does who decided when. What names or describes the learner
    goes: reviews' texts and links, incidents' comments, reasons, messages. Ready reports of the learner's courses are
    taken back. An attempt that was never started expires first. Twice is once: the second time returns the first
    erasure, unless there are new attempts. Take name and address out of the user's own row afterwards.
    Raises ``AccessDenied`` (``erase_learner``, for every course), ``InvalidInput`` (no reason) and ``ExamUnderWay``.
    """
    permissions.require_everywhere(by, permissions.ERASE_LEARNER)
    reason = clean_text("reason", reason).strip()
    if not reason:
        raise InvalidInput("reason", "An erasure needs a reason.")
    # Outside the transaction, so that its first look at the database is the one with locks.
    codes = ExamAttempt.objects.filter(user_id=user.pk, erased_at=None).order_by("pk")
    return _erase(list(codes.values_list("attempt_code", flat=True)), user, by, reason)


@transaction.atomic
def _erase(codes: Sequence[str], user: AbstractBaseUser, by: AbstractBaseUser, reason: str) -> Erasure:
    # A review that arrives meanwhile waits, and then finds the attempt erased. Locked one by one, as everybody does:
    # MariaDB locks the way to a row, too, and two ways to one row would be a deadlock.
    attempts = [attempt for attempt in map(lock_attempt, codes) if attempt.erased_at is None]
    earlier = Erasure.objects.filter(user_id=user.pk).order_by("pk").last()
    if earlier is not None and not attempts:
        return earlier
    now = timezone.now()
    for attempt in attempts:
        _close(attempt, by)
    _drop_what_waits_to_be_told(attempts)
    _erase_texts(attempts, now)
    queue_erasure(user)
    _recall_reports(attempts)
    return Erasure.objects.create(user_id=user.pk, by_id=by.pk, at=now, reason=reason, attempts=len(attempts))


def _close(attempt: ExamAttempt, by: AbstractBaseUser) -> None:
    """What was not started expires; what is under way refuses all."""
    if end_overdue_attempt(attempt.attempt_code):
        attempt.refresh_from_db()
    if not attempt.is_open:
        return
    if attempt.started_at is not None:
        raise ExamUnderWay(attempt)
    change_status(attempt, AttemptStatus.EXPIRED, source=Source.HOST, by=by, reason=ERASED)


def _drop_what_waits_to_be_told(attempts: Sequence[ExamAttempt]) -> None:
    """Mails and calls that nobody made yet would carry the learner's name out once more."""
    effects = LmsEffect.objects.filter(attempt__in=attempts)
    # A call to a provider that is being made comes to its end first: the provider's erasure waits for it.
    being_made = Q(kind=EffectKind.PROVIDER, lease_until__gt=timezone.now())
    # A delivery under way writes its end under the old fencing number, which is nobody's any more.
    effects.filter(TELLING, state__in=[EffectState.WAITING, EffectState.PARKED]).exclude(being_made).update(
        state=EffectState.SUPERSEDED, fence=F("fence") + 1, lease_until=None, next_try_at=None, done_at=timezone.now()
    )
    effects.exclude(problem="").update(problem="")


def _erase_texts(attempts: Sequence[ExamAttempt], now: datetime) -> None:
    reviews = ExamReview.objects.filter(attempt__in=attempts)
    incidents = Incident.objects.filter(review__attempt__in=attempts)
    incidents.update(comment=ERASED)
    incidents.exclude(dismissal_reason="").update(dismissal_reason=ERASED)
    # Where recordings and pictures can be seen goes; that somebody was shown them stays.
    Evidence.objects.filter(review__attempt__in=attempts).update(url=crypto.encrypt(""))
    reviews.update(raw_data={}, claimed_name="", suspicious_comments="", rules_violation_comments="")
    reviews.exclude(version_reason="").update(version_reason=ERASED)
    changes = StatusChange.objects.filter(attempt__in=attempts)
    changes.exclude(source__in=WRITTEN_BY_US).exclude(reason="").update(reason=ERASED)
    for attempt in attempts:
        left = {**without_content(attempt, now), "finished_at": Coalesce("finished_at", now)}
        ProviderMessage.objects.filter(attempt=attempt).update(fence=F("fence") + 1, **left)
        attempt.track, attempt.erased_at = "", now
        attempt.archive_reason = ERASED if attempt.archive_reason else ""
        attempt.save(update_fields=["track", "erased_at", "archive_reason"])


def _recall_reports(attempts: Sequence[ExamAttempt]) -> None:
    course_ids = set(
        ExamAttempt.objects.filter(pk__in=[attempt.pk for attempt in attempts]).values_list(
            "exam__course_id", flat=True
        )
    )
    recall_reports(course_ids)
    # Once more after the commit: one that was asked for and built meanwhile has read the old rows.
    transaction.on_commit(partial(recall_reports, course_ids))
