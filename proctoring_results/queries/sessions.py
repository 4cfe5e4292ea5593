"""The sessions that the course team looks through, those that require attention first. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Literal

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results.choices import AttemptStatus, ReviewStatus
from proctoring_results.exceptions import InvalidInput
from proctoring_results.models import ExamAttempt, ProctoredExam

from .merged import MergedSessions, SortKey
from .search import find_people

if TYPE_CHECKING:
    from proctoring_results.models.attempts import ExamAttemptQuerySet

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFilter:
    """Which attempts of a course a page or a request lists; by default all that are not archived."""

    content_id: str = ""
    status: AttemptStatus | None = None
    review_status: ReviewStatus | None = None
    # Days in the time zone of the site, both included, on which the exam was started.
    since: date | None = None
    until: date | None = None
    practice: Literal["", "only", "without"] = ""
    archived: Literal["", "only", "with"] = ""
    # Those that a person has to look at.
    attention: Literal["", "only", "without"] = ""
    # Parts of the name, username or email address, in any order, or the beginning of an attempt code.
    search: str = ""

    def __post_init__(self) -> None:
        """Raise ``InvalidInput`` for days in the wrong order."""
        if self.since and self.until and self.since > self.until:
            raise InvalidInput("until", _("must not be before the first day."))


@dataclass(frozen=True, slots=True)
class Sessions:
    """Two lists: what requires attention, longest waiting first, and the others, newest activity first."""

    requiring_attention: MergedSessions
    others: MergedSessions


def sessions(course_id: str, filters: AttemptFilter | None = None) -> Sessions:
    """Return the attempts of a course that have a result. Reads only the exams, and the people of a search, yet."""
    merged = in_order(course_id, filters or AttemptFilter(), ("-last_activity_at", "-pk"))
    waiting, others = merged.attempts.requiring_attention(), merged.attempts.filter(attention_since=None)
    return Sessions(
        requiring_attention=replace(merged, attempts=waiting, order=("attention_since", "pk")),
        others=replace(merged, attempts=others),
    )


def in_order(course_id: str, filters: AttemptFilter, order: tuple[str, ...]) -> MergedSessions:
    """Return the same in one list. ``order`` is by ``last_activity_at`` and ``pk``, both up or both down."""
    exams = ProctoredExam.objects.in_course(course_id).with_result()
    if filters.content_id:
        exams = exams.filter(content_id=filters.content_id)
    keys = list(exams.values_list("pk", flat=True))
    return MergedSessions(keys, _matching(filters, keys), order, bool(filters.search))


def _matching(filters: AttemptFilter, exams: Sequence[int]) -> ExamAttemptQuerySet:
    attempts = ExamAttempt.objects.with_result()
    if filters.status:
        attempts = attempts.filter(status=filters.status)
    if filters.review_status:
        attempts = attempts.filter(current_review__review_status=filters.review_status)
    if filters.since:
        attempts = attempts.filter(started_at__gte=_midnight(filters.since))
    if filters.until:
        attempts = attempts.filter(started_at__lt=_midnight(min(filters.until, LAST_DAY) + timedelta(days=1)))
    if filters.practice:
        attempts = attempts.filter(is_sample_attempt=filters.practice == "only")
    if filters.archived != "with":
        attempts = attempts.filter(archived_at__isnull=filters.archived != "only")
    if filters.attention:
        attempts = attempts.filter(attention_since__isnull=filters.attention == "without")
    return attempts.filter(_named(filters.search, exams)) if filters.search else attempts


def _midnight(day: date) -> datetime:
    # Further away there is no exam, and in some time zones no such moment either.
    moment = datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time.min)
    # Not the current zone, which a site may set for each person: two people would see two lists at one address.
    return timezone.make_aware(moment, timezone.get_default_timezone())


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
