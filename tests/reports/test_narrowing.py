"""What a filter leaves: the number before the click, the rows of the file, and the same filter in plain Python."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from proctoring_results.choices import (
    DECIDED_STATUSES,
    Archived,
    AttemptStatus,
    Attention,
    AttentionReason,
    IncidentGroup,
    Practice,
    ReportKind,
    ResultGroup,
    ReviewStatus,
    ReviewTime,
    SessionTab,
    Source,
    StaffDecision,
)
from proctoring_results.filters import FILTER_NAMES, NOTHING_TO_REVIEW, SERVICE, SPANS, AttemptFilter
from proctoring_results.models import ExamAttempt, Incident, StatusChange
from proctoring_results.models.attention import attention_reasons
from proctoring_results.reports.kinds.base import attempts_in_report, cells
from proctoring_results.reports.kinds.registry import kind_named
from proctoring_results.reports.narrowing import number_of_rows, read_filters
from proctoring_results.rules import RESULT_WORDS, is_in_tab, part_of_incident, printed_review_status, waiting_since
from tests.conftest import THOROUGH
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory
from tests.histories import HISTORIES, NOON, tell

pytestmark = pytest.mark.database

UTC_ZONE = ZoneInfo("UTC")
DAYS = st.dates(NOON.date() - timedelta(days=1), NOON.date() + timedelta(days=3)).map(str)
VALUES: Mapping[str, st.SearchStrategy[str]] = {
    "tab": st.sampled_from(SessionTab.values),
    "exam": st.just("exam-0"),
    "status": st.sampled_from(AttemptStatus.values),
    "review_status": st.sampled_from([*ReviewStatus.values, NOTHING_TO_REVIEW]),
    "result": st.sampled_from(ResultGroup.values),
    **{name: DAYS for span in SPANS for name in span},
    "decision": st.sampled_from(StaffDecision.values),
    "reviewer": st.sampled_from(["1", "7"]),
    "review_time": st.sampled_from(ReviewTime.values),
    "reason": st.sampled_from(AttentionReason.values),
    "waiting": st.sampled_from(["1", "5", "10000"]),
    "incidents": st.sampled_from(IncidentGroup.values),
    "min_incidents": st.sampled_from(["1", "2", "3"]),
    "provider": st.sampled_from(["proctortrack", "another"]),
    "decided_by": st.sampled_from(["service", "1", "7"]),
    "practice": st.sampled_from(Practice.values),
    "archived": st.sampled_from(Archived.values),
    "attention": st.sampled_from(Attention.values),
}
FILTERS = st.fixed_dictionaries({}, optional=VALUES).filter(
    lambda filters: all(filters.get(first, "") <= filters.get(last, "9") for first, last in SPANS)
)
LABELS = {"Suspicious": IncidentGroup.SUSPICIOUS, "Rules Violation": IncidentGroup.RULES_VIOLATION}
# Each alone, too: of combinations alone, most leave nothing.
EACH_ALONE = [st.builds(lambda value, name=name: {name: value}, value) for name, value in VALUES.items()]


def reviewed_as(attempt: ExamAttempt) -> str:
    review = attempt.current_review
    was_started = attempt.started_at is not None
    return printed_review_status(review.review_status if review else None, attempt.status, was_started=was_started)


def result_of(attempt: ExamAttempt) -> str:
    if attempt.status in RESULT_WORDS:
        return RESULT_WORDS[attempt.status].value
    return "none" if attempt.status in ("declined", "expired", "error") else "under_way"


def is_within(moment: datetime | None, first: date | None, last: date | None, zone: ZoneInfo) -> bool:
    if moment is None:
        return False
    return (first or date.min) <= moment.astimezone(zone).date() <= (last or date.max)


def was_decided(attempt: ExamAttempt, filters: AttemptFilter, zone: ZoneInfo) -> bool:
    """Whether one decision of a person meets all that is asked of it."""
    decisions = attempt.changes.filter(source=Source.PERSON, to_status__in=["verified", "rejected"])
    return any(
        is_within(one.at, filters.decided_since, filters.decided_until, zone)
        and filters.decision in (None, one.to_status)
        and filters.reviewer in ("", str(one.by_id))
        for one in decisions
    )


def review_took(attempt: ExamAttempt, time: ReviewTime) -> bool:
    if attempt.completed_at is None or attempt.reviewed_at is None:
        return False
    took = attempt.reviewed_at.replace(microsecond=0) - attempt.completed_at.replace(microsecond=0)
    hours = max(0, took // timedelta(minutes=1)) / 60
    ends = {"under_1_hour": 1, "1_to_6_hours": 6, "6_to_24_hours": 24, "1_to_3_days": 72, "3_to_7_days": 168}
    return time in ("any", next((name for name, end in ends.items() if hours < end), "from_7_days"))


def waits_for_more_than(attempt: ExamAttempt, days: int) -> bool:
    since = waiting_since(attempt)
    return since is not None and since < timezone.now() - timedelta(days=days)


def incidents_of(attempt: ExamAttempt, group: IncidentGroup | None) -> int:
    """How many incidents of the current review count: those of a label, of a tab of the session, or all."""
    counted = Incident.objects.filter(review=attempt.current_review_id, dismissed_at=None)
    return sum(
        group is None or group == LABELS.get(one.status, IncidentGroup.OTHER) or group == part_of_incident(one.kind)
        for one in counted
    )


def matches(attempt: ExamAttempt, filters: AttemptFilter, zone: ZoneInfo = UTC_ZONE) -> bool:
    """Return whether the attempt matches, as the documents describe each filter."""
    started = is_within(attempt.started_at, filters.since, filters.until, zone)
    ended = is_within(attempt.completed_at, filters.ended_since, filters.ended_until, zone)
    conditions: Mapping[str, Callable[[], bool]] = {
        "tab": lambda: filters.tab is not None and is_in_tab(attempt, filters.tab),
        "exam": lambda: attempt.exam.content_id == filters.exam,
        "status": lambda: attempt.status == filters.status,
        "review_status": lambda: (reviewed_as(attempt) or NOTHING_TO_REVIEW) == filters.review_status,
        "result": lambda: result_of(attempt) == filters.result,
        "since": lambda: started,
        "until": lambda: started,
        "ended_since": lambda: ended,
        "ended_until": lambda: ended,
        **dict.fromkeys(
            ("decided_since", "decided_until", "decision", "reviewer"), lambda: was_decided(attempt, filters, zone)
        ),
        "review_time": lambda: filters.review_time is not None and review_took(attempt, filters.review_time),
        # A review that waits requires attention once the sweep has seen it.
        "reason": lambda: (
            attempt.attention_since is not None and filters.reason in attention_reasons([attempt]).get(attempt.pk, [])
        ),
        "waiting": lambda: waits_for_more_than(attempt, filters.waiting or 0),
        "incidents": lambda: incidents_of(attempt, filters.incidents) >= 1,
        "min_incidents": lambda: incidents_of(attempt, filters.incidents) >= (filters.min_incidents or 0),
        "provider": lambda: attempt.provider == filters.provider,
        "decided_by": lambda: (
            attempt.status in DECIDED_STATUSES and attempt.decided_by_id is None
            if filters.decided_by == SERVICE
            else str(attempt.decided_by_id) == filters.decided_by
        ),
        "practice": lambda: attempt.is_sample_attempt == (filters.practice == Practice.ONLY),
        "archived": lambda: (
            filters.archived == Archived.WITH
            or (attempt.archived_at is not None) == (filters.archived == Archived.ONLY)
        ),
        "attention": lambda: (attempt.attention_since is not None) == (filters.attention == Attention.ONLY),
    }
    assert set(conditions) == set(FILTER_NAMES)
    return attempt.taking_as_proctored and all(conditions[name]() for name in filters.params)


def expected_rows(kind: str, attempts: list[ExamAttempt]) -> list[str]:
    """Return the attempt codes of the rows in plain Python."""
    if kind == ReportKind.INCIDENTS:
        incidents = [one.review_id for one in Incident.objects.all()]
        return [one.attempt_code for one in attempts for _ in range(incidents.count(one.current_review_id))]
    if kind == ReportKind.DECISIONS:
        decided = [change.attempt_id for change in StatusChange.objects.filter(source__in=("person", "reported"))]
        return [one.attempt_code for one in attempts for _ in range(decided.count(one.pk))]
    return [one.attempt_code for one in attempts]


def codes_in_file(name: str, filters: AttemptFilter, zone: ZoneInfo) -> list[str]:
    kind = kind_named(name)
    columns = kind.columns()
    place = [column.name for column in columns].index("attempt_code")
    return [row[place] for row in cells(kind, columns, attempts_in_report([COURSE], filters, zone))]


def check(params: Mapping[str, str], zone: ZoneInfo = UTC_ZONE) -> int:
    """Compare the number before the click, the rows, and plain Python. Return the number of attempts."""
    filters = read_filters(params)
    attempts = [
        one for one in ExamAttempt.objects.select_related("exam", "current_review") if matches(one, filters, zone)
    ]
    for name in ReportKind:
        expected = sorted(expected_rows(name, attempts))
        assert sorted(codes_in_file(name, filters, zone)) == expected, (name, params)
        assert number_of_rows(kind_named(name), [COURSE], filters, zone) == len(expected), (name, params)
    return len(attempts)


class WhateverHappened(TestCase):
    @settings(max_examples=60 if THOROUGH else 12, suppress_health_check=list(HealthCheck))
    @given(HISTORIES, st.booleans(), st.lists(FILTERS, min_size=4, max_size=12), st.tuples(*EACH_ALONE))
    def test_the_preview_the_rows_and_plain_python_agree(self, events, is_practice, combined, alone):
        tell(events, is_practice)
        for params in [{}, *combined, *alone]:
            check(params)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "changes_on"),
    [
        *[("Europe/Berlin", date(2026, 3, 29)), ("Europe/Berlin", date(2026, 10, 25))],
        # Where the clock changes at midnight: one day has none, another has two.
        *[("America/Havana", date(2026, 3, 8)), ("America/Havana", date(2026, 11, 1))],
        *[("Australia/Lord_Howe", date(2026, 4, 5)), ("Pacific/Kiritimati", date(2026, 1, 1))],
    ],
)
def test_days_are_those_of_the_zone_also_when_its_clock_changes(name, changes_on):
    zone = ZoneInfo(name)
    exam = ProctoredExamFactory()
    first = datetime.combine(changes_on - timedelta(days=1), time(22), tzinfo=zone)
    for number in range(60):
        started_at = (first.astimezone(UTC) + number * timedelta(minutes=30)).astimezone(UTC)
        for second in (0, -1):
            ExamAttemptFactory(submitted=True, exam=exam, started_at=started_at + timedelta(seconds=second))
    days = [changes_on + timedelta(days=number) for number in (-1, 0, 1)]
    on_each = [check({"since": str(day), "until": str(day)}, zone) for day in days]
    assert check({"since": str(days[0]), "until": str(days[-1])}, zone) == sum(on_each)
    assert check({"until": str(days[0])}, zone) == on_each[0]
    assert all(on_each)
    assert sum(on_each) <= 120


def test_each_filter_is_tried():
    assert set(VALUES) == set(FILTER_NAMES)
