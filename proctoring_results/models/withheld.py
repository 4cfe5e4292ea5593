"""What a person's decision has changed, so that it can be undone before it takes effect."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce

from .attempts import ExamAttempt, StatusChange
from .reviews import ExamReview


class WithheldDecisionQuerySet(models.QuerySet["WithheldDecision"]):
    def waiting(self, attempt: ExamAttempt, now: datetime) -> Self:
        """Return those of an attempt that have not taken effect yet: each but the first has replaced one before."""
        return self.filter(change__attempt=attempt, change__undone_by=None, takes_effect_at__gt=now)


class WithheldDecision(models.Model):
    """Written with a decision, and kept: whatever is here says only what Undo would restore."""

    change = models.OneToOneField(StatusChange, on_delete=models.PROTECT, primary_key=True, related_name="withheld")
    undo_until = models.DateTimeField()
    # Later if another decision has replaced it before: they take effect together.
    takes_effect_at = models.DateTimeField()
    # The decision before, if it had not taken effect yet when this one was made.
    replaces = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # The newest review that there was: one that came later makes it impossible to undo the decision.
    newest_review = models.ForeignKey(ExamReview, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    # The attempt before the decision.
    review_before = models.ForeignKey(ExamReview, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    decided_by_before = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    decided_at_before = models.DateTimeField(null=True)
    attention_since_before = models.DateTimeField(null=True)
    # Reviews that had come after an earlier decision, and were applied by this one.
    applied_reviews = models.ManyToManyField(ExamReview, related_name="+")

    objects = WithheldDecisionQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.change)


def in_effect_since(change: StatusChange) -> datetime:
    """Return when a change takes effect, which may be later than now: a decision that can be undone waits.

    Reads the withheld decision, unless it is joined.
    """
    withheld: WithheldDecision | None = getattr(change, "withheld", None)
    return change.at if withheld is None else withheld.takes_effect_at


IN_EFFECT_SINCE = Coalesce("withheld__takes_effect_at", "at")
