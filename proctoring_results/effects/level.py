"""Level-triggered effects say "make it so": they read the present, not what happened.

Each runs under the lease of its kind, learner and exam. A slow delivery that outlives its lease cannot leave its old
state behind: after each write the present is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from django.utils import timezone

from proctoring_results.models import ExamAttempt
from proctoring_results.rules import effective_status_expression

from .base import Effect, PendingDecision, Step, no_wait

if TYPE_CHECKING:
    from datetime import timedelta

    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.choices import EffectKind
    from proctoring_results.models import LmsEffect, ProctoredExam

StateT = TypeVar("StateT")

# A level that will not settle is tried again later rather than for ever.
MAX_READS = 10


class NeverSettled(RuntimeError):
    """The present changed at every read. The effect is tried again later."""


def statuses_of(user: AbstractBaseUser, exam: ProctoredExam, *, without: ExamAttempt | None = None) -> set[str]:
    """Return the statuses in effect of the learner's attempts at the exam that count, ``without`` one of them.

    One query tells the status from the decision that is withheld, so that none is read in between.
    """
    attempts = ExamAttempt.objects.counting_for_grade().filter(user_id=user.pk, exam_id=exam.pk)
    if without is not None:
        attempts = attempts.exclude(pk=without.pk)
    return set(attempts.values_list(effective_status_expression(timezone.now()), flat=True))


def settle(
    effect: LmsEffect,
    read: Callable[[AbstractBaseUser, ProctoredExam], StateT],
    write: Callable[[AbstractBaseUser, ProctoredExam, StateT], None],
) -> None:
    """Write the present state of the effect's learner and exam until a fresh read agrees. Raises ``NeverSettled``."""
    if effect.user is None or effect.exam is None:
        raise ValueError(f"Effect {effect.pk} ({effect.kind}) names no learner and exam.")
    written: StateT | None = None
    for _ in range(MAX_READS):
        state = read(effect.user, effect.exam)
        if state == written:
            return
        write(effect.user, effect.exam, state)
        written = state
    raise NeverSettled


def level_effect(
    kind: EffectKind,
    *,
    read: Callable[[AbstractBaseUser, ProctoredExam], StateT],
    write: Callable[[AbstractBaseUser, ProctoredExam, StateT], None],
    preview: Callable[[PendingDecision], Step],
    commands: tuple[str, ...],
    wait: Callable[[LmsEffect], timedelta | None] = no_wait,
) -> Effect:
    """Return the registry's entry of a level: ``read`` says what the LMS should have, ``write`` tells the LMS."""
    return Effect(
        kind=kind,
        deliver=lambda effect: settle(effect, read, write),
        preview=preview,
        commands=commands,
        is_level=True,
        takes_turns=True,
        wait=wait,
    )
