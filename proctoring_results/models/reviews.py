"""Verdicts on attempts, kept as they arrived, and the incidents marked in them."""

from __future__ import annotations

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q

from proctoring_results.statuses import ReviewStanding, ReviewStatus, Source

from .attempts import ExamAttempt


class ExamReview(models.Model):
    """One verdict on one attempt. Append-only: a correction is another review; only ``standing`` may move on.

    The one exception is an ``Erasure``: it takes what names or describes the learner, and leaves verdict and counts.
    """

    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="reviews")
    review_status = models.CharField(max_length=32, choices=ReviewStatus)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    claimed_name = models.CharField(max_length=255, blank=True, help_text="Who the provider says reviewed it.")
    source = models.CharField(max_length=16, choices=Source)
    raw_data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # Leads to the recording of a person; only ever kept encrypted.
    video_link = models.BinaryField(null=True, editable=False)
    received_at = models.DateTimeField()
    standing = models.CharField(max_length=16, choices=ReviewStanding)
    # The report's columns, computed once, here, so that a report needs no aggregation.
    suspicious_count = models.PositiveIntegerField(default=0)
    suspicious_comments = models.TextField(blank=True)
    rules_violation_count = models.PositiveIntegerField(default=0)
    rules_violation_comments = models.TextField(blank=True)
    # Incidents under the provider's own words: in no report, but in the numbers of a course.
    other_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(review_status__in=ReviewStatus.values), name="review_status_is_known"),
            models.CheckConstraint(condition=Q(standing__in=ReviewStanding.values), name="review_standing_is_known"),
        ]
        indexes = [
            # "Which reviews of this attempt wait for the end of the exam, or came after a decision?"
            models.Index(fields=["attempt", "standing"], name="review_by_attempt_and_standing"),
        ]
        permissions = [("submit_review", "Can submit reviews for a provider")]

    def __str__(self) -> str:
        return f"{self.review_status} ({self.attempt_id})"

    @property
    def is_complete(self) -> bool:
        return self.review_status != ReviewStatus.NOT_REVIEWED


class Incident(models.Model):
    """One thing a reviewer marked. ``start`` and ``stop`` are seconds from the start of the recording."""

    review = models.ForeignKey(ExamReview, on_delete=models.PROTECT, related_name="incidents")
    position = models.PositiveIntegerField()
    status = models.CharField(max_length=255, help_text="“Suspicious”, “Rules Violation”, or the provider's own word.")
    kind = models.CharField(max_length=64, blank=True)
    comment = models.TextField()
    start = models.FloatField(null=True, blank=True)
    stop = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["review", "position"]
        constraints = [
            # Its index also serves "the incidents of a review, in order".
            models.UniqueConstraint(fields=["review", "position"], name="incidents_of_a_review_have_an_order"),
        ]

    def __str__(self) -> str:
        return f"{self.status}: {self.comment}"
