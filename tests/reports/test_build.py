"""From a request to a published file, step by step, in this process."""

import hashlib
import logging
import time
from datetime import timedelta

import pytest
import time_machine
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, storages
from django.db import OperationalError
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import Report, ReportFile
from proctoring_results.reports import build as build_module
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.reports.claims import Claim
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import COURSE, ExamAttemptFactory, ReportFactory, UserFactory
from tests.faults.harness import stored
from tests.racing import at_once, of_type

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def requested(course):
    return api.request_report(COURSE)


@pytest.fixture
def course():
    return [ExamAttemptFactory(), ExamAttemptFactory(submitted=True)]


@pytest.fixture(autouse=True)
def empty_storage():
    for key in stored():
        storages["proctoring_results"].delete(key)


def fresh(report: Report) -> Report:
    return Report.objects.get(pk=report.pk)


def later(seconds: float):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


# --- Request ---


def test_twenty_requests_at_once_make_one_report_and_the_others_are_refused(course):
    outcomes = at_once(*[lambda: api.request_report(COURSE)] * 20)
    reports, refusals = of_type(Report, outcomes), of_type(api.ReportAlreadyRunning, outcomes)
    assert (len(reports), len(refusals)) == (1, 19)
    assert {refusal.report.pk for refusal in refusals} == {reports[0].pk}
    assert Report.objects.count() == 1


def test_another_kind_another_course_and_another_exam_are_other_reports(course):
    api.request_report(COURSE)
    api.request_report(COURSE, "proctored_session_results_report")
    api.request_report("edX/DemoX/Demo")
    api.request_report("edx/demox/demo")
    api.request_report(COURSE, filters={"exam": course[0].exam.content_id})
    assert Report.objects.unfinished().count() == 5


def test_names_are_by_the_second_and_never_the_same():
    with time_machine.travel("2026-05-01T09:30:00Z", tick=False):
        for _ in range(3):
            api.cancel_report(api.request_report("course-v1:edX+DemoX/Ü").task_id)
    assert list(Report.objects.order_by("pk").values_list("file_name", flat=True)) == [
        f"course-v1_edX+DemoX_Ü_proctored_exam_results_report_2026-05-01-09300{second}.csv" for second in range(3)
    ]


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("kind", {"kind": "grades"}),
        ("format", {"file_format": "pdf"}),
        ("filters.content_id", {"filters": {"content_id": "x"}}),
        ("filters.exam", {"filters": {"exam": 5}}),
        ("filters.exam", {"filters": {"exam": "not an exam of the course"}}),
        ("filters.status", {"filters": {"status": "passed"}}),
        ("filters.since", {"filters": {"since": "1.5.2026"}}),
        ("filters.until", {"filters": {"since": "2026-05-02", "until": "2026-05-01"}}),
        ("course_id", {"course_id": ""}),
        ("course_id", {"course_id": "a\0"}),
        ("course_id", {"course_id": "x" * 256}),
    ],
)
def test_a_wrong_request_is_refused_by_name(field, call):
    with pytest.raises(api.InvalidInput, match=field):
        api.request_report(**{"course_id": COURSE, **call})
    assert not Report.objects.exists()


def test_a_filter_for_an_exam_of_another_course_finds_none(course):
    with pytest.raises(api.InvalidInput, match=r"filters\.exam"):
        api.request_report("another", filters={"exam": course[0].exam.content_id})


def test_a_person_needs_the_permission_to_generate():
    with pytest.raises(api.AccessDenied, match="generate_report"):
        api.request_report(COURSE, by=UserFactory())
    assert not Report.objects.exists()


def test_nothing_is_enqueued_when_the_transaction_is_rolled_back(
    course, monkeypatch, django_capture_on_commit_callbacks
):
    from django.db import transaction

    enqueued = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: enqueued.append(args))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        api.request_report(COURSE)
        1 / 0  # noqa: B018
    assert enqueued == []
    report = api.request_report(COURSE)
    assert [args for _, args in enqueued] == [report.pk]


# --- Build and publish ---


def test_a_built_report_is_published_with_all_that_the_page_shows(requested):
    assert build(requested.pk)
    report = fresh(requested)
    with files.open_file(report) as file:
        content = file.read()
    assert (report.state, report.rows, report.rows_done, report.rows_total) == ("ready", 2, 2, 2)
    assert (report.size, report.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert report.unfinished_key is report.next_try_at is report.lease_until is None
    assert report.requested_at <= report.as_of <= report.finished_at
    assert report.expires_at - report.finished_at == timedelta(days=90)
    assert stored() == {report.file.storage_key}


def test_a_report_is_built_once_by_two_workers_with_one_message(requested):
    assert sorted(at_once(*[lambda: build(requested.pk)] * 2)) == [False, True]
    assert len(stored()) == 1
    assert fresh(requested).tries == 1


def test_a_finished_report_is_not_built_again(requested):
    build(requested.pk)
    assert not build(requested.pk)
    assert ReportFile.objects.count() == 1


def test_progress_and_signs_of_life_are_visible_while_it_is_built(requested, settings, monkeypatch):
    settings.PROCTORING_RESULTS = {"LEASE": timedelta(seconds=2)}
    seen = []

    def slow_store(file, content):
        deadline = timezone.now() + timedelta(seconds=30)
        # The lease is 2 seconds, a beat comes every half: it is over before the file is stored, but for the heartbeat.
        while timezone.now() < deadline and len({row.heartbeat_at for row in seen}) < 6:
            seen.append(fresh(requested))
            time.sleep(0.05)
        return real_store(file, content)

    real_store = files.store
    monkeypatch.setattr(files, "store", slow_store)
    assert build(requested.pk)
    assert (seen[-1].state, seen[-1].step, seen[-1].rows_done, seen[-1].rows_total) == ("running", "storing", 2, 2)
    assert len({row.heartbeat_at for row in seen}) == 6


# --- Cancel ---


def test_a_queued_report_is_cancelled_at_once(requested):
    assert api.cancel_report(requested.task_id).state == "cancelled"
    assert not build(requested.pk)
    assert api.request_report(COURSE) != requested


def test_a_running_report_notices_that_it_was_cancelled_and_leaves_nothing_behind(requested, settings, monkeypatch):
    settings.PROCTORING_RESULTS = {"LEASE": timedelta(seconds=2)}

    def cancelled_meanwhile(*args):
        api.cancel_report(requested.task_id)
        claims[0].lost.wait(5)
        return real(*args)

    claims, real = [], build_module.write_rows
    take = Claim.acquire.__func__

    def noted(cls, pk):
        claims.append(take(cls, pk))
        return claims[0]

    monkeypatch.setattr(Claim, "acquire", classmethod(noted))
    monkeypatch.setattr(build_module, "write_rows", cancelled_meanwhile)
    assert not build(requested.pk)
    assert claims[0].lost.is_set()
    assert fresh(requested).state == "cancelled"
    assert stored() == set()


def test_a_report_cancelled_at_the_last_moment_is_not_published(requested, monkeypatch):
    real = files.store

    def cancel_after(file, content):
        real(file, content)
        api.cancel_report(requested.task_id)

    monkeypatch.setattr(files, "store", cancel_after)
    assert not build(requested.pk)
    assert fresh(requested).state == "cancelled"
    assert stored() == set()


def test_a_finished_report_cannot_be_cancelled(requested):
    build(requested.pk)
    with pytest.raises(api.ReportNotInState):
        api.cancel_report(requested.task_id)
    assert fresh(requested).state == "ready"


# --- The lease ---


def test_a_worker_past_its_lease_cannot_publish(requested, monkeypatch):
    real = files.store

    def sleeps_past_its_lease(file, content):
        real(file, content)
        # As SIGSTOP does it: no heartbeat, and the clock has gone on.
        Report.objects.filter(pk=requested.pk).update(lease_until=timezone.now())

    monkeypatch.setattr(files, "store", sleeps_past_its_lease)
    assert not build(requested.pk)
    assert fresh(requested).state == "running"
    assert stored() == set()


def test_a_worker_that_wakes_finds_that_another_has_published(requested, monkeypatch):
    real, woken = files.store, []

    def overtaken(file, content):
        real(file, content)
        if not woken:
            woken.append(file)
            Report.objects.filter(pk=requested.pk).update(lease_until=timezone.now())
            assert build(requested.pk)

    monkeypatch.setattr(files, "store", overtaken)
    assert not build(requested.pk)
    report = fresh(requested)
    assert (report.state, report.fence) == ("ready", 2)
    assert stored() == {report.file.storage_key}
    assert report.file != woken[0]


def test_a_claim_is_not_renewed_once_another_holds_it(requested):
    claim = Claim.acquire(requested.pk)
    assert claim.renew()
    Report.objects.filter(pk=requested.pk).update(lease_until=timezone.now())
    assert Claim.acquire(requested.pk) is not None
    assert not claim.renew()


def test_a_dead_worker_is_noticed_by_its_lease(requested):
    Claim.acquire(requested.pk)
    assert not build(requested.pk)
    with later(61):
        assert build(requested.pk)


def test_a_report_whose_worker_is_lost_at_every_try_fails_with_a_reference_that_is_in_the_log(requested, caplog):
    for minute in range(3):
        with later(61 * minute):
            Claim.acquire(requested.pk)
    with later(61 * 3):
        assert sweep_reports().failed == 1
    report = fresh(requested)
    assert (report.state, report.failure, report.unfinished_key) == ("failed", "worker_lost", None)
    assert len(report.reference) == 8
    assert report.reference in caplog.text


# --- Failures ---


def refuse(*args):
    raise OSError(28, "No space left on device")


def test_a_storage_that_refuses_fails_the_report_after_its_tries(requested, monkeypatch, caplog):
    monkeypatch.setattr(files, "store", refuse)
    for seconds in (0, 11, 75):
        with later(seconds), pytest.raises(OSError, match="No space"):
            build(requested.pk)
    report = fresh(requested)
    assert (report.state, report.failure, report.tries) == ("failed", "storage", 3)
    assert "file storage" in report.get_failure_display()
    assert report.reference in caplog.text
    assert caplog.records[-1].levelno == logging.ERROR


def written_short(storage, name, content, max_length=None):
    return save(storage, name, ContentFile(content.read(10)))


def written_empty(storage, name, content, max_length=None):
    return save(storage, name, ContentFile(b""))


def lost(storage, name, content, max_length=None):
    return name


save = FileSystemStorage.save


@pytest.mark.parametrize("storing", [written_short, written_empty, lost])
def test_a_storage_that_writes_less_than_it_was_given_fails_the_report_after_its_tries(requested, monkeypatch, storing):
    monkeypatch.setattr(FileSystemStorage, "save", storing)
    for seconds in (0, 11, 75):
        with later(seconds), pytest.raises(OSError):  # noqa: PT011  the storage's own, or ours
            build(requested.pk)
        assert fresh(requested).file is None
    assert (fresh(requested).state, fresh(requested).failure) == ("failed", "storage")
    sweep_reports()
    assert stored() == set()


def test_between_two_tries_there_is_a_pause(requested, monkeypatch):
    monkeypatch.setattr(files, "store", refuse)
    with pytest.raises(OSError, match="No space"):
        build(requested.pk)
    assert fresh(requested).state == "queued"
    assert not build(requested.pk)
    monkeypatch.undo()
    with later(11):
        assert build(requested.pk)
    report = fresh(requested)
    assert (report.state, report.tries, report.failure, report.reference) == ("ready", 2, "", "")


@pytest.mark.parametrize(
    ("error", "failure"),
    [(OperationalError("server closed the connection"), "database"), (KeyError("x"), "unexpected")],
)
def test_the_reason_of_a_failure_is_recognised(requested, monkeypatch, error, failure):
    def fail(*args):
        raise error

    monkeypatch.setattr(build_module, "write_rows", fail)
    with pytest.raises(type(error)):
        build(requested.pk)
    assert fresh(requested).failure == failure


def test_a_failed_report_is_retried_with_all_its_tries(course):
    report = ReportFactory(failed=True, tries=3)
    again = api.retry_report(report.task_id)
    assert (again.pk, again.state, again.tries, again.failure) == (report.pk, "queued", 0, "")
    assert build(report.pk)


def test_a_retry_is_refused_while_the_same_report_is_being_created(course):
    failed, running = ReportFactory(failed=True), api.request_report(COURSE)
    with pytest.raises(api.ReportAlreadyRunning) as refused:
        api.retry_report(failed.task_id)
    assert refused.value.report == running
    assert fresh(failed).state == "failed"


def test_only_a_failed_report_can_be_retried(requested):
    with pytest.raises(api.ReportNotInState):
        api.retry_report(requested.task_id)


@pytest.mark.parametrize("verb", [api.cancel_report, api.retry_report])
def test_cancel_and_retry_need_the_permission_and_a_report(requested, verb):
    with pytest.raises(api.AccessDenied):
        verb(requested.task_id, by=UserFactory())
    with pytest.raises(api.NotFound):
        verb("00000000-0000-0000-0000-000000000000")
    with pytest.raises(api.NotFound):
        verb("no uuid at all")


# --- The sweep ---


def test_the_sweep_enqueues_what_is_due(requested, monkeypatch):
    enqueued = []
    monkeypatch.setattr(
        "proctoring_results.services.upkeep.enqueue", lambda task, *args, **_: enqueued.append(args) or True
    )
    assert sweep_reports().enqueued == 1
    assert enqueued == [(requested.pk,)]
    build(requested.pk)
    assert sweep_reports().enqueued == 0


def test_the_sweep_stops_enqueueing_when_the_broker_is_down(monkeypatch):
    for number in range(3):
        api.request_report(f"course {number}")
    enqueued = []
    monkeypatch.setattr(
        "proctoring_results.services.upkeep.enqueue", lambda task, *args, **_: bool(enqueued.append(args))
    )
    assert sweep_reports().enqueued == 0
    assert len(enqueued) == 1


def test_the_sweep_removes_the_file_of_a_dead_worker_and_keeps_one_under_way(requested):
    claim = Claim.acquire(requested.pk)
    key = storages["proctoring_results"].save(claim.file.storage_key, _content())
    sweep_reports(enqueue=False)
    assert stored() == {key}
    with later(61):
        sweep_reports(enqueue=False)
    assert stored() == set()


def test_the_sweep_checks_a_key_again_for_a_day_because_a_sleeping_worker_may_still_use_it(requested):
    claim = Claim.acquire(requested.pk)
    with later(61):
        sweep_reports(enqueue=False)
        storages["proctoring_results"].save(claim.file.storage_key, _content())
        sweep_reports(enqueue=False)
        assert stored() == set()
    with later(25 * 3600):
        sweep_reports(enqueue=False)
    assert ReportFile.objects.get().removed_at is not None


def test_the_sweep_removes_expired_reports_and_keeps_the_row(requested):
    build(requested.pk)
    sweep_reports(enqueue=False)
    assert len(stored()) == 1
    with later(90 * 24 * 3600 + 1):
        assert sweep_reports(enqueue=False).expired == 1
    assert stored() == set()
    assert fresh(requested).state == "expired"


def test_a_file_that_the_storage_does_not_remove_blocks_no_other(course, monkeypatch):
    reports = [api.request_report(f"course {number}") for number in range(2)]
    claims = [Claim.acquire(report.pk) for report in reports]
    for claim in claims:
        storages["proctoring_results"].save(claim.file.storage_key, _content())
    stubborn, real = claims[0].file.storage_key, type(storages["proctoring_results"]).delete

    def delete(self, name):
        if name == stubborn:
            raise PermissionError(name)
        real(self, name)

    monkeypatch.setattr(type(storages["proctoring_results"]), "delete", delete)
    with later(61), pytest.raises(ExceptionGroup):
        sweep_reports(enqueue=False)
    assert stored() == {stubborn}


def _content():
    from django.core.files.base import ContentFile

    return ContentFile(b"half a fi")
