"""Did these learners pass? Which attempt counts, what became of it and who decided. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import Case, IntegerField, Q, Value, When

from proctoring_results.choices import DECIDED_STATUSES, DECIDING_SOURCES, AttemptStatus
from proctoring_results.models import ExamAttempt, ProctoredExam, StatusChange
from proctoring_results.people import Person, email_field, person, username_field
from proctoring_results.rules import counts_for_grade

from .search import find_people

if TYPE_CHECKING:
    from proctoring_results.models.attempts import ExamAttemptQuerySet

# More would be a list, which Sessions is.
MAX_LEARNERS = 10
MAX_BY_CODE = 100
# Codes consist of the letters a to f and figures: a shorter beginning may be a name, too.
MIN_CODE_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Standing:
    """How a learner stands at an exam. ``attempts`` has all that have a result, oldest first."""

    attempts: Sequence[ExamAttempt]
    # Pass or Fail by a person, if that is why the attempt has its status.
    decision: StatusChange | None

    @property
    def attempt(self) -> ExamAttempt | None:
        """The attempt that counts, as for the learner: the newest that is not archived."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.archived_at is None), None)

    @property
    def number(self) -> int:
        """The place of the attempt that counts, from 1; 0 without one."""
        return self.attempts.index(self.attempt) + 1 if self.attempt else 0

    @property
    def another_is_rejected(self) -> bool:
        """Whether another attempt holds the grade, whatever became of the one that counts."""
        others = [attempt for attempt in self.attempts if attempt is not self.attempt]
        return any(counts_for_grade(other) and other.status == AttemptStatus.REJECTED for other in others)


@dataclass(frozen=True, slots=True)
class LearnerStandings:
    learner: Person
    # By exam name.
    standings: list[Standing]


@dataclass(frozen=True, slots=True)
class FoundLearners:
    learners: list[LearnerStandings]
    there_are_more: bool


def find_learners(course_id: str, search: str) -> FoundLearners:
    """Return how the learners whom a search names stand at the exams of a course; at most ``MAX_LEARNERS``.

    ``search`` has parts of the name, username or email address, in any order, a number that the host knows
    (``Lms.search``), or the beginning of an attempt code: then only the exam of that attempt is answered for. A
    constant number of queries. Raises ``InvalidInput`` as ``find_people`` does.
    """
    exams = list(ProctoredExam.objects.in_course(course_id).with_result().values_list("pk", flat=True))
    attempts = ExamAttempt.objects.with_result().filter(exam__in=exams)
    named = set(find_people(search, attempts.values("user"), course_id))
    by_code = set(attempts.filter(_has_code(search)).values_list("user", "exam")[:MAX_BY_CODE])
    people = _people(search, named | {user for user, _ in by_code})
    keys = [user.pk for user in people[:MAX_LEARNERS]]
    standings = _standings(attempts.filter(user__in=keys))
    learners = [
        LearnerStandings(
            person(user),
            [
                standing
                for exam, standing in standings[user.pk].items()
                if user.pk in named or (user.pk, exam) in by_code
            ],
        )
        for user in people[:MAX_LEARNERS]
    ]
    return FoundLearners(learners, len(people) > MAX_LEARNERS)


def _has_code(search: str) -> Q:
    # Codes are made in capitals.
    code = search.upper()
    return Q(attempt_code__startswith=code) if len(code) >= MIN_CODE_LENGTH else Q(attempt_code=code)


def _people(search: str, keys: Iterable[Any]) -> list[Any]:
    """Return one more than are shown, by username; first whoever has just this username or address."""
    fields = filter(None, [username_field(), email_field()])
    is_exact = Q(*((f"{field}__iexact", search) for field in fields), _connector=Q.OR)
    people = get_user_model()._base_manager.filter(pk__in=keys)
    order = Case(When(is_exact, then=Value(0)), default=Value(1), output_field=IntegerField())
    return list(people.order_by(order, username_field(), "pk")[: MAX_LEARNERS + 1])


def _standings(attempts: ExamAttemptQuerySet) -> Mapping[Any, dict[int, Standing]]:
    """Return the standings by learner and exam, in the order of the exams' names."""
    by_exam: dict[tuple[Any, int], list[ExamAttempt]] = defaultdict(list)
    rows = attempts.select_related("exam", "current_review").defer("current_review__raw_data")
    for attempt in rows.order_by("exam__exam_name", "exam_id", "pk"):
        by_exam[attempt.user_id, attempt.exam_id].append(attempt)
    decisions = _decisions([attempt for attempts in by_exam.values() for attempt in attempts])
    standings: dict[Any, dict[int, Standing]] = defaultdict(dict)
    for (user, exam), of_learner in by_exam.items():
        standing = Standing(of_learner, None)
        decision = decisions.get(standing.attempt.pk) if standing.attempt else None
        standings[user][exam] = Standing(of_learner, decision)
    return standings


def _decisions(attempts: Iterable[ExamAttempt]) -> dict[int, StatusChange]:
    """Return the change that gave each of these attempts its Pass or Fail, where a person made it."""
    statuses = {attempt.pk: attempt.status for attempt in attempts if attempt.status in DECIDED_STATUSES}
    changes = (
        StatusChange.objects.standing().filter(attempt__in=statuses, to_status__in=DECIDED_STATUSES).order_by("pk")
    )
    newest = {
        change.attempt_id: change
        for change in changes.select_related("by", "review").defer("review__raw_data")
        if change.to_status == statuses[change.attempt_id]
    }
    return {pk: change for pk, change in newest.items() if change.source in DECIDING_SOURCES}
