"""The sessions that the course team looks through, those that require attention first. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db.models import Q

from proctoring_results.filters import AttemptFilter
from proctoring_results.lms import course_zone
from proctoring_results.models import ExamAttempt, ProctoredExam

from .merged import MergedSessions, SortKey
from .search import find_people

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Sessions:
    """Two lists: what requires attention, longest waiting first, and the others, newest activity first."""

    requiring_attention: MergedSessions
    others: MergedSessions


def sessions(course_id: str, filters: AttemptFilter | None = None, search: str = "") -> Sessions:
    """Return the attempts of a course that have a result. Reads only the exams, and the people of a search, yet.

    ``search`` has parts of the name, username or email address, in any order, or the beginning of an attempt code.
    """
    merged = in_order(course_id, filters or AttemptFilter(), ("-last_activity_at", "-pk"), search)
    waiting, others = merged.attempts.requiring_attention(), merged.attempts.filter(attention_since=None)
    return Sessions(
        requiring_attention=replace(merged, attempts=waiting, order=("attention_since", "pk")),
        others=replace(merged, attempts=others),
    )


def in_order(course_id: str, filters: AttemptFilter, order: tuple[str, ...], search: str = "") -> MergedSessions:
    """Return the same in one list. ``order`` is by ``last_activity_at`` and ``pk``, both up or both down."""
    exams = ProctoredExam.objects.in_course(course_id).with_result()
    if filters.exam:
        exams = exams.filter(content_id=filters.exam)
    keys = list(exams.values_list("pk", flat=True))
    # The exam is among the keys already.
    attempts = replace(filters, exam="").apply(ExamAttempt.objects.with_result(), course_zone(course_id))
    if search:
        attempts = attempts.filter(_named(search, keys))
    return MergedSessions(keys, attempts, order, bool(search))


def _named(search: str, exams: Sequence[int]) -> Q:
    """The people are looked up once: the lists need them four times."""
    learners = find_people(search, ExamAttempt.objects.filter(exam__in=exams).values("user"))
    # Codes are made in capitals.
    return Q(user__in=learners) | Q(attempt_code__startswith=search.upper())


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
    listed: MergedSessions, attempt: ExamAttempt, place: SortKey | None, *, before: bool = False
) -> ExamAttempt | None:
    """Return the session after ``place`` in a list, or the one before it; without a place the first.

    The attempt itself is left out: it may have left its place, and come back at another.
    """
    column = listed.order[0].removeprefix("-")
    is_descending = listed.order[0].startswith("-") != before
    attempts = listed.attempts.exclude(pk=attempt.pk)
    if place is not None:
        at, pk = place
        side = "lt" if is_descending else "gt"
        attempts = attempts.filter(Q(**{f"{column}__{side}": at}) | Q(**{column: at, f"pk__{side}": pk}))
    order = (f"-{column}", "-pk") if is_descending else (column, "pk")
    rows = replace(listed, attempts=attempts, order=order).first(1)
    return rows[0][0] if rows else None
