"""Erase a learner's data: the one exception to a history that is only ever added to."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import crypto, permissions
from proctoring_results.choices import AttemptStatus, EffectKind, EffectState, ProviderCall, ReviewStatus, Source
from proctoring_results.database import in_transaction
from proctoring_results.effects.registry import LEVELS
from proctoring_results.exceptions import ExamUnderWay
from proctoring_results.jobs.lease import is_leased
from proctoring_results.models import (
    Appeal,
    Disclosure,
    Erasure,
    Evidence,
    ExamAttempt,
    ExamReview,
    Incident,
    LmsEffect,
    ProviderMessage,
    ReportNotification,
    ReportPreference,
    SessionClaim,
    StatusChange,
    TeamNote,
)
from proctoring_results.models.attention import update_attention
from proctoring_results.models.effects import LmsEffectQuerySet
from proctoring_results.rules import KNOWN_INCIDENTS
from proctoring_results.validation import clean_reason

from .attempts import ERASED, end_overdue_attempt
from .effects import queue_erasure
from .messages import without_content
from .reports import recall_case_files, recall_reports
from .schedules import erase_schedules
from .status import change_status, lock_attempt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import QuerySet

# Reasons that the app itself writes say nothing about a person: "The course ended before …", "Review: Clean".
AUTOMATIC_SOURCES = (Source.UPKEEP, Source.PROVIDER, Source.REPORTED)
# Effects that send the learner's data out. Levels are delivered: they carry no text.
DISCLOSING = ~Q(kind__in=LEVELS) & ~Q(call__in=[ProviderCall.SAVE_EXAM, ProviderCall.ERASE_LEARNER])


def erase_learner(user: AbstractBaseUser, *, by: AbstractBaseUser, reason: str) -> Erasure:
    """Erase what is stored about a learner's attempts, and have the providers do so. It cannot be undone.

    Statuses, times, verdicts and counts stay, and so does who decided when. What names or describes the learner is
    erased: texts and links of reviews, comments on incidents, reasons, messages, notes of the team, also those that the
    learner has written as a member of one. Ready reports of the learner's courses
    are withdrawn, and schedules of reports that the learner owns are removed. An attempt that was never started expires
    first. Erasing again returns the first erasure unless there are new attempts. Remove the name and the address from
    the user's own row afterwards.
    Raises ``AccessDenied`` (``erase_learner``, for every course), ``InvalidInput`` (no reason) and ``ExamUnderWay``.
    """
    permissions.require_everywhere(by, permissions.ERASE_LEARNER)
    reason = clean_reason(reason, missing=_("An erasure needs a reason."))
    # Outside the transaction, so that the transaction's first query is the one that locks.
    codes = ExamAttempt.objects.filter(user_id=user.pk, erased_at=None).order_by("pk")
    return _erase(list(codes.values_list("attempt_code", flat=True)), user, by, reason)


@in_transaction
def _erase(codes: Sequence[str], user: AbstractBaseUser, by: AbstractBaseUser, reason: str) -> Erasure:
    # A review that arrives meanwhile waits, and then finds the attempt erased. Locked one by one, as everywhere:
    # MariaDB also locks the index entries on the way to a row, and two ways to one row would be a deadlock.
    attempts = [attempt for attempt in map(lock_attempt, codes) if attempt.erased_at is None]
    erase_schedules(user)
    _forget_choices(user)
    _forget_teamwork(user)
    earlier = Erasure.objects.filter(user_id=user.pk).order_by("pk").last()
    if earlier is not None and not attempts:
        return earlier
    now = timezone.now()
    for attempt in attempts:
        _close(attempt, by)
    _drop_waiting_effects(attempts)
    _erase_texts(attempts, now)
    queue_erasure(user)
    _withdraw_reports(attempts)
    return Erasure.objects.create(user_id=user.pk, by_id=by.pk, at=now, reason=reason, attempts=len(attempts))


def _forget_choices(user: AbstractBaseUser) -> None:
    """Delete what the person, who may be of a course team, has chosen about reports."""
    ReportPreference.objects.filter(user_id=user.pk).delete()
    ReportNotification.objects.filter(user_id=user.pk).delete()
    mails = LmsEffect.objects.filter(kind=EffectKind.REPORT, user_id=user.pk)
    _drop(mails)
    # The mail server's answer may have the address.
    mails.exclude(problem="").update(problem="")


def _forget_teamwork(user: AbstractBaseUser) -> None:
    """Remove what the person, who may be of a course team, wrote in notes. When they looked at sessions stays."""
    SessionClaim.objects.filter(user_id=user.pk).delete()
    _withdraw(TeamNote.objects.filter(author_id=user.pk))


def _withdraw(notes: QuerySet[TeamNote]) -> None:
    notes.filter(withdrawn_at=None).update(text="", withdrawn_at=timezone.now())


def _close(attempt: ExamAttempt, by: AbstractBaseUser) -> None:
    """Expire an attempt that was not started. Raises ``ExamUnderWay`` if it is under way."""
    if end_overdue_attempt(attempt.attempt_code):
        attempt.refresh_from_db()
    if not attempt.is_open:
        return
    if attempt.started_at is not None:
        raise ExamUnderWay(attempt)
    change_status(attempt, AttemptStatus.EXPIRED, source=Source.HOST, by=by, reason=ERASED)


def _drop_waiting_effects(attempts: Sequence[ExamAttempt]) -> None:
    """Drop mails and calls that are still to be made: they would send the learner's name out once more."""
    effects = LmsEffect.objects.filter(attempt__in=attempts)
    # A call that a provider is just receiving is completed first: the provider's erasure waits for it.
    being_made = Q(kind=EffectKind.PROVIDER) & is_leased()
    _drop(effects.filter(DISCLOSING).exclude(being_made))
    effects.exclude(problem="").update(problem="")
    # A site's own template may name the learner.
    effects.exclude(subject="").update(subject=ERASED)


def _drop(effects: LmsEffectQuerySet) -> None:
    # A delivery under way writes its result under the old fencing number, which is no longer valid.
    effects.filter(state__in=[EffectState.WAITING, EffectState.PARKED]).update(
        state=EffectState.SUPERSEDED, fence=F("fence") + 1, lease_until=None, next_try_at=None, done_at=timezone.now()
    )


def _erase_texts(attempts: Sequence[ExamAttempt], now: datetime) -> None:
    reviews = ExamReview.objects.filter(attempt__in=attempts)
    incidents = Incident.objects.filter(review__attempt__in=attempts)
    incidents.update(comment=ERASED)
    # Labels and kinds are free text, too, but for those that the app knows.
    incidents.exclude(status__in=ReviewStatus.values).update(status=ERASED)
    incidents.annotate(folded_kind=Lower("kind")).exclude(folded_kind__in=KNOWN_INCIDENTS).update(kind="")
    incidents.exclude(severity="").update(severity="")
    incidents.exclude(dismissal_reason="").update(dismissal_reason=ERASED)
    # The links to recordings and pictures are erased; the record of who opened them stays.
    Evidence.objects.filter(review__attempt__in=attempts).update(url=crypto.encrypt(""))
    # Numbers stay. The words of a score, and the names of its thresholds, are the provider's own.
    reviews.update(score_label="", score_scale={})
    reviews.update(raw_data={}, claimed_name="", suspicious_comments="", rules_violation_comments="")
    reviews.exclude(version_reason="").update(version_reason=ERASED)
    Disclosure.objects.filter(attempt__in=attempts).exclude(purpose="").update(purpose=ERASED)
    changes = StatusChange.objects.filter(attempt__in=attempts)
    changes.exclude(source__in=AUTOMATIC_SOURCES).exclude(reason="").update(reason=ERASED, category="")
    SessionClaim.objects.filter(attempt__in=attempts).delete()
    _withdraw(TeamNote.objects.filter(attempt__in=attempts))
    Appeal.objects.filter(attempt__in=attempts).update(text=ERASED)
    for attempt in attempts:
        left = {**without_content(attempt, now), "finished_at": Coalesce("finished_at", now)}
        ProviderMessage.objects.filter(attempt=attempt).update(fence=F("fence") + 1, **left)
        attempt.track, attempt.erased_at = "", now
        attempt.archive_reason = ERASED if attempt.archive_reason else ""
        # Nobody can answer an appeal now.
        attempt.appeal_due_at = None
        update_attention(attempt)
        attempt.save(update_fields=["track", "erased_at", "archive_reason", "appeal_due_at", "attention_since"])


def _withdraw_reports(attempts: Sequence[ExamAttempt]) -> None:
    course_ids = set(
        ExamAttempt.objects.filter(pk__in=[attempt.pk for attempt in attempts]).values_list(
            "exam__course_id", flat=True
        )
    )
    recall_reports(course_ids)
    recall_case_files(attempts)
    # Again after the commit: a report that was requested and built meanwhile has read the old rows.
    transaction.on_commit(partial(recall_reports, course_ids))
    transaction.on_commit(partial(recall_case_files, attempts))
