"""What a learner has done at an exam, and may read of it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.utils import timezone

from proctoring_results.choices import AttemptStatus, NoResultWord, ResultWord
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt, ProctoredExam
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.rules import RESULT_WORDS, exam_has_result

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def attempts_of(user: AbstractBaseUser, exam: ProctoredExam) -> ExamAttemptQuerySet:
    """Return a learner's attempts at an exam, archived ones included, newest first."""
    return ExamAttempt.objects.filter(user_id=user.pk, exam=exam).order_by("-pk")


def open_attempt(user: AbstractBaseUser, exam: ProctoredExam) -> ExamAttempt | None:
    """Return the attempt that the learner can continue, if there is one."""
    return attempts_of(user, exam).open().first()


def result_for(user: AbstractBaseUser, exam: ProctoredExam) -> ResultWord | None:
    """Return Pending, Satisfactory or Unsatisfactory, by the newest attempt that is not archived; else None."""
    result = learner_result(user, exam)
    return result.word if result else None


@dataclass(frozen=True, slots=True)
class LearnerResult:
    """What a learner may read about an exam: the result, or why there is none. Nothing else is in it on purpose."""

    course_id: str
    attempt_code: str
    word: ResultWord | None
    no_word: NoResultWord | None

    @property
    def whom_to_ask(self) -> str:
        return lms().whom_to_ask(self.course_id)

    @property
    def how_to_appeal(self) -> str:
        return lms().how_to_appeal(self.course_id)


def learner_result(user: AbstractBaseUser, exam: ProctoredExam) -> LearnerResult | None:
    """Return what the learner may read of their newest attempt that is not archived; None if that is nothing."""
    newest = attempts_of(user, exam).not_archived().select_related("exam").first()
    return result_of(newest) if newest else None


def results_in_course(user: AbstractBaseUser, course_id: str) -> dict[str, LearnerResult]:
    """Return the ``learner_result`` of all exams of a course, by their content ids. One query."""
    attempts = ExamAttempt.objects.in_course(course_id).filter(user_id=user.pk).not_archived()
    # The newest attempt at each exam comes last and replaces the older ones.
    newest = {attempt.exam.content_id: attempt for attempt in attempts.select_related("exam").order_by("pk")}
    results = {content_id: result_of(attempt) for content_id, attempt in newest.items()}
    return {content_id: result for content_id, result in results.items() if result is not None}


def newest_attempts_of(user: AbstractBaseUser) -> ExamAttemptQuerySet:
    """Return the newest attempt at each exam of the learner that is not archived, with the exam, in no order."""
    newer = ExamAttempt.objects.not_archived().filter(
        user_id=OuterRef("user_id"), exam_id=OuterRef("exam_id"), pk__gt=OuterRef("pk")
    )
    newest = ExamAttempt.objects.not_archived().filter(~Exists(newer), user_id=user.pk)
    return newest.select_related("exam")


def result_of(attempt: ExamAttempt) -> LearnerResult | None:
    """Return what the learner may read of an attempt; None if that is nothing."""
    word = RESULT_WORDS.get(attempt.status) if exam_has_result(attempt.exam) else None
    no_word = NoResultWord(attempt.status) if attempt.status in NoResultWord.values else None
    if word is None and no_word is None:
        return None
    return LearnerResult(attempt.exam.course_id, attempt.attempt_code, word, no_word)


def time_left(attempt: ExamAttempt) -> timedelta | None:
    """Return the time until the learner's time is over, never less than zero; None if the exam is not under way."""
    if attempt.status not in (AttemptStatus.STARTED, AttemptStatus.READY_TO_SUBMIT) or attempt.ends_at is None:
        return None
    return max(timedelta(0), attempt.ends_at - timezone.now())
