"""What proctoring services are to be told: written down with what happened, and told after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctoring_results import tasks
from proctoring_results.choices import ProviderCall
from proctoring_results.jobs.enqueue import enqueue_after_commit
from proctoring_results.models import ExamAttempt, LmsEffect, ProctoredExam, StatusChange
from proctoring_results.providers.registry import provider_named

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def queue_exam_call(exam: ProctoredExam) -> None:
    """Let the exam's provider know the exam as it is now, in this transaction."""
    is_its_business = exam.is_proctored or exam.is_practice_exam or exam.external_id is not None
    if is_its_business and provider_named(exam.provider).takes_calls:
        LmsEffect.objects.queue_call(ProviderCall.SAVE_EXAM, exam=exam)
        enqueue_after_commit(tasks.deliver_effects)


def queue_attempt_call(call: ProviderCall, attempt: ExamAttempt, *, change: StatusChange | None = None) -> None:
    """Let the attempt's provider know, in this transaction. Practice attempts are its business, too."""
    if provider_named(attempt.provider).takes_calls and attempt.is_watched:
        LmsEffect.objects.queue_call(call, attempt=attempt, change=change)
        enqueue_after_commit(tasks.deliver_effects)


def queue_erasure(user: AbstractBaseUser) -> None:
    """Let each provider that may know the learner forget them, in this transaction, after all that still waits."""
    newest: dict[str, ExamAttempt] = {}
    for attempt in ExamAttempt.objects.filter(user_id=user.pk).order_by("pk"):
        newest[attempt.provider] = attempt
    # The attempt says which provider is meant.
    called = [attempt for name, attempt in newest.items() if provider_named(name).takes_calls]
    for attempt in called:
        LmsEffect.objects.queue_call(ProviderCall.ERASE_LEARNER, attempt=attempt)
    if called:
        enqueue_after_commit(tasks.deliver_effects)
