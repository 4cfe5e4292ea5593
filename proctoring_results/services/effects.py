"""What follows from a change: written in its transaction, and delivered after the commit."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db.models import Max
from django.utils import timezone

from proctoring_results import tasks
from proctoring_results.choices import OPEN_STATUSES, EffectKind, EffectState, ProviderCall
from proctoring_results.database import in_transaction
from proctoring_results.effects.registry import EFFECTS, LEVELS
from proctoring_results.jobs.enqueue import enqueue_after_commit
from proctoring_results.models import Appeal, ExamAttempt, ExamReview, LmsEffect, ProctoredExam, StatusChange
from proctoring_results.models.attention import save_attention
from proctoring_results.providers import guarded
from proctoring_results.providers.registry import provider_named
from proctoring_results.queries.instructions import takes_calls
from proctoring_results.rules import affects_lms, exam_gives_results

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser


def queue_effects(
    kinds: Collection[EffectKind],
    attempt: ExamAttempt,
    *,
    change: StatusChange | None = None,
    review: ExamReview | None = None,
    due: datetime | None = None,
    appeal: Appeal | None = None,
) -> None:
    """Write the effects of these kinds, and enqueue their delivery once: now, or when they are ``due``.

    What the host's class leaves to ``NullLMS`` is not queued. Practice attempts and attempts that are not taken as
    proctored have provider calls only.
    """
    is_queued = EffectKind.PROVIDER in kinds and _write_call(ProviderCall.TELL_STATUS, attempt, change)
    lms_kinds = [kind for kind in _kinds_of_the_host(kinds) if kind is not EffectKind.PROVIDER]
    if lms_kinds and affects_lms(attempt):
        LmsEffect.objects.queue(lms_kinds, attempt, change=change, review=review, appeal=appeal, now=due)
        is_queued = True
    if is_queued:
        enqueue_after_commit(tasks.deliver_effects, at=due)


def _kinds_of_the_host(kinds: Collection[EffectKind]) -> list[EffectKind]:
    return [kind for kind in kinds if EFFECTS[kind].is_wanted]


def queue_levels_at(exam: ProctoredExam) -> None:
    """Write the levels of each learner whose grade, credit or certificate may follow from an attempt at the exam."""
    over = exam.attempts.affecting_lms().exclude(status__in=OPEN_STATUSES)
    newest = over.order_by().values("user").annotate(newest=Max("pk")).values("newest")
    if LmsEffect.objects.queue_for_all(
        _kinds_of_the_host(LEVELS), ExamAttempt.objects.filter(pk__in=newest).order_by("pk")
    ):
        enqueue_after_commit(tasks.deliver_effects)


def queue_attempt_call(call: ProviderCall, attempt: ExamAttempt) -> None:
    """Write a call about the attempt to its provider. Practice attempts are the provider's business, too."""
    if _write_call(call, attempt):
        enqueue_after_commit(tasks.deliver_effects)


def _write_call(call: ProviderCall, attempt: ExamAttempt, change: StatusChange | None = None) -> bool:
    """Return whether the attempt's provider has to be called."""
    if not takes_calls(attempt):
        return False
    LmsEffect.objects.queue_call(call, attempt=attempt, change=change)
    return True


def queue_exam_call(exam: ProctoredExam) -> None:
    """Write a call that tells the exam's provider of the exam as it is now."""
    is_its_business = exam_gives_results(exam) or exam.external_id is not None
    if is_its_business and guarded.takes_calls(provider_named(exam.provider)):
        LmsEffect.objects.queue_call(ProviderCall.SAVE_EXAM, exam=exam)
        enqueue_after_commit(tasks.deliver_effects)


def queue_erasure(user: AbstractBaseUser) -> None:
    """Write a call to each provider that may know the learner; it is made after all calls that are waiting."""
    # The newest attempt with each provider says which one is called.
    newest = {attempt.provider: attempt for attempt in ExamAttempt.objects.filter(user_id=user.pk).order_by("pk")}
    attempts = [attempt for name, attempt in newest.items() if guarded.takes_calls(provider_named(name))]
    for attempt in attempts:
        LmsEffect.objects.queue_call(ProviderCall.ERASE_LEARNER, attempt=attempt)
    if attempts:
        enqueue_after_commit(tasks.deliver_effects)


@in_transaction
def retry_effects(pks: Collection[int]) -> int:
    """Try dead-lettered effects again, with their full patience. Return how many there were."""
    now = timezone.now()
    parked = LmsEffect.objects.parked().filter(pk__in=pks)
    attempt_pks = list(parked.values_list("attempt_id", flat=True))
    # Locked first, as everywhere: whether a person has to look at them is worked out anew.
    attempts = list(ExamAttempt.objects.select_for_update().filter(pk__in=attempt_pks).order_by("pk"))
    retried = parked.update(state=EffectState.WAITING, queued_at=now, next_try_at=now, tries=0)
    save_attention(attempts)
    if retried:
        enqueue_after_commit(tasks.deliver_effects)
    return retried
