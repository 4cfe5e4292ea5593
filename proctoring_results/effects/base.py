"""The parts of a kind of effect. ``registry.py`` lists the kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from proctoring_results import rules
from proctoring_results.choices import AttemptStatus, EffectKind
from proctoring_results.lms import overrides

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt, LmsEffect


class Step(Protocol):
    """One consequence of a decision, as a person reads it before deciding."""

    @property
    def sentence(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingDecision:
    """A Pass or Fail that a person is about to make.

    ``before`` and ``after`` hold the statuses of the learner's attempts at the exam that count, by primary key.
    ``own_grade`` is the learner's own grade by the LMS, empty if it is unknown or was not asked for.
    """

    attempt: ExamAttempt
    to: AttemptStatus
    before: Mapping[int, str]
    after: Mapping[int, str]
    course_holds_grades: bool
    own_grade: str

    @property
    def grade_was_held(self) -> bool:
        return rules.grade_is_held(self.before.values(), course_holds_grades=self.course_holds_grades)

    @property
    def grade_is_held(self) -> bool:
        return rules.grade_is_held(self.after.values(), course_holds_grades=self.course_holds_grades)

    @property
    def others_rejected(self) -> int:
        """The number of the learner's other attempts at this exam that are rejected once the decision is made."""
        return sum(status == AttemptStatus.REJECTED and pk != self.attempt.pk for pk, status in self.after.items())

    @property
    def another_holds_grade(self) -> bool:
        return self.course_holds_grades and self.others_rejected > 0


def _never(effect: LmsEffect) -> bool:
    return False


def no_wait(effect: LmsEffect) -> timedelta | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One kind of effect, whole: how it is delivered, and what a person reads before a decision causes it."""

    kind: EffectKind
    # Makes the call. Whatever it raises means "not now"; ``CallRefused`` means "never".
    deliver: Callable[[LmsEffect], None]
    # The step in the preview of a Pass or Fail. None for a kind that no Pass or Fail has; a test holds that.
    preview: Callable[[PendingDecision], Step] | None
    # The methods of the LMS that it calls. An LMS that has none of its own is told nothing, and nothing is announced.
    commands: tuple[str, ...] = ()
    # Made by ``level_effect``. It is also queued when an attempt is archived, and an erasure does not drop it.
    is_level: bool = False
    # One delivery at a time for a learner and exam.
    takes_turns: bool = False
    # Something newer makes the delivery wrong or pointless: the effect ends as *superseded*.
    is_stale: Callable[[LmsEffect], bool] = _never
    # How long to wait for another effect that comes first; None if nothing does.
    wait: Callable[[LmsEffect], timedelta | None] = no_wait

    @property
    def is_wanted(self) -> bool:
        """Return whether the host has something that the effect could change."""
        return not self.commands or overrides(*self.commands)
