"""Schedules of reports: created, changed, paused, resumed, deleted, and run."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import permissions, tasks
from proctoring_results.choices import (
    EffectKind,
    ReportFormat,
    ReportKind,
    ReportState,
    RunOutcome,
    ScheduleProblem,
    ScheduleRhythm,
    ScheduleState,
)
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import (
    AccessDenied,
    InvalidInput,
    NotFound,
    ReportAlreadyRunning,
    ScheduleNotInState,
    TooManySchedules,
)
from proctoring_results.jobs.enqueue import enqueue_after_commit
from proctoring_results.lms import course_zone
from proctoring_results.models import LmsEffect, ProctoredExam, Report, ReportSchedule, ScheduleRun
from proctoring_results.models.schedules import MAX_DAYS_AFTER_DUE, MAX_SCHEDULES
from proctoring_results.reports.rhythms import Rhythm
from proctoring_results.validation import clean_key

from .reports import check_request, request_report

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

logger = logging.getLogger("proctoring_results.schedules")

# After so many in a row a schedule is off.
MAX_FAILURES = 5
# The parts of a request that can become invalid, by the field that the refusal names.
PROBLEMS = {"kind": ScheduleProblem.KIND, "filters.exam": ScheduleProblem.EXAM, "format": ScheduleProblem.FORMAT}
# Further away there is no run, and in some time zones no such moment either.
FAR = datetime(9000, 1, 1, tzinfo=UTC)
ENDED = {
    ReportState.READY: RunOutcome.READY,
    ReportState.EXPIRED: RunOutcome.READY,
    ReportState.FAILED: RunOutcome.FAILED,
    ReportState.CANCELLED: RunOutcome.CANCELLED,
}


# ---------------------------------------------------------------------------------------------------------- by people


@in_transaction
def create_schedule(
    course_id: str,
    rhythm: Rhythm,
    *,
    kind: str = ReportKind.EXAM_RESULTS,
    filters: Mapping[str, Any] | None = None,
    file_format: ReportFormat | str = ReportFormat.CSV,
    notify: bool = False,
    by: AbstractBaseUser,
) -> ReportSchedule:
    """Create a schedule of a report, owned by ``by``, who may generate it, and gets mails of it with ``notify=True``.

    Raises ``TooManySchedules``, and ``AccessDenied`` and ``InvalidInput`` as ``request_report`` does.
    """
    course_id = clean_key("course_id", course_id)
    kind, params, file_format = check_request(course_id, kind, filters=filters or {}, file_format=file_format, by=by)
    now = timezone.now()
    schedule = ReportSchedule(
        course_id=course_id,
        owner_id=by.pk,
        created_at=now,
        kind=kind,
        filters=params,
        format=file_format,
        notify=notify,
        counts_from=now,
        state_since=now,
        state_by_id=by.pk,
        **asdict(rhythm),
    )
    schedule.next_run_at = _next_run(schedule, now)
    _save_at_a_free_place(schedule)
    return schedule


@in_transaction
def change_schedule(
    schedule_id: UUID | str,
    rhythm: Rhythm,
    *,
    kind: str,
    filters: Mapping[str, Any] | None = None,
    file_format: ReportFormat | str,
    notify: bool = False,
    by: AbstractBaseUser,
) -> ReportSchedule:
    """Change what a schedule requests, and when. Only its owner may, with the permission to generate the report.

    It stays paused if it is. Raises ``NotFound``, ``AccessDenied`` and ``InvalidInput``.
    """
    schedule = _locked_schedule(schedule_id)
    if schedule.owner_id != by.pk:
        raise AccessDenied(permissions.GENERATE_REPORT, schedule.course_id)
    schedule.kind, schedule.filters, schedule.format = check_request(
        schedule.course_id, kind, filters=filters or {}, file_format=file_format, by=by
    )
    schedule.notify = notify
    for name, value in asdict(rhythm).items():
        setattr(schedule, name, value)
    schedule.counts_from = timezone.now()
    schedule.next_run_at = _next_run(schedule, schedule.counts_from) if schedule.is_active else None
    schedule.save()
    return schedule


@in_transaction
def pause_schedule(schedule_id: UUID | str, *, by: AbstractBaseUser) -> ReportSchedule:
    """Let a schedule rest until it is resumed. Its owner may, and who may generate reports of the course.

    Raises ``ScheduleNotInState`` unless it is active, ``NotFound`` and ``AccessDenied``.
    """
    schedule = _locked_schedule(schedule_id)
    _require_control(schedule, by)
    if not schedule.is_active:
        raise ScheduleNotInState(schedule, _("The schedule is not active, so it cannot be paused."))
    return _changed(schedule, ScheduleState.PAUSED, by)


@in_transaction
def resume_schedule(schedule_id: UUID | str, *, by: AbstractBaseUser) -> ReportSchedule:
    """Make a schedule active again, from now on: runs that it has missed are not made.

    Raises ``ScheduleNotInState`` if it is active, or its owner may not generate the report; ``NotFound`` and
    ``AccessDenied``.
    """
    schedule = _locked_schedule(schedule_id)
    _require_control(schedule, by)
    if schedule.is_active:
        raise ScheduleNotInState(schedule, _("The schedule is already active."))
    if problem := _why_not(schedule):
        raise ScheduleNotInState(schedule, str(problem.label))
    schedule.counts_from, schedule.failures = timezone.now(), 0
    return _changed(schedule, ScheduleState.ACTIVE, by)


@in_transaction
def delete_schedule(schedule_id: UUID | str, *, by: AbstractBaseUser) -> ReportSchedule:
    """Delete a schedule: it is listed nowhere, and stays as the record of who deleted it. Its reports stay, too.

    Its owner may, and who may generate reports of the course. Raises ``NotFound`` and ``AccessDenied``.
    """
    schedule = _locked_schedule(schedule_id)
    _require_control(schedule, by)
    schedule.place = None
    return _changed(schedule, ScheduleState.DELETED, by)


def erase_schedules(owner: AbstractBaseUser) -> None:
    """Remove a person's schedules and all that is recorded about them; their reports stay."""
    schedules = ReportSchedule.objects.filter(owner_id=owner.pk)
    Report.objects.filter(schedule__in=schedules).update(schedule=None)
    ScheduleRun.objects.filter(schedule__in=schedules).delete()
    LmsEffect.objects.filter(schedule__in=schedules).delete()
    schedules.delete()


def _save_at_a_free_place(schedule: ReportSchedule) -> None:
    of_course = ReportSchedule.objects.in_course(schedule.course_id)
    taken = set(of_course.not_deleted().values_list("place", flat=True))
    for place in range(1, MAX_SCHEDULES + 1):
        if place in taken:
            continue
        schedule.place = place
        try:
            with transaction.atomic():
                schedule.save(force_insert=True)
        except IntegrityError:
            # Somebody else has just taken it, if a locking read sees them.
            if not of_course.select_for_update().filter(place=place).exists():
                raise
        else:
            return
    raise TooManySchedules(MAX_SCHEDULES)


def _locked_schedule(schedule_id: UUID | str) -> ReportSchedule:
    schedule = ReportSchedule.objects.with_id(schedule_id).not_deleted().select_for_update().first()
    if schedule is None:
        raise NotFound("schedule", str(schedule_id))
    return schedule


def _require_control(schedule: ReportSchedule, by: AbstractBaseUser) -> None:
    if schedule.owner_id != by.pk:
        permissions.require(by, permissions.GENERATE_REPORT, schedule.course_id)


def _why_not(schedule: ReportSchedule) -> ScheduleProblem:
    """Return why its report cannot be requested for its owner; nothing if it can."""
    if not schedule.owner.is_active:
        return ScheduleProblem.ACCOUNT
    request = {"filters": schedule.filters, "file_format": schedule.format, "by": schedule.owner}
    try:
        check_request(schedule.course_id, schedule.kind, **request)
    except AccessDenied:
        return ScheduleProblem.PERMISSION
    except InvalidInput as refusal:
        return _problem_of(refusal)
    return ScheduleProblem.NONE


def _changed(
    schedule: ReportSchedule,
    state: ScheduleState,
    by: AbstractBaseUser | None,
    problem: ScheduleProblem = ScheduleProblem.NONE,
) -> ReportSchedule:
    """Change the state, and record who did it and why."""
    now = timezone.now()
    schedule.state, schedule.state_since, schedule.problem = state, now, problem
    schedule.state_by_id = by.pk if by else None
    schedule.next_run_at = _next_run(schedule, now) if schedule.is_active else None
    schedule.save()
    return schedule


def _stop(schedule: ReportSchedule, state: ScheduleState, problem: ScheduleProblem) -> None:
    """Let a schedule rest that nobody has paused, and write to its owner."""
    stopped = _changed(schedule, state, None, problem)
    LmsEffect.objects.create(
        kind=EffectKind.SCHEDULE,
        schedule=stopped,
        user_id=stopped.owner_id,
        queued_at=stopped.state_since,
        next_try_at=stopped.state_since,
    )
    enqueue_after_commit(tasks.deliver_effects)


# ------------------------------------------------------------------------------------------------------------ planning


def _next_run(schedule: ReportSchedule, now: datetime) -> datetime | None:
    """Return the first run after ``now``; after due dates the first that is still to be made, if there is one."""
    if schedule.rhythm == ScheduleRhythm.AFTER_DUE:
        pending = _runs_after_due([schedule])[schedule.pk]
        return pending[0][0] if pending else None
    return Rhythm.of(schedule).next_after(now, course_zone(schedule.course_id))


def plan_after_due_dates() -> None:
    """Write when each schedule that follows due dates runs next: exams and their due dates change without it."""
    schedules = list(ReportSchedule.objects.active().filter(rhythm=ScheduleRhythm.AFTER_DUE))
    pending = _runs_after_due(schedules)
    for schedule in schedules:
        planned = pending[schedule.pk][0][0] if pending[schedule.pk] else None
        if planned != schedule.next_run_at:
            # Only if nobody has run or changed it meanwhile.
            same = ReportSchedule.objects.active().filter(pk=schedule.pk, counts_from=schedule.counts_from)
            same.filter(next_run_at=schedule.next_run_at).update(next_run_at=planned)


def _runs_after_due(schedules: list[ReportSchedule]) -> dict[int | None, list[tuple[datetime, ProctoredExam]]]:
    """Return the runs of each schedule that are still to be made, in their order: one for each due date of an exam."""
    runs: dict[int | None, list[tuple[datetime, ProctoredExam]]] = defaultdict(list)
    if not schedules:
        return runs
    earliest = min(schedule.counts_from for schedule in schedules) - timedelta(days=MAX_DAYS_AFTER_DUE + 1)
    exams: dict[str, list[ProctoredExam]] = defaultdict(list)
    courses = {schedule.course_id for schedule in schedules}
    for exam in ProctoredExam.objects.with_result().filter(course_id__in=courses, due_date__range=(earliest, FAR)):
        exams[exam.course_id].append(exam)
    rows = ScheduleRun.objects.filter(schedule__in=[one.pk for one in schedules if one.pk], exam__isnull=False)
    made = set(rows.values_list("schedule_id", "exam_id", "due_date"))
    for schedule in schedules:
        rhythm, only_exam = Rhythm.of(schedule), schedule.filters.get("exam")
        zone = course_zone(schedule.course_id)
        for exam in exams[schedule.course_id]:
            planned = rhythm.after_due(exam.due_date, zone)  # type: ignore[arg-type]  # has one, by the query
            is_made = (schedule.pk, exam.pk, exam.due_date) in made
            if planned > schedule.counts_from and not is_made and only_exam in (None, exam.content_id):
                runs[schedule.pk].append((planned, exam))
        runs[schedule.pk].sort(key=lambda run: (run[0], run[1].pk))
    return runs


# ------------------------------------------------------------------------------------------------------------- running


def due_schedules(now: datetime) -> list[int]:
    """Return the keys of the schedules that are due, longest waiting first."""
    return list(ReportSchedule.objects.due(now).order_by("next_run_at", "pk").values_list("pk", flat=True))


@in_transaction
def run_schedule(pk: int, now: datetime) -> bool:
    """Request the report of a schedule that is due. Return whether it ran, so that it may be due once more.

    The plan and the request are one transaction: of two upkeeps at once one runs it, and one that dies loses no run.
    """
    schedule = ReportSchedule.objects.due(now).filter(pk=pk).select_related("owner").first()
    if schedule is None:
        return False
    planned_at, exam, next_run_at = _this_run_and_next(schedule, now)
    claimed = ReportSchedule.objects.active().filter(pk=pk, next_run_at=schedule.next_run_at)
    if not claimed.update(next_run_at=next_run_at) or planned_at is None:
        return False
    run = ScheduleRun(schedule=schedule, planned_at=planned_at, ran_at=now)
    if exam is not None:
        run.exam, run.due_date = exam, exam.due_date
    if problem := _request(run, schedule):
        _stop(schedule, ScheduleState.REFUSED, problem)
        logger.warning("Schedule %s was paused: %s", schedule.schedule_id, problem.value)
        return False
    run.save(force_insert=True)
    ReportSchedule.objects.filter(pk=pk).update(last_run_at=now)
    _count(run)
    return True


def _request(run: ScheduleRun, schedule: ReportSchedule) -> ScheduleProblem:
    """Request the report, with the permissions that the owner has now. Return why the owner may not, or nothing."""
    owner = schedule.owner
    if not owner.is_active:
        return ScheduleProblem.ACCOUNT
    filters = {**schedule.filters, **({"exam": run.exam.content_id} if run.exam else {})}
    try:
        run.report = request_report(
            schedule.course_id,
            schedule.kind,
            filters=filters,
            file_format=schedule.format,
            by=owner,
            notify=schedule.notify,
        )
    except ReportAlreadyRunning as refusal:
        run.report, run.outcome = refusal.report, RunOutcome.ALREADY_RUNNING
    except AccessDenied:
        return ScheduleProblem.PERMISSION
    except InvalidInput as refusal:
        run.outcome, run.problem = RunOutcome.REFUSED, _problem_of(refusal)
    else:
        run.outcome = RunOutcome.WAITING
        Report.objects.filter(pk=run.report.pk).update(schedule=schedule)
    return ScheduleProblem.NONE


def _this_run_and_next(
    schedule: ReportSchedule, now: datetime
) -> tuple[datetime | None, ProctoredExam | None, datetime | None]:
    """Return what was planned, for which exam, and when the next run is: after an outage the first in the future."""
    if schedule.rhythm != ScheduleRhythm.AFTER_DUE:
        return schedule.next_run_at, None, Rhythm.of(schedule).next_after(now, course_zone(schedule.course_id))
    pending = _runs_after_due([schedule])[schedule.pk]
    if not pending or pending[0][0] > now:
        # The exam was moved since this was planned.
        return None, None, pending[0][0] if pending else None
    planned_at, exam = pending[0]
    return planned_at, exam, pending[1][0] if len(pending) > 1 else None


def _problem_of(refusal: InvalidInput) -> ScheduleProblem:
    return PROBLEMS.get(refusal.field, ScheduleProblem.FILTERS)


def record_finished_runs() -> int:
    """Record how the reports of schedules ended, and switch off schedules that fail again and again."""
    ended = ScheduleRun.objects.waiting().filter(report__state__in=ENDED).select_related("report").order_by("pk")
    return sum(map(_record_end, ended))


@in_transaction
def _record_end(run: ScheduleRun) -> bool:
    if run.report is None:
        return False
    run.outcome = ENDED[ReportState(run.report.state)]
    if run.outcome == RunOutcome.FAILED:
        run.problem = ScheduleProblem.REPORT
    # Two upkeeps at once count it once.
    is_ours = ScheduleRun.objects.waiting().filter(pk=run.pk).update(outcome=run.outcome, problem=run.problem)
    if is_ours:
        _count(run)
    return bool(is_ours)


def _count(run: ScheduleRun) -> None:
    """Count a failure, or begin again after a success. Switch the schedule off after five failures in a row."""
    schedules = ReportSchedule.objects.filter(pk=run.schedule_id)
    if run.outcome == RunOutcome.READY:
        schedules.update(failures=0)
    elif run.outcome in (RunOutcome.FAILED, RunOutcome.REFUSED):
        schedules.update(failures=F("failures") + 1)
        schedule = schedules.active().filter(failures__gte=MAX_FAILURES).first()
        if schedule is not None:
            _stop(schedule, ScheduleState.FAILED, ScheduleProblem(run.problem))
            logger.warning("Schedule %s is off after %d failures in a row.", schedule.schedule_id, schedule.failures)
