"""Questions of hosts and pages. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, Exists, Min, OuterRef
from django.utils import timezone

from proctoring_results.choices import OPEN_STATUSES, AttemptStatus, EffectState, NoResultWord, ResultWord
from proctoring_results.exceptions import NotFound
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt, LmsEffect, ProctoredExam, Report
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.models.exams import ProctoredExamQuerySet
from proctoring_results.models.reports import ReportQuerySet
from proctoring_results.rules import RESULT_WORDS

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def exams_in_course(course_id: str) -> ProctoredExamQuerySet:
    """All exams of a course, also those that are switched off, by name."""
    return ProctoredExam.objects.in_course(course_id).order_by("exam_name", "pk")


def get_exam(course_id: str, content_id: str) -> ProctoredExam:
    """Raises ``NotFound``."""
    exam = ProctoredExam.objects.filter(course_id=course_id, content_id=content_id).first()
    if exam is None:
        raise NotFound("exam", content_id)
    return exam


def get_attempt(attempt_code: str) -> ExamAttempt:
    """With its exam and learner. Raises ``NotFound``."""
    attempt = ExamAttempt.objects.select_related("exam", "user").filter(attempt_code=attempt_code).first()
    if attempt is None:
        raise NotFound("attempt", attempt_code)
    return attempt


def find_attempt(provider: str, external_id: str) -> ExamAttempt:
    """The attempt that the provider knows by this id, with its exam and learner. Raises ``NotFound``."""
    attempts = ExamAttempt.objects.select_related("exam", "user").filter(provider=provider, external_id=external_id)
    # A text with NUL in it is no id, and PostgreSQL would not even look.
    attempt = None if "\0" in provider + external_id else attempts.first()
    if attempt is None:
        raise NotFound("attempt", external_id)
    return attempt


def attempts_in_course(course_id: str) -> ExamAttemptQuerySet:
    """All of them, archived ones too, newest first."""
    return ExamAttempt.objects.in_course(course_id).select_related("exam", "user").order_by("-pk")


def attempts_of(user: AbstractBaseUser, exam: ProctoredExam) -> ExamAttemptQuerySet:
    """A learner's goes at an exam, archived ones too, newest first."""
    return ExamAttempt.objects.filter(user_id=user.pk, exam=exam).order_by("-pk")


def open_attempt(user: AbstractBaseUser, exam: ProctoredExam) -> ExamAttempt | None:
    """The attempt that the learner can go on with, if there is one."""
    return attempts_of(user, exam).open().first()


def result_for(user: AbstractBaseUser, exam: ProctoredExam) -> ResultWord | None:
    """Pending, Satisfactory or Unsatisfactory, by the newest attempt that is not archived; else None."""
    result = learner_result(user, exam)
    return result.word if result else None


@dataclass(frozen=True, slots=True)
class LearnerResult:
    """What a learner may read about an exam: a word, or why there is none. Nothing else is in it on purpose."""

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
    """What the learner may read of their newest attempt that is not archived; None while there is nothing to read."""
    newest = attempts_of(user, exam).not_archived().first()
    return _readable(newest, exam) if newest else None


def results_in_course(user: AbstractBaseUser, course_id: str) -> dict[str, LearnerResult]:
    """``learner_result`` of all exams of a course, by their content ids; one query."""
    attempts = ExamAttempt.objects.in_course(course_id).filter(user_id=user.pk).not_archived()
    # The newest comes last, and stays.
    newest = {attempt.exam.content_id: attempt for attempt in attempts.select_related("exam").order_by("pk")}
    results = {content_id: _readable(attempt, attempt.exam) for content_id, attempt in newest.items()}
    return {content_id: result for content_id, result in results.items() if result is not None}


def newest_attempts_of(user: AbstractBaseUser) -> ExamAttemptQuerySet:
    """Of each exam that a learner has an attempt at, the one that the result goes by, with the exam. In no order."""
    newer = ExamAttempt.objects.not_archived().filter(
        user_id=OuterRef("user_id"), exam_id=OuterRef("exam_id"), pk__gt=OuterRef("pk")
    )
    newest = ExamAttempt.objects.not_archived().filter(~Exists(newer), user_id=user.pk)
    return newest.select_related("exam")


def readable(attempt: ExamAttempt) -> LearnerResult | None:
    """What the learner may read of one of ``newest_attempts_of``; None while there is nothing to read."""
    return _readable(attempt, attempt.exam)


def _readable(attempt: ExamAttempt, exam: ProctoredExam) -> LearnerResult | None:
    has_word = exam.is_proctored or exam.is_practice_exam
    word = RESULT_WORDS.get(attempt.status) if has_word else None
    no_word = NoResultWord(attempt.status) if attempt.status in NoResultWord.values else None
    if word is None and no_word is None:
        return None
    return LearnerResult(exam.course_id, attempt.attempt_code, word, no_word)


def time_left(attempt: ExamAttempt) -> timedelta | None:
    """Until the learner's time is over, never less than zero; None for an exam that is not under way."""
    if attempt.status not in (AttemptStatus.STARTED, AttemptStatus.READY_TO_SUBMIT) or attempt.ends_at is None:
        return None
    return max(timedelta(0), attempt.ends_at - timezone.now())


def reports_in_course(course_id: str) -> ReportQuerySet:
    """All of them, whatever their state, newest first."""
    return Report.objects.in_course(course_id).select_related("requested_by").newest_first()


def get_report(task_id: UUID | str) -> Report:
    """Raises ``NotFound``."""
    report = Report.objects.with_task_id(task_id).select_related("requested_by").first()
    if report is None:
        raise NotFound("report", str(task_id))
    return report


@dataclass(frozen=True, slots=True)
class CourseCounts:
    """How a course's attempts stand, archived ones too: the rows that a report would have."""

    attempts: int
    under_way: int
    pending: int
    needing_attention: int
    satisfactory: int
    unsatisfactory: int


def course_counts(course_id: str) -> CourseCounts:
    """One query, whatever the number of exams and attempts."""
    counted = list(
        ExamAttempt.objects.in_course(course_id)
        .with_result()
        .order_by()
        .values_list("status")
        .annotate(number=Count("*"), waiting=Count("attention_since"))
    )
    per_status = {status: number for status, number, _ in counted}

    def with_word(word: ResultWord) -> int:
        return sum(number for status, number in per_status.items() if RESULT_WORDS.get(status) is word)

    return CourseCounts(
        attempts=sum(per_status.values()),
        under_way=sum(number for status, number in per_status.items() if status in OPEN_STATUSES),
        pending=with_word(ResultWord.PENDING),
        needing_attention=sum(waiting for _, _, waiting in counted),
        satisfactory=with_word(ResultWord.SATISFACTORY),
        unsatisfactory=with_word(ResultWord.UNSATISFACTORY),
    )


@dataclass(frozen=True, slots=True)
class EffectsLag:
    """How far the world is behind: how many effects wait and since when, and how many were given up."""

    waiting: int
    waiting_since: datetime | None
    parked: int


def effects_lag() -> EffectsLag:
    """One query, served by an index."""
    behind = LmsEffect.objects.filter(state__in=[EffectState.WAITING, EffectState.PARKED]).order_by()
    rows = behind.values_list("state").annotate(number=Count("*"), oldest=Min("queued_at"))
    found = {state: (number, oldest) for state, number, oldest in rows}
    waiting, since = found.get(EffectState.WAITING, (0, None))
    return EffectsLag(waiting, since, found.get(EffectState.PARKED, (0, None))[0])
