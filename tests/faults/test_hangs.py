"""A storage, or a lock in the database, that never answers: the report fails after its tries, and nobody waits."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.core.files.storage import FileSystemStorage, storages
from django.db import DatabaseError, connection, connections
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import ExamAttempt, Report
from proctoring_results.reports import build as build_module
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.reports.claims import NoProgress
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import COURSE, ExamAttemptFactory
from tests.faults.harness import broken_promises, stored, wait_until

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def empty_storage():
    for key in stored():
        storages["proctoring_results"].delete(key)


@pytest.fixture
def requested(settings) -> Report:
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "REPORT_STEP_LIMIT": timedelta(seconds=0.2),
        "RETRY_PAUSES": (timedelta(seconds=10), timedelta(seconds=10)),
    }
    ExamAttemptFactory(submitted=True)
    return api.request_report(COURSE, enqueue=False)


@pytest.fixture
def hang():
    """Returns when the test ends, not before; the threads that were left behind end with it."""
    over = threading.Event()
    yield over.wait
    over.set()
    for thread in threading.enumerate():
        if thread.name == "proctoring-results":
            thread.join(10)


def fresh(report: Report) -> Report:
    return Report.objects.get(pk=report.pk)


def copies_that_wait() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'COPY%'"
        )
        return cursor.fetchone()[0]


def later(seconds: float):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def test_a_storage_that_hangs_fails_the_report_after_its_tries(requested, hang, monkeypatch):
    monkeypatch.setattr(FileSystemStorage, "save", lambda *args, **kwargs: hang())
    for seconds in (0, 11, 22):
        with later(seconds), pytest.raises(NoProgress):
            build(requested.pk)
    report = fresh(requested)
    assert (report.state, report.failure, report.tries, report.lease_until) == ("failed", "storage", 3, None)
    assert "did not answer" in report.get_failure_display()


def test_a_storage_that_answers_again_gets_the_report_at_the_next_try(requested, hang, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(NoProgress):
        patch.setattr(FileSystemStorage, "save", lambda *args, **kwargs: hang())
        build(requested.pk)
    with later(11):
        assert build(requested.pk)
    assert broken_promises() == []


def test_what_a_storage_stores_after_all_is_not_published_and_is_removed(requested, monkeypatch):
    over, save = threading.Event(), FileSystemStorage.save

    def save_late(*args, **kwargs):
        over.wait()
        return save(*args, **kwargs)

    monkeypatch.setattr(FileSystemStorage, "save", save_late)
    with pytest.raises(NoProgress):
        build(requested.pk)
    builder = next(thread for thread in threading.enumerate() if thread.name == "proctoring-results")
    over.set()
    builder.join()
    assert fresh(requested).state == "queued"
    assert stored() == set()


def test_a_database_that_hangs_fails_the_try(requested, hang, monkeypatch):
    monkeypatch.setattr(build_module, "write_rows", lambda *args: hang())
    with pytest.raises(NoProgress):
        build(requested.pk)
    assert (fresh(requested).state, fresh(requested).failure) == ("queued", "database")


@pytest.mark.postgresql
def test_a_copy_behind_a_lock_is_given_up_by_the_database(requested, monkeypatch):
    locking = connections.create_connection("default")
    write_rows = build_module.write_rows

    def behind_a_lock(*args):
        locking.set_autocommit(False)
        with locking.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {ExamAttempt._meta.db_table} IN ACCESS EXCLUSIVE MODE")
        return write_rows(*args)

    monkeypatch.setattr(build_module, "write_rows", behind_a_lock)
    with pytest.raises((DatabaseError, NoProgress)):
        build(requested.pk)
    assert (fresh(requested).state, fresh(requested).failure) == ("queued", "database")
    wait_until(lambda: copies_that_wait() == 0)
    locking.rollback()
    locking.close()


def test_the_sweep_does_not_wait_for_a_storage_that_hangs(requested, hang, monkeypatch):
    assert build(requested.pk)
    monkeypatch.setattr(files, "MAX_SECONDS_TO_REMOVE", 0.05)
    monkeypatch.setattr(FileSystemStorage, "delete", lambda *args: hang())
    Report.objects.update(expires_at=timezone.now())
    with pytest.raises(ExceptionGroup):
        sweep_reports(enqueue=False)
    assert fresh(requested).state == "expired"
