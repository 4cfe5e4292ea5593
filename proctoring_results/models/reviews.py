"""Reviews as they arrived, with their incidents and evidence, and the record of who was shown what."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.db.models.lookups import Exact
from django.utils.translation import gettext as _

from proctoring_results.choices import DisclosureKind, EvidenceKind, ReviewStanding, ReviewStatus, Source

from .attempts import ExamAttempt
from .reports import Report

# Rows in one INSERT: a review may have as many incidents as fit into a message.
ROWS_AT_ONCE = 1_000


class ExamReview(models.Model):
    """One verdict on one attempt. Append-only: a correction is another review; only ``standing`` may change.

    The one exception is an ``Erasure``: it removes what names or describes the learner, and leaves verdict and counts.
    """

    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="reviews", db_index=False)
    review_status = models.CharField(max_length=32, choices=ReviewStatus)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    claimed_name = models.CharField(max_length=255, blank=True, help_text="Who the provider says reviewed it.")
    source = models.CharField(max_length=16, choices=Source)
    raw_data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # If a person has dismissed or restored an incident: the version before, and why.
    version_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="versions", editable=False
    )
    version_reason = models.TextField(blank=True, editable=False)
    received_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True, help_text="By the provider's clock, if it says so.")
    standing = models.CharField(max_length=32, choices=ReviewStanding)
    # A signal of the service, not a finding: people see it, lists sort by it, and nothing is decided by it.
    score = models.FloatField(null=True, blank=True, help_text="The provider's own number.")
    score_label = models.CharField(max_length=64, blank=True, help_text="The provider's own word for it.")
    score_scale = models.JSONField(
        default=dict, blank=True, help_text="Lowest and highest score, which of them is worse, and thresholds by name."
    )
    score_rank = models.FloatField(
        null=True, blank=True, help_text="From 0 to 1, the most suspicious: lists sort by it."
    )
    # The report's columns, computed once when the review arrives, so that a report needs no aggregation.
    suspicious_count = models.PositiveIntegerField(default=0)
    suspicious_comments = models.TextField(blank=True)
    rules_violation_count = models.PositiveIntegerField(default=0)
    rules_violation_comments = models.TextField(blank=True)
    # Incidents with the provider's own labels: in no report, but on the page Numbers.
    other_count = models.PositiveIntegerField(default=0)
    # The same incidents, by the tab on which they stand.
    video_count = models.PositiveIntegerField(default=0)
    online_count = models.PositiveIntegerField(default=0)
    verification_count = models.PositiveIntegerField(default=0)
    onboarding_count = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(review_status__in=ReviewStatus.values), name="review_status_is_known"),
            models.CheckConstraint(condition=Q(standing__in=ReviewStanding.values), name="review_standing_is_known"),
            models.CheckConstraint(
                condition=Q(version_of=None, version_reason="")
                | Q(~Q(version_reason=""), version_of__isnull=False, source=Source.PERSON, reviewed_by__isnull=False),
                name="a_version_of_a_review_has_a_person_and_a_reason",
            ),
            models.CheckConstraint(
                condition=Exact(
                    F("video_count") + F("online_count") + F("verification_count") + F("onboarding_count"),
                    F("suspicious_count") + F("rules_violation_count") + F("other_count"),
                ),
                name="each_incident_of_a_review_was_seen_somewhere",
            ),
            models.CheckConstraint(
                condition=Q(score_rank=None) | Q(score_rank__gte=0, score_rank__lte=1),
                name="score_rank_is_from_0_to_1",
            ),
        ]
        indexes = [
            # "Which reviews of this attempt wait for the end of the exam, or came after a decision?"
            models.Index(fields=["attempt", "standing"], name="review_by_attempt_and_standing"),
            # What Numbers and the filter by review ask of very many current reviews, whose other columns are long: read
            # from the index alone.
            models.Index(
                fields=[
                    "id",
                    "review_status",
                    "suspicious_count",
                    "rules_violation_count",
                    "other_count",
                    "video_count",
                    "online_count",
                    "verification_count",
                    "onboarding_count",
                ],
                name="review_outcome",
            ),
        ]
        permissions = [("submit_review", "Can submit reviews for a provider")]

    def __str__(self) -> str:
        return f"{self.review_status} ({self.attempt_id})"

    @property
    def has_score(self) -> bool:
        return self.score is not None or bool(self.score_label)

    @property
    def is_complete(self) -> bool:
        return self.review_status != ReviewStatus.NOT_REVIEWED


class IncidentQuerySet(models.QuerySet["Incident"]):
    def bulk_create_in_order(self, incidents: Iterable[Incident]) -> list[Incident]:
        """Create the incidents of one review, and return them with their keys, which MySQL does not return."""
        rows = self.bulk_create(incidents, batch_size=ROWS_AT_ONCE)
        if all(row.pk for row in rows):
            return rows
        return list(self.filter(review=rows[0].review).order_by("position"))


class Incident(models.Model):
    """One thing a reviewer marked. ``start`` and ``stop`` are seconds from the start of the recording."""

    review = models.ForeignKey(ExamReview, on_delete=models.PROTECT, related_name="incidents", db_index=False)
    position = models.PositiveIntegerField()
    status = models.CharField(
        max_length=255, blank=True, help_text="“Suspicious”, “Rules Violation”, the provider's own word, or none."
    )
    kind = models.CharField(max_length=64, blank=True)
    severity = models.CharField(max_length=64, blank=True, help_text="As the provider says it: a word, or a number.")
    comment = models.TextField(blank=True)
    start = models.FloatField(null=True, blank=True)
    stop = models.FloatField(null=True, blank=True)
    # Set if a person has dismissed it in this version of the review: it is shown, and no longer counted.
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    dismissed_at = models.DateTimeField(null=True, blank=True, editable=False)
    dismissal_reason = models.TextField(blank=True, editable=False)

    objects = IncidentQuerySet.as_manager()

    class Meta:
        ordering = ["review", "position"]
        constraints = [
            # Its index also serves "the incidents of a review, in order".
            models.UniqueConstraint(fields=["review", "position"], name="incidents_of_a_review_have_an_order"),
            models.CheckConstraint(
                condition=Q(dismissed_by=None, dismissed_at=None, dismissal_reason="")
                | (Q(dismissed_by__isnull=False, dismissed_at__isnull=False) & ~Q(dismissal_reason="")),
                name="a_dismissal_has_a_person_and_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.review_id})"

    @property
    def label(self) -> str:
        """Return the reviewer's word for the incident, or that there is none."""
        return self.status or _("not labelled")

    @property
    def is_dismissed(self) -> bool:
        return self.dismissed_at is not None


class Evidence(models.Model):
    """Where a recording or picture of an incident or of the whole session can be seen.

    Only a case file fetches pictures, and only from hosts that the provider's settings name for it.
    """

    review = models.ForeignKey(ExamReview, on_delete=models.PROTECT, related_name="evidence", db_index=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, null=True, blank=True, related_name="evidence")
    position = models.PositiveIntegerField()
    kind = models.CharField(max_length=16, choices=EvidenceKind)
    # Leads to the recording of a person, so it is stored encrypted.
    url = models.BinaryField(editable=False)
    start = models.FloatField(null=True, blank=True)
    stop = models.FloatField(null=True, blank=True)

    class Meta:
        ordering = ["review", "position"]
        verbose_name_plural = "evidence"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EvidenceKind.values), name="evidence_kind_is_known"),
            # Its index also serves "the evidence of a review, in order".
            models.UniqueConstraint(fields=["review", "position"], name="evidence_of_a_review_has_an_order"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.review_id})"


class Disclosure(models.Model):
    """Who was shown what of a session, when, and from where. Written once; only an ``Erasure`` removes its purpose."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="disclosures")
    kind = models.CharField(max_length=16, choices=DisclosureKind)
    evidence = models.ForeignKey(Evidence, on_delete=models.PROTECT, null=True, blank=True, related_name="disclosures")
    # The case file, and what it is for. The row stays when the file is gone, with the checksums.
    report = models.OneToOneField(
        Report, on_delete=models.PROTECT, null=True, blank=True, related_name="disclosure", editable=False
    )
    purpose = models.TextField(blank=True, editable=False)
    at = models.DateTimeField()
    address = models.GenericIPAddressField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=DisclosureKind.EVIDENCE, evidence__isnull=False, report=None, purpose="")
                | (Q(kind=DisclosureKind.EXPORT, evidence=None, report__isnull=False) & ~Q(purpose="")),
                name="a_disclosure_says_what_was_shown",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.attempt_id})"
