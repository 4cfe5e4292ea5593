"""Schedules of reports: when which report of a course is requested, and each time that it was."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from proctoring_results.choices import ReportFormat, RunOutcome, ScheduleProblem, ScheduleRhythm, ScheduleState

from .exams import ProctoredExam
from .fields import IdField
from .reports import Report

MAX_SCHEDULES = 20
MAX_DAYS_AFTER_DUE = 365


class ReportScheduleQuerySet(models.QuerySet["ReportSchedule"]):
    def in_course(self, course_id: str) -> Self:
        return self.filter(course_id=course_id)

    def with_id(self, schedule_id: uuid.UUID | str) -> Self:
        """Return the one schedule with this id, or none; also for text that is no UUID."""
        try:
            return self.filter(schedule_id=uuid.UUID(str(schedule_id)))
        except ValueError:
            return self.none()

    def not_deleted(self) -> Self:
        return self.exclude(state=ScheduleState.DELETED)

    def active(self) -> Self:
        return self.filter(state=ScheduleState.ACTIVE)

    def due(self, now: datetime) -> Self:
        return self.active().filter(next_run_at__lte=now)


class ReportSchedule(models.Model):
    """It acts for its owner, with the owner's permissions at the moment of each run."""

    schedule_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    course_id = IdField(max_length=255)
    # 1 to 20 in its course, NULL once it is deleted: no course has more, whoever asks at the same time.
    place = models.PositiveSmallIntegerField(null=True, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    kind = IdField(max_length=64)
    # As ``Report.filters``. After due dates, the exam is added to them.
    filters = models.JSONField(default=dict, blank=True)
    format = models.CharField(max_length=16, choices=ReportFormat, default=ReportFormat.CSV)

    notify = models.BooleanField(default=False, help_text="A mail to the owner when a report is ready or has failed.")

    rhythm = models.CharField(max_length=16, choices=ScheduleRhythm)
    weekday = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0 is Monday.")
    month_day = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Or the last day of the month.")
    days_after_due = models.PositiveSmallIntegerField(null=True, blank=True)
    run_time = models.TimeField(help_text="In the time zone of the course.")
    # Runs that were planned for this moment or earlier are not made: it was created, changed or resumed then.
    counts_from = models.DateTimeField()
    # NULL while it is not active, and while no exam has a due date.
    next_run_at = models.DateTimeField(null=True, editable=False)
    last_run_at = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False, help_text="In a row.")

    state = models.CharField(max_length=16, choices=ScheduleState, default=ScheduleState.ACTIVE, editable=False)
    state_since = models.DateTimeField(editable=False)
    # NULL if upkeep paused it or switched it off.
    state_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )
    problem = models.CharField(max_length=16, choices=ScheduleProblem, blank=True, editable=False)

    objects = ReportScheduleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course_id", "place"], name="one_schedule_at_each_place_in_a_course"),
            models.CheckConstraint(
                condition=Q(place=None) | Q(place__range=(1, MAX_SCHEDULES)),
                name="a_course_has_at_most_twenty_schedules",
            ),
            models.CheckConstraint(
                condition=Q(state=ScheduleState.DELETED, place=None)
                | (~Q(state=ScheduleState.DELETED) & Q(place__isnull=False)),
                name="a_schedule_has_a_place_until_it_is_deleted",
            ),
            models.CheckConstraint(condition=Q(state__in=ScheduleState.values), name="schedule_state_is_known"),
            models.CheckConstraint(
                condition=Q(next_run_at=None) | Q(state=ScheduleState.ACTIVE),
                name="only_an_active_schedule_has_a_next_run",
            ),
            models.CheckConstraint(
                condition=Q(rhythm=ScheduleRhythm.WEEKLY, weekday__range=(0, 6), month_day=None, days_after_due=None)
                | Q(rhythm=ScheduleRhythm.MONTHLY, weekday=None, month_day__range=(1, 31), days_after_due=None)
                | Q(
                    rhythm=ScheduleRhythm.AFTER_DUE,
                    weekday=None,
                    month_day=None,
                    days_after_due__range=(1, MAX_DAYS_AFTER_DUE),
                ),
                name="a_rhythm_has_its_own_number_of_days",
            ),
        ]
        indexes = [
            # The sweep: "which are due?"
            models.Index(fields=["next_run_at"], name="schedule_by_next_run"),
            # The sweep: "which active ones follow due dates?"
            models.Index(fields=["state", "rhythm"], name="schedule_by_state_and_rhythm"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.course_id})"

    @property
    def is_active(self) -> bool:
        return self.state == ScheduleState.ACTIVE


class ScheduleRunQuerySet(models.QuerySet["ScheduleRun"]):
    def waiting(self) -> Self:
        return self.filter(outcome=RunOutcome.WAITING)


class ScheduleRun(models.Model):
    """One time that a schedule requested its report, or could not."""

    schedule = models.ForeignKey(ReportSchedule, on_delete=models.PROTECT, related_name="runs")
    planned_at = models.DateTimeField(help_text="When it was due; after an outage the first of several times.")
    ran_at = models.DateTimeField()
    # After which due date of which exam; NULL for the other rhythms.
    exam = models.ForeignKey(ProctoredExam, on_delete=models.PROTECT, null=True, related_name="+")
    due_date = models.DateTimeField(null=True)
    # NULL if it could not be requested.
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="+")
    outcome = models.CharField(max_length=16, choices=RunOutcome)
    problem = models.CharField(max_length=16, choices=ScheduleProblem, blank=True)

    objects = ScheduleRunQuerySet.as_manager()

    class Meta:
        constraints = [
            # NULL where there is no exam: then the rule does not apply.
            models.UniqueConstraint(
                fields=["schedule", "exam", "due_date"], name="a_schedule_runs_once_for_each_due_date_of_an_exam"
            ),
            models.CheckConstraint(condition=Q(outcome__in=RunOutcome.values), name="run_outcome_is_known"),
        ]
        indexes = [
            # The sweep: "whose reports may have ended?"
            models.Index(fields=["outcome"], name="run_by_outcome"),
        ]

    def __str__(self) -> str:
        return f"{self.ran_at:%Y-%m-%d %H:%M} {self.outcome}"
