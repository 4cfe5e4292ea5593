"""A timed exam in a course."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from proctoring_results import rules

from .fields import IdField


class ProctoredExamQuerySet(models.QuerySet["ProctoredExam"]):
    def in_course(self, course_id: str) -> Self:
        return self.filter(course_id=course_id)

    def with_result(self) -> Self:
        """Return the exams whose attempts have a result, or had one before the exam was switched."""
        with_attempts = self.model._default_manager.filter(rules.AN_ATTEMPT_HAS_RESULT, pk=OuterRef("pk"))
        return self.filter(rules.EXAM_GIVES_RESULTS | Exists(with_attempts))


class ProctoredExam(models.Model):
    course_id = IdField(max_length=255)
    content_id = IdField(max_length=255, help_text="The id of the exam in the body of the course.")
    exam_name = models.CharField(max_length=255)
    time_limit_mins = models.PositiveIntegerField()
    due_date = models.DateTimeField(null=True, blank=True)
    is_proctored = models.BooleanField(default=True)
    is_practice_exam = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    review_policy = models.TextField(blank=True, help_text="What reviewers are told of this exam.")
    provider = IdField(max_length=64)
    external_id = IdField(max_length=255, null=True, blank=True, help_text="The provider's id; unknown at first.")
    # The course's median time until a result, NULL after too few results, and when upkeep worked it out. Here, so that
    # no page of a learner has to.
    usual_wait_mins = models.PositiveIntegerField(null=True, editable=False)
    usual_wait_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProctoredExamQuerySet.as_manager()

    class Meta:
        constraints = [
            # Its index also serves "the exams of a course" of every page and of the report.
            models.UniqueConstraint(fields=["course_id", "content_id"], name="one_exam_per_course_and_content"),
            models.UniqueConstraint(fields=["provider", "external_id"], name="provider_knows_one_exam_by_an_id"),
            models.CheckConstraint(condition=Q(time_limit_mins__gte=1), name="exam_lasts_a_minute_at_least"),
        ]

    def __str__(self) -> str:
        return f"{self.exam_name} ({self.course_id})"


class ExamRules(models.Model):
    """What the service was sent of an exam's rules, as it was when attempts began. Written once, never edited.

    A row of its own and not of each attempt: a policy may be long, and hundreds begin under the same.
    """

    exam = models.ForeignKey(ProctoredExam, on_delete=models.PROTECT, related_name="+", db_index=False)
    # SHA-256 of the two texts.
    digest = models.CharField(max_length=64)
    review_policy = models.TextField(blank=True)
    rules = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "exam rules"
        constraints = [
            models.UniqueConstraint(fields=["exam", "digest"], name="rules_of_an_exam_are_stored_once"),
        ]

    def __str__(self) -> str:
        return f"{self.exam_id} {self.digest[:8]}"
