"""Periodic work: run by Celery beat, or by ``proctoring_upkeep`` from cron.

One course, file, report or attempt that raises an error stops nothing but itself. Its error is logged and collected.
The function raises an ``ExceptionGroup`` of them at its end, or adds them to ``problems`` if its caller goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from proctoring_results import tasks
from proctoring_results.choices import MessageState, ReportState
from proctoring_results.conf import conf
from proctoring_results.database import in_transaction
from proctoring_results.jobs.enqueue import enqueue
from proctoring_results.jobs.lease import is_leased
from proctoring_results.lms import strict_lms
from proctoring_results.models import ExamAttempt, LmsEffect, ProctoredExam, ProviderMessage, Report, ReportFile
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.models.attention import review_wait_limit, save_attention
from proctoring_results.queries.usual_wait import usual_wait
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.reports.claims import fail_exhausted_reports

from . import attempts, schedules
from .status import lock_attempt

logger = logging.getLogger("proctoring_results.upkeep")

Problems = list[Exception]
# What is done inside stops at an error, and nothing else does. The argument says for the log what was done.
Guard = Callable[[str], AbstractContextManager[None]]


@contextmanager
def guarding(problems: Problems | None = None) -> Iterator[Guard]:
    """Yield a guard for one thing after the other."""
    collected: Problems = []

    @contextmanager
    def guard(title: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            logger.exception("Upkeep went on without this: %s.", title)
            error.add_note(title)
            collected.append(error)

    yield guard
    if problems is not None:
        problems += collected
    elif collected:
        raise ExceptionGroup("Upkeep has done everything else.", collected)


@dataclass(frozen=True, slots=True)
class Swept:
    """The counts of what a sweep did."""

    failed: int
    expired: int
    enqueued: int
    cleared: int


def sweep_reports(*, enqueue: bool = True, problems: Problems | None = None) -> Swept:
    """Fail what has no tries left, enqueue what is due, and remove files that are expired or were never published.

    With ``enqueue=False`` due reports are left to the caller. Harmless to run at any time, also twice at once.
    """
    now = timezone.now()
    failed = fail_exhausted_reports(now)
    expired = Report.objects.filter(state=ReportState.READY, expires_at__lte=now).update(state=ReportState.EXPIRED)
    enqueued = _enqueue_due_reports(now) if enqueue else 0
    return Swept(failed=failed, expired=expired, enqueued=enqueued, cleared=_clear_files(now, problems))


def sweep_effects() -> bool:
    """Enqueue the delivery of due effects; return whether there are any and the broker took it."""
    return LmsEffect.objects.due(timezone.now()).exists() and enqueue(tasks.deliver_effects)


# Attempts in one sweep; the next one continues.
MAX_AT_ONCE = 1_000


def end_overdue_attempts(problems: Problems | None = None) -> int:
    """End attempts whose time has run out, at that moment. Return how many."""
    overdue = ExamAttempt.objects.overdue(timezone.now()).order_by("ends_at")
    return _each(overdue, attempts.end_overdue_attempt, problems)


def expire_attempts_of_ended_courses(problems: Problems | None = None) -> int:
    """Expire attempts that were never started in courses that have ended. Return how many."""
    now, expired = timezone.now(), 0
    not_started = ExamAttempt.objects.not_started()
    courses = list(not_started.order_by().values_list("exam__course_id", flat=True).distinct())
    with guarding(problems) as guard:
        for course_id in courses:
            with guard(f"the end of course {course_id}"):
                end = strict_lms().course_end(course_id)
                if end is not None and end < now:
                    expired += _each(not_started.in_course(course_id), attempts.expire_after_the_course, problems)
    return expired


def look_for_waiting_reviews(problems: Problems | None = None) -> int:
    """Have attempts require attention whose review has waited too long for the end of the exam. Return how many."""
    waiting = ExamAttempt.objects.with_review_that_waits(review_wait_limit()).not_archived().affecting_lms()
    return _each(waiting.filter(attention_since=None).order_by("review_waits_since"), _require_attention, problems)


# A course is looked at once a day, and in one sweep only so many are.
USUAL_WAIT_LIFETIME, MAX_COURSES_AT_ONCE = timedelta(days=1), 50


def update_usual_waits(problems: Problems | None = None) -> int:
    """Work out how long learners usually wait for a result, in the courses where that is due. Return how many."""
    now, updated = timezone.now(), 0
    due = ProctoredExam.objects.filter(Q(usual_wait_at=None) | Q(usual_wait_at__lt=now - USUAL_WAIT_LIFETIME))
    courses = list(due.order_by("course_id").values_list("course_id", flat=True).distinct()[:MAX_COURSES_AT_ONCE])
    with guarding(problems) as guard:
        for course_id in courses:
            with guard(f"the usual time until a result in course {course_id}"):
                wait = usual_wait(course_id)
                mins = None if wait is None else wait // timedelta(minutes=1)
                ProctoredExam.objects.in_course(course_id).update(usual_wait_mins=mins, usual_wait_at=now)
                updated += 1
    return updated


@in_transaction
def _require_attention(attempt_code: str) -> bool:
    attempt = lock_attempt(attempt_code)
    save_attention([attempt])
    return attempt.attention_since is not None


def _each(selected: ExamAttemptQuerySet, change: Callable[[str], bool], problems: Problems | None) -> int:
    """Make the change to each attempt, and return how many were changed."""
    changed = 0
    codes = list(selected.values_list("attempt_code", flat=True)[:MAX_AT_ONCE])
    with guarding(problems) as guard:
        for code in codes:
            with guard(f"attempt {code}"):
                changed += change(code)
    return changed


def build_due_reports(problems: Problems | None = None) -> int:
    """Build the reports that wait for a worker in this process, longest waiting first. Return how many are ready."""
    built = 0
    with guarding(problems) as guard:
        for pk in due_reports(timezone.now()):
            with guard(f"report {pk}"):
                built += build(pk)
    return built


def run_schedules(problems: Problems | None = None) -> int:
    """Request the reports whose schedules are due, and record how earlier ones ended. Return how many ran."""
    ran = 0
    with guarding(problems) as guard:
        with guard("the ends of scheduled reports"):
            schedules.record_finished_runs()
        with guard("schedules after due dates"):
            schedules.plan_after_due_dates()
        now = timezone.now()
        for pk in schedules.due_schedules(now):
            with guard(f"schedule {pk}"):
                # After an outage a schedule may be due for several exams.
                while schedules.run_schedule(pk, now):
                    ran += 1
    return ran


def old_messages() -> int:
    """Return how many messages of providers wait to be processed for longer than ``EFFECT_PATIENCE``.

    They are tried for ever, since none may be lost; somebody has to see them.
    """
    before = timezone.now() - conf().EFFECT_PATIENCE
    return ProviderMessage.objects.filter(state=MessageState.RECEIVED, received_at__lt=before).count()


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


def _clear_files(now: datetime, problems: Problems | None) -> int:
    """Remove files that neither a ready report nor a build under way uses. Return how many."""
    is_ready = Q(report__file=F("pk"), report__state=ReportState.READY)
    in_use = is_ready | (Q(report__fence=F("fence")) & is_leased("report__"))
    cleared = 0
    is_silent = False
    with guarding(problems) as guard:
        for file in ReportFile.objects.filter(removed_at=None).exclude(in_use):
            if is_silent:
                # It does not answer, and each of the others would be waited for.
                break
            with guard(f"the removal of {file.storage_key} from the report storage"):
                try:
                    files.remove(file, now)
                except TimeoutError:
                    is_silent = True
                    raise
                cleared += 1
    return cleared
