"""How the attempts at an exam, or of a course, stand: one aggregation, and what shows it. Reads only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, Subquery

from proctoring_results.choices import OPEN_STATUSES, AttemptStatus, ResultWord
from proctoring_results.models import ExamAttempt, ProctoredExam
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.models.exams import ProctoredExamQuerySet
from proctoring_results.providers.registry import provider_named
from proctoring_results.rules import RESULT_WORDS

# A status, the number of attempts that have it, and how many of these require attention.
StatusGroup = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class StatusCounts:
    """Attempts by status, and what follows from it. Each mapping holds every choice, those with 0 included."""

    statuses: Mapping[AttemptStatus, int]
    requiring_attention: int

    @classmethod
    def of(cls, groups: Iterable[StatusGroup]) -> StatusCounts:
        """Add up groups of attempts; a status may stand in several."""
        counter: Counter[str] = Counter()
        requiring_attention = 0
        for status, number, attention in groups:
            counter[status] += number
            requiring_attention += attention
        return cls({status: counter[status] for status in AttemptStatus}, requiring_attention)

    @property
    def attempts(self) -> int:
        return sum(self.statuses.values())

    @property
    def under_way(self) -> int:
        return sum(self.statuses[status] for status in OPEN_STATUSES)

    @property
    def results(self) -> dict[ResultWord, int]:
        return {
            result: sum(number for status, number in self.statuses.items() if RESULT_WORDS.get(status) is result)
            for result in ResultWord
        }

    @property
    def without_result(self) -> int:
        """Declined, expired, or in error."""
        return self.attempts - self.under_way - sum(self.results.values())


def _grouped(attempts: ExamAttemptQuerySet, *fields: str) -> Iterable[tuple[Any, ...]]:
    """Return rows of these fields, ``status``, the number of attempts, and of those that require attention."""
    grouped = attempts.order_by().values_list(*fields, "status")
    return grouped.annotate(number=Count("*"), attention=Count("attention_since"))


# -------------------------------------------------------------------------------------------------------------- course


@dataclass(frozen=True, slots=True)
class CourseCounts:
    """How a course's attempts stand, archived ones too: the rows that a report would have."""

    attempts: int
    under_way: int
    pending: int
    requiring_attention: int
    satisfactory: int
    unsatisfactory: int


def course_counts(course_id: str) -> CourseCounts:
    """One query, whatever the number of exams and attempts."""
    counts = StatusCounts.of(_grouped(ExamAttempt.objects.in_course(course_id).with_result()))
    results = counts.results
    return CourseCounts(
        attempts=counts.attempts,
        under_way=counts.under_way,
        pending=results[ResultWord.PENDING],
        requiring_attention=counts.requiring_attention,
        satisfactory=results[ResultWord.SATISFACTORY],
        unsatisfactory=results[ResultWord.UNSATISFACTORY],
    )


# ----------------------------------------------------------------------------------------------------------- Quiz List


@dataclass(frozen=True, slots=True)
class QuizRow:
    """How the attempts at one exam stand. Archived ones are counted, as in the report."""

    exam: ProctoredExam
    attempts: int
    under_way: int
    pending: int
    requiring_attention: int
    satisfactory: int
    unsatisfactory: int
    in_error: int
    # Whether the proctoring service does second reviews itself, by its policy.
    provider_reviews_again: bool
    last_activity: datetime | None


def quiz_list(course_id: str) -> list[QuizRow]:
    """Return the exams of a course that have or had proctored or practice attempts, by name. Two queries."""
    exams = ProctoredExam.objects.in_course(course_id).with_result()
    return quiz_rows(list(with_last_activity(exams).order_by("exam_name", "pk")))


def with_last_activity(exams: ProctoredExamQuerySet) -> ProctoredExamQuerySet:
    """Annotate what ``quiz_rows`` needs."""
    newest = ExamAttempt.objects.with_result().filter(exam=OuterRef("pk")).order_by("-last_activity_at")
    return exams.annotate(last_activity=Subquery(newest.values("last_activity_at")[:1]))


def quiz_rows(exams: Sequence[ProctoredExam]) -> list[QuizRow]:
    """Return how the attempts at each of these exams (``with_last_activity``) stand. One query."""
    groups: dict[int, list[StatusGroup]] = {exam.pk: [] for exam in exams}
    attempts = ExamAttempt.objects.with_result().filter(exam__in=list(groups))
    for exam_pk, status, number, attention in _grouped(attempts, "exam"):
        groups[exam_pk].append((status, number, attention))
    policies = {provider: provider_named(provider).policy for provider in {exam.provider for exam in exams}}
    return [
        _quiz_row(exam, StatusCounts.of(groups[exam.pk]), policies[exam.provider].provider_does_second_reviews)
        for exam in exams
    ]


def _quiz_row(exam: ProctoredExam, counts: StatusCounts, provider_reviews_again: bool) -> QuizRow:
    results = counts.results
    return QuizRow(
        exam=exam,
        attempts=counts.attempts,
        under_way=counts.under_way,
        pending=results[ResultWord.PENDING],
        requiring_attention=counts.requiring_attention,
        satisfactory=results[ResultWord.SATISFACTORY],
        unsatisfactory=results[ResultWord.UNSATISFACTORY],
        in_error=counts.statuses[AttemptStatus.ERROR],
        provider_reviews_again=provider_reviews_again,
        last_activity=getattr(exam, "last_activity", None),
    )
