"""What a learner has done at an exam, and may read of it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from proctoring_results.choices import AttemptStatus, NoResultWord, ResultWord
from proctoring_results.conf import conf
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt, ProctoredExam
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.rules import RESULT_WORDS, effective_status

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def attempts_of(user: AbstractBaseUser, exam: ProctoredExam) -> ExamAttemptQuerySet:
    """Return a learner's attempts at an exam, archived ones included, newest first."""
    return ExamAttempt.objects.filter(user_id=user.pk, exam=exam).order_by("-pk")


def open_attempt(user: AbstractBaseUser, exam: ProctoredExam) -> ExamAttempt | None:
    """Return the attempt that the learner can continue, if there is one."""
    return attempts_of(user, exam).open().first()


def result_for(user: AbstractBaseUser, exam: ProctoredExam) -> ResultWord | None:
    """Return Pending, Satisfactory or Unsatisfactory, as ``learner_result`` does; else None."""
    result = learner_result(user, exam)
    return result.word if result else None


@dataclass(frozen=True, slots=True)
class LearnerResult:
    """What a learner may read about an exam: the result, or why there is none. Nothing else is in it on purpose."""

    course_id: str
    attempt_code: str
    word: ResultWord | None
    no_word: NoResultWord | None
    another_is_rejected: bool

    @property
    def another_holds_grade(self) -> bool:
        """Whether the grade is 0 because of another attempt at the exam, whatever the result of this one."""
        return self.another_is_rejected and lms().holds_grades(self.course_id)

    @property
    def whom_to_ask(self) -> str:
        return lms().whom_to_ask(self.course_id)

    @property
    def how_to_appeal(self) -> str:
        """How to appeal elsewhere; empty where appeals are made here."""
        return "" if conf().APPEAL_DAYS else lms().how_to_appeal(self.course_id)

    @property
    def appeal_url(self) -> str:
        """The page on which the learner appeals, or reads what became of it; empty if there is none."""
        if not conf().APPEAL_DAYS or self.word != ResultWord.UNSATISFACTORY:
            return ""
        try:
            return reverse("proctoring_results:appeal", args=[self.attempt_code])
        except NoReverseMatch:
            return ""


def learner_result(user: AbstractBaseUser, exam: ProctoredExam) -> LearnerResult | None:
    """Return what the learner may read of their newest attempt; None if that is nothing.

    Archived attempts, and attempts that were not taken as proctored, are passed over.
    """
    newest = _readable_attempts(user).filter(exam=exam).order_by("pk").last()
    return result_of(newest) if newest else None


def results_in_course(user: AbstractBaseUser, course_id: str) -> dict[str, LearnerResult]:
    """Return the ``learner_result`` of all exams of a course, by their content ids. One query."""
    newest = newest_attempts_of(user).in_course(course_id).order_by("pk")
    results = {attempt.exam.content_id: result_of(attempt) for attempt in newest}
    return {content_id: result for content_id, result in results.items() if result is not None}


def newest_attempts_of(user: AbstractBaseUser) -> ExamAttemptQuerySet:
    """Return the learner's newest attempt at each exam of which they may read something, with the exam, in no order."""
    newer = (
        ExamAttempt.objects.with_result()
        .not_archived()
        .filter(user_id=OuterRef("user_id"), exam_id=OuterRef("exam_id"), pk__gt=OuterRef("pk"))
    )
    return _readable_attempts(user).filter(~Exists(newer))


def _readable_attempts(user: AbstractBaseUser) -> ExamAttemptQuerySet:
    """Return the learner's attempts that have a result and are not archived, as ``result_of`` needs them."""
    others = ExamAttempt.objects.holding_grade().filter(
        ~Q(pk=OuterRef("pk")), user_id=OuterRef("user_id"), exam_id=OuterRef("exam_id")
    )
    attempts = ExamAttempt.objects.with_result().not_archived().filter(user_id=user.pk).select_related("exam")
    return attempts.annotate(another_is_rejected=Exists(others))


def result_of(attempt: ExamAttempt) -> LearnerResult | None:
    """Return what the learner may read of one of ``newest_attempts_of``; None if that is nothing."""
    word, no_word = words_of(attempt, timezone.now())
    if word is None and no_word is None:
        return None
    another_is_rejected: bool = attempt.another_is_rejected  # type: ignore[attr-defined]  # annotated
    return LearnerResult(attempt.exam.course_id, attempt.attempt_code, word, no_word, another_is_rejected)


def words_of(attempt: ExamAttempt, now: datetime) -> tuple[ResultWord | None, NoResultWord | None]:
    """Return the result of an attempt that has one, or why there is none; neither until the exam is over."""
    status = effective_status(attempt, now)
    return RESULT_WORDS.get(status), NoResultWord(status) if status in NoResultWord.values else None


def time_left(attempt: ExamAttempt) -> timedelta | None:
    """Return the time until the learner's time is over, never less than zero; None if the exam is not under way."""
    if attempt.status not in (AttemptStatus.STARTED, AttemptStatus.READY_TO_SUBMIT) or attempt.ends_at is None:
        return None
    return max(timedelta(0), attempt.ends_at - timezone.now())
