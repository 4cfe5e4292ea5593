"""Attempts of a course in order: counted, read page by page, and merged exam by exam if there are many. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Count, Q

from proctoring_results.models import ExamAttempt

if TYPE_CHECKING:
    from proctoring_results.models.attempts import ExamAttemptQuerySet

# Up to this many sessions the database sorts in a moment.
SORT_LIMIT = 2_000
# The sessions of up to this many exams are merged.
MAX_EXAMS = 100
# Columns of a review that no list shows and that may be long.
LONG = ("current_review__raw_data", "current_review__suspicious_comments", "current_review__rules_violation_comments")

# What orders the attempts, as long as the order; the last is the key of the attempt.
SortKey = tuple[Any, ...]


def with_rows(attempts: ExamAttemptQuerySet) -> ExamAttemptQuerySet:
    """Join what lists show of each attempt: learner, exam, current review, and who decided."""
    return attempts.select_related("user", "exam", "current_review", "decided_by").defer(*LONG)


@dataclass(frozen=True)
class MergedSessions:
    """Attempts with learner, exam and current review: count them, iterate, or cut them into pages (``[25:50]``)."""

    # Keys of the exams.
    exams: Sequence[int]
    # At any exam.
    attempts: ExamAttemptQuerySet
    # Ends with ``pk``.
    order: tuple[str, ...]
    # A search for people is better done once than for each exam.
    is_searched: bool
    # What of the order is the same for all attempts at an exam: one exam is sorted without it.
    of_exam: str = ""
    # Without an index of the exam with the order's columns, to merge would be to sort each exam alone.
    is_indexed: bool = True
    # How many attempts there are at each exam that has any, if somebody has counted them.
    numbers: Mapping[int, int] | None = None

    @property
    def ordered(self) -> bool:
        return True

    def count(self) -> int:
        return sum(self._numbers.values())

    def __iter__(self) -> Iterator[ExamAttempt]:
        return iter(with_rows(self._of_course).order_by(*self.order))

    def __getitem__(self, part: slice) -> list[ExamAttempt]:
        """First their sort keys, then their rows, so that few rows are sorted, and none is read for its key alone."""
        sorts = self.is_searched or self.count() <= SORT_LIMIT
        keys = self._sorted(part, self.exams) if sorts else self._merged(part, list(self._numbers))
        return [attempt for attempt, _ in self._rows(keys)]

    def first(self, number: int) -> list[tuple[ExamAttempt, SortKey]]:
        """Return up to ``number`` attempts at the beginning, each with its sort key, without counting all.

        A row may hold another sort key already, if something happened in between.
        """
        part = slice(0, number)
        return self._rows((self._sorted if self.is_searched else self._merged)(part, self.exams))

    def key_of(self, attempt: ExamAttempt) -> SortKey | None:
        """Return the sort key that the attempt has now; None if it is not in the list."""
        return self._of_course.filter(pk=attempt.pk).values_list(*self._columns).first()

    def position(self, attempt: ExamAttempt, key: SortKey) -> tuple[int, int, bool]:
        """Return how many attempts stand before this sort key, how many there are, and whether the attempt is there.

        One query.
        """
        before = Count("pk", filter=self.beyond(key, before=True) & ~Q(pk=attempt.pk))
        own = Count("pk", filter=Q(pk=attempt.pk))
        numbers = self._of_course.order_by().aggregate(before=before, all=Count("pk"), own=own)
        return numbers["before"], numbers["all"], bool(numbers["own"])

    def beyond(self, key: SortKey, *, before: bool = False) -> Q:
        """Return the condition for attempts after this sort key, or before it."""
        condition, equal, first = Q(), Q(), Q()
        for name, value in zip(self.order, key, strict=True):
            column = name.removeprefix("-")
            side = "lt" if name.startswith("-") != before else "gt"
            condition |= equal & Q(**{f"{column}__{side}": value})
            equal &= Q(**{column: value})
            # The first column stands alone as well, so that the database uses an index for it.
            first = first or Q(**{f"{column}__{side}e": value})
        return first & condition

    @property
    def _of_course(self) -> ExamAttemptQuerySet:
        return self.attempts.filter(exam__in=self.exams)

    @cached_property
    def _numbers(self) -> Mapping[int, int]:
        """The number of attempts at each exam that has any."""
        if self.numbers is not None:
            return self.numbers
        return dict(self._of_course.order_by().values_list("exam").annotate(number=Count("*")))

    def _rows(self, sort_keys: Iterable[SortKey]) -> list[tuple[ExamAttempt, SortKey]]:
        sort_keys = list(sort_keys)
        by_pk = {one.pk: one for one in with_rows(ExamAttempt.objects.filter(pk__in=[key[-1] for key in sort_keys]))}
        return [(by_pk[key[-1]], key) for key in sort_keys if key[-1] in by_pk]

    @property
    def _columns(self) -> list[str]:
        return [name.removeprefix("-") for name in self.order]

    def _sorted(self, part: slice, exams: Sequence[int]) -> Iterable[SortKey]:
        """For few rows, or one exam."""
        return self.attempts.filter(exam__in=exams).order_by(*self.order).values_list(*self._columns)[part]

    def _merged(self, part: slice, exams: Sequence[int]) -> Iterable[SortKey]:
        """For many rows: those of each exam stand in order in an index, and these are merged."""
        if not (self.is_indexed and 1 < len(exams) <= MAX_EXAMS):
            return self._sorted(part, exams)
        first, *others = (self._of_exam(exam, part.stop).values_list(*self._columns) for exam in exams)
        return first.union(*others, all=True).order_by(*self.order)[part]

    def _of_exam(self, exam: int, stop: int) -> ExamAttemptQuerySet:
        attempts = self.attempts.filter(exam=exam)
        order = [name for name in self.order if name.removeprefix("-") != self.of_exam]
        # SQLite cuts no part of a union; it need not, for it reads them side by side.
        if connections[attempts.db].features.supports_slicing_ordering_in_compound:
            return attempts.order_by(*order)[:stop]
        return attempts.order_by()
