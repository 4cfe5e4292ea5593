"""The lists of sessions that the course team looks through: their tabs, how they are sorted, and a place in one.

Reads only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from django.db.models import Case, Count, DateTimeField, F, Q, TextField, Value, When
from django.db.models.functions import Coalesce

from proctoring_results.choices import AttemptStatus, SessionSort, SessionTab
from proctoring_results.filters import AttemptFilter
from proctoring_results.lms import course_zone
from proctoring_results.models import ExamAttempt, ProctoredExam
from proctoring_results.people import sortable_name
from proctoring_results.rules import IS_IN_TAB

from .merged import MergedSessions, SortKey
from .search import find_people

if TYPE_CHECKING:
    from django.db.models.expressions import Combinable


# Statuses in the order of an attempt's life.
STATUS_RANKS: Mapping[str, int] = {status: rank for rank, status in enumerate(AttemptStatus)}


@dataclass(frozen=True, slots=True)
class SortColumn:
    """What the database sorts by before the time of the list, and whether the highest value comes first."""

    # The site's user model is known only once Django has started.
    key: Callable[[], Combinable]
    is_descending: bool = False
    # Whether an index begins with the exam and this.
    is_indexed: bool = False


# Sorted by the time alone, there is nothing before it.
SORT_COLUMNS: Mapping[SessionSort, SortColumn] = {
    SessionSort.LEARNER: SortColumn(lambda: sortable_name("user")),
    SessionSort.EXAM: SortColumn(lambda: F("exam__exam_name"), is_indexed=True),
    SessionSort.RESULT: SortColumn(
        lambda: Case(*(When(status=status, then=rank) for status, rank in STATUS_RANKS.items()), default=0)
    ),
    SessionSort.REVIEW: SortColumn(lambda: F("seriousness"), is_descending=True, is_indexed=True),
    SessionSort.SCORE: SortColumn(lambda: F("score_place"), is_descending=True, is_indexed=True),
    SessionSort.DECIDER: SortColumn(lambda: Coalesce(sortable_name("decided_by"), Value(""), output_field=TextField())),
}


@dataclass(frozen=True, slots=True)
class ListOrder:
    """What a list is sorted by. Rows that are equal follow each other by the time that the list shows."""

    sort: SessionSort = SessionSort.TIME
    is_reversed: bool = False

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the order of an address: ``review``, or ``-review`` the other way round. By default by the time."""
        name = text.removeprefix("-")
        return cls(SessionSort(name), text.startswith("-")) if name in SessionSort.values else cls()

    @property
    def param(self) -> str:
        """Return what ``read`` reads; empty for the default."""
        text = f"-{self.sort}" if self.is_reversed else str(self.sort)
        return "" if text == SessionSort.TIME else text

    def is_descending(self, tab: SessionTab | None) -> bool:
        column = SORT_COLUMNS.get(self.sort)
        return (column.is_descending if column else tab not in OLDEST_FIRST) != self.is_reversed


# What waits comes first if it has waited longest; elsewhere, what something happened to last.
OLDEST_FIRST = (SessionTab.ATTENTION, SessionTab.WAITING)


# By when an open appeal has to be answered; of other sessions later than any of these.
NO_DEADLINE, EPOCH = datetime(2999, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC)


class _DateTime(Value):
    """A moment that MySQL and MariaDB do not take for a text."""

    def as_mysql(self, compiler: Any, connection: Any) -> tuple[str, Sequence[Any]]:
        sql, params = self.as_sql(compiler, connection)
        return f"CAST({sql} AS datetime(6))", params


ANSWER_DUE_AT = Coalesce("appeal_due_at", _DateTime(NO_DEADLINE, DateTimeField()), output_field=DateTimeField())
MAX_RANK = 10**10  # seconds


class Place(NamedTuple):
    """Where a session stood in a list: its time there, what it was sorted by if that is a number, and its key.

    The deadline of an appeal is the number of its seconds; 0 is none.
    """

    at: datetime
    rank: int
    pk: int


def sessions(
    course_id: str,
    filters: AttemptFilter | None = None,
    search: str = "",
    *,
    order: ListOrder | None = None,
    exams: Sequence[int] | None = None,
) -> MergedSessions:
    """Return the attempts of a course that have a result. Reads only the exams, and the people of a search, yet.

    ``filters.tab`` is the list; without it, all of them together. ``search`` has parts of the name, username or email
    address, in any order, a number that the host knows (``Lms.search``), or the beginning of an attempt code. ``exams``
    are the keys of those that the filters name, if they are known.
    """
    filters, order = filters or AttemptFilter(), order or ListOrder()
    merged = in_order(course_id, filters, ("pk",), search, exams)
    return sorted_by(merged, filters.tab, order)


def sorted_by(merged: MergedSessions, tab: SessionTab | None, order: ListOrder) -> MergedSessions:
    """Return the same attempts in this order."""
    attempts, time = merged.attempts, "last_activity_at"
    if tab is SessionTab.ATTENTION:
        time = "attention_since"
    if tab is SessionTab.WAITING:
        attempts, time = attempts.annotate(waiting_since=Coalesce("completed_at", "last_activity_at")), "waiting_since"
    by_time = ListOrder(is_reversed=order.is_reversed and order.sort is SessionSort.TIME)
    names: tuple[str, ...] = (f"-{time}", "-pk") if by_time.is_descending(tab) else (time, "pk")
    if order.sort is SessionSort.TIME and tab is SessionTab.ATTENTION and not order.is_reversed:
        # An answer to an appeal was promised by a day; everything else waits without one.
        attempts, names = attempts.annotate(answer_due_at=ANSWER_DUE_AT), ("answer_due_at", *names)
    if order.sort is SessionSort.TIME:
        return replace(merged, attempts=attempts, order=names)
    column = SORT_COLUMNS[order.sort]
    attempts = attempts.annotate(sort_key=column.key())
    first = "-sort_key" if order.is_descending(tab) else "sort_key"
    of_exam = "sort_key" if order.sort is SessionSort.EXAM else ""
    return replace(merged, attempts=attempts, order=(first, *names), of_exam=of_exam, is_indexed=column.is_indexed)


def in_order(
    course_id: str,
    filters: AttemptFilter,
    order: tuple[str, ...],
    search: str = "",
    exams: Sequence[int] | None = None,
) -> MergedSessions:
    """Return the attempts in an order of columns, all of them up or all down, that ends with ``pk``."""
    if exams is None:
        rows = ProctoredExam.objects.in_course(course_id).with_result()
        rows = rows.filter(content_id=filters.exam) if filters.exam else rows
        exams = list(rows.values_list("pk", flat=True))
    keys = list(exams)
    # The exam is among the keys already.
    attempts = replace(filters, exam="").apply(ExamAttempt.objects.with_result(), course_zone(course_id))
    if search:
        attempts = attempts.filter(_named(search, keys, course_id))
    return MergedSessions(keys, attempts, order, bool(search))


def _named(search: str, exams: Sequence[int], course_id: str) -> Q:
    """The people are looked up once: the lists need them four times."""
    learners = find_people(search, ExamAttempt.objects.filter(exam__in=exams).values("user"), course_id)
    # Codes are made in capitals.
    return Q(user__in=learners) | Q(attempt_code__startswith=search.upper())


def tab_numbers(every: MergedSessions) -> dict[SessionTab, dict[int, int]]:
    """Return how many of these sessions stand in each list, by exam. One query."""
    attempts = every.attempts.filter(exam__in=every.exams).order_by().values_list("exam")
    rows = attempts.annotate(**{f"in_{tab}": Count("pk", filter=IS_IN_TAB[tab]) for tab in SessionTab})
    numbers: dict[SessionTab, dict[int, int]] = {tab: {} for tab in SessionTab}
    for exam, *counts in rows:
        for tab, number in zip(SessionTab, counts, strict=True):
            if number:
                numbers[tab][exam] = number
    return numbers


def in_tab(
    every: MergedSessions, tab: SessionTab, order: ListOrder, numbers: Mapping[int, int] | None = None
) -> MergedSessions:
    """Return those of these sessions that stand in a list. ``numbers`` is how many, by exam, if that is known."""
    listed = replace(every, attempts=every.attempts.filter(IS_IN_TAB[tab]), numbers=numbers)
    return sorted_by(listed, tab, order)


def time_in(tab: SessionTab, attempt: ExamAttempt) -> datetime | None:
    """Return the time that a list shows and sorts by; None if the attempt is not in the list."""
    if tab is SessionTab.ATTENTION:
        at: datetime | None = attempt.attention_since
        return at
    if tab is SessionTab.WAITING:
        return attempt.completed_at or attempt.last_activity_at
    return attempt.last_activity_at


def place_of(attempt: ExamAttempt, tab: SessionTab, order: ListOrder) -> Place | None:
    """Return where the attempt stands in a list now; None if it has no place there. No query."""
    at = time_in(tab, attempt)
    due_at = attempt.appeal_due_at
    ranks = {
        SessionSort.TIME: (due_at - EPOCH) // timedelta(seconds=1) if due_at else 0,
        SessionSort.RESULT: STATUS_RANKS[attempt.status],
        SessionSort.REVIEW: attempt.seriousness,
        SessionSort.SCORE: attempt.score_place,
    }
    return None if at is None else Place(at, ranks.get(order.sort, 0), attempt.pk)


def key_at(listed: MergedSessions, order: ListOrder, place: Place) -> SortKey:
    """Return the sort key of a place in a list.

    A name is not part of a place, which stands in an address: it is read anew.
    """
    match order.sort:
        case SessionSort.TIME if "answer_due_at" in listed.order:
            due_at = EPOCH + timedelta(seconds=min(place.rank, MAX_RANK)) if place.rank else NO_DEADLINE
            return due_at, place.at, place.pk
        case SessionSort.TIME:
            return place.at, place.pk
        case SessionSort.RESULT | SessionSort.REVIEW | SessionSort.SCORE:
            return place.rank, place.at, place.pk
    attempts = ExamAttempt.objects.filter(pk=place.pk)
    name = attempts.values_list(SORT_COLUMNS[order.sort].key(), flat=True).first() or ""
    return name, place.at, place.pk


def attempts_of_learners(attempts: Iterable[ExamAttempt]) -> dict[tuple[int, int], list[ExamAttempt]]:
    """Return these learners' attempts at these exams that have a result: (user, exam) → attempts, oldest first.

    Archived ones are among them. One query.
    """
    by_learner: dict[tuple[int, int], list[ExamAttempt]] = {
        (attempt.user_id, attempt.exam_id): [] for attempt in attempts
    }
    if not by_learner:
        return {}
    rows = (
        ExamAttempt.objects.with_result()
        .filter(user__in={user for user, _ in by_learner}, exam__in={exam for _, exam in by_learner})
        .only("user", "exam", "attempt_code", "status", "started_at", "archived_at")
        .order_by("pk")
    )
    for attempt in rows:
        if (attempt.user_id, attempt.exam_id) in by_learner:
            by_learner[attempt.user_id, attempt.exam_id].append(attempt)
    return by_learner


def neighbour(
    listed: MergedSessions, attempt: ExamAttempt, key: SortKey | None, *, before: bool = False
) -> ExamAttempt | None:
    """Return the session after this sort key in a list, or the one before it; without a key the first.

    The attempt itself is left out: it may have left its place, and come back at another.
    """
    attempts = listed.attempts.exclude(pk=attempt.pk)
    order = listed.order
    if key is not None:
        attempts = attempts.filter(listed.beyond(key, before=before))
    if before:
        order = tuple(name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in order)
    rows = replace(listed, attempts=attempts, order=order).first(1)
    return rows[0][0] if rows else None
