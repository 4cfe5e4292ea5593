"""What providers have sent us: stored before anything is done with it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from proctoring_results.choices import MessageState
from proctoring_results.jobs.lease import LeasedTask, LeasedTaskQuerySet

from .attempts import ExamAttempt
from .fields import IdField


class ProviderMessage(LeasedTask):
    """One accepted body of a provider, encrypted. Append-only: only what became of it is written later."""

    provider = IdField(max_length=64)
    channel = models.CharField(max_length=64, help_text="What kind of message it is, as the provider's class names it.")
    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="messages", db_index=False)
    message_id = IdField(max_length=255, blank=True, help_text="The provider's own id of the message, if it has one.")
    sha256 = models.CharField(max_length=64, help_text="Of the canonical JSON. Equal: the same message.")
    signed_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the bytes that the provider signed. Equal: recorded, and sent again."
    )
    body = models.BinaryField(help_text="The JSON, encrypted.")
    received_at = models.DateTimeField()
    caller = models.CharField(max_length=255, help_text="Who sent it: an account, or the provider itself.")
    replay_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replays", editable=False
    )
    state = models.CharField(max_length=16, choices=MessageState, default=MessageState.RECEIVED, editable=False)
    review = models.ForeignKey(
        "ExamReview", on_delete=models.PROTECT, null=True, blank=True, related_name="messages", editable=False
    )
    # Sent back, and again to a provider that repeats the message.
    answer = models.JSONField(default=dict, editable=False)
    problem = models.TextField(blank=True, editable=False, help_text="What went wrong at the last try.")
    finished_at = models.DateTimeField(null=True, editable=False)

    objects = LeasedTaskQuerySet["ProviderMessage"].as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state=MessageState.DONE) | Q(next_try_at=None, finished_at__isnull=False),
                name="a_message_that_is_done_is_not_tried_again",
            ),
        ]
        permissions = [("read_message_body", "Can read what providers have sent")]
        indexes = [
            # "What has this provider sent about this attempt?", asked whenever a message arrives.
            models.Index(fields=["attempt", "provider", "channel"], name="message_by_attempt"),
            # The sweep: "what is due?"
            models.Index(fields=["next_try_at"], name="message_by_next_try"),
        ]

    def __str__(self) -> str:
        return f"{self.provider}: {self.channel} ({self.attempt_id})"
