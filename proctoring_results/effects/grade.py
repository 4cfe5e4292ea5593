"""The grade: held at 0 while an attempt that counts is rejected, else released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results import rules
from proctoring_results.choices import EffectKind, EffectState
from proctoring_results.lms import strict_lms
from proctoring_results.models import LmsEffect

from .base import PendingDecision
from .level import level_effect, statuses_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt, ProctoredExam

# How soon an effect that waits for the grade asks again.
SHORT_WAIT = timedelta(seconds=5)


def grade_is_held(user: AbstractBaseUser, exam: ProctoredExam) -> bool:
    """Return whether any attempt that counts is rejected, in a course that holds grades."""
    return rules.grade_is_held(statuses_of(user, exam), course_holds_grades=strict_lms().holds_grades(exam.course_id))


def grade_is_held_by_another(attempt: ExamAttempt) -> bool:
    """Return whether another attempt of the learner at the exam holds the grade, whatever this one does."""
    others = statuses_of(attempt.user, attempt.exam, without=attempt)
    return rules.grade_is_held(others, course_holds_grades=strict_lms().holds_grades(attempt.exam.course_id))


def wait_for_the_grade(effect: LmsEffect) -> timedelta | None:
    """Return how long to wait while the grade of the effect's learner and exam is still to be written.

    A grade that was dead-lettered is not written either, unless a later one was.
    """
    grades = (
        LmsEffect.objects.queued_by(timezone.now())
        .filter(kind=EffectKind.GRADE, user=effect.user_id, exam=effect.exam_id)
        .exclude(state=EffectState.UNDONE)
    )
    newest = grades.order_by("pk").values_list("state", flat=True).last()
    return SHORT_WAIT if newest == EffectState.PARKED or grades.waiting().exists() else None


def _write(user: AbstractBaseUser, exam: ProctoredExam, held: bool) -> None:
    host = strict_lms()
    (host.hold_at_zero if held else host.release)(user, exam.course_id, exam.content_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeStep:
    """``own`` is the learner's own grade by the LMS, empty if it is unknown or was not asked for."""

    own: str
    was_held: bool
    is_held: bool
    course_holds: bool
    # The learner's other attempts at this exam that are rejected once the decision is made.
    others_rejected: int

    @property
    def sentence(self) -> str:
        params = {"own": self.own}
        if not self.course_holds:
            return _("The grade stays as it is: this course sets no grade to 0.")
        if self.is_held and self.was_held:
            return self._stays_at_zero()
        if self.is_held:
            sentence = _("The grade is shown as 0 in place of %(own)s.") if self.own else _("The grade is set to 0.")
        elif self.was_held:
            sentence = _("The grade is %(own)s again; now 0 is shown.") if self.own else _("The grade is no longer 0.")
        else:
            sentence = _("The grade stays %(own)s.") if self.own else _("The grade stays as it is.")
        return sentence % params

    def _stays_at_zero(self) -> str:
        if not self.others_rejected:
            return _("The grade stays at 0.")
        return ngettext(
            "The grade stays at 0: another attempt of the learner at this exam is rejected.",
            "The grade stays at 0: %(number)d other attempts of the learner at this exam are rejected.",
            self.others_rejected,
        ) % {"number": self.others_rejected}


def _preview(decision: PendingDecision) -> GradeStep:
    return GradeStep(
        own=decision.own_grade,
        was_held=decision.grade_was_held,
        is_held=decision.grade_is_held,
        course_holds=decision.course_holds_grades,
        others_rejected=decision.others_rejected,
    )


EFFECT = level_effect(
    EffectKind.GRADE, read=grade_is_held, write=_write, preview=_preview, commands=("hold_at_zero", "release")
)
