"""The signals for hosts."""

from contextlib import contextmanager, suppress

import pytest
from django.db import transaction
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import Report
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.reports.claims import max_tries
from proctoring_results.services.upkeep import sweep_reports
from proctoring_results.signals import attempt_status_changed, report_failed, report_ready, review_recorded
from tests.factories import COURSE, ExamAttemptFactory
from tests.fakes import raising

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


@pytest.mark.parametrize("last_try", ["fails", "is lost with its worker"])
def test_a_failed_report_is_signalled_once_after_its_last_try(last_try, monkeypatch):
    monkeypatch.setattr(files, "store", raising(OSError(28, "No space left on device")))
    report = api.request_report(COURSE)
    with received(report_failed) as calls:
        with suppress(OSError):
            build(report.pk)
        assert calls == []
        if last_try == "fails":
            Report.objects.update(tries=max_tries() - 1, next_try_at=timezone.now())
            with suppress(OSError):
                build(report.pk)
        else:
            Report.objects.update(tries=max_tries(), next_try_at=timezone.now())
            sweep_reports()
            sweep_reports()
    [failed] = [call["report"] for call in calls]
    assert (failed.pk, failed.state) == (report.pk, "failed")
    assert (failed.failure, bool(failed.reference)) == ("storage" if last_try == "fails" else "worker_lost", True)


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
