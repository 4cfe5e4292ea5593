"""What a kind of report is. A host adds its own by a class of its own and the setting ``REPORT_KINDS``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from django.db.models import F, QuerySet

from proctoring_results.filters import AttemptFilter
from proctoring_results.models import ExamAttempt, ProctoredExam
from proctoring_results.reports.columns import Bytewise, Column, username_path

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from proctoring_results.models.attempts import ExamAttemptQuerySet


class Kind:
    """One kind of report: what a row is, and its columns. Without state: it may be made at any time."""

    # Stored with each report, and part of the file's name: letters, digits and "_". Never rename it.
    name: str
    # A title, such as "Proctored Exam Results Report", and the same inside a sentence.
    label: StrPromise | str
    noun: StrPromise | str
    # What a row is, in one sentence.
    description: StrPromise | str
    # Goes up whenever the columns change, for programs that read the file.
    version: int = 1
    # A permission that is needed beside ``generate_report`` and ``download_report``; empty if these are enough.
    permission: str = ""
    # Leads from a row to its attempt, if rows are something else: ``"attempt__"``, for example.
    attempt_path: str = ""

    def columns(self) -> Sequence[Column]:
        """Return the columns in their order. Called once a build."""
        raise NotImplementedError

    def rows(self, attempts: ExamAttemptQuerySet) -> QuerySet[Any]:
        """Return what the rows are made of, in any order; ``attempts`` are those that the report is about."""
        return attempts

    def order(self) -> Sequence[Any]:
        """Return what the rows are ordered by: exam, learner, start and attempt.

        A kind with rows of its own adds what orders the rows of one attempt.
        """
        return in_order_of_attempts(self.attempt_path)


def in_order_of_attempts(path: str) -> list[Any]:
    """Return the order of attempts by code point, the same on every database; ``path`` leads to them from a row."""
    return [
        Bytewise(F(f"{path}exam__exam_name")),
        f"{path}exam_id",
        Bytewise(F(f"{path}{username_path()}")),
        F(f"{path}started_at").asc(nulls_first=True),
        f"{path.removesuffix('__')}_id" if path else "pk",
    ]


def attempts_in_report(course_ids: Collection[str], filters: AttemptFilter, zone: tzinfo) -> ExamAttemptQuerySet:
    """Return the attempts of these courses that have a result and match; days are those of the time zone.

    Reads the exams at once: with their keys at hand the database knows how many attempts to expect, and reads those of
    a small course by the index however large the table is.
    """
    exams = ProctoredExam.objects.filter(course_id__in=course_ids).with_result()
    if filters.exam:
        exams = exams.filter(content_id=filters.exam)
    attempts = ExamAttempt.objects.with_result().filter(exam__in=list(exams.values_list("pk", flat=True)))
    return filters.apply(attempts, zone)


def cells(
    kind: Kind, columns: Sequence[Column], attempts: ExamAttemptQuerySet, *, several_courses: bool = False
) -> QuerySet[Any, tuple[str, ...]]:
    """Return the rows of a report as they stand in the file, in its order: if it has several courses, by course."""
    texts = {f"cell_{number}": column.text for number, column in enumerate(columns)}
    # Not always: to sort by what is the same in each row costs time all the same.
    by_course = [Bytewise(F(f"{kind.attempt_path}exam__course_id"))] if several_courses else []
    rows: QuerySet[Any, tuple[str, ...]] = (
        kind.rows(attempts).annotate(**texts).order_by(*by_course, *kind.order()).values_list(*texts)
    )
    return rows
