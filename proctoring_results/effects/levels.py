"""Effects that say "make it so": they read the present, not what happened, and look again until both agree.

Each runs under the lease of its kind, learner and exam. A slow delivery that outlives its lease cannot leave its old
answer behind: after writing, the present is read again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from proctoring_results import rules
from proctoring_results.choices import CreditState
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam

StateT = TypeVar("StateT")

# A level that will not settle is tried again later rather than for ever.
MAX_LOOKS = 10


class NeverSettled(RuntimeError):
    """The present changed at every look. Tried again later."""


def grade_is_held(user: AbstractBaseUser, exam: ProctoredExam) -> bool:
    """Whether any attempt that counts is rejected, where the course holds grades."""
    return rules.grade_is_held(_statuses(user, exam), course_holds_grades=lms().holds_grades(exam.course_id))


def credit_state(user: AbstractBaseUser, exam: ProctoredExam) -> CreditState:
    return rules.credit_state(_statuses(user, exam))


def _statuses(user: AbstractBaseUser, exam: ProctoredExam) -> set[str]:
    attempts = ExamAttempt.objects.counting_for_grade().filter(user_id=user.pk, exam_id=exam.pk)
    return set(attempts.values_list("status", flat=True))


def sync_grade(user: AbstractBaseUser, exam: ProctoredExam) -> None:
    host = lms()

    def write(held: bool) -> None:
        (host.hold_at_zero if held else host.release)(user, exam.course_id, exam.content_id)

    _settle(lambda: grade_is_held(user, exam), write)


def sync_credit(user: AbstractBaseUser, exam: ProctoredExam) -> None:
    host = lms()
    _settle(
        lambda: credit_state(user, exam),
        lambda state: host.set_credit(user, exam.course_id, exam.content_id, state),
    )


def sync_certificate(user: AbstractBaseUser, exam: ProctoredExam) -> None:
    host = lms()

    def write(held: bool) -> None:
        (host.invalidate_certificate if held else host.evaluate_certificate)(user, exam.course_id)

    _settle(lambda: grade_is_held(user, exam), write)


def _settle(look: Callable[[], StateT], write: Callable[[StateT], None]) -> None:
    done: StateT | None = None
    for _ in range(MAX_LOOKS):
        if (wanted := look()) == done:
            return
        write(wanted)
        done = wanted
    raise NeverSettled
