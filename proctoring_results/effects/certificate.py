"""The certificate of the course: invalidated while the grade is held, else evaluated again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctoring_results.choices import EffectKind
from proctoring_results.lms import strict_lms

from .base import PendingDecision
from .grade import grade_is_held, wait_for_the_grade
from .level import level_effect

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam


def _write(user: AbstractBaseUser, exam: ProctoredExam, held: bool) -> None:
    host = strict_lms()
    (host.invalidate_certificate if held else host.evaluate_certificate)(user, exam.course_id)


@dataclass(frozen=True, slots=True)
class CertificateStep:
    """The certificate is evaluated again if it is not invalidated."""

    is_invalidated: bool

    @property
    def sentence(self) -> str:
        if self.is_invalidated:
            return _("The certificate of the course is invalidated.")
        return _("The certificate of the course is evaluated again.")


def _preview(decision: PendingDecision) -> CertificateStep:
    return CertificateStep(decision.grade_is_held)


EFFECT = level_effect(
    EffectKind.CERTIFICATE,
    read=grade_is_held,
    write=_write,
    preview=_preview,
    commands=("invalidate_certificate", "evaluate_certificate"),
    # The LMS judges a certificate by the grade, so the grade is written first.
    wait=wait_for_the_grade,
)
