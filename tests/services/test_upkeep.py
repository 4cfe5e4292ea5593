"""What happens to attempts although nobody looks."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, Source
from proctoring_results.lms import NullLMS
from proctoring_results.services.upkeep import end_overdue_attempts, expire_attempts_of_ended_courses
from tests.factories import ExamAttemptFactory

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NINE = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


class EndsAtTen(NullLMS):
    def course_end(self, course_id):
        return NINE + timedelta(hours=1) if course_id == "ends" else None


@pytest.fixture
def clock(settings):
    settings.PROCTORING_RESULTS = {"LMS": f"{__name__}.EndsAtTen"}
    with time_machine.travel(NINE, tick=False) as travel:
        yield travel


@pytest.fixture
def under_way(clock):
    attempt = ExamAttemptFactory(status=AttemptStatus.READY_TO_START)
    return api.start_attempt(attempt.attempt_code, by=attempt.user)


@pytest.mark.parametrize(("setting", "status"), [("timed_out", "timed_out"), ("submitted", "submitted")])
def test_an_attempt_whose_time_is_over_ends_at_the_exact_moment(clock, under_way, settings, setting, status):
    settings.PROCTORING_RESULTS = {"LATE_HAND_IN": setting}
    clock.shift(timedelta(hours=5))
    assert end_overdue_attempts() == 1
    under_way.refresh_from_db()
    assert (under_way.status, under_way.completed_at, under_way.ends_at) == (status, NINE + timedelta(hours=1), None)
    assert under_way.changes.order_by("pk").last().source == Source.UPKEEP
    assert end_overdue_attempts() == 0


def test_an_attempt_with_time_left_goes_on(clock, under_way):
    clock.shift(timedelta(minutes=60))
    assert end_overdue_attempts() == 0


def test_one_that_waits_for_the_confirmation_ends_too(clock, under_way):
    api.mark_ready_to_submit(under_way.attempt_code, by=under_way.user)
    clock.shift(timedelta(hours=2))
    assert end_overdue_attempts() == 1


def test_an_archived_attempt_is_left_alone(clock, under_way):
    api.archive_attempt(under_way.attempt_code, reason="x")
    clock.shift(timedelta(hours=2))
    assert end_overdue_attempts() == 0


def test_a_review_that_waited_is_applied_when_the_time_is_over(clock, under_way):
    api.record_review(under_way.attempt_code, "Clean")
    clock.shift(timedelta(hours=2))
    end_overdue_attempts()
    under_way.refresh_from_db()
    assert under_way.status == "verified"


def test_attempts_that_were_never_started_expire_with_their_course(clock):
    mine = [
        ExamAttemptFactory(exam__course_id="ends", status=status)
        for status in ("created", "download_software_clicked", "ready_to_start")
    ]
    others = [ExamAttemptFactory(), ExamAttemptFactory(exam__course_id="ends", started=True)]
    assert expire_attempts_of_ended_courses() == 0
    clock.shift(timedelta(hours=2))
    assert expire_attempts_of_ended_courses() == 3
    for attempt in [*mine, *others]:
        attempt.refresh_from_db()
    assert {attempt.status for attempt in mine} == {"expired"}
    assert [attempt.status for attempt in others] == ["created", "started"]
