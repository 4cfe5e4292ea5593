"""How exams went, in numbers: those of the report."""

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from proctoring_results import api
from proctoring_results.choices import AttemptStatus
from proctoring_results.models import ExamAttempt, Incident, StatusChange
from proctoring_results.queries import numbers
from proctoring_results.reports.kinds.base import attempts_in_report, cells
from proctoring_results.reports.kinds.exam_results import ExamResults
from proctoring_results.reports.narrowing import read_filters
from proctoring_results.rules import RESULT_WORDS
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.histories import HISTORIES, LABELS, NOON, PARTS, change_incident, tell
from tests.reports.test_rows import rows as rows_in_file

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SUSPICIOUS, VIOLATION, OWN = (api.IncidentData(status=status, comment="seen") for status in LABELS)


def reviewed_after(*delays: timedelta) -> None:
    exam = ProctoredExamFactory()
    for delay in delays:
        ExamAttemptFactory(submitted=True, exam=exam, completed_at=NOON, reviewed_at=NOON + delay)


def test_a_course_where_nobody_was_is_all_zeros():
    numbers = api.course_numbers("nowhere")
    assert numbers.attempts == sum(numbers.statuses.values()) == sum(numbers.results.values()) == 0
    assert list(numbers.statuses) == list(AttemptStatus)
    assert (numbers.days, numbers.review_times.median, numbers.incidents.total) == ([], None, 0)


def test_one_exam_of_the_course():
    attempt, _ = ExamAttemptFactory(verified=True), ExamAttemptFactory(rejected=True)
    numbers = api.course_numbers(COURSE, attempt.exam.content_id)
    assert (numbers.attempts, numbers.statuses["verified"]) == (1, 1)


def test_an_exam_that_is_not_of_the_course_is_not_found():
    ProctoredExamFactory(course_id="another", content_id="final")
    with pytest.raises(api.NotFound):
        api.course_numbers(COURSE, "final")


def test_an_exam_without_results_counts_nothing():
    exam = ExamAttemptFactory(verified=True, exam__is_proctored=False).exam
    assert api.course_numbers(COURSE, exam.content_id).attempts == 0


@pytest.mark.parametrize("number", [1, 30])
def test_six_queries_whatever_the_number_of_attempts(number, django_assert_num_queries):
    for _ in range(number):
        attempt = ExamAttemptFactory(submitted=True)
        api.record_review(attempt.attempt_code, "Suspicious", incidents=[SUSPICIOUS])
    with django_assert_num_queries(6):
        assert api.course_numbers(COURSE).attempts == number


def test_incidents_are_those_of_the_current_review():
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[SUSPICIOUS] * 5)
    api.record_review(attempt.attempt_code, "Rules Violation", incidents=[SUSPICIOUS, VIOLATION, VIOLATION, OWN])
    assert api.course_numbers(COURSE).incidents == api.IncidentCounts(suspicious=1, rules_violation=2, other=1)


def test_incidents_are_counted_by_the_part_of_the_session_where_they_were_seen():
    attempt, kinds = ExamAttemptFactory(submitted=True), ["desktop", "room", "id", "ID", "gaze", "onboarding", ""]
    incidents = [api.IncidentData(status="unknown", comment="seen", kind=kind) for kind in kinds]
    api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)
    parts = {"video": 2, "online": 1, "verification": 3, "onboarding": 1}
    assert api.course_numbers(COURSE).incidents_by_part == parts


def test_a_dismissed_incident_is_counted_in_no_part():
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[replace(SUSPICIOUS, kind="room"), SUSPICIOUS])
    change_incident(attempt, "dismiss", UserFactory(admin=True))
    counted = api.course_numbers(COURSE).incidents_by_part
    assert (counted[api.SessionPart.VERIFICATION], counted[api.SessionPart.VIDEO]) == (0, 1)


def test_a_review_that_comes_while_they_are_counted_is_counted_with_its_attempt(monkeypatch):
    first, late = (ExamAttemptFactory(submitted=True) for _ in range(2))
    api.record_review(first.attempt_code, "Clean")
    ask = numbers._keys

    def ask_and_be_late(attempts):
        keys = ask(attempts)
        api.record_review(late.attempt_code, "Rules Violation", incidents=[VIOLATION])
        return keys

    monkeypatch.setattr(numbers, "_keys", ask_and_be_late)
    counted = api.course_numbers(COURSE)
    assert (counted.review_outcomes["Rules Violation"], counted.incidents.rules_violation) == (1, 1)


def test_a_day_is_a_day_of_the_site(settings):
    # Half an hour beyond the whole hours of UTC.
    settings.TIME_ZONE = "Asia/Kolkata"
    for moment in ("2026-05-01T18:29:59.999999Z", "2026-05-01T18:30:00Z", "2026-05-02T18:29:00Z"):
        ExamAttemptFactory(submitted=True, completed_at=datetime.fromisoformat(moment))
    assert [(day.day, day.handed_in) for day in api.course_numbers(COURSE).days] == [
        (date(2026, 5, 1), 1),
        (date(2026, 5, 2), 2),
    ]


def test_only_people_decide():
    passed, failed, by_provider = (ExamAttemptFactory(submitted=True, completed_at=NOON) for _ in range(3))
    admin = UserFactory(admin=True)
    with time_machine.travel(NOON + timedelta(days=3), tick=False):
        api.pass_attempt(passed.attempt_code, by=admin, reason="seen the recording")
        api.fail_attempt(failed.attempt_code, by=admin, reason="seen the recording")
        api.record_review(by_provider.attempt_code, "Clean")
    assert api.course_numbers(COURSE).days == [
        api.DayCounts(day=date(2026, 5, 1), handed_in=3, passed=0, failed=0),
        api.DayCounts(day=date(2026, 5, 4), handed_in=0, passed=1, failed=1),
    ]


# ------------------------------------------------------------------------------------------------ how long reviews take


def test_a_review_takes_from_the_end_of_the_exam_to_the_first_complete_review():
    attempt = ExamAttemptFactory(submitted=True, completed_at=NOON)
    for hours, status in enumerate(("Not Reviewed", "Suspicious", "Clean"), 1):
        with time_machine.travel(NOON + timedelta(hours=hours), tick=False):
            api.record_review(attempt.attempt_code, status)
    times = api.course_numbers(COURSE).review_times
    assert (times.reviews, times.median) == (1, timedelta(hours=2))


def test_a_review_that_was_there_before_the_end_took_no_time():
    reviewed_after(-timedelta(hours=5), -timedelta(seconds=30))
    times = api.course_numbers(COURSE).review_times
    assert (times.minutes, times.median) == ({0: 2}, timedelta(0))


@pytest.mark.parametrize(("seconds", "minutes"), [(59.999999, 0), (60, 1), (119.5, 1), (86_400 * 400, 576_000)])
def test_minutes_are_whole_and_cut(seconds, minutes):
    reviewed_after(timedelta(seconds=seconds))
    assert api.course_numbers(COURSE).review_times.minutes == {minutes: 1}


def test_a_clock_that_was_put_forward_changes_no_duration():
    # In Europe and in New York, the hour between does not exist.
    for night in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 3, 8, 6, tzinfo=UTC)):
        ExamAttemptFactory(submitted=True, completed_at=night, reviewed_at=night + timedelta(hours=3))
    assert api.course_numbers(COURSE).review_times.minutes == {180: 2}


@pytest.mark.parametrize(
    ("minutes", "median", "percentile_90"),
    [
        ([7], 7, 7),
        ([1, 2], 1, 2),
        ([1, 2, 3], 2, 3),
        (range(1, 11), 5, 9),
        (range(1, 12), 6, 10),
        ([5] * 9 + [99], 5, 5),
    ],
)
def test_the_times_that_stand_for_all(minutes, median, percentile_90):
    reviewed_after(*(timedelta(minutes=number) for number in minutes))
    times = api.course_numbers(COURSE).review_times
    assert times.reviews == len(minutes)
    assert (times.median, times.percentile_90) == (timedelta(minutes=median), timedelta(minutes=percentile_90))


@pytest.mark.parametrize("number", [2, 9, 10, 11, 99, 100])
def test_percentiles_are_the_nearest_rank_of_all_that_were_counted(number):
    chance = random.Random(number)
    seconds = [chance.randrange(200_000) for _ in range(number)]
    reviewed_after(*(timedelta(seconds=second) for second in seconds))
    ordered, times = sorted(second // 60 for second in seconds), api.course_numbers(COURSE).review_times
    for percent in (1, 50, 90, 100):
        nearest = ordered[-(-number * percent // 100) - 1]
        assert times.percentile(percent) == timedelta(minutes=nearest)


# -------------------------------------------------------------------------------------------- the numbers of the report


def rows(**filters: str) -> list[dict[str, str]]:
    """The rows as they stand in the file, read here: the file needs a connection of its own, and so a commit."""
    kind = ExamResults()
    columns = kind.columns()
    names = [column.name for column in columns]
    listed = cells(kind, columns, attempts_in_report([COURSE], read_filters(filters), UTC))
    return [dict(zip(names, row, strict=True)) for row in listed]


def also_equal_behind_it(numbers: api.Numbers, codes: list[str]) -> None:
    """What the report does not say."""
    attempts = ExamAttempt.objects.filter(attempt_code__in=codes)
    counted = Incident.objects.filter(review__in=attempts.values("current_review"), dismissed_at=None)
    decisions = StatusChange.objects.filter(
        attempt__in=attempts, source="person", to_status__in=["verified", "rejected"]
    )
    first = [
        min((review.received_at for review in attempt.reviews.all() if review.is_complete), default=None)
        for attempt in attempts.exclude(completed_at=None)
    ]
    assert numbers.archived == attempts.exclude(archived_at=None).count()
    assert numbers.incidents.other == counted.filter(status="unknown").count()
    assert list(numbers.incidents_by_part) == list(api.SessionPart)
    assert +Counter(numbers.incidents_by_part) == Counter(PARTS[incident.kind] for incident in counted)
    assert sum(day.passed + day.failed for day in numbers.days) == decisions.count()
    assert numbers.review_times.reviews == len([moment for moment in first if moment])


def equal(report: list[dict[str, str]], numbers: api.Numbers) -> None:
    results = Counter(RESULT_WORDS.get(row["status"]) for row in report)
    assert numbers.attempts == len(report)
    assert +Counter(numbers.statuses) == Counter(row["status"] for row in report)
    assert +Counter(numbers.results) == Counter({result: results[result] for result in results if result})
    assert numbers.under_way + numbers.without_result == results[None]
    outcomes = Counter(row["review_status"] for row in report)
    assert +Counter({**numbers.review_outcomes, "": numbers.without_review}) == outcomes
    assert numbers.practice == sum(row["is_sample_attempt"] == "True" for row in report)
    assert numbers.incidents.suspicious == sum(int(row["Suspicious Count"]) for row in report)
    assert numbers.incidents.rules_violation == sum(int(row["Rules Violation Count"]) for row in report)
    handed_in = {str(day.day): day.handed_in for day in numbers.days if day.handed_in}
    assert handed_in == Counter(row["completed_at"][:10] for row in report if row["completed_at"])


@pytest.mark.django_db(transaction=True)
def test_the_totals_are_those_of_the_file():
    happened = [
        (0, "start", 5),
        (0, "submit", 60),
        (1, "start", 5),
        (1, "time_out", 90),
        (1, "review", 99),
        (0, "fail", 1),
    ]
    tell([(*event, "Suspicious", [SUSPICIOUS, OWN]) for event in happened], is_practice=True)
    file, numbers = rows_in_file(), api.course_numbers(COURSE)
    assert file == rows()
    equal(file, numbers)
    assert (numbers.attempts, numbers.incidents.suspicious, numbers.practice) == (4, 1, 2)


class TestWhateverHappened(TestCase):
    @settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
    @given(HISTORIES, st.booleans())
    def test_a_total_is_a_count_of_rows_of_the_report(self, events, is_practice):
        tell(events, is_practice)
        for report, counted in (
            (rows(), api.course_numbers(COURSE)),
            (rows(exam="exam-0"), api.course_numbers(COURSE, "exam-0")),
        ):
            equal(report, counted)
            also_equal_behind_it(counted, [row["attempt_code"] for row in report])


# ----------------------------------------------------------------------------------- practice, archived, exams, people


def test_practice_and_archived_attempts_can_be_left_out():
    ExamAttemptFactory(verified=True)
    ExamAttemptFactory(verified=True, archived=True)
    ExamAttemptFactory(verified=True, exam__is_practice_exam=True)
    assert api.course_numbers(COURSE).attempts == 3
    assert api.course_numbers(COURSE, practice="without").attempts == 2
    assert api.course_numbers(COURSE, practice="only").attempts == 1
    assert api.course_numbers(COURSE, practice="without", archived="without").attempts == 1


def test_the_decisions_are_those_about_the_attempts_that_are_counted():
    admin = UserFactory(admin=True)
    archived = ExamAttemptFactory(submitted=True)
    practice = ExamAttemptFactory(submitted=True, exam__is_practice_exam=True)
    for attempt in (archived, practice):
        api.pass_attempt(attempt.attempt_code, by=admin, reason="Seen")
    api.archive_attempt(archived.attempt_code, reason="Mistake")
    for filters, passed in (({}, 2), ({"practice": "only"}, 1), ({"practice": "without", "archived": "without"}, 0)):
        numbers = api.course_numbers(COURSE, by_reviewer=True, **filters)
        assert sum(day.passed for day in numbers.days) == passed
        assert sum(one.passed for one in numbers.reviewers) == passed


def test_each_exam_stands_beside_the_others():
    first = ExamAttemptFactory(verified=True, exam__exam_name="A").exam
    second = ExamAttemptFactory(rejected=True, exam__exam_name="B").exam
    attempt = ExamAttemptFactory(submitted=True, exam=first)
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[SUSPICIOUS])
    rows = api.course_numbers(COURSE).exams
    assert [(row.content_id, row.exam_name, row.attempts) for row in rows] == [
        (first.content_id, "A", 2),
        (second.content_id, "B", 1),
    ]
    assert rows[0].results == {"pending": 1, "satisfactory": 1, "unsatisfactory": 0}
    assert (rows[0].requiring_attention, rows[0].incidents) == (1, 1)
    assert rows[0].review_outcomes["Suspicious"] == 1


def decide(attempt, verb, by, minutes):
    with time_machine.travel(attempt.completed_at + timedelta(minutes=minutes), tick=False):
        verb(attempt.attempt_code, by=by, reason="Seen")


def test_people_who_decided_are_named_only_if_asked_for():
    assert api.course_numbers(COURSE).reviewers is None
    assert api.course_numbers(COURSE, by_reviewer=True).reviewers == []


def test_each_person_has_their_decisions_and_how_long_these_had_waited():
    ada, bob = UserFactory(admin=True, username="ada"), UserFactory(admin=True, username="bob")
    for minutes in (10, 20, 300):
        decide(ExamAttemptFactory(submitted=True), api.pass_attempt, ada, minutes)
    decide(ExamAttemptFactory(submitted=True), api.fail_attempt, bob, 60)
    rows = api.course_numbers(COURSE, by_reviewer=True).reviewers
    assert [(row.username, row.passed, row.failed, row.reversed) for row in rows] == [
        ("ada", 3, 0, 0),
        ("bob", 0, 1, 0),
    ]
    assert [row.median_wait for row in rows] == [timedelta(minutes=20), timedelta(minutes=60)]


def test_a_decision_that_somebody_turned_into_the_opposite_is_the_first_ones():
    ada, bob = UserFactory(admin=True, username="ada"), UserFactory(admin=True, username="bob")
    turned, confirmed = ExamAttemptFactory.create_batch(2, submitted=True)
    decide(turned, api.fail_attempt, ada, 10)
    decide(turned, api.pass_attempt, bob, 20)
    decide(confirmed, api.fail_attempt, ada, 10)
    decide(confirmed, api.fail_attempt, bob, 20)
    rows = {row.username: row for row in api.course_numbers(COURSE, by_reviewer=True).reviewers}
    assert (rows["ada"].reversed, rows["bob"].reversed) == (1, 0)
    # Only the first decision about an attempt ends its waiting.
    assert rows["bob"].median_wait is None


@pytest.mark.parametrize("number", [1, 5])
def test_ten_queries_with_people_whatever_their_number(number, django_assert_num_queries):
    for _ in range(number):
        decide(ExamAttemptFactory(submitted=True), api.pass_attempt, UserFactory(admin=True), 10)
    with django_assert_num_queries(10):
        assert len(api.course_numbers(COURSE, by_reviewer=True).reviewers) == number


def test_a_decision_that_was_undone_is_nobodys(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}
    attempt, ada = ExamAttemptFactory(submitted=True), UserFactory(admin=True)
    api.pass_attempt(attempt.attempt_code, by=ada, reason="Seen")
    api.undo_decision(attempt.attempt_code, by=ada)
    assert api.course_numbers(COURSE, by_reviewer=True).reviewers == []
