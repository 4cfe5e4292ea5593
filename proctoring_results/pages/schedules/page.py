"""The page Schedules, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Max
from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.choices import (
    ReportFailure,
    ReportFormat,
    ReportState,
    RunOutcome,
    ScheduleProblem,
    ScheduleRhythm,
    ScheduleState,
)
from proctoring_results.filters import in_words
from proctoring_results.lms import course_zone, lms
from proctoring_results.models import ReportSchedule, ScheduleRun
from proctoring_results.models.schedules import MAX_SCHEDULES
from proctoring_results.pages._shared.permission_names import MissingPermission, missing_permission
from proctoring_results.people import person
from proctoring_results.queries.lookups import exams_in_course, schedules_in_course
from proctoring_results.reports.kinds.registry import kind_label
from proctoring_results.reports.rhythms import Rhythm
from proctoring_results.reports.rhythms import in_words as rhythm_in_words
from proctoring_results.services.schedules import ENDED

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

TONES = {
    ScheduleState.ACTIVE: "good",
    ScheduleState.PAUSED: "",
    ScheduleState.REFUSED: "warn",
    ScheduleState.FAILED: "bad",
}


@dataclass(frozen=True, slots=True)
class LastRun:
    at: datetime
    outcome: str
    # Why there is no report.
    problem: str
    # Of the exam after whose due date it was; empty for other rhythms.
    exam_name: str


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    schedule_id: str
    kind: str
    details: str
    owner: str
    when: str
    next_run_at: datetime | None
    # If there is no next run although it is active.
    no_next_run: str
    last_run: LastRun | None
    state: str
    tone: str
    reason: str
    # Who paused or resumed it, if not its owner created it so.
    by: str
    since: datetime
    is_active: bool
    may_change: bool
    may_control: bool


@dataclass(frozen=True, slots=True)
class SchedulesPage:
    rows: list[ScheduleRow]
    may_create: bool
    is_full: bool
    max_schedules: int
    missing: MissingPermission | None
    whom_to_ask: str


def schedules_page(course_id: str, user: AbstractBaseUser) -> SchedulesPage:
    """Return the page as this person may see it. A constant number of queries."""
    may_generate = permissions.may(user, permissions.GENERATE_REPORT, course_id)
    schedules = list(schedules_in_course(course_id))
    last_runs = _last_runs(schedules)
    exam_names = dict(exams_in_course(course_id).values_list("content_id", "exam_name"))
    return SchedulesPage(
        rows=[_row(one, last_runs.get(one.pk), exam_names, user, may_generate=may_generate) for one in schedules],
        may_create=may_generate,
        is_full=len(schedules) >= MAX_SCHEDULES,
        max_schedules=MAX_SCHEDULES,
        missing=None if may_generate else missing_permission(permissions.GENERATE_REPORT),
        whom_to_ask="" if may_generate else lms().whom_to_ask(course_id),
    )


def _row(
    schedule: ReportSchedule,
    run: ScheduleRun | None,
    exam_names: dict[str, str],
    user: AbstractBaseUser,
    *,
    may_generate: bool,
) -> ScheduleRow:
    is_own = schedule.owner_id == user.pk
    waits_for_due_date = schedule.is_active and schedule.rhythm == ScheduleRhythm.AFTER_DUE
    state = ScheduleState(schedule.state)
    return ScheduleRow(
        schedule_id=str(schedule.schedule_id),
        kind=kind_label(schedule.kind),
        details=_details(schedule, exam_names),
        owner=person(schedule.owner).label,
        when=rhythm_in_words(Rhythm.of(schedule), course_zone(schedule.course_id)),
        next_run_at=schedule.next_run_at,
        no_next_run=_("No exam has a due date to come.") if waits_for_due_date else "–",
        last_run=_last_run(run) if run else None,
        state=str(state.label),
        tone=TONES[state],
        reason=str(ScheduleProblem(schedule.problem).label),
        by=_changed_by(schedule),
        since=schedule.state_since,
        is_active=schedule.is_active,
        may_change=is_own and may_generate,
        may_control=is_own or may_generate,
    )


def _details(schedule: ReportSchedule, exam_names: dict[str, str]) -> str:
    """Return what the report is narrowed to, and its format unless it is the usual one."""
    content_id = schedule.filters.get("exam", "")
    narrowed = ", ".join(in_words(schedule.filters, exam_names.get(content_id, content_id))) or _("Whole course")
    is_usual = schedule.format == ReportFormat.CSV
    return narrowed if is_usual else f"{narrowed} · {schedule.get_format_display()}"


def _changed_by(schedule: ReportSchedule) -> str:
    """Return who paused or resumed it; empty while nobody has, and for the periodic upkeep."""
    is_new = schedule.state_since == schedule.created_at
    return person(schedule.state_by).label if schedule.state_by and not is_new else ""


def _last_runs(schedules: Collection[ReportSchedule]) -> dict[int, ScheduleRun]:
    """Return the newest run of each schedule, in one query."""
    runs = ScheduleRun.objects.filter(schedule__in=[schedule.pk for schedule in schedules])
    newest = runs.order_by().values("schedule").annotate(newest=Max("pk")).values("newest")
    return {run.schedule_id: run for run in ScheduleRun.objects.filter(pk__in=newest).select_related("report", "exam")}


def _last_run(run: ScheduleRun) -> LastRun:
    outcome, problem = RunOutcome(run.outcome), str(ScheduleProblem(run.problem).label)
    if run.report is not None:
        # Upkeep records how a report ended up to a minute later.
        if outcome == RunOutcome.WAITING:
            outcome = ENDED.get(ReportState(run.report.state), outcome)
        if outcome == RunOutcome.FAILED:
            problem = str(ReportFailure(run.report.failure).label)
    return LastRun(run.ran_at, str(outcome.label), problem, run.exam.exam_name if run.exam else "")
