"""A learner's place in one exam, and the steps from there: all through the public API of proctoring_results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from proctoring_results import api
from proctoring_results.api import AttemptStatus

from .answers import close_and_grade, lay_out, readable_answers, save_answers
from .models import Course, Enrolment, ExamContent

S = AttemptStatus
TAKEN = frozenset({S.COMPLETED, S.SUBMITTED, S.TIMED_OUT, S.SECOND_REVIEW_REQUIRED, S.VERIFIED, S.REJECTED})
OUT_OF_DATE = "That page was out of date. This is how your exam stands now."


@dataclass(slots=True)
class Sitting:
    user: User
    course: Course
    enrolment: Enrolment
    exam: api.ProctoredExam
    content: ExamContent
    # The newest that is not archived.
    attempt: api.ExamAttempt | None

    @property
    def may_begin(self) -> bool:
        """Whether a new go makes sense."""
        return self.is_available and (self.attempt is None or self.attempt.status in (S.DECLINED, S.EXPIRED))

    @property
    def is_available(self) -> bool:
        return self.exam.is_active and (self.closes is None or timezone.now() < self.closes)

    @property
    def closes(self) -> datetime | None:
        return min((end for end in (self.exam.due_date, self.course.end) if end is not None), default=None)

    @property
    def ran_out_of_time(self) -> bool:
        """By the clock, not by the status: this must not change with what a review says while the result is pending."""
        attempt = self.attempt
        if attempt is None or not (attempt.started_at and attempt.completed_at and attempt.allowed_time_limit_mins):
            return False
        return attempt.completed_at >= attempt.started_at + timedelta(minutes=attempt.allowed_time_limit_mins)

    @property
    def is_watched(self) -> bool:
        """Whether there is software to set up. A timed exam just starts."""
        return self.exam.is_proctored or self.exam.is_practice_exam

    @property
    def says_ready_itself(self) -> bool:
        """Whether a real service says when the learner is set up. Without one the page pretends."""
        return self.attempt is not None and api.takes_calls(self.attempt)


def find_sitting(user: User, enrolment: Enrolment, content: ExamContent, *, settle: bool = True) -> Sitting:
    """Where the learner stands now. Raises ``api.NotFound`` when the exam is not registered.

    ``settle=False`` only looks: an exam whose time is over is neither ended nor graded.
    """
    exam = api.get_exam(enrolment.course.course_id, content.content_id)
    attempt = api.attempts_of(user, exam).filter(archived_at=None).first()
    here = Sitting(user, enrolment.course, enrolment, exam, content, attempt)
    if settle:
        _settle(here)
    return here


def _settle(here: Sitting) -> None:
    """End an exam whose time ran out while nobody looked, and grade what is over."""
    if here.attempt is None:
        return
    if api.time_left(here.attempt) == timedelta(0):
        here.attempt = api.submit_attempt(here.attempt.attempt_code, by=here.user)
    if here.attempt.status in TAKEN:
        close_and_grade(here.attempt.attempt_code, here.user, here.content, counts=not here.exam.is_practice_exam)


def take_step(here: Sitting, name: str, posted: Mapping[str, str]) -> str:
    """Do what a button of the exam page says, and return what the learner should read about it, if anything.

    Raises ``KeyError`` for a button that does not exist, and children of ``api.ProctoringResultsError``.
    """
    step = STEPS[name]
    if step is _begin and here.attempt is not None and here.attempt.is_open:
        return ""  # the second of two clicks
    if posted.get("attempt", "") != (here.attempt.attempt_code if here.attempt else ""):
        return OUT_OF_DATE
    try:
        return step(here, posted)
    except api.AttemptAlreadyOpen:
        return ""  # the second of two clicks
    except api.IllegalTransition:
        return OUT_OF_DATE


def _begin(here: Sitting, posted: Mapping[str, str]) -> str:
    if not here.may_begin:
        return OUT_OF_DATE
    api.create_attempt(here.user, here.exam, track=here.enrolment.track, by=here.user)
    return ""


def _download(here: Sitting, posted: Mapping[str, str]) -> str:
    api.mark_download_clicked(_code(here), by=here.user)
    if here.says_ready_itself:
        return ""
    return "This demonstration has no software to install. Go on as if it had been set up."


def _ready(here: Sitting, posted: Mapping[str, str]) -> str:
    if here.says_ready_itself:
        return "The proctoring software says when you are set up. This page then goes on by itself."
    # No `by`: with a real provider its software says so, not the learner.
    api.mark_ready_to_start(_code(here))
    return ""


def _start(here: Sitting, posted: Mapping[str, str]) -> str:
    lay_out(_code(here))
    # Where nothing is to be set up, the LMS starts the exam for the learner.
    api.start_attempt(_code(here), by=here.user if here.is_watched else None)
    return ""


def _back(here: Sitting, posted: Mapping[str, str]) -> str:
    api.start_attempt(_code(here), by=here.user)
    return ""


def _decline(here: Sitting, posted: Mapping[str, str]) -> str:
    api.decline_attempt(_code(here), by=here.user)
    return ""


def _save(here: Sitting, posted: Mapping[str, str]) -> str:
    if here.attempt is None or here.attempt.status != S.STARTED:
        return OUT_OF_DATE
    saved = save_answers(here.attempt.attempt_code, readable_answers(here.content, posted))
    return "Your answers are saved." if saved else OUT_OF_DATE


def _finish(here: Sitting, posted: Mapping[str, str]) -> str:
    _save(here, posted)
    api.mark_ready_to_submit(_code(here), by=here.user)
    return ""


def _hand_in(here: Sitting, posted: Mapping[str, str]) -> str:
    api.submit_attempt(_code(here), by=here.user)
    return ""


def _time_is_up(here: Sitting, posted: Mapping[str, str]) -> str:
    """Sent by the page a moment before the end: what is filled in is handed in."""
    _save(here, posted)
    return _hand_in(here, posted)


def _code(here: Sitting) -> str:
    if here.attempt is None:
        raise api.NotFound("attempt", "")
    return str(here.attempt.attempt_code)


STEPS: Mapping[str, Callable[[Sitting, Mapping[str, str]], str]] = {
    "begin": _begin,
    "download": _download,
    "ready": _ready,
    "start": _start,
    "decline": _decline,
    "save": _save,
    "finish": _finish,
    "back": _back,
    "hand_in": _hand_in,
    "time_is_up": _time_is_up,
}
