"""What the course team looks through: the Quiz List, and the sessions, those that require attention first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from django.contrib.auth import get_user_model
from django.db import connections
from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.utils import timezone

from proctoring_results.choices import OPEN_STATUSES, AttemptStatus, ResultWord, ReviewStatus
from proctoring_results.models import ExamAttempt, ProctoredExam
from proctoring_results.providers.policy import policy_of
from proctoring_results.rules import RESULT_WORDS

if TYPE_CHECKING:
    from proctoring_results.models.attempts import ExamAttemptQuerySet
    from proctoring_results.models.exams import ProctoredExamQuerySet


# ------------------------------------------------------------------------------------------------------------ Quiz List


@dataclass(frozen=True, slots=True)
class QuizRow:
    """How the attempts at one exam stand. Archived ones are counted, as in the report."""

    exam: ProctoredExam
    attempts: int
    under_way: int
    pending: int
    needing_attention: int
    satisfactory: int
    unsatisfactory: int
    in_error: int
    # Whether the proctoring service looks a second time itself, by its policy.
    provider_reviews_again: bool
    last_activity: datetime | None


def quiz_list(course_id: str) -> list[QuizRow]:
    """The proctored and practice exams of a course, by name. Two queries."""
    exams = ProctoredExam.objects.in_course(course_id).with_result()
    return quiz_rows(list(with_last_activity(exams).order_by("exam_name", "pk")))


def with_last_activity(exams: ProctoredExamQuerySet) -> ProctoredExamQuerySet:
    """What ``quiz_rows`` needs."""
    newest = ExamAttempt.objects.filter(exam=OuterRef("pk")).order_by("-last_activity_at")
    return exams.annotate(last_activity=Subquery(newest.values("last_activity_at")[:1]))


def quiz_rows(exams: Sequence[ProctoredExam]) -> list[QuizRow]:
    """How the attempts at each of these exams (``with_last_activity``) stand. One query."""
    counted = (
        ExamAttempt.objects.filter(exam__in=[exam.pk for exam in exams])
        .order_by()
        .values_list("exam", "status")
        .annotate(number=Count("*"), waiting=Count("attention_since"))
    )
    rows: dict[int, list[tuple[str, int, int]]] = {exam.pk: [] for exam in exams}
    for exam_pk, status, number, waiting in counted:
        rows[exam_pk].append((status, number, waiting))
    policies = {provider: policy_of(provider) for provider in {exam.provider for exam in exams}}
    return [_quiz_row(exam, rows[exam.pk], policies[exam.provider].provider_does_second_reviews) for exam in exams]


def _quiz_row(exam: ProctoredExam, rows: list[tuple[str, int, int]], provider_reviews_again: bool) -> QuizRow:
    def with_word(word: ResultWord) -> int:
        return sum(number for status, number, _ in rows if RESULT_WORDS.get(status) is word)

    return QuizRow(
        exam=exam,
        attempts=sum(number for _, number, _ in rows),
        under_way=sum(number for status, number, _ in rows if status in OPEN_STATUSES),
        pending=with_word(ResultWord.PENDING),
        needing_attention=sum(waiting for _, _, waiting in rows),
        satisfactory=with_word(ResultWord.SATISFACTORY),
        unsatisfactory=with_word(ResultWord.UNSATISFACTORY),
        in_error=sum(number for status, number, _ in rows if status == AttemptStatus.ERROR),
        provider_reviews_again=provider_reviews_again,
        last_activity=getattr(exam, "last_activity", None),
    )


# ------------------------------------------------------------------------------------------------------------- sessions

# So many sessions are sorted in a moment.
SORT_LIMIT = 2_000
# So many people are named one by one. SQLite takes 32,766 parameters.
MAX_PEOPLE = 20_000
# Of so many exams they are merged.
MAX_EXAMS = 100


FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)
# Of a review, what no list shows and may be long.
LONG = ("current_review__raw_data", "current_review__suspicious_comments", "current_review__rules_violation_comments")


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFilter:
    """Which attempts of a course are asked for, by pages and REST API; all that are not archived by default."""

    content_id: str = ""
    status: AttemptStatus | None = None
    review_status: ReviewStatus | None = None
    # Days in the current time zone, both included, on which the exam was started.
    since: date | None = None
    until: date | None = None
    practice: Literal["", "only", "without"] = ""
    archived: Literal["", "only", "with"] = ""
    # Those that a person has to look at.
    attention: Literal["", "only", "without"] = ""
    # Part of a username or e-mail address, or the beginning of an attempt code.
    search: str = ""


# What a list is ordered by, of one attempt: a moment, and the key.
Place = tuple[Any, int]


@dataclass(frozen=True)
class SessionsInOrder:
    """Attempts with learner, exam and current review, to be counted, gone through, or cut into pages (``[25:50]``)."""

    exams: Sequence[int]
    # Of whatever exam.
    attempts: ExamAttemptQuerySet
    # Begins with a column that has an index together with the exam.
    order: tuple[str, ...]
    # Whether their people are searched for, which is better done once than for each exam.
    is_searched: bool

    @property
    def ordered(self) -> bool:
        return True

    def count(self) -> int:
        return sum(self._numbers.values())

    def __iter__(self) -> Iterator[ExamAttempt]:
        return iter(self._shown(self._of_course))

    def __getitem__(self, part: slice) -> list[ExamAttempt]:
        """First their keys, then their rows, so that few rows are sorted, and none is read for a key alone."""
        is_few = self.is_searched or self.count() <= SORT_LIMIT
        keys = self._sorted(part, self.exams) if is_few else self._merged(part, list(self._numbers))
        return [attempt for attempt, _ in self._rows(keys)]

    def first(self, number: int) -> list[tuple[ExamAttempt, Place]]:
        """So many at the beginning, without counting them all; each with the place where it was found.

        A row may say another one already, if something happened in between.
        """
        part = slice(0, number)
        return self._rows((self._sorted if self.is_searched else self._merged)(part, self.exams))

    @property
    def _of_course(self) -> ExamAttemptQuerySet:
        return self.attempts.filter(exam__in=self.exams)

    @cached_property
    def _numbers(self) -> dict[int, int]:
        """Of each exam that has any."""
        return dict(self._of_course.order_by().values_list("exam").annotate(number=Count("*")))

    def _rows(self, places: Iterable[Place]) -> list[tuple[ExamAttempt, Place]]:
        places = list(places)
        keys = [pk for _, pk in places]
        found = {attempt.pk: attempt for attempt in self._shown(ExamAttempt.objects.filter(pk__in=keys))}
        return [(found[place[1]], place) for place in places if place[1] in found]

    @property
    def _columns(self) -> tuple[str, str]:
        return self.order[0].removeprefix("-"), "pk"

    def _sorted(self, part: slice, exams: Sequence[int]) -> Iterable[Place]:
        """Of few rows, or of one exam."""
        return self.attempts.filter(exam__in=exams).order_by(*self.order).values_list(*self._columns)[part]

    def _merged(self, part: slice, exams: Sequence[int]) -> Iterable[Place]:
        """Of many rows: those of each exam stand in their order in an index, and these are merged."""
        if not 1 < len(exams) <= MAX_EXAMS:
            return self._sorted(part, exams)
        first, *others = (self._of_exam(exam, part.stop).values_list(*self._columns) for exam in exams)
        return first.union(*others, all=True).order_by(*self.order)[part]

    def _of_exam(self, exam: int, stop: int) -> ExamAttemptQuerySet:
        found = self.attempts.filter(exam=exam)
        # SQLite cuts no part of a union; it need not, for it reads them side by side.
        if connections[found.db].features.supports_slicing_ordering_in_compound:
            return found.order_by(*self.order)[:stop]
        return found.order_by()

    def _shown(self, attempts: ExamAttemptQuerySet) -> ExamAttemptQuerySet:
        return with_rows(attempts).order_by(*self.order)


@dataclass(frozen=True, slots=True)
class Sessions:
    """Two lists: first what requires attention, longest waiting first; then the others, newest activity first."""

    requiring_attention: SessionsInOrder
    others: SessionsInOrder


def sessions(course_id: str, wanted: AttemptFilter | None = None) -> Sessions:
    """The attempts of a course that have a result. Only its exams, and who is searched for, are asked for yet."""
    wanted = wanted or AttemptFilter()
    found = in_order(course_id, wanted, ("-last_activity_at", "-pk"))
    waiting, others = found.attempts.requiring_attention(), found.attempts.filter(attention_since=None)
    return Sessions(
        requiring_attention=replace(found, attempts=waiting, order=("attention_since", "pk")),
        others=replace(found, attempts=others),
    )


def in_order(course_id: str, wanted: AttemptFilter, order: tuple[str, ...]) -> SessionsInOrder:
    """The same in one list. ``order`` is by ``last_activity_at`` and ``pk``, both up or both down."""
    exams = ProctoredExam.objects.in_course(course_id).with_result()
    if wanted.content_id:
        exams = exams.filter(content_id=wanted.content_id)
    keys = list(exams.values_list("pk", flat=True))
    return SessionsInOrder(keys, _matching(wanted, keys), order, bool(wanted.search))


def with_rows(attempts: ExamAttemptQuerySet) -> ExamAttemptQuerySet:
    """With what is shown of each: learner, exam and current review."""
    return attempts.select_related("user", "exam", "current_review").defer(*LONG)


def _matching(wanted: AttemptFilter, exams: Sequence[int]) -> ExamAttemptQuerySet:
    found = ExamAttempt.objects.all()
    if wanted.status:
        found = found.filter(status=wanted.status)
    if wanted.review_status:
        found = found.filter(current_review__review_status=wanted.review_status)
    if wanted.since:
        found = found.filter(started_at__gte=_midnight(wanted.since))
    if wanted.until:
        found = found.filter(started_at__lt=_midnight(min(wanted.until, LAST_DAY) + timedelta(days=1)))
    if wanted.practice:
        found = found.filter(is_sample_attempt=wanted.practice == "only")
    if wanted.archived != "with":
        found = found.filter(archived_at__isnull=wanted.archived != "only")
    if wanted.attention:
        found = found.filter(attention_since__isnull=wanted.attention == "without")
    return found.filter(_named(wanted.search, exams)) if wanted.search else found


def _midnight(day: date) -> datetime:
    # Further away there is no exam, and in some time zones no such moment either.
    return timezone.make_aware(datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time.min))


def _named(search: str, exams: Sequence[int]) -> Q:
    """Few people are asked for at once: every one of the site has to be looked at, and the lists ask four times."""
    users = get_user_model()
    people = users._default_manager.filter(
        Q(**{f"{users.USERNAME_FIELD}__icontains": search})
        | Q(**{f"{users.get_email_field_name()}__icontains": search})
    ).order_by()
    of_course = people.filter(Exists(ExamAttempt.objects.filter(user=OuterRef("pk"), exam__in=exams)))
    found = list(of_course.values_list("pk", flat=True)[: MAX_PEOPLE + 1])
    named = Q(user__in=found) if len(found) <= MAX_PEOPLE else Q(user__in=people.values("pk"))
    # Codes are made in capitals.
    return named | Q(attempt_code__startswith=search.upper())


def goes_of_learners(attempts: Iterable[ExamAttempt]) -> dict[tuple[int, int], list[ExamAttempt]]:
    """The attempts, archived ones too, of each of these learners at the exam, the first go first: (user, exam) → goes.

    One query. More than one stands there only where there were several goes.
    """
    pairs = {(attempt.user_id, attempt.exam_id) for attempt in attempts}
    if not pairs:
        return {}
    goes: dict[tuple[int, int], list[ExamAttempt]] = {pair: [] for pair in pairs}
    found = (
        ExamAttempt.objects.filter(user__in={user for user, _ in pairs}, exam__in={exam for _, exam in pairs})
        .only("user", "exam", "attempt_code", "status", "started_at", "archived_at")
        .order_by("pk")
    )
    for attempt in found:
        if (attempt.user_id, attempt.exam_id) in pairs:
            goes[attempt.user_id, attempt.exam_id].append(attempt)
    return goes


def next_requiring_attention(attempt: ExamAttempt) -> ExamAttempt | None:
    """Where to go on in the queue of the exam: what comes after this session while it waits, else what comes first."""
    waiting = ExamAttempt.objects.filter(exam=attempt.exam_id).requiring_attention().exclude(pk=attempt.pk)
    if since := attempt.attention_since:
        waiting = waiting.filter(Q(attention_since__gt=since) | Q(attention_since=since, pk__gt=attempt.pk))
    return waiting.order_by("attention_since", "pk").first()
