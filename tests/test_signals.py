"""The signals for hosts."""

from contextlib import contextmanager

import pytest
from django.db import transaction

from proctoring_results import api
from proctoring_results.reports.build import build
from proctoring_results.signals import attempt_status_changed, report_ready, review_recorded
from tests.factories import COURSE, ExamAttemptFactory

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def received(signal):
    calls = []

    def receiver(sender, signal, **arguments):
        calls.append(arguments)

    signal.connect(receiver)
    yield calls
    signal.disconnect(receiver)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


def test_a_status_change_and_a_review_are_signalled_after_the_commit(attempt):
    with received(attempt_status_changed) as changes, received(review_recorded) as reviews:
        with transaction.atomic():
            review = api.record_review(attempt.attempt_code, "Clean")
            assert changes == reviews == []
        assert changes == [{"attempt_code": attempt.attempt_code, "change": attempt.changes.get()}]
        assert reviews == [{"attempt_code": attempt.attempt_code, "review": review}]


def test_a_change_that_is_rolled_back_is_not_signalled(attempt):
    with received(attempt_status_changed) as changes:
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            api.record_review(attempt.attempt_code, "Clean")
            1 / 0  # noqa: B018
        assert changes == []


def test_a_ready_report_is_signalled():
    report = api.request_report(COURSE)
    with received(report_ready) as calls:
        build(report.pk)
    assert [(call["report"].pk, call["report"].state) for call in calls] == [(report.pk, "ready")]


def test_a_receiver_that_fails_stops_nothing(attempt, caplog):
    def fail(**arguments):
        raise RuntimeError("an error of the receiver")

    attempt_status_changed.connect(fail)
    try:
        api.record_review(attempt.attempt_code, "Clean")
    finally:
        attempt_status_changed.disconnect(fail)
    attempt.refresh_from_db()
    assert attempt.status == "verified"
    assert "an error of the receiver" in caplog.text
