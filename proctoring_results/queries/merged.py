"""Attempts of a course in order: counted, read page by page, and merged exam by exam if there are many. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Count

from proctoring_results.models import ExamAttempt

if TYPE_CHECKING:
    from proctoring_results.models.attempts import ExamAttemptQuerySet

# Up to this many sessions the database sorts in a moment.
SORT_LIMIT = 2_000
# The sessions of up to this many exams are merged.
MAX_EXAMS = 100
# Columns of a review that no list shows and that may be long.
LONG = ("current_review__raw_data", "current_review__suspicious_comments", "current_review__rules_violation_comments")

# What orders the attempts: a time, and the key of the attempt.
SortKey = tuple[Any, int]


def with_rows(attempts: ExamAttemptQuerySet) -> ExamAttemptQuerySet:
    """Join what lists show of each attempt: learner, exam and current review."""
    return attempts.select_related("user", "exam", "current_review").defer(*LONG)


@dataclass(frozen=True)
class MergedSessions:
    """Attempts with learner, exam and current review: count them, iterate, or cut them into pages (``[25:50]``)."""

    # Keys of the exams.
    exams: Sequence[int]
    # At any exam.
    attempts: ExamAttemptQuerySet
    # Begins with a column that has an index together with the exam.
    order: tuple[str, ...]
    # A search for people is better done once than for each exam.
    is_searched: bool

    @property
    def ordered(self) -> bool:
        return True

    def count(self) -> int:
        return sum(self._numbers.values())

    def __iter__(self) -> Iterator[ExamAttempt]:
        return iter(self._in_order(self._of_course))

    def __getitem__(self, part: slice) -> list[ExamAttempt]:
        """First their keys, then their rows, so that few rows are sorted, and none is read for a key alone."""
        sorts = self.is_searched or self.count() <= SORT_LIMIT
        keys = self._sorted(part, self.exams) if sorts else self._merged(part, list(self._numbers))
        return [attempt for attempt, _ in self._rows(keys)]

    def first(self, number: int) -> list[tuple[ExamAttempt, SortKey]]:
        """Return up to ``number`` attempts at the beginning, each with its sort key, without counting all.

        A row may hold another sort key already, if something happened in between.
        """
        part = slice(0, number)
        return self._rows((self._sorted if self.is_searched else self._merged)(part, self.exams))

    @property
    def _of_course(self) -> ExamAttemptQuerySet:
        return self.attempts.filter(exam__in=self.exams)

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """The number of attempts at each exam that has any."""
        return dict(self._of_course.order_by().values_list("exam").annotate(number=Count("*")))

    def _rows(self, sort_keys: Iterable[SortKey]) -> list[tuple[ExamAttempt, SortKey]]:
        sort_keys = list(sort_keys)
        attempts = ExamAttempt.objects.filter(pk__in=[pk for _, pk in sort_keys])
        by_pk = {attempt.pk: attempt for attempt in self._in_order(attempts)}
        return [(by_pk[key[1]], key) for key in sort_keys if key[1] in by_pk]

    @property
    def _columns(self) -> tuple[str, str]:
        return self.order[0].removeprefix("-"), "pk"

    def _sorted(self, part: slice, exams: Sequence[int]) -> Iterable[SortKey]:
        """For few rows, or one exam."""
        return self.attempts.filter(exam__in=exams).order_by(*self.order).values_list(*self._columns)[part]

    def _merged(self, part: slice, exams: Sequence[int]) -> Iterable[SortKey]:
        """For many rows: those of each exam stand in order in an index, and these are merged."""
        if not 1 < len(exams) <= MAX_EXAMS:
            return self._sorted(part, exams)
        first, *others = (self._of_exam(exam, part.stop).values_list(*self._columns) for exam in exams)
        return first.union(*others, all=True).order_by(*self.order)[part]

    def _of_exam(self, exam: int, stop: int) -> ExamAttemptQuerySet:
        attempts = self.attempts.filter(exam=exam)
        # SQLite cuts no part of a union; it need not, for it reads them side by side.
        if connections[attempts.db].features.supports_slicing_ordering_in_compound:
            return attempts.order_by(*self.order)[:stop]
        return attempts.order_by()

    def _in_order(self, attempts: ExamAttemptQuerySet) -> ExamAttemptQuerySet:
        return with_rows(attempts).order_by(*self.order)
