"""Requested reports, their files, and who downloaded them."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from proctoring_results.choices import (
    CASE_FILE,
    DownloadOutcome,
    ReportFailure,
    ReportFormat,
    ReportState,
    ReportStep,
)
from proctoring_results.jobs.lease import LeasedTask, LeasedTaskQuerySet

from .attempts import ExamAttempt
from .fields import IdField

UNFINISHED = (ReportState.QUEUED, ReportState.RUNNING)


class ReportQuerySet(LeasedTaskQuerySet["Report"]):
    def in_course(self, course_id: str) -> Self:
        """Return the reports about this course alone; with an empty id, those about several. No case files."""
        return self.filter(course_id=course_id).exclude(kind=CASE_FILE)

    def about(self, course_ids: Collection[str]) -> Self:
        """Return the reports about any of these courses, those about several courses included."""
        ids = set(course_ids)
        several = self.filter(course_id="").values_list("pk", "courses")
        return self.filter(Q(course_id__in=ids) | Q(pk__in=[pk for pk, courses in several if ids & set(courses)]))

    def with_task_id(self, task_id: uuid.UUID | str) -> Self:
        """Return the one report with this id, or none; also for text that is no UUID."""
        try:
            return self.filter(task_id=uuid.UUID(str(task_id)))
        except ValueError:
            return self.none()

    def case_files_of(self, attempts: Collection[ExamAttempt]) -> Self:
        """Return the case files of these attempts."""
        return self.filter(kind=CASE_FILE, disclosure__attempt__in=attempts)

    def unfinished(self) -> Self:
        return self.filter(state__in=UNFINISHED)

    def pending_or_failed(self, since: datetime) -> Self:
        """Return what *Pending Tasks* lists: all unfinished reports, and those that have failed since then."""
        return self.filter(Q(state__in=UNFINISHED) | Q(state=ReportState.FAILED, finished_at__gte=since))

    def available(self, now: datetime) -> Self:
        """Return the ready reports within their lifetime, which is checked here because the sweep may be late."""
        return self.filter(state=ReportState.READY, expires_at__gt=now)

    def in_state(self, state: ReportState, now: datetime) -> Self:
        """Return the reports that are in this state by now: over its lifetime a report has expired before the sweep."""
        if state == ReportState.READY:
            return self.available(now)
        over = Q(state=ReportState.READY, expires_at__lte=now) if state == ReportState.EXPIRED else Q(pk__in=[])
        return self.filter(Q(state=state) | over)

    def newest_first(self) -> Self:
        return self.order_by("-requested_at", "-pk")


class Report(LeasedTask):
    task_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    # The name of a kind, one of the app's own or one that the host adds.
    kind = IdField(max_length=64)
    # Empty if the report is about several courses.
    course_id = IdField(max_length=255, blank=True)
    # Their ids, as they were when it was requested; empty if it is about one.
    courses = models.JSONField(default=list, blank=True)
    # As ``AttemptFilter.params``.
    filters = models.JSONField(default=dict, blank=True)
    format = models.CharField(max_length=16, choices=ReportFormat, default=ReportFormat.CSV)
    # The permission of its kind that a download needs beside ``download_report``; empty if that is enough.
    permission = models.CharField(max_length=100, blank=True, editable=False)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    requested_at = models.DateTimeField()
    # By which it was requested; NULL if a person clicked, or the host asked.
    schedule = models.ForeignKey(
        "ReportSchedule", on_delete=models.PROTECT, null=True, related_name="reports", editable=False
    )
    state = models.CharField(max_length=16, choices=ReportState, default=ReportState.QUEUED, editable=False)
    # A hash of what was requested until the report is finished, NULL after: one unfinished report of each.
    unfinished_key = IdField(max_length=64, null=True, unique=True, editable=False)

    step = models.CharField(max_length=16, choices=ReportStep, blank=True, editable=False)
    started_at = models.DateTimeField(null=True, editable=False)
    rows_done = models.PositiveIntegerField(default=0, editable=False)
    rows_total = models.PositiveIntegerField(null=True, editable=False)
    heartbeat_at = models.DateTimeField(null=True, editable=False, help_text="The builder's last sign of life.")

    file_name = IdField(max_length=255, unique=True)
    file = models.OneToOneField("ReportFile", on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    rows = models.PositiveIntegerField(null=True, editable=False)
    size = models.PositiveBigIntegerField(null=True, editable=False, help_text="Bytes.")
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    manifest_sha256 = models.CharField(
        max_length=64, blank=True, editable=False, help_text="Of the list of checksums in a case file."
    )
    as_of = models.DateTimeField(null=True, editable=False, help_text="The moment the rows show.")
    finished_at = models.DateTimeField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, editable=False)

    deleted_at = models.DateTimeField(null=True, editable=False, help_text="By a person, before its time.")
    deleted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", editable=False
    )

    failure = models.CharField(max_length=16, choices=ReportFailure, blank=True, editable=False)
    reference = models.CharField(max_length=16, blank=True, editable=False, help_text="Stands in the log, too.")

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReportState.values), name="report_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=ReportState.READY)
                | Q(file__isnull=False, rows__isnull=False, size__isnull=False, expires_at__isnull=False),
                name="a_ready_report_has_a_file",
            ),
            models.CheckConstraint(
                condition=Q(unfinished_key=None) | Q(state__in=UNFINISHED),
                name="only_an_unfinished_report_holds_the_key",
            ),
        ]
        indexes = [
            # Both lists of the Data Download page: "the reports of this course in these states, newest first".
            models.Index(fields=["course_id", "state", "requested_at"], name="report_by_course_and_state"),
            # The sweep: "what is due?"
            models.Index(fields=["next_try_at"], name="report_by_next_try"),
            # The sweep: "which ready reports are over their lifetime?"
            models.Index(fields=["state", "expires_at"], name="report_by_state_and_expiry"),
        ]
        permissions = [
            ("view_reports", "Can see the reports of a course"),
            ("generate_report", "Can generate reports of a course"),
            ("download_report", "Can download reports of a course"),
            ("report_decisions", "Can generate and download reports of decisions"),
        ]

    def __str__(self) -> str:
        return str(self.file_name)

    @property
    def scopes(self) -> list[str]:
        """The courses that the report is about."""
        return list(self.courses) or [self.course_id]

    @property
    def is_case_file(self) -> bool:
        return bool(self.kind == CASE_FILE)

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED

    @property
    def is_over_its_lifetime(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()


class ReportNotification(models.Model):
    """A person who wants a mail when the report is ready or has failed."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="notifications")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["report", "user"], name="a_person_is_notified_of_a_report_once"),
        ]

    def __str__(self) -> str:
        return str(self.report_id)


class ReportPreference(models.Model):
    """What a person chose at the last request of a report. The form on Data Download begins with it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    file_format = models.CharField(max_length=16, choices=ReportFormat, default=ReportFormat.CSV)
    notify = models.BooleanField(default=False, help_text="Wants a mail when the report is ready or has failed.")

    def __str__(self) -> str:
        return str(self.user_id)


class ReportFile(models.Model):
    """A storage key, recorded before the first byte is written and never reused. One for each try."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="files")
    fence = models.PositiveIntegerField(help_text="The fencing number of the try that writes it.")
    storage_key = IdField(max_length=255, unique=True)
    created_at = models.DateTimeField()
    # Set once nothing can be stored under the key any more.
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # The sweep: "under which keys may a file be stored?"
            models.Index(fields=["removed_at", "created_at"], name="file_by_removal_and_age"),
        ]

    def __str__(self) -> str:
        return str(self.storage_key)


class ReportDownload(models.Model):
    """Who downloaded which report, when and from where, or was refused. Written once, never edited."""

    report = models.ForeignKey(Report, on_delete=models.PROTECT, related_name="downloads")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)
    outcome = models.CharField(max_length=16, choices=DownloadOutcome)
    for_excel = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(outcome__in=DownloadOutcome.values), name="download_outcome_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome}: {self.report_id}"
