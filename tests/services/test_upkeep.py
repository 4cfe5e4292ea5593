"""What happens to attempts although nobody looks."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, Source
from proctoring_results.lms import NullLMS
from proctoring_results.models import ExamAttempt
from proctoring_results.services import attempts
from proctoring_results.services.upkeep import (
    end_overdue_attempts,
    expire_attempts_of_ended_courses,
    look_for_waiting_reviews,
)
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
    assert mine[0].changes.get().reason == "The course ended before the exam was started."


class EndsUnknown(EndsAtTen):
    """``Course.objects.get`` of a course that is being deleted, and a course service that is down."""

    def course_end(self, course_id):
        if course_id == "broken":
            raise ConnectionError("The course service is down.")
        return super().course_end(course_id)


@pytest.fixture
def one_broken_course(clock, settings):
    settings.PROCTORING_RESULTS = {"LMS": f"{__name__}.EndsUnknown"}
    attempts = [ExamAttemptFactory(exam__course_id=course_id) for course_id in ("broken", "ends")]
    clock.shift(timedelta(hours=2))
    return attempts


def statuses(attempts):
    for attempt in attempts:
        attempt.refresh_from_db()
    return [attempt.status for attempt in attempts]


def test_a_course_whose_end_cannot_be_told_stops_no_other(one_broken_course, caplog):
    with pytest.raises(ExceptionGroup) as raised:
        expire_attempts_of_ended_courses()
    assert statuses(one_broken_course) == ["created", "expired"]
    assert [type(error) for error in raised.value.exceptions] == [ConnectionError]
    assert "the end of course broken" in caplog.text


def test_problems_are_collected_for_a_caller_that_goes_on(one_broken_course):
    problems = []
    assert expire_attempts_of_ended_courses(problems) == 1
    assert len(problems) == 1


def test_an_attempt_that_cannot_be_ended_stops_no_other(clock, monkeypatch):
    attempts_ = [ExamAttemptFactory(started=True, ends_at=NINE) for _ in range(2)]
    clock.shift(timedelta(hours=2))
    end = attempts.end_overdue_attempt
    broken = attempts_[0].attempt_code
    monkeypatch.setattr(attempts, "end_overdue_attempt", lambda code: 1 / 0 if code == broken else end(code))
    problems = []
    assert end_overdue_attempts(problems) == 1
    assert statuses(attempts_) == ["started", "timed_out"]


def test_a_review_that_nobody_ever_hands_in_for_requires_attention_after_a_day(clock, under_way):
    under_way.ends_at = None
    under_way.save()
    api.record_review(under_way.attempt_code, "Clean")
    clock.shift(timedelta(hours=24))
    assert look_for_waiting_reviews() == 0
    clock.shift(timedelta(seconds=1))
    assert look_for_waiting_reviews() == 1
    assert [one.pk for one in ExamAttempt.objects.requiring_attention()] == [under_way.pk]
    assert look_for_waiting_reviews() == 0


def test_it_requires_attention_no_longer_once_the_exam_is_over(clock, under_way, settings):
    settings.PROCTORING_RESULTS = {"MAX_REVIEW_WAIT": timedelta(minutes=5)}
    api.record_review(under_way.attempt_code, "Clean")
    clock.shift(timedelta(minutes=6))
    look_for_waiting_reviews()
    attempt = api.submit_attempt(under_way.attempt_code)
    assert (attempt.status, attempt.attention_since, attempt.review_waits_since) == ("verified", None, None)


def test_practice_and_archived_attempts_are_not_looked_for(clock):
    for fields in ({"is_sample_attempt": True}, {"archived": True}):
        ExamAttemptFactory(started=True, review_waits_since=NINE - timedelta(days=2), **fields)
    assert look_for_waiting_reviews() == 0
