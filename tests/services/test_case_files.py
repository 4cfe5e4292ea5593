"""A case file is requested for a purpose, by somebody who may, about somebody else; and it is all on record."""

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from proctoring_results import api
from proctoring_results.links import REPORT_LINK
from proctoring_results.models import Disclosure, Report
from proctoring_results.models.reports import ReportDownload
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import COURSE, ExamAttemptFactory, ReportFactory, UserFactory
from tests.reports.case_files import PURPOSE, unpacked

# A build has a thread of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    enqueued: list[tuple] = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: enqueued.append(args))
    return enqueued


@pytest.fixture
def office():
    return somebody("view_sessions", "export_session")


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


def somebody(*permissions: str):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def requested(attempt, by, purpose: str = PURPOSE) -> Report:
    return api.request_case_file(attempt.attempt_code, purpose=purpose, by=by, address="192.0.2.7")


def built(report: Report) -> Report:
    assert build(report.pk)
    return Report.objects.get(pk=report.pk)


# --- On record ---


def test_a_request_is_recorded_with_its_purpose(attempt, office, enqueued):
    report = requested(attempt, office, f"  {PURPOSE}\n")
    export = Disclosure.objects.get()
    assert (export.user, export.attempt, export.kind, export.purpose) == (office, attempt, "export", PURPOSE)
    assert (export.report, export.address, export.evidence) == (report, "192.0.2.7", None)
    assert enqueued == [(report.pk,)]


def test_the_record_keeps_purpose_and_checksums_when_the_file_is_gone(attempt, office):
    report = built(requested(attempt, office))
    Report.objects.filter(pk=report.pk).update(expires_at=timezone.now())
    sweep_reports()
    export = Disclosure.objects.get()
    assert (export.report.state, export.purpose) == ("expired", PURPOSE)
    assert len(export.report.sha256) == len(export.report.manifest_sha256) == 64


def test_a_download_is_recorded(attempt, office):
    report = built(requested(attempt, office))
    download = api.redeem_download(api.download_link(report, office), office, address="192.0.2.9")
    with download.file as file:
        assert "case.html" in unpacked(file.read())
    assert ReportDownload.objects.get().outcome == "downloaded"


# --- Refusals ---


@pytest.mark.parametrize("missing", ["view_sessions", "export_session"])
def test_it_needs_both_permissions(attempt, missing):
    user = somebody(*{"view_sessions", "export_session"} - {missing})
    with pytest.raises(api.AccessDenied, match=missing):
        requested(attempt, user)
    assert not Report.objects.exists()


def test_nobody_exports_the_case_file_about_themselves(office):
    with pytest.raises(api.OwnAttempt, match="Somebody else has to export it"):
        requested(ExamAttemptFactory(submitted=True, user=office), office)


@pytest.mark.parametrize("purpose", ["", "  \n", "\u3164", None, "x" * 1_001, "a\0b"])
def test_it_needs_a_purpose_that_can_be_read(attempt, office, purpose):
    with pytest.raises(api.InvalidInput) as refusal:
        requested(attempt, office, purpose)
    assert refusal.value.field == "purpose"
    assert not Disclosure.objects.exists()


def test_an_erased_session_has_none(office):
    with pytest.raises(api.AttemptIsErased):
        requested(ExamAttemptFactory(submitted=True, erased_at=timezone.now()), office)


def test_an_unknown_session_has_none(office):
    with pytest.raises(api.NotFound):
        api.request_case_file("unknown", purpose=PURPOSE, by=office)


def test_a_timed_exam_has_no_session_to_export(office):
    with pytest.raises(api.NotFound):
        requested(ExamAttemptFactory(submitted=True, exam__is_proctored=False, taking_as_proctored=False), office)


# --- One file for each request ---


def test_two_clicks_are_one_request(attempt, office):
    first = requested(attempt, office)
    with pytest.raises(api.ReportAlreadyRunning) as refusal:
        requested(attempt, office)
    assert refusal.value.report == first
    assert Disclosure.objects.count() == 1


def test_everybody_and_every_purpose_has_a_file_of_its_own(attempt, office):
    other = somebody("view_sessions", "export_session")
    names = {requested(attempt, *request).file_name for request in ((office,), (other,), (office, "Appeal"))}
    assert len(names) == 3


def test_a_failed_one_is_retried_under_its_purpose(attempt, office):
    report = requested(attempt, office)
    Report.objects.filter(pk=report.pk).update(state="failed", unfinished_key=None, next_try_at=None)
    api.retry_report(report.task_id, by=office)
    with pytest.raises(api.ReportAlreadyRunning):
        requested(attempt, office)
    assert built(report).state == "ready"


def test_of_an_erased_learner_none_is_retried(attempt, office):
    report = requested(attempt, office)
    Report.objects.filter(pk=report.pk).update(state="failed", unfinished_key=None, next_try_at=None)
    attempt.erased_at = timezone.now()
    attempt.save()
    with pytest.raises(api.AttemptIsErased):
        api.retry_report(report.task_id, by=office)


# --- Who may have it ---


def test_only_who_requested_it_gets_a_link(attempt, office):
    report = built(requested(attempt, office))
    with pytest.raises(api.AccessDenied):
        api.download_link(report, UserFactory(admin=True))


def test_a_link_dies_with_the_permission(attempt, office):
    report = built(requested(attempt, office))
    token = REPORT_LINK.make_token(report, office, now=timezone.now())
    office.user_permissions.remove(Permission.objects.get(codename="export_session"))
    with pytest.raises(api.LinkInvalid):
        api.redeem_download(token, type(office).objects.get(pk=office.pk))


@pytest.mark.parametrize("change", [api.cancel_report, api.retry_report, api.delete_report])
def test_only_who_requested_it_cancels_retries_and_deletes_it(attempt, office, change):
    report = requested(attempt, office)
    with pytest.raises(api.AccessDenied):
        change(report.task_id, by=UserFactory(admin=True))


def test_the_permissions_of_reports_open_none(attempt, office):
    report = built(requested(attempt, office))
    office.user_permissions.set(Permission.objects.filter(codename__in=["generate_report", "download_report"]))
    with pytest.raises(api.AccessDenied):
        api.download_link(report, type(office).objects.get(pk=office.pk))


def test_it_is_in_no_list_of_reports(attempt, office):
    built(requested(attempt, office))
    assert list(api.reports_in_course(COURSE)) == []


# --- Workers that are lost ---


def test_a_worker_that_is_killed_leaves_it_to_the_next(attempt, office, monkeypatch):
    report = requested(attempt, office)

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("proctoring_results.reports.build.files.store", killed)
    with pytest.raises(KeyboardInterrupt):
        build(report.pk)
    monkeypatch.undo()
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: None)
    Report.objects.filter(pk=report.pk).update(lease_until=timezone.now(), next_try_at=timezone.now())
    assert built(report).tries == 2
    assert Disclosure.objects.count() == 1


def test_an_erasure_while_it_is_built_leaves_nothing(attempt, office, monkeypatch):
    report, boss = requested(attempt, office), UserFactory(admin=True)
    store = files.store

    def erase_then_store(*args):
        store(*args)
        api.erase_learner(attempt.user, by=boss, reason="Asked for")

    monkeypatch.setattr("proctoring_results.reports.build.files.store", erase_then_store)
    assert build(report.pk) is False
    report.refresh_from_db()
    assert (report.state, report.sha256) == ("cancelled", "")


def test_an_erasure_leaves_the_case_files_of_others(attempt, office):
    other = built(requested(ExamAttemptFactory(submitted=True, exam=attempt.exam), office))
    ordinary = ReportFactory(ready=True, course_id=attempt.exam.course_id)
    api.erase_learner(attempt.user, by=UserFactory(admin=True), reason="Asked for")
    other.refresh_from_db()
    ordinary.refresh_from_db()
    assert (other.state, ordinary.state) == ("ready", "expired")
