"""One effect, from the claim to its end: done, superseded, tried again, or parked."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from proctoring_results.conf import conf
from proctoring_results.models import ExamAttempt, LmsEffect
from proctoring_results.models.attention import renew_attention
from proctoring_results.statuses import AttemptStatus, EffectKind, EffectState

from .levels import sync_certificate, sync_credit, sync_grade
from .mail import is_superseded, mail_learner, notify_team

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam

logger = logging.getLogger("proctoring_results.effects")

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
# How soon a mail asks again whether the grade is written that it waits for.
SHORT_WAIT = timedelta(seconds=5)

SYNC: Mapping[str, Callable[[AbstractBaseUser, ProctoredExam], None]] = {
    EffectKind.GRADE: sync_grade,
    EffectKind.CREDIT: sync_credit,
    EffectKind.CERTIFICATE: sync_certificate,
}


def deliver_due() -> int:
    """Deliver what is due, oldest first; says how many are done. One that fails keeps no other waiting.

    Raises an ``ExceptionGroup`` of what went wrong, after everything else is done.
    """
    delivered, refused = 0, []
    for pk in list(LmsEffect.objects.due(timezone.now()).order_by("next_try_at", "pk").values_list("pk", flat=True)):
        try:
            delivered += deliver(pk)
        except Exception as error:
            # Written to the row already, with the moment of its next try.
            refused.append(error)
    if refused:
        raise ExceptionGroup("Effects failed and are tried again.", refused)
    return delivered


def deliver(pk: int) -> bool:
    """Deliver one effect if it is due and nobody else is at it; says whether it is done.

    Whatever the host's code raises means "not now": it is written to the row, and raised again.
    """
    fence = _claim(pk)
    if fence is None:
        return False
    effect = LmsEffect.objects.select_related("user", "exam", "attempt__user", "attempt__exam", "change").get(pk=pk)
    if effect.kind == EffectKind.MAIL and is_superseded(effect):
        return _end(effect, fence, state=EffectState.SUPERSEDED, next_try_at=None, done_at=timezone.now())
    if _waits_for_the_grade(effect):
        _end(effect, fence, next_try_at=timezone.now() + SHORT_WAIT, tries=effect.tries - 1)
        return False
    try:
        _do(effect)
    except Exception as error:
        _try_again_later(effect, fence, error)
        raise
    return _end(effect, fence, state=EffectState.DONE, next_try_at=None, done_at=timezone.now(), problem="")


def _claim(pk: int) -> int | None:
    effect = LmsEffect.objects.filter(pk=pk).first()
    if effect is None:
        return None
    key = f"{effect.kind}:{effect.user_id}:{effect.exam_id}" if effect.kind in SYNC else None
    try:
        with transaction.atomic():
            return LmsEffect.objects.claim(pk, now=timezone.now(), lease=conf().LEASE, running_key=key)
    except IntegrityError:
        # Another delivery for this learner and exam is under way: this one takes its turn later.
        LmsEffect.objects.filter(pk=pk).update(next_try_at=timezone.now() + SHORT_WAIT)
        return None


def _waits_for_the_grade(effect: LmsEffect) -> bool:
    """A certificate is judged, and *Unsatisfactory* said, only after the grade is written."""
    is_verdict = effect.change is not None and effect.change.to_status == AttemptStatus.REJECTED
    if effect.kind != EffectKind.CERTIFICATE and not (effect.kind == EffectKind.MAIL and is_verdict):
        return False
    grades = LmsEffect.objects.waiting().filter(kind=EffectKind.GRADE, user=effect.user_id, exam=effect.exam_id)
    return grades.exists()


def _do(effect: LmsEffect) -> None:
    if effect.kind in SYNC:
        if effect.user is not None and effect.exam is not None:
            SYNC[effect.kind](effect.user, effect.exam)
    elif effect.kind == EffectKind.MAIL:
        mail_learner(effect)
    elif effect.kind == EffectKind.NOTICE:
        notify_team(effect)


def _try_again_later(effect: LmsEffect, fence: int, error: Exception) -> None:
    now = timezone.now()
    problem = f"{type(error).__name__}: {error}"[:2_000]
    if now - effect.queued_at >= conf().EFFECT_PATIENCE:
        logger.error("Effect %s (%s) is parked: %s", effect.pk, effect.kind, problem, exc_info=error)
        _park(effect, fence, problem)
        return
    logger.warning("Effect %s (%s) failed at try %d: %s", effect.pk, effect.kind, effect.tries, problem)
    _end(effect, fence, next_try_at=now + pause_after(effect.tries), problem=problem)


@transaction.atomic
def _park(effect: LmsEffect, fence: int, problem: str) -> None:
    """Nobody tries it again until a person says so: the attempt has to be looked at."""
    attempts = list(ExamAttempt.objects.select_for_update().filter(pk__in=[effect.attempt_id]))
    _end(effect, fence, state=EffectState.PARKED, next_try_at=None, problem=problem)
    renew_attention(attempts)


def pause_after(tries: int) -> timedelta:
    """Twice as long each time, up to an hour, and never the same for all that failed together."""
    pause = min(FIRST_PAUSE * 2 ** min(tries - 1, 20), LONGEST_PAUSE)
    seconds: float = pause.total_seconds() * random.uniform(0.75, 1.25)  # noqa: S311  no secret
    return timedelta(seconds=seconds)


def _end(effect: LmsEffect, fence: int, *, next_try_at: datetime | None, **changes: object) -> bool:
    """Write the end of a try, unless the lease is over and another has taken it up."""
    return bool(
        LmsEffect.objects.filter(pk=effect.pk, fence=fence).update(
            lease_until=None, running_key=None, next_try_at=next_try_at, **changes
        )
    )
