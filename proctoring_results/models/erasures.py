"""The record of erasures."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q


class Erasure(models.Model):
    """Whose data was erased, by whom, when and why. Written once, never edited."""

    # The user's row stays; the host removes the name and the address from it.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    reason = models.TextField(help_text="Stays. It should name a request, not a person.")
    attempts = models.PositiveIntegerField(help_text="How many attempts held something to erase.")

    class Meta:
        constraints = [models.CheckConstraint(condition=~Q(reason=""), name="an_erasure_has_a_reason")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.at:%Y-%m-%d}"
