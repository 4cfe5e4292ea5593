"""What a course team leaves for one another at a session: who is looking, who has looked, and notes."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from proctoring_results.jobs.lease import is_leased

from .attempts import ExamAttempt
from .reviews import ExamReview


class SessionClaimQuerySet(models.QuerySet["SessionClaim"]):
    def standing(self) -> Self:
        """Return the claims that are not over yet, by the clock of the database."""
        return self.filter(is_leased())


class SessionClaim(models.Model):
    """Who is looking at a session, so that nobody else begins with it. It warns, and refuses no decision.

    A row remains when its time is over, until the next claim takes it or a decision removes it.
    """

    attempt = models.OneToOneField(ExamAttempt, on_delete=models.PROTECT, related_name="claim")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField()
    # By the clock of the database, like the leases of jobs.
    lease_until = models.DateTimeField()

    objects = SessionClaimQuerySet.as_manager()

    class Meta:
        indexes = [
            # "Who is looking at a session of this course now?": a few of the very many that once were.
            models.Index(fields=["lease_until"], name="claim_by_lease"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.user_id}"


class SessionLook(models.Model):
    """Somebody has looked at a session, and decided nothing. Written once, never edited."""

    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="looks")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    # The newest review at that moment: what came later was not looked at.
    review = models.ForeignKey(
        ExamReview, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        indexes = [
            # "Has anything happened since this page was drawn?": the newest of all.
            models.Index(fields=["at"], name="look_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.user_id}"


class TeamNote(models.Model):
    """A note of the team to one another. Learners, reports and providers never get it.

    It is not edited. Its author may withdraw it, which removes the text.
    """

    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    text = models.TextField(blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) & ~Q(text="") | Q(withdrawn_at__isnull=False, text=""),
                name="a_note_has_a_text_until_it_is_withdrawn",
            ),
        ]
        indexes = [
            # "Has anything happened since this page was drawn?": the newest of all.
            models.Index(fields=["at"], name="note_by_time"),
            models.Index(fields=["withdrawn_at"], name="note_by_withdrawal"),
        ]

    def __str__(self) -> str:
        return f"{self.attempt_id}: {self.author_id}"

    @property
    def is_withdrawn(self) -> bool:
        return self.withdrawn_at is not None
