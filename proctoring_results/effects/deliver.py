"""One effect, from the claim to its end: done, superseded, tried again, or parked."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import timezone

from proctoring_results.choices import AttemptStatus, EffectKind, EffectState
from proctoring_results.conf import conf
from proctoring_results.exceptions import CallRefused, ServiceUnavailable
from proctoring_results.jobs.backoff import pause_after
from proctoring_results.models import ExamAttempt, LmsEffect
from proctoring_results.models.attention import renew_attention

from .levels import sync_certificate, sync_credit, sync_grade
from .mail import is_superseded, mail_learner, notify_team
from .provider import call_provider, is_out_of_date, provider_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam

logger = logging.getLogger("proctoring_results.effects")

FIRST_PAUSE = timedelta(seconds=10)
MAX_PAUSE = timedelta(hours=1)
# How soon a mail asks again whether the grade is written that it waits for.
SHORT_WAIT = timedelta(seconds=5)
# How long the calls to a service are left alone that has just given no answer to another.
SILENT_WAIT = timedelta(minutes=1)

SYNC: Mapping[str, Callable[[AbstractBaseUser, ProctoredExam], None]] = {
    EffectKind.GRADE: sync_grade,
    EffectKind.CREDIT: sync_credit,
    EffectKind.CERTIFICATE: sync_certificate,
}
# Mails, too: one that is slow must not arrive after the one that has superseded it.
TAKES_TURNS = frozenset({*SYNC, EffectKind.MAIL})


def deliver_due() -> int:
    """Deliver what is due, and what becomes due by that; says how many are done. One that fails keeps no other waiting.

    Raises an ``ExceptionGroup`` of what went wrong, after everything else is done.
    """
    delivered = 0
    refused: list[Exception] = []
    silent: set[str] = set()
    while pks := _due():
        before = delivered + len(refused)
        for pk in pks:
            try:
                delivered += deliver(pk, silent)
            except Exception as error:
                # Written to the row already, with the moment of its next try.
                refused.append(error)
        if delivered + len(refused) == before:
            break
    if refused:
        raise ExceptionGroup("Effects failed and are tried again.", refused)
    return delivered


def _due() -> list[int]:
    """Oldest first, but calls to providers last: a service that lets us wait holds up no grade and no mail."""
    due = LmsEffect.objects.due(timezone.now()).order_by("next_try_at", "pk").values_list("pk", "kind")
    return [pk for pk, _ in sorted(due, key=lambda row: row[1] == EffectKind.PROVIDER)]


def deliver(pk: int, silent: set[str] | None = None) -> bool:
    """Deliver one effect if it is due and nobody else is at it; says whether it is done.

    Whatever the host's code raises means "not now": it is written to the row, and raised again. ``silent`` are
    providers that gave no answer just now, which are not called; one that gives none is added.
    """
    fence = _claim(pk)
    if fence is None:
        return False
    effect = LmsEffect.objects.select_related("user", "exam", "attempt__user", "attempt__exam", "change").get(pk=pk)
    if is_superseded(effect) if effect.kind == EffectKind.MAIL else is_out_of_date(effect):
        return _end(effect, fence, state=EffectState.SUPERSEDED, next_try_at=None, done_at=timezone.now())
    if wait := _wait(effect, silent or ()):
        _end(effect, fence, next_try_at=timezone.now() + wait, tries=effect.tries - 1)
        return False
    if _waits_for_another_call(effect):
        _give_way(effect, fence)
        return False
    try:
        _do(effect)
    except Exception as error:
        if isinstance(error, ServiceUnavailable) and error.gave_no_answer and silent is not None:
            silent.add(provider_of(effect))
        _try_again_later(effect, fence, error)
        raise
    return _end(effect, fence, state=EffectState.DONE, next_try_at=None, done_at=timezone.now(), problem="")


def _claim(pk: int) -> int | None:
    effect = LmsEffect.objects.filter(pk=pk).first()
    if effect is None:
        return None
    key = f"{effect.kind}:{effect.user_id}:{effect.exam_id}" if effect.kind in TAKES_TURNS else None
    try:
        with transaction.atomic():
            return LmsEffect.objects.claim(pk, now=timezone.now(), lease=conf().LEASE, running_key=key)
    except IntegrityError:
        # Another delivery for this learner and exam is under way: this one takes its turn later.
        LmsEffect.objects.waiting().filter(pk=pk).update(next_try_at=timezone.now() + SHORT_WAIT)
        return None


def _wait(effect: LmsEffect, silent: Collection[str]) -> timedelta | None:
    """How long it has to wait for something else; None where it need not."""
    if effect.kind == EffectKind.PROVIDER and provider_of(effect) in silent:
        return SILENT_WAIT * random.uniform(0.75, 1.25)  # noqa: S311  no secret
    return SHORT_WAIT if _waits_for_the_grade(effect) else None


def _waits_for_another_call(effect: LmsEffect) -> bool:
    return effect.kind == EffectKind.PROVIDER and LmsEffect.objects.calls_before(effect).exists()


def _give_way(effect: LmsEffect, fence: int) -> None:
    """Wait for the call before it, whose end makes this one due."""
    _end(effect, fence, next_try_at=timezone.now() + MAX_PAUSE, tries=effect.tries - 1)
    if not _waits_for_another_call(effect):
        # It ended in between, and did not find us waiting.
        LmsEffect.objects.waiting().filter(pk=effect.pk, lease_until=None).update(next_try_at=timezone.now())


def _waits_for_the_grade(effect: LmsEffect) -> bool:
    """A certificate is judged, and *Unsatisfactory* said, only after the grade is written."""
    is_verdict = effect.change is not None and effect.change.to_status == AttemptStatus.REJECTED
    if effect.kind != EffectKind.CERTIFICATE and not (effect.kind == EffectKind.MAIL and is_verdict):
        return False
    grades = LmsEffect.objects.filter(kind=EffectKind.GRADE, user=effect.user_id, exam=effect.exam_id)
    # A grade that was given up is not written, unless a later one was.
    newest = grades.order_by("pk").values_list("state", flat=True).last()
    return newest == EffectState.PARKED or grades.waiting().exists()


def _do(effect: LmsEffect) -> None:
    if effect.kind in SYNC:
        if effect.user is not None and effect.exam is not None:
            SYNC[effect.kind](effect.user, effect.exam)
    elif effect.kind == EffectKind.MAIL:
        mail_learner(effect)
    elif effect.kind == EffectKind.NOTICE:
        notify_team(effect)
    elif effect.kind == EffectKind.PROVIDER:
        call_provider(effect)


def _try_again_later(effect: LmsEffect, fence: int, error: Exception) -> None:
    now = timezone.now()
    problem = f"{type(error).__name__}: {error}"[:2_000].replace("\0", "")
    if isinstance(error, CallRefused) or now - effect.queued_at >= conf().EFFECT_PATIENCE:
        logger.error("Effect %s (%s) is parked: %s", effect.pk, effect.kind, problem, exc_info=error)
        _park(effect, fence, problem)
        return
    logger.warning("Effect %s (%s) failed at try %d: %s", effect.pk, effect.kind, effect.tries, problem)
    _end(
        effect,
        fence,
        next_try_at=now + pause_after(effect.tries, first=FIRST_PAUSE, longest=MAX_PAUSE),
        problem=problem,
    )


@transaction.atomic
def _park(effect: LmsEffect, fence: int, problem: str) -> None:
    """Nobody tries it again until a person says so: the attempt has to be looked at."""
    attempts = list(ExamAttempt.objects.select_for_update().filter(pk__in=[effect.attempt_id]))
    _end(effect, fence, state=EffectState.PARKED, next_try_at=None, problem=problem)
    renew_attention(attempts)


def _end(effect: LmsEffect, fence: int, *, next_try_at: datetime | None, **changes: object) -> bool:
    """Write the end of a try, unless the lease is over and another has taken it up."""
    with transaction.atomic():
        is_ours = bool(
            LmsEffect.objects.filter(pk=effect.pk, fence=fence).update(
                lease_until=None, running_key=None, next_try_at=next_try_at, **changes
            )
        )
        if is_ours and next_try_at is None and effect.kind == EffectKind.PROVIDER:
            # Whatever its end was, those that waited for it have their turn.
            LmsEffect.objects.calls_after(effect).update(next_try_at=timezone.now())
    return is_ours
