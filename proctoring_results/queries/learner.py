"""What a learner has done at an exam, and may read of it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, Subquery
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from proctoring_results.choices import AttemptStatus, NoResultWord, ResultWord
from proctoring_results.conf import conf
from proctoring_results.lms import lms
from proctoring_results.models import Appeal, ExamAttempt, ProctoredExam
from proctoring_results.models.appeals import last_day_to_appeal, may_still_appeal, unsatisfactory_decisions
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.models.withheld import IN_EFFECT_SINCE
from proctoring_results.moments import rounded_up
from proctoring_results.rules import RESULT_WORDS, affects_lms, effective_status

from .stamps import stamp

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
    # The last day on which the learner may appeal; None if they may not, or no longer.
    appeal_until: date | None
    # Against this result, whatever became of it; and by when the learner has the answer, while there is none.
    has_appealed: bool
    answer_due_at: datetime | None
    # The median of the course's newest results, while the result is pending; None after too few.
    usual_wait_mins: int | None

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
        is_there = self.appeal_until is not None or self.has_appealed
        return _page("appeal", self.attempt_code) if is_there else ""

    @property
    def usual_wait(self) -> str:
        """Within which time there usually is a result, such as “2 days”; empty if there is nothing to say."""
        return "" if self.usual_wait_mins is None else rounded_up(timedelta(minutes=self.usual_wait_mins))

    @property
    def stamp(self) -> str:
        """What is another one once the result has changed."""
        return stamp(self.word, self.no_word, self.another_is_rejected, self.appeal_until, self.answer_due_at)

    @property
    def renewal_url(self) -> str:
        """Where a page asks whether the result has changed; empty if the site leaves out the pages."""
        return _page("result_changed", self.attempt_code)


def _page(name: str, attempt_code: str) -> str:
    try:
        return reverse(f"proctoring_results:{name}", args=[attempt_code])
    except NoReverseMatch:
        return ""


def learner_result(user: AbstractBaseUser, exam: ProctoredExam) -> LearnerResult | None:
    """Return what the learner may read of their newest attempt; None if that is nothing.

    Archived attempts, and attempts that were not taken as proctored, are passed over.
    """
    newest = _readable_attempts(user).filter(exam=exam).order_by("pk").last()
    return result_of(newest) if newest else None


def own_result(user: AbstractBaseUser, attempt_code: str) -> LearnerResult | None:
    """Return what the learner may read of one of their attempts; None if that is nothing, or if it is another's."""
    attempt = _readable_attempts(user).identified_by(attempt_code=attempt_code).first()
    return result_of(attempt) if attempt else None


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
    now = timezone.now()
    decisions = unsatisfactory_decisions().in_effect(now).filter(attempt=OuterRef("pk"))
    open_appeals = Appeal.objects.open_for_learners(now).filter(attempt=OuterRef("pk"))
    attempts = ExamAttempt.objects.with_result().not_archived().filter(user_id=user.pk).select_related("exam")
    return attempts.annotate(
        another_is_rejected=Exists(others),
        unsatisfactory_since=Subquery(decisions.values(since=IN_EFFECT_SINCE)[:1]),
        newest_appeal=Subquery(decisions.values("appeal")[:1]),
        answer_due_at=Subquery(open_appeals.values("answer_due_at")[:1]),
    )


def result_of(attempt: Any) -> LearnerResult | None:
    """Return what the learner may read of one of ``newest_attempts_of``; None if that is nothing."""
    word, no_word = words_of(attempt, timezone.now())
    if word is None and no_word is None:
        return None
    is_unsatisfactory = word is ResultWord.UNSATISFACTORY
    is_waiting = word is ResultWord.PENDING and not attempt.is_sample_attempt
    return LearnerResult(
        course_id=attempt.exam.course_id,
        attempt_code=attempt.attempt_code,
        word=word,
        no_word=no_word,
        another_is_rejected=attempt.another_is_rejected,
        appeal_until=_appeal_until(attempt) if is_unsatisfactory else None,
        has_appealed=is_unsatisfactory and (attempt.newest_appeal or attempt.answer_due_at) is not None,
        answer_due_at=attempt.answer_due_at if is_unsatisfactory else None,
        usual_wait_mins=attempt.exam.usual_wait_mins if is_waiting else None,
    )


def _appeal_until(attempt: Any) -> date | None:
    """Return the last day on which the learner may appeal. ``decision_to_appeal`` says the same, and why not."""
    since, course_id = attempt.unsatisfactory_since, attempt.exam.course_id
    is_possible = attempt.newest_appeal is None and attempt.answer_due_at is None and attempt.erased_at is None
    if since is None or not is_possible or not affects_lms(attempt):
        return None
    last_day = last_day_to_appeal(since, course_id)
    return last_day if may_still_appeal(last_day, course_id) else None


def words_of(attempt: ExamAttempt, now: datetime) -> tuple[ResultWord | None, NoResultWord | None]:
    """Return the result of an attempt that has one, or why there is none; neither until the exam is over."""
    status = effective_status(attempt, now)
    return RESULT_WORDS.get(status), NoResultWord(status) if status in NoResultWord.values else None


def time_left(attempt: ExamAttempt) -> timedelta | None:
    """Return the time until the learner's time is over, never less than zero; None if the exam is not under way."""
    if attempt.status not in (AttemptStatus.STARTED, AttemptStatus.READY_TO_SUBMIT) or attempt.ends_at is None:
        return None
    return max(timedelta(0), attempt.ends_at - timezone.now())
