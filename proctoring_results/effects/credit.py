"""The credit requirement of an exam, as all of the learner's attempts that count leave it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctoring_results import rules
from proctoring_results.choices import CreditState, EffectKind
from proctoring_results.lms import strict_lms

from .base import PendingDecision
from .level import level_effect, statuses_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam


def credit_state(user: AbstractBaseUser, exam: ProctoredExam) -> CreditState:
    return rules.credit_state(statuses_of(user, exam))


def _write(user: AbstractBaseUser, exam: ProctoredExam, state: CreditState) -> None:
    strict_lms().set_credit(user, exam.course_id, exam.content_id, state)


@dataclass(frozen=True, slots=True)
class CreditStep:
    before: CreditState
    after: CreditState

    @property
    def sentence(self) -> str:
        params = {"before": self.before.label, "after": self.after.label}
        if self.before is self.after:
            return _("For credit, the requirement stays “%(after)s”.") % params
        return _("For credit, the requirement becomes “%(after)s”; now it is “%(before)s”.") % params


def _preview(decision: PendingDecision) -> CreditStep:
    return CreditStep(rules.credit_state(decision.before.values()), rules.credit_state(decision.after.values()))


EFFECT = level_effect(EffectKind.CREDIT, read=credit_state, write=_write, preview=_preview, commands=("set_credit",))
