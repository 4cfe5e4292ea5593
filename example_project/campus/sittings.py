"""A learner taking one exam, and the steps of the exam page: all through the public API of proctoring_results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.utils import timezone

from proctoring_results import api
from proctoring_results.api import AttemptStatus

from .answers import close_and_grade, create_answer_sheet, parse_answers, save_answers
from .models import Course, Enrolment, ExamContent

S = AttemptStatus
FINISHED = frozenset({S.COMPLETED, S.SUBMITTED, S.TIMED_OUT, S.SECOND_REVIEW_REQUIRED, S.VERIFIED, S.REJECTED})
OUT_OF_DATE = "That page was out of date. This page shows the current state of your exam."


@dataclass(slots=True)
class Sitting:
    user: User
    course: Course
    enrolment: Enrolment
    exam: api.ProctoredExam
    content: ExamContent
    # The newest one that is not archived.
    attempt: api.ExamAttempt | None

    @property
    def may_begin(self) -> bool:
        """Return whether the learner may begin a new attempt."""
        return self.is_available and (self.attempt is None or self.attempt.status in (S.DECLINED, S.EXPIRED))

    @property
    def is_available(self) -> bool:
        return self.exam.is_active and (self.closes is None or timezone.now() < self.closes)

    @property
    def closes(self) -> datetime | None:
        return min((end for end in (self.exam.due_date, self.course.end) if end is not None), default=None)

    @property
    def ran_out_of_time(self) -> bool:
        """Return whether the time ran out.

        It goes by the clock, because a review may change the status while the result is pending.
        """
        attempt = self.attempt
        if attempt is None or not (attempt.started_at and attempt.completed_at and attempt.allowed_time_limit_mins):
            return False
        limit = attempt.started_at + timedelta(minutes=attempt.allowed_time_limit_mins)
        # The allowed minutes are rounded up; the exam may have closed within the last of them.
        return attempt.completed_at >= min(limit, self.closes or limit)

    @property
    def is_watched(self) -> bool:
        """Return whether there is software to set up. A timed exam starts without it."""
        if self.attempt is not None and self.attempt.is_open:
            return self.attempt.taking_as_proctored
        return self.exam.is_proctored or self.exam.is_practice_exam

    @property
    def reports_ready(self) -> bool:
        """Return whether a real service reports that the learner is ready. Without one, the page simulates it."""
        return self.attempt is not None and api.takes_calls(self.attempt)


def find_sitting(user: User, enrolment: Enrolment, content: ExamContent, *, settle: bool = True) -> Sitting:
    """Return the learner's exam as it stands now. Raise ``api.NotFound`` if the exam is not registered.

    With ``settle=False`` nothing changes: an exam whose time is over is neither ended nor graded.
    """
    exam = api.get_exam(enrolment.course.course_id, content.content_id)
    attempt = api.attempts_of(user, exam).filter(archived_at=None).first()
    sitting = Sitting(user, enrolment.course, enrolment, exam, content, attempt)
    if settle:
        _settle(sitting)
    return sitting


def _settle(sitting: Sitting) -> None:
    """End an exam whose time has run out, and grade one that is over."""
    if sitting.attempt is None:
        return
    if api.time_left(sitting.attempt) == timedelta(0):
        sitting.attempt = api.submit_attempt(sitting.attempt.attempt_code, by=sitting.user)
    if sitting.attempt.status in FINISHED:
        close_and_grade(
            sitting.attempt.attempt_code, sitting.user, sitting.content, counts=not sitting.attempt.is_sample_attempt
        )


def take_step(sitting: Sitting, name: str, posted: Mapping[str, str]) -> str:
    """Do what a button on the exam page asks for, and return a message for the learner, which may be empty.

    Raise ``KeyError`` if there is no such button; errors of the API are subclasses of ``api.ProctoringResultsError``.
    """
    step = STEPS[name]
    if step is _begin and sitting.attempt is not None and sitting.attempt.is_open:
        return ""  # the second of two clicks
    if posted.get("attempt", "") != (sitting.attempt.attempt_code if sitting.attempt else ""):
        return OUT_OF_DATE
    try:
        return step(sitting, posted)
    except api.AttemptAlreadyOpen:
        return ""  # the second of two clicks
    except api.IllegalTransition:
        return OUT_OF_DATE


def _begin(sitting: Sitting, posted: Mapping[str, str]) -> str:
    if not sitting.may_begin:
        return OUT_OF_DATE
    api.create_attempt(sitting.user, sitting.exam, track=sitting.enrolment.track, by=sitting.user)
    return ""


def _download(sitting: Sitting, posted: Mapping[str, str]) -> str:
    api.mark_download_clicked(_code(sitting), by=sitting.user)
    if sitting.reports_ready:
        return ""
    return "This demonstration has no software to install. Continue as if you had set it up."


def _ready(sitting: Sitting, posted: Mapping[str, str]) -> str:
    if sitting.reports_ready:
        return "The proctoring software reports when you are set up. This page then continues by itself."
    # No `by`: with a real provider, the software reports this, not the learner.
    api.mark_ready_to_start(_code(sitting))
    return ""


def _start(sitting: Sitting, posted: Mapping[str, str]) -> str:
    create_answer_sheet(_code(sitting))
    # If there is nothing to set up, the LMS starts the exam for the learner.
    api.start_attempt(_code(sitting), by=sitting.user if sitting.is_watched else None)
    return ""


def _back(sitting: Sitting, posted: Mapping[str, str]) -> str:
    api.start_attempt(_code(sitting), by=sitting.user)
    return ""


def _decline(sitting: Sitting, posted: Mapping[str, str]) -> str:
    api.decline_attempt(_code(sitting), by=sitting.user)
    return ""


def _save(sitting: Sitting, posted: Mapping[str, str]) -> str:
    if sitting.attempt is None or sitting.attempt.status != S.STARTED:
        return OUT_OF_DATE
    saved = save_answers(sitting.attempt.attempt_code, parse_answers(sitting.content, posted))
    return "Your answers are saved." if saved else OUT_OF_DATE


def _finish(sitting: Sitting, posted: Mapping[str, str]) -> str:
    _save(sitting, posted)
    api.mark_ready_to_submit(_code(sitting), by=sitting.user)
    return ""


def _hand_in(sitting: Sitting, posted: Mapping[str, str]) -> str:
    api.submit_attempt(_code(sitting), by=sitting.user)
    return ""


def _time_is_up(sitting: Sitting, posted: Mapping[str, str]) -> str:
    """Save and hand in the answers: the page sends this just before the time is up."""
    _save(sitting, posted)
    return _hand_in(sitting, posted)


def _code(sitting: Sitting) -> str:
    if sitting.attempt is None:
        raise api.NotFound("attempt", "")
    return str(sitting.attempt.attempt_code)


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
