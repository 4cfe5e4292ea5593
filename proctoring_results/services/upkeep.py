"""Periodic work: run by Celery beat, or by ``proctoring_upkeep`` from cron."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from proctoring_results import tasks
from proctoring_results.choices import ReportState
from proctoring_results.jobs.enqueue import enqueue
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt, LmsEffect, Report, ReportFile
from proctoring_results.reports import files
from proctoring_results.reports.claims import fail_exhausted_reports

from . import attempts

logger = logging.getLogger("proctoring_results.upkeep")


@dataclass(frozen=True, slots=True)
class Swept:
    """The counts of what a sweep did."""

    failed: int
    expired: int
    enqueued: int
    cleared: int


def sweep_reports(*, enqueue: bool = True) -> Swept:
    """Fail what has no tries left, enqueue what is due, and remove files that are expired or were never published.

    With ``enqueue=False`` due reports are left to the caller. Harmless to run at any time, also twice at once.
    Raises an ``ExceptionGroup`` of what the storage refused, after everything else is done.
    """
    now = timezone.now()
    failed = fail_exhausted_reports(now)
    expired = Report.objects.filter(state=ReportState.READY, expires_at__lte=now).update(state=ReportState.EXPIRED)
    enqueued = _enqueue_due_reports(now) if enqueue else 0
    return Swept(failed=failed, expired=expired, enqueued=enqueued, cleared=_clear_files(now))


def sweep_effects() -> bool:
    """Enqueue the delivery of due effects; return whether there are any and the broker took it."""
    return LmsEffect.objects.due(timezone.now()).exists() and enqueue(tasks.deliver_effects)


# Attempts in one sweep; the next one continues.
MAX_AT_ONCE = 1_000


def end_overdue_attempts() -> int:
    """End attempts whose time has run out, at that moment. Return how many."""
    overdue = ExamAttempt.objects.overdue(timezone.now()).order_by("ends_at")
    codes = list(overdue.values_list("attempt_code", flat=True)[:MAX_AT_ONCE])
    return sum(attempts.end_overdue_attempt(code) for code in codes)


def expire_attempts_of_ended_courses() -> int:
    """Expire attempts that were never started in courses that have ended. Return how many."""
    now, expired = timezone.now(), 0
    not_started = ExamAttempt.objects.not_started()
    for course_id in list(not_started.values_list("exam__course_id", flat=True).distinct()):
        end = lms().course_end(course_id)
        if end is not None and end < now:
            codes = not_started.in_course(course_id).values_list("attempt_code", flat=True)
            expired += sum(attempts.expire_after_the_course(code) for code in list(codes[:MAX_AT_ONCE]))
    return expired


def due_reports(now: datetime) -> list[int]:
    """Return the keys of the reports that wait for a worker, longest waiting first."""
    return list(Report.objects.due(now).order_by("next_try_at").values_list("pk", flat=True))


def _enqueue_due_reports(now: datetime) -> int:
    enqueued = 0
    for pk in due_reports(now):
        # A failure means that the broker is down: the others would only wait for the same answer.
        if not enqueue(tasks.build_report, pk):
            break
        enqueued += 1
    return enqueued


def _clear_files(now: datetime) -> int:
    """Remove files that neither a ready report nor a build under way uses. Return how many."""
    in_use = Q(report__file=F("pk"), report__state=ReportState.READY) | Q(
        report__fence=F("fence"), report__lease_until__gt=now
    )
    refused: list[Exception] = []
    cleared = 0
    for file in ReportFile.objects.filter(removed_at=None).exclude(in_use):
        try:
            files.remove(file, now)
            cleared += 1
        except Exception as error:
            # One refusal must not stop the others; it is raised with them below.
            logger.exception("The storage did not remove %s.", file.storage_key)
            refused.append(error)
            if isinstance(error, TimeoutError):
                # It does not answer, and each of the others would be waited for.
                break
    if refused:
        raise ExceptionGroup("The storage refused to remove report files.", refused)
    return cleared
