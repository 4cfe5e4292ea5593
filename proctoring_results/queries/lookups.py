"""Look-ups by key and lists of a course. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Min
from django.utils import timezone

from proctoring_results import permissions
from proctoring_results.choices import EffectState
from proctoring_results.exceptions import NotFound
from proctoring_results.models import ExamAttempt, LmsEffect, ProctoredExam, Report, ReportSchedule
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.models.exams import ProctoredExamQuerySet
from proctoring_results.models.reports import ReportQuerySet
from proctoring_results.models.schedules import ReportScheduleQuerySet

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def exams_in_course(course_id: str) -> ProctoredExamQuerySet:
    """Return all exams of a course by name, inactive ones included."""
    return ProctoredExam.objects.in_course(course_id).order_by("exam_name", "pk")


def exams_elsewhere(course_id: str) -> bool:
    """Return whether reports can be about another course, too."""
    return ProctoredExam.objects.with_result().exclude(course_id=course_id).exists()


def get_exam(course_id: str, content_id: str) -> ProctoredExam:
    """Return an exam. Raises ``NotFound``."""
    exam = ProctoredExam.objects.filter(course_id=course_id, content_id=content_id).first()
    if exam is None:
        raise NotFound("exam", content_id)
    return exam


def get_attempt(attempt_code: str) -> ExamAttempt:
    """Return an attempt with its exam and learner. Raises ``NotFound``."""
    attempt = ExamAttempt.objects.select_related("exam", "user").identified_by(attempt_code=attempt_code).first()
    if attempt is None:
        raise NotFound("attempt", attempt_code)
    return attempt


def find_attempt(provider: str, external_id: str) -> ExamAttempt:
    """Return the attempt that the provider knows by this id, with its exam and learner. Raises ``NotFound``."""
    attempts = ExamAttempt.objects.select_related("exam", "user")
    attempt = attempts.identified_by(provider=provider, external_id=external_id).first()
    if attempt is None:
        raise NotFound("attempt", external_id)
    return attempt


def attempts_in_course(course_id: str) -> ExamAttemptQuerySet:
    """Return all attempts of a course, archived ones included, newest first."""
    return ExamAttempt.objects.in_course(course_id).select_related("exam", "user").order_by("-pk")


def reports_in_course(course_id: str) -> ReportQuerySet:
    """Return all reports of a course, whatever their state, newest first."""
    return Report.objects.in_course(course_id).select_related("requested_by").newest_first()


def reports_of_all_courses(user: AbstractBaseUser) -> ReportQuerySet:
    """Return the reports about all courses that the user may view, newest first: one's own, or everybody's."""
    reports = Report.objects.in_course("").select_related("requested_by").newest_first()
    if permissions.may_everywhere(user, permissions.VIEW_REPORTS):
        return reports
    return reports.filter(requested_by=user.pk)


def get_report(task_id: UUID | str) -> Report:
    """Return a report. Raises ``NotFound``."""
    report = Report.objects.with_task_id(task_id).select_related("requested_by").first()
    if report is None:
        raise NotFound("report", str(task_id))
    return report


def schedules_in_course(course_id: str) -> ReportScheduleQuerySet:
    """Return the schedules of a course that are not deleted, oldest first."""
    schedules = ReportSchedule.objects.in_course(course_id).not_deleted()
    return schedules.select_related("owner", "state_by").order_by("created_at", "pk")


def get_schedule(schedule_id: UUID | str) -> ReportSchedule:
    """Return a schedule that is not deleted. Raises ``NotFound``."""
    schedules = ReportSchedule.objects.with_id(schedule_id).not_deleted()
    schedule = schedules.select_related("owner", "state_by").first()
    if schedule is None:
        raise NotFound("schedule", str(schedule_id))
    return schedule


@dataclass(frozen=True, slots=True)
class EffectsLag:
    """How far the world is behind: how many effects wait and since when, and how many were given up."""

    waiting: int
    waiting_since: datetime | None
    parked: int


def effects_lag() -> EffectsLag:
    """One query, served by an index."""
    behind = (
        LmsEffect.objects.queued_by(timezone.now())
        .filter(state__in=[EffectState.WAITING, EffectState.PARKED])
        .order_by()
    )
    rows = behind.values_list("state").annotate(number=Count("*"), oldest=Min("queued_at"))
    behind_by_state = {state: (number, oldest) for state, number, oldest in rows}
    waiting, since = behind_by_state.get(EffectState.WAITING, (0, None))
    return EffectsLag(waiting, since, behind_by_state.get(EffectState.PARKED, (0, None))[0])
