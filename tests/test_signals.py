"""What hosts may listen to."""

from contextlib import contextmanager

import pytest
from django.db import transaction

from proctoring_results import api
from proctoring_results.reports.build import build
from proctoring_results.signals import attempt_status_changed, report_ready, review_recorded
from tests.factories import COURSE, ExamAttemptFactory

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def heard(signal):
    calls = []

    def listen(sender, signal, **facts):
        calls.append(facts)

    signal.connect(listen)
    yield calls
    signal.disconnect(listen)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


def test_a_status_change_and_a_review_are_told_after_the_commit(attempt):
    with heard(attempt_status_changed) as changes, heard(review_recorded) as reviews:
        with transaction.atomic():
            review = api.record_review(attempt.attempt_code, "Clean")
            assert changes == reviews == []
        assert changes == [{"attempt_code": attempt.attempt_code, "change": attempt.changes.get()}]
        assert reviews == [{"attempt_code": attempt.attempt_code, "review": review}]


def test_what_is_rolled_back_is_not_told(attempt):
    with heard(attempt_status_changed) as changes:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            api.record_review(attempt.attempt_code, "Clean")
            1 / 0  # noqa: B018
        assert changes == []


def test_a_ready_report_is_told_with_its_file():
    report = api.request_report(COURSE)
    with heard(report_ready) as told:
        build(report.pk)
    assert [(facts["report"].pk, facts["report"].state) for facts in told] == [(report.pk, "ready")]


def test_a_listener_that_fails_stops_nothing(attempt, caplog):
    def fail(**facts):
        raise RuntimeError("a listener's own")

    attempt_status_changed.connect(fail)
    try:
        api.record_review(attempt.attempt_code, "Clean")
    finally:
        attempt_status_changed.disconnect(fail)
    attempt.refresh_from_db()
    assert attempt.status == "verified"
    assert "a listener's own" in caplog.text
