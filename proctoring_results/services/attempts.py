"""Attempts: what the learner and the host do with them.

Each function takes ``by=None``: the attempt's own learner is the learner of the table of transitions, anyone else the
host.
Each returns the attempt as it stands afterwards. They raise ``NotFound``, ``IllegalTransition``
and ``AttemptIsArchived``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results.choices import OPEN_STATUSES, AttemptStatus, ProviderCall, Source
from proctoring_results.conf import conf
from proctoring_results.database import in_transaction
from proctoring_results.effects.registry import LEVELS
from proctoring_results.exceptions import AttemptAlreadyOpen, AttemptIsErased, ExamNotAvailable, InvalidInput
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt, ExamRules, ProctoredExam
from proctoring_results.permissions import refuse_own_attempt
from proctoring_results.providers.exam_rules import present_rules
from proctoring_results.rules import exam_gives_results
from proctoring_results.validation import clean_key, clean_reason, clean_text, clean_whole_number

from .effects import queue_attempt_call, queue_effects
from .reviews import apply_waiting_reviews
from .status import change_status, lock_attempt, save_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

S = AttemptStatus
# Why an attempt expired, for its history.
DUE_DATE_PASSED = "The due date passed before the exam was started."
COURSE_ENDED = "The course ended before the exam was started."
# Replaces a text about an erased learner that must not be empty: an archive has a reason.
ERASED = "Erased."


def create_attempt(
    user: AbstractBaseUser,
    exam: ProctoredExam,
    *,
    extra_time_mins: int = 0,
    track: str = "",
    taking_as_proctored: bool = True,
    external_id: str | None = None,
    by: AbstractBaseUser | None = None,
) -> ExamAttempt:
    """Create a learner's attempt at an exam. ``by`` is not recorded, since a creation is no transition.

    Whether it is a practice attempt and taken as proctored is fixed here, by the exam as it is now. One that is not
    taken as proctored has no result, and nothing follows from it in the LMS.
    ``external_id`` is the provider's id, if you have registered the attempt with it already.
    Raises ``AttemptAlreadyOpen``, which carries the open attempt, ``ExamNotAvailable`` and ``InvalidInput``.
    """
    if external_id is not None:
        external_id = clean_key("external_id", external_id)
    extra = clean_whole_number("extra_time_mins", extra_time_mins, max_value=100_000)
    clean_text("track", track, max_length=64)
    if not exam.is_active:
        raise ExamNotAvailable("inactive")
    end = _end_of(exam)
    if end is not None and end <= timezone.now():
        raise ExamNotAvailable("over")
    key = f"{exam.pk}:{user.pk}"
    try:
        with transaction.atomic():
            attempt = ExamAttempt.objects.create(
                user_id=user.pk,
                exam=exam,
                provider=exam.provider,
                track=track,
                extra_time_mins=extra,
                is_sample_attempt=exam.is_practice_exam,
                taking_as_proctored=taking_as_proctored and exam_gives_results(exam),
                external_id=external_id,
                open_key=key,
            )
            queue_attempt_call(ProviderCall.CREATE_ATTEMPT, attempt)
            return attempt
    except IntegrityError:
        # A locking read sees what others have committed, even under MariaDB's repeatable read.
        with transaction.atomic():
            open_attempt = ExamAttempt.objects.select_for_update().filter(open_key=key).first()
        if open_attempt is None:
            _raise_if_id_is_taken(exam.provider, external_id)
            raise
        raise AttemptAlreadyOpen(open_attempt) from None


@in_transaction
def set_external_id(attempt_code: str, external_id: str) -> ExamAttempt:
    """Store the provider's id of an attempt: its messages name the attempt by it. Harmless to repeat.

    Call it where your own code registers attempts with the provider. Another id replaces the first.
    Raises ``NotFound``, ``AttemptIsErased``, and ``InvalidInput`` for an id of another attempt.
    """
    external_id = clean_key("external_id", external_id)
    attempt = lock_attempt(attempt_code)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    attempt.external_id = external_id
    try:
        with transaction.atomic():
            attempt.save(update_fields=["external_id"])
    except IntegrityError:
        _raise_if_id_is_taken(attempt.provider, external_id)
        raise
    return attempt


@in_transaction
def _raise_if_id_is_taken(provider: str, external_id: str | None) -> None:
    """Raise ``InvalidInput`` if the provider knows an attempt by this id."""
    # A locking read sees what others have committed, even under MariaDB's repeatable read.
    known = ExamAttempt.objects.select_for_update().filter(provider=provider, external_id=external_id)
    if external_id is not None and (owner := known.first()):
        problem = _("is already the id of the attempt “%(code)s”.")
        raise InvalidInput("external_id", problem % {"code": owner.attempt_code})


def mark_download_clicked(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Record that the learner went to download the proctoring software."""
    return _change(attempt_code, S.DOWNLOAD_SOFTWARE_CLICKED, by)


def mark_ready_to_start(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Record that the proctoring software is set up, so that the exam may start."""
    return _change(attempt_code, S.READY_TO_START, by)


@in_transaction
def start_attempt(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Start the exam, or return to it from ``ready_to_submit`` while time is left.

    The allowed time is set once, here: the exam's limit and the attempt's extra time, cut to what is left until the due
    date or the course's end. ``ends_at`` is exact; ``allowed_time_limit_mins`` is for people, in minutes begun. If no
    time is left, the attempt is returned as ``expired``. If the learner's time is already over, the attempt is returned
    as it ended. The rules and the review policy of the exam are stored as they are at the start.
    """
    attempt, now = lock_attempt(attempt_code), timezone.now()
    if _end_if_time_is_over(attempt, now) or (attempt.status == S.STARTED and attempt.archived_at is None):
        return attempt
    if attempt.started_at is None and attempt.is_open:
        end = _end_of(attempt.exam)
        if end is not None and end <= now:
            reason = DUE_DATE_PASSED if end == attempt.exam.due_date else COURSE_ENDED
            change_status(attempt, S.EXPIRED, source=Source.UPKEEP, reason=reason, at=now)
            return attempt
        change_status(attempt, S.STARTED, source=_source(attempt, by), by=by, at=now)
        limit = now + timedelta(minutes=attempt.exam.time_limit_mins + attempt.extra_time_mins)
        attempt.started_at, attempt.ends_at = now, limit if end is None else min(limit, end)
        attempt.allowed_time_limit_mins = -((now - attempt.ends_at) // timedelta(minutes=1))
        attempt.exam_rules = _stored_rules(attempt)
        attempt.save(update_fields=["started_at", "allowed_time_limit_mins", "ends_at", "exam_rules"])
        return attempt
    change_status(attempt, S.STARTED, source=_source(attempt, by), by=by, at=now)
    return attempt


@in_transaction
def mark_ready_to_submit(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Record that the learner is asked to confirm the submission. After the limit, return the attempt as it ended."""
    attempt, now = lock_attempt(attempt_code), timezone.now()
    if not _end_if_time_is_over(attempt, now):
        change_status(attempt, S.READY_TO_SUBMIT, source=_source(attempt, by), by=by, at=now)
    return attempt


@in_transaction
def submit_attempt(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Submit the exam. After the limit the attempt ends at the limit, as the setting ``LATE_HAND_IN`` says.

    A learner's submission that finds the exam over returns the attempt as it stands.
    """
    attempt, now = lock_attempt(attempt_code), timezone.now()
    source = _source(attempt, by)
    if _end_if_time_is_over(attempt, now):
        return attempt
    if source is Source.LEARNER and attempt.status not in OPEN_STATUSES:
        return attempt
    return _end(attempt, S.SUBMITTED, source, by, now)


@in_transaction
def complete_attempt(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Record that the exam is over; the host submits it later."""
    attempt, now = lock_attempt(attempt_code), timezone.now()
    return _end(attempt, S.COMPLETED, _source(attempt, by), by, now)


@in_transaction
def time_out_attempt(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """End the exam for lack of time, at the end of the learner's time or now, whichever is earlier."""
    attempt, now = lock_attempt(attempt_code), timezone.now()
    at = min(now, attempt.ends_at or now)
    return _end(attempt, S.TIMED_OUT, _source(attempt, by), by, at)


def decline_attempt(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Record that the learner declines to take the exam as a proctored one."""
    return _change(attempt_code, S.DECLINED, by)


def expire_attempt(attempt_code: str, *, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Record that the LMS has withdrawn the exam from the learner."""
    return _change(attempt_code, S.EXPIRED, by)


def mark_error(attempt_code: str, *, reason: str, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Record that something went wrong with the exam. Raises ``InvalidInput`` for a reason that cannot be stored."""
    return _change(attempt_code, S.ERROR, by, clean_reason(reason))


@in_transaction
def archive_attempt(attempt_code: str, *, reason: str, by: AbstractBaseUser | None = None) -> ExamAttempt:
    """Archive an attempt, so that the learner may have a new one. It stays in the report. Harmless to repeat.

    It releases a grade that the attempt holds, so that ``by`` must not be the learner: ``OwnAttempt``.
    After an erasure the reason is not stored: it could name the learner.
    """
    reason = clean_reason(reason)
    attempt = lock_attempt(attempt_code)
    refuse_own_attempt(by, attempt)
    if attempt.archived_at is None:
        attempt.archived_at = timezone.now()
        attempt.archive_reason = reason if attempt.erased_at is None else ERASED
        attempt.open_key = attempt.ends_at = None
        attempt.archived_by_id = by.pk if by else None
        queue_effects(LEVELS, attempt)
        if attempt.started_at is None:
            queue_attempt_call(ProviderCall.REMOVE_ATTEMPT, attempt)
        save_attempt(attempt)
    return attempt


@in_transaction
def end_overdue_attempt(attempt_code: str) -> bool:
    """End an attempt whose time has run out. Return whether it was still under way."""
    return _end_if_time_is_over(lock_attempt(attempt_code), timezone.now())


@in_transaction
def expire_after_the_course(attempt_code: str) -> bool:
    """Expire an attempt that was never started, because its course has ended. Return whether it was still open."""
    attempt = lock_attempt(attempt_code)
    if not attempt.is_open or attempt.started_at is not None:
        return False
    change_status(attempt, S.EXPIRED, source=Source.UPKEEP, reason=COURSE_ENDED)
    return True


def _source(attempt: ExamAttempt, by: AbstractBaseUser | None) -> Source:
    return Source.LEARNER if by is not None and by.pk == attempt.user_id else Source.HOST


@in_transaction
def _change(attempt_code: str, to: AttemptStatus, by: AbstractBaseUser | None, reason: str = "") -> ExamAttempt:
    attempt = lock_attempt(attempt_code)
    change_status(attempt, to, source=_source(attempt, by), by=by, reason=reason)
    return attempt


def _stored_rules(attempt: ExamAttempt) -> ExamRules:
    """Return the row of the present rules, which the first attempt that begins under them creates."""
    present = present_rules(attempt)
    rows = ExamRules.objects.filter(exam=attempt.exam, digest=present.digest)
    if stored := rows.first():
        return stored
    try:
        with transaction.atomic():
            return ExamRules.objects.create(
                exam=attempt.exam,
                digest=present.digest,
                review_policy=present.review_policy,
                rules=dict(present.rules),
            )
    except IntegrityError:
        # A locking read sees what others have committed, even under MariaDB's repeatable read.
        return rows.select_for_update().get()


def _end(
    attempt: ExamAttempt, to: AttemptStatus, source: Source, by: AbstractBaseUser | None, at: datetime
) -> ExamAttempt:
    """Change to one of the statuses in which the exam is over, and apply the reviews that arrived before."""
    change_status(attempt, to, source=source, by=by, at=at)
    apply_waiting_reviews(attempt)
    return attempt


def _end_if_time_is_over(attempt: ExamAttempt, now: datetime) -> bool:
    """End an attempt under way whose time has run out, at that moment. Return whether it did."""
    if attempt.ends_at is None or now <= attempt.ends_at or attempt.archived_at is not None:
        return False
    _end(attempt, S(conf().LATE_HAND_IN), Source.UPKEEP, None, attempt.ends_at)
    return True


def _end_of(exam: ProctoredExam) -> datetime | None:
    """Return the due date or the course's end, whichever is first; None without either."""
    return min((end for end in (exam.due_date, lms().course_end(exam.course_id)) if end is not None), default=None)
