"""Statistics of an exam or a course, over the rows that its report would have. Reads only.

Each query groups in the database: its result grows with the statuses, days and minutes, never with the attempts. Days
are those of the course's time zone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple, TypeVar

from django.db.models import (
    Count,
    FilteredRelation,
    Max,
    Min,
    Q,
    QuerySet,
    Sum,
    TextChoices,
)
from django.db.models.functions import Coalesce

from proctoring_results.choices import (
    DECIDED_STATUSES,
    Archived,
    AttemptStatus,
    Practice,
    ResultWord,
    ReviewStatus,
    SessionPart,
    Source,
)
from proctoring_results.filters import AttemptFilter
from proctoring_results.lms import course_zone
from proctoring_results.models import ExamAttempt, ProctoredExam, StatusChange
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.models.expressions import QuarterHours, WholeMinutes
from proctoring_results.rules import printed_review_status

from .counts import StatusCounts
from .lookups import exams_in_course, get_exam
from .percentiles import percentile
from .reviewers import ReviewerNumbers, reviewers

ChoicesT = TypeVar("ChoicesT", bound=TextChoices)


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentCounts:
    """Incidents of the current reviews, by their status."""

    suspicious: int
    rules_violation: int
    #: With the provider's own labels: in neither count of the report.
    other: int

    @property
    def total(self) -> int:
        return self.suspicious + self.rules_violation + self.other


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCounts:
    """What happened on one day, in the time zone of the course."""

    day: date
    #: Exams that were submitted or timed out on this day: ``completed_at``.
    handed_in: int
    #: Decisions by staff.
    passed: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewTimes:
    """The time from ``completed_at`` until the first complete review arrived, in whole minutes, truncated.

    It is not the time until a decision, which a person may make much later, or never. A review that arrived before the
    exam was over took no time.
    """

    #: Whole minutes → the number of reviews that took them.
    minutes: Mapping[int, int]

    @property
    def reviews(self) -> int:
        """The number of reviews that the percentiles are based on."""
        return sum(self.minutes.values())

    @property
    def median(self) -> timedelta | None:
        return self.percentile(50)

    @property
    def percentile_90(self) -> timedelta | None:
        return self.percentile(90)

    def percentile(self, percent: int) -> timedelta | None:
        """Return the time within which this percentage of the reviews arrived; None without any review."""
        return percentile(self.minutes, percent)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamNumbers:
    """One exam beside the others of its course."""

    content_id: str
    exam_name: str
    attempts: int
    results: Mapping[ResultWord, int]
    requiring_attention: int
    review_outcomes: Mapping[ReviewStatus, int]
    incidents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Statistics of an exam or a course. Each mapping holds every word, those with 0 included."""

    #: The rows of the report, archived and practice attempts included.
    attempts: int
    archived: int
    practice: int
    #: Attempts that a person has to look at.
    requiring_attention: int
    #: The results that learners read. With ``under_way`` and ``without_result``, all attempts.
    results: Mapping[ResultWord, int]
    under_way: int
    #: Declined, expired, or in error.
    without_result: int
    statuses: Mapping[AttemptStatus, int]
    #: ``review_status`` as the report prints it. With ``without_review``, for which it prints nothing, all attempts.
    review_outcomes: Mapping[ReviewStatus, int]
    without_review: int
    incidents: IncidentCounts
    #: The same incidents, by the tab of the session page on which they stand.
    incidents_by_part: Mapping[SessionPart, int]
    #: The days on which an exam was submitted or timed out or a person decided, oldest first.
    days: Sequence[DayCounts]
    review_times: ReviewTimes
    #: Each exam with the same counts, in the order of the Quiz List.
    exams: Sequence[ExamNumbers]
    #: Each person who decided, the most first; None unless asked for.
    reviewers: Sequence[ReviewerNumbers] | None = None


def course_numbers(
    course_id: str,
    content_id: str | None = None,
    *,
    practice: Practice | None = None,
    archived: Archived = Archived.WITH,
    by_reviewer: bool = False,
) -> Numbers:
    """Return the statistics of a course or one of its exams, over the rows that the report would have now.

    ``practice`` and ``archived`` are the filters of that name, of sessions and reports. ``by_reviewer`` names those who
    decided: ask for them only if the reader may decide, too. Six queries, and four for the people, whatever the number
    of attempts. Raises ``NotFound`` (the course has no such exam).
    """
    exams = _exams_in_report(course_id, content_id)
    zone = course_zone(course_id)
    counted = AttemptFilter(practice=practice, archived=archived)
    attempts = counted.apply(ExamAttempt.objects.with_result().filter(exam__in=list(exams)), zone)
    keys = _keys(attempts)
    decisions = _decisions(list(exams), keys, counted)
    groups = _groups(attempts, keys)
    counts = StatusCounts.of((group.status, group.number, group.requiring_attention) for group in groups)
    outcomes = _totals(ReviewStatus, [outcome for group in groups for outcome in group.outcomes])
    return Numbers(
        attempts=counts.attempts,
        archived=sum(group.archived for group in groups),
        practice=sum(group.practice for group in groups),
        requiring_attention=counts.requiring_attention,
        results=counts.results,
        under_way=counts.under_way,
        without_result=counts.without_result,
        statuses=counts.statuses,
        review_outcomes=outcomes,
        without_review=counts.attempts - sum(outcomes.values()),
        incidents=IncidentCounts(
            suspicious=sum(group.suspicious for group in groups),
            rules_violation=sum(group.rules_violation for group in groups),
            other=sum(group.other for group in groups),
        ),
        incidents_by_part={
            SessionPart.VIDEO: sum(group.video for group in groups),
            SessionPart.ONLINE: sum(group.online for group in groups),
            SessionPart.VERIFICATION: sum(group.verification for group in groups),
            SessionPart.ONBOARDING: sum(group.onboarding for group in groups),
        },
        days=_days(attempts, decisions, zone),
        review_times=_review_times(attempts),
        exams=_by_exam(exams, groups),
        reviewers=reviewers(decisions) if by_reviewer else None,
    )


def _by_exam(exams: Mapping[int, ProctoredExam], groups: Sequence[_Group]) -> list[ExamNumbers]:
    by_exam: dict[int, list[_Group]] = {pk: [] for pk in exams}
    for group in groups:
        by_exam[group.exam].append(group)
    return [_numbers_of_exam(exams[pk], own) for pk, own in by_exam.items()]


def _numbers_of_exam(exam: ProctoredExam, groups: Sequence[_Group]) -> ExamNumbers:
    counts = StatusCounts.of((group.status, group.number, group.requiring_attention) for group in groups)
    return ExamNumbers(
        content_id=exam.content_id,
        exam_name=exam.exam_name,
        attempts=counts.attempts,
        results=counts.results,
        requiring_attention=counts.requiring_attention,
        review_outcomes=_totals(ReviewStatus, [outcome for group in groups for outcome in group.outcomes]),
        incidents=sum(group.suspicious + group.rules_violation + group.other for group in groups),
    )


def _exams_in_report(course_id: str, content_id: str | None) -> dict[int, ProctoredExam]:
    """Return the exams by their keys, which tell the database how many attempts to expect."""
    exams = exams_in_course(course_id).with_result()
    by_key = {exam.pk: exam for exam in exams if content_id is None or exam.content_id == str(content_id)}
    if content_id is not None and not by_key:
        # The exam has no result, so nothing is counted; or it does not exist, which raises.
        get_exam(course_id, content_id)
    return by_key


class _Keys(NamedTuple):
    """The ranges of keys of a course's attempts and of their current reviews.

    Both were written in the weeks of the course. With these ranges the database need not read the rows of all other
    years, which it would do for a large course.
    """

    # Without a count, PostgreSQL would read the whole index from both ends for the minimum and the maximum.
    number: int
    first: int
    last: int
    first_review: int
    last_review: int


def _keys(attempts: ExamAttemptQuerySet) -> _Keys:
    aggregates = attempts.aggregate(
        number=Count("*"),
        first=Min("pk"),
        last=Max("pk"),
        first_review=Min("current_review"),
        last_review=Max("current_review"),
    )
    return _Keys(**{name: key or 0 for name, key in aggregates.items()})


class _Group(NamedTuple):
    """Attempts that agree in these three columns, and the incidents of their current reviews."""

    exam: int
    status: str
    review_status: str | None
    number: int
    started: int
    archived: int
    practice: int
    requiring_attention: int
    #: Of them, those whose current review is outside the joined range.
    missed: int
    suspicious: int
    rules_violation: int
    other: int
    video: int
    online: int
    verification: int
    onboarding: int

    @property
    def outcomes(self) -> list[tuple[str | None, int]]:
        """Return ``review_status`` as the report prints it, None if it prints nothing, of how many attempts."""
        return [
            (printed_review_status(self.review_status, self.status, was_started=was_started) or None, number)
            for was_started, number in ((True, self.started), (False, self.number - self.started))
        ]


def _groups(attempts: ExamAttemptQuerySet, keys: _Keys) -> list[_Group]:
    groups = _groups_within(attempts, Q(current_review__gte=keys.first_review, current_review__lte=keys.last_review))
    # A review that arrived after the keys were read is outside the range, and would count as no review.
    return _groups_within(attempts, Q()) if any(group.missed for group in groups) else groups


def _groups_within(attempts: ExamAttemptQuerySet, bounds: Q) -> list[_Group]:
    """Group by few columns: PostgreSQL expects as many groups as there could be, and sorts if these are many."""
    rows = (
        attempts.annotate(review=FilteredRelation("current_review", condition=bounds))
        .values_list("exam", "status", "review__review_status")
        .annotate(
            number=Count("*"),
            started=Count("started_at"),
            archived=Count("archived_at"),
            practice=Count("pk", filter=Q(is_sample_attempt=True)),
            requiring_attention=Count("attention_since"),
            missed=Count("current_review") - Count("review__pk"),
            suspicious=Coalesce(Sum("review__suspicious_count"), 0),
            rules_violation=Coalesce(Sum("review__rules_violation_count"), 0),
            other=Coalesce(Sum("review__other_count"), 0),
            video=Coalesce(Sum("review__video_count"), 0),
            online=Coalesce(Sum("review__online_count"), 0),
            verification=Coalesce(Sum("review__verification_count"), 0),
            onboarding=Coalesce(Sum("review__onboarding_count"), 0),
        )
    )
    return [_Group(*row) for row in rows]


def _totals(choices: type[ChoicesT], counts: Iterable[tuple[str | None, int]]) -> dict[ChoicesT, int]:
    """Return the total of each choice, in their order. Other values are left out."""
    totals: Counter[str | None] = Counter()
    for value, number in counts:
        totals[value] += number
    return {choice: totals[choice] for choice in choices}


def _decisions(exams: Collection[int], keys: _Keys, counted: AttemptFilter) -> QuerySet[StatusChange]:
    """Return what staff decided about the attempts that are counted."""
    decisions = StatusChange.objects.decisions().filter(
        attempt__exam__in=exams,
        attempt__gte=keys.first,
        attempt__lte=keys.last,
        source=Source.PERSON,
        to_status__in=sorted(DECIDED_STATUSES),
    )
    if counted.practice:
        decisions = decisions.filter(attempt__is_sample_attempt=counted.practice == Practice.ONLY)
    if counted.archived != Archived.WITH:
        decisions = decisions.filter(attempt__archived_at__isnull=counted.archived == Archived.WITHOUT)
    return decisions


def _days(attempts: ExamAttemptQuerySet, decisions: QuerySet[StatusChange], zone: tzinfo) -> list[DayCounts]:
    ended = attempts.filter(completed_at__isnull=False)
    handed_in: Counter[date] = Counter()
    for quarter, number in ended.values_list(QuarterHours("completed_at")).annotate(number=Count("*")):
        handed_in[_day(quarter, zone)] += number
    decided: Counter[tuple[date, str]] = Counter()
    for quarter, to, number in decisions.values_list(QuarterHours("at"), "to_status").annotate(number=Count("*")):
        decided[_day(quarter, zone), to] += number
    return [
        DayCounts(
            day=day,
            handed_in=handed_in[day],
            passed=decided[day, AttemptStatus.VERIFIED],
            failed=decided[day, AttemptStatus.REJECTED],
        )
        for day in sorted({*handed_in, *(day for day, _ in decided)})
    ]


def _day(quarter: int, zone: tzinfo) -> date:
    """Return the day on which a quarter of an hour lies in the time zone."""
    return datetime.fromtimestamp(quarter * 900, tz=zone).date()


def _review_times(attempts: ExamAttemptQuerySet) -> ReviewTimes:
    taken = (
        attempts.filter(completed_at__isnull=False, reviewed_at__isnull=False)
        .values_list(WholeMinutes("completed_at", "reviewed_at"))
        .annotate(number=Count("*"))
    )
    minutes: Counter[int] = Counter()
    for minute, number in taken:
        minutes[max(0, minute)] += number
    return ReviewTimes(minutes=dict(sorted(minutes.items())))
