"""One effect, from the claim to its end: done, superseded, rescheduled, or dead-lettered (stored as ``parked``)."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from proctoring_results.choices import EffectKind, EffectState
from proctoring_results.conf import conf
from proctoring_results.exceptions import CallRefused, ServiceUnavailable
from proctoring_results.jobs.backoff import pause_after, with_jitter
from proctoring_results.models import ExamAttempt, LmsEffect
from proctoring_results.models.attention import save_attention

from .grade import SHORT_WAIT
from .provider import provider_of
from .registry import EFFECTS, effect_of

logger = logging.getLogger("proctoring_results.effects")

FIRST_PAUSE = timedelta(seconds=10)
MAX_PAUSE = timedelta(hours=1)
# How long no call is made to a service that has just not answered another.
SILENT_WAIT = timedelta(minutes=1)

# A call into the host's code cannot be ended from outside. One that outlasts its lease may still write an old state
# after another delivery has written the new one. So long after a lease was taken over the state is written again; no
# call may last longer.
SECOND_LOOK_AFTER = timedelta(minutes=10)

TAKES_TURNS = frozenset(kind for kind, effect in EFFECTS.items() if effect.takes_turns)


def deliver_due() -> int:
    """Deliver what is due and what becomes due by that, and return how many effects are done.

    An effect that fails delays no other. Raises an ``ExceptionGroup`` of what went wrong, after everything else
    is done.
    """
    errors: list[Exception] = []
    delivered = deliver_each(errors)
    if errors:
        raise ExceptionGroup("Effects failed and are tried again.", errors)
    return delivered


def deliver_each(errors: list[Exception]) -> int:
    """Deliver as ``deliver_due`` does, and add to ``errors`` what went wrong instead of raising it."""
    delivered = 0
    silent_providers: set[str] = set()
    while pks := _due():
        before = delivered + len(errors)
        for pk in pks:
            try:
                delivered += deliver(pk, silent_providers)
            except Exception as error:
                # The row has the problem and the time of the next try already.
                errors.append(error)
        if delivered + len(errors) == before:
            break
    return delivered


def _due() -> list[int]:
    """Oldest first, but calls to providers last: a service that lets us wait holds up no grade and no mail."""
    due = LmsEffect.objects.due(timezone.now()).order_by("next_try_at", "pk").values_list("pk", "kind")
    return [pk for pk, _ in sorted(due, key=lambda row: row[1] == EffectKind.PROVIDER)]


def deliver(pk: int, silent_providers: set[str] | None = None) -> bool:
    """Deliver one effect if it is due and no other worker has it. Return whether it is done.

    Whatever the host's code raises means "not now": the error is written to the row, and raised again.
    ``silent_providers`` have just not answered and are not called; one that does not answer now is added.
    """
    fence = _claim(pk)
    if fence is None:
        return False
    effect = LmsEffect.objects.select_related(
        "user", "exam", "attempt__user", "attempt__exam", "change", "appeal", "report", "schedule"
    ).get(pk=pk)
    try:
        handler = effect_of(effect.kind)
        if handler.is_stale(effect):
            return _end(effect, fence, state=EffectState.SUPERSEDED, next_try_at=None, done_at=timezone.now())
        if _has_to_wait(effect, fence, silent_providers or ()):
            return False
        handler.deliver(effect)
    except Exception as error:
        if isinstance(error, ServiceUnavailable) and error.gave_no_answer and silent_providers is not None:
            silent_providers.add(provider_of(effect))
        _try_again_later(effect, fence, error)
        raise
    ended = {"state": EffectState.DONE, "done_at": timezone.now(), "problem": "", "subject": effect.subject}
    return _end(effect, fence, next_try_at=None, **ended)


def _claim(pk: int) -> int | None:
    effect = LmsEffect.objects.select_related("attempt", "change").filter(pk=pk).first()
    if effect is None:
        return None
    key = f"{effect.kind}:{effect.user_id}:{effect.exam_id}" if effect.kind in TAKES_TURNS else None
    # A lease that is not over yet may be given back before the claim, and then nobody is in the middle of a call.
    was_abandoned = effect.lease_until is not None and LmsEffect.objects.abandoned().filter(pk=pk).exists()
    try:
        with transaction.atomic():
            fence = LmsEffect.objects.claim(pk, now=timezone.now(), lease=conf().LEASE, running_key=key)
            if fence is not None and was_abandoned:
                _look_again(effect)
            return fence
    except IntegrityError:
        # Another delivery for this learner and exam is under way: this one takes its turn later.
        LmsEffect.objects.waiting().filter(pk=pk).update(next_try_at=timezone.now() + SHORT_WAIT)
        return None


def _look_again(effect: LmsEffect) -> None:
    """Queue a level whose lease was over once more: the worker that had it may be in the middle of a call."""
    if effect.attempt is not None and effect_of(effect.kind).is_level:
        at = timezone.now() + SECOND_LOOK_AFTER
        LmsEffect.objects.queue([EffectKind(effect.kind)], effect.attempt, change=effect.change, now=at)


def _has_to_wait(effect: LmsEffect, fence: int, silent_providers: Collection[str]) -> bool:
    """Reschedule an effect that something else comes before. This does not count as a try."""
    if effect.kind == EffectKind.PROVIDER and provider_of(effect) in silent_providers:
        _end(effect, fence, next_try_at=timezone.now() + with_jitter(SILENT_WAIT), tries=effect.tries - 1)
        return True
    wait = effect_of(effect.kind).wait
    pause = wait(effect)
    if pause is None:
        return False
    _end(effect, fence, next_try_at=timezone.now() + pause, tries=effect.tries - 1)
    if wait(effect) is None:
        # The other effect ended in between, before this one was waiting for it.
        LmsEffect.objects.waiting().filter(pk=effect.pk, lease_until=None).update(next_try_at=timezone.now())
    return True


def _try_again_later(effect: LmsEffect, fence: int, error: Exception) -> None:
    now = timezone.now()
    is_erased = ExamAttempt.objects.filter(pk__in=[effect.attempt_id]).exclude(erased_at=None).exists()
    # What the host's code says may name the learner.
    problem = type(error).__name__ if is_erased else f"{type(error).__name__}: {error}"[:2_000].replace("\0", "")
    if isinstance(error, CallRefused) or now - effect.queued_at >= conf().EFFECT_PATIENCE:
        logger.error("Effect %s (%s) is dead-lettered: %s", effect.pk, effect.kind, problem, exc_info=error)
        _dead_letter(effect, fence, problem)
        return
    logger.warning("Effect %s (%s) failed at try %d: %s", effect.pk, effect.kind, effect.tries, problem)
    pause = pause_after(effect.tries, first=FIRST_PAUSE, limit=MAX_PAUSE)
    _end(effect, fence, next_try_at=now + pause, problem=problem)


@transaction.atomic
def _dead_letter(effect: LmsEffect, fence: int, problem: str) -> None:
    """End the tries until a person retries the effect. A person now has to look at the attempt."""
    attempts = list(ExamAttempt.objects.select_for_update().filter(pk__in=[effect.attempt_id]))
    _end(effect, fence, state=EffectState.PARKED, next_try_at=None, problem=problem)
    save_attention(attempts)


def _end(effect: LmsEffect, fence: int, *, next_try_at: datetime | None, **changes: object) -> bool:
    """Write how a try ended, and return whether it could be: not after another worker has claimed the effect."""
    with transaction.atomic():
        is_ours = bool(
            LmsEffect.objects.filter(pk=effect.pk, fence=fence).update(
                lease_until=None, running_key=None, next_try_at=next_try_at, **changes
            )
        )
        if is_ours and next_try_at is None and effect.kind == EffectKind.PROVIDER:
            # However the call ended, those that waited for it have their turn.
            LmsEffect.objects.calls_after(effect).update(next_try_at=timezone.now())
    return is_ours
