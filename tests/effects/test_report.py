"""Mails about reports: once for each end, to people who may know of it, and never with a file or a learner in them."""

from contextlib import suppress
from datetime import timedelta
from urllib.parse import quote

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.db import DatabaseError
from django.utils import timezone

from proctoring_results import api
from proctoring_results.conf import conf
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import LmsEffect, Report, ReportNotification
from proctoring_results.models.effects import LmsEffectQuerySet
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.services.effects import retry_effects
from proctoring_results.services.upkeep import sweep_effects, sweep_reports
from proctoring_results.tasks import build_report
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, ReportFactory, UserFactory
from tests.fakes import RememberingMailServer, raising
from tests.host.models import CourseRole, Role
from tests.mailers import send_mails_to
from tests.racing import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture(autouse=True)
def site(settings, host):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "SITE_URL": "https://lms.example"}


@pytest.fixture
def person(transactional_db):
    return instructor("grace@example.com")


@pytest.fixture
def requested(person):
    return api.request_report(COURSE, by=person, notify=True)


@pytest.fixture
def full_disk(monkeypatch):
    monkeypatch.setattr(files, "store", raising(OSError(28, "No space left on device of ada")))


def instructor(email: str):
    user = UserFactory(email=email)
    CourseRole.objects.create(user=user, course_id=COURSE, role=Role.INSTRUCTOR)
    return user


def fails(report: Report) -> None:
    Report.objects.filter(pk=report.pk).update(tries=len(conf().RETRY_PAUSES))
    with suppress(OSError):
        build(report.pk)
    assert Report.objects.get(pk=report.pk).state == "failed"


def states() -> list[str]:
    return list(LmsEffect.objects.order_by("pk").values_list("state", flat=True))


# --- What they read ---


def test_a_ready_report_is_mailed_with_a_link_to_the_page(requested, mailoutbox):
    build(requested.pk)
    deliver_due()
    [mail] = mailoutbox
    page = f"https://lms.example/proctoring/courses/{quote(COURSE, safe=':+')}/data-download/"
    assert (mail.subject, mail.to, mail.bcc) == (f"Report ready: {COURSE}", ["grace@example.com"], [])
    for text in (mail.body, mail.alternatives[0][0]):
        assert "Proctored Exam Results Report" in text
        assert page in text
        assert "Narrowed to" not in text
        assert requested.file_name not in text


def test_a_failed_report_is_mailed_with_reason_and_reference(requested, mailoutbox, full_disk):
    fails(requested)
    deliver_due()
    [mail] = mailoutbox
    reference = Report.objects.get().reference
    assert mail.subject == f"Report failed: {COURSE}"
    for text in (mail.body, mail.alternatives[0][0]):
        assert "could not be stored" in text
        assert reference in text
        assert "/data-download/" in text
        assert "ada" not in text


def test_the_mail_names_what_the_report_is_narrowed_to(person, mailoutbox):
    exam = ProctoredExamFactory(exam_name="Ω & Söhne")
    filters = {"exam": exam.content_id, "status": "rejected"}
    build(api.request_report(COURSE, "proctored_exam_incidents_report", filters=filters, by=person, notify=True).pk)
    deliver_due()
    [mail] = mailoutbox
    assert "Narrowed to: Exam: Ω & Söhne · Status: Failed (rejected)" in mail.body
    assert exam.content_id not in mail.body
    assert "Ω &amp; Söhne" in mail.alternatives[0][0]


def test_without_the_address_of_the_site_the_mail_says_where_to_look(requested, mailoutbox, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "SITE_URL": ""}
    build(requested.pk)
    deliver_due()
    [mail] = mailoutbox
    for text in (mail.body, mail.alternatives[0][0]):
        assert "on the page Data Download of the course" in text
        assert "href" not in text


def test_without_the_pages_the_mail_has_no_link(requested, mailoutbox, settings):
    settings.ROOT_URLCONF = "proctoring_results.providers.urls"
    build(requested.pk)
    deliver_due()
    assert "https://" not in mailoutbox[0].body


def test_a_mail_in_the_language_of_the_person(requested, host, mailoutbox, monkeypatch):
    monkeypatch.setattr(host, "learner_language", lambda self, user: "ar", raising=False)
    build(requested.pk)
    deliver_due()
    assert 'lang="ar" dir="rtl"' in mailoutbox[0].alternatives[0][0]


def test_a_report_about_all_courses_names_their_number(mailoutbox):
    admin = UserFactory(admin=True)
    ExamAttemptFactory(exam__course_id="a")
    ExamAttemptFactory(exam__course_id="b")
    build(api.request_report_of_all_courses(by=admin, notify=True).pk)
    deliver_due()
    [mail] = mailoutbox
    assert mail.subject == "Report ready: 2 courses"
    assert "https://lms.example/proctoring/reports/" in mail.body


# --- Once for each end ---


def test_each_person_gets_one_mail_of_their_own(requested, mailoutbox):
    second = instructor("alan@example.com")
    for _ in range(2):
        with pytest.raises(api.ReportAlreadyRunning):
            api.request_report(COURSE, by=second, notify=True)
    build(requested.pk)
    for _ in range(2):
        deliver_due()
    assert sorted(mail.to for mail in mailoutbox) == [["alan@example.com"], ["grace@example.com"]]


def test_a_try_that_fails_is_not_mailed(requested, mailoutbox, full_disk):
    with suppress(OSError):
        build(requested.pk)
    deliver_due()
    assert (mailoutbox, states()) == ([], [])


def test_a_retry_ends_again_and_is_mailed_again(requested, person, mailoutbox, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(files, "store", raising(OSError(28, "No space")))
        fails(requested)
    deliver_due()
    api.retry_report(requested.task_id, by=person)
    build(requested.pk)
    deliver_due()
    assert [mail.subject.split(":")[0] for mail in mailoutbox] == ["Report failed", "Report ready"]


def test_a_failure_that_was_retried_meanwhile_is_not_mailed_late(requested, person, mailoutbox, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(files, "store", raising(OSError(28, "No space")))
        fails(requested)
    api.retry_report(requested.task_id, by=person)
    deliver_due()
    assert (mailoutbox, states()) == ([], ["superseded"])


def test_two_ends_that_wait_are_one_mail(requested, person, mailoutbox, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(files, "store", raising(OSError(28, "No space")))
        fails(requested)
    api.retry_report(requested.task_id, by=person)
    build(requested.pk)
    deliver_due()
    assert [mail.subject for mail in mailoutbox] == [f"Report ready: {COURSE}"]
    assert states() == ["superseded", "done"]


def test_a_report_whose_worker_was_lost_at_the_last_try_is_mailed(person, mailoutbox):
    now = timezone.now()
    report = ReportFactory(state="running", next_try_at=now, lease_until=now - timedelta(1), tries=9)
    ReportNotification.objects.create(report=report, user=person)
    assert sweep_reports().failed == 1
    deliver_due()
    assert "stopped before it was done" in mailoutbox[0].body


def test_a_cancelled_report_is_not_mailed(requested, person, mailoutbox):
    api.cancel_report(requested.task_id, by=person)
    deliver_due()
    assert (mailoutbox, states()) == ([], [])


@pytest.mark.parametrize("how", ["deleted", "over its lifetime"])
def test_a_report_that_is_gone_is_not_mailed(requested, person, mailoutbox, how):
    build(requested.pk)
    if how == "deleted":
        api.delete_report(requested.task_id, by=person)
    else:
        Report.objects.update(expires_at=timezone.now())
    deliver_due()
    assert (mailoutbox, states()) == ([], ["superseded"])


# --- Who gets none ---


def test_an_account_that_is_not_active_gets_none(requested, person, mailoutbox):
    build(requested.pk)
    get_user_model().objects.filter(pk=person.pk).update(is_active=False)
    deliver_due()
    assert (mailoutbox, states()) == ([], ["done"])


def test_a_person_without_an_address_gets_none(requested, person, mailoutbox):
    build(requested.pk)
    get_user_model().objects.filter(pk=person.pk).update(email="")
    deliver_due()
    assert (mailoutbox, states()) == ([], ["done"])


def test_who_has_lost_the_permission_gets_none(requested, person, mailoutbox):
    build(requested.pk)
    CourseRole.objects.filter(user=person).delete()
    deliver_due()
    assert (mailoutbox, states()) == ([], ["done"])


def test_who_has_lost_the_permission_for_all_courses_gets_none(mailoutbox):
    admin = UserFactory(admin=True)
    ExamAttemptFactory()
    build(api.request_report_of_all_courses(by=admin, notify=True).pk)
    get_user_model().objects.filter(pk=admin.pk).update(is_superuser=False)
    deliver_due()
    assert (mailoutbox, states()) == ([], ["done"])


def test_who_was_erased_gets_none(requested, person, mailoutbox):
    build(requested.pk)
    LmsEffect.objects.update(problem="No mailbox of grace@example.com")
    api.erase_learner(person, by=UserFactory(admin=True), reason="Ticket 7")
    deliver_due()
    assert (mailoutbox, states()) == ([], ["superseded"])
    assert LmsEffect.objects.get().problem == ""


# --- What breaks ---


def test_a_mail_server_that_is_down_is_tried_again(requested, settings):
    send_mails_to("tests.fakes.RememberingMailServer", settings)
    RememberingMailServer.down = True
    build(requested.pk)
    with pytest.raises(ExceptionGroup):
        deliver_due()
    assert states() == ["waiting"]
    RememberingMailServer.down = False
    with time_machine.travel(timezone.now() + timedelta(minutes=1)):
        deliver_due()
    assert states() == ["done"]
    assert [mail.subject for mail, _ in RememberingMailServer.sent] == [f"Report ready: {COURSE}"]


def test_a_mail_server_that_is_down_for_days_is_dead_lettered_and_can_be_retried(requested, settings):
    send_mails_to("tests.fakes.RememberingMailServer", settings)
    RememberingMailServer.down = True
    build(requested.pk)
    with time_machine.travel(timezone.now() + timedelta(days=2)), suppress(ExceptionGroup):
        deliver_due()
    assert states() == ["parked"]
    RememberingMailServer.down = False
    retry_effects([LmsEffect.objects.get().pk])
    deliver_due()
    assert len(RememberingMailServer.sent) == 1


def test_a_worker_that_dies_between_the_end_and_the_delivery_loses_no_mail(requested, mailoutbox):
    """The row of the mail is committed with the report; the sweep finds it."""
    build(requested.pk)
    assert (mailoutbox, states()) == ([], ["waiting"])
    assert sweep_effects()
    deliver_due()
    assert len(mailoutbox) == 1


def test_no_report_ends_without_its_mails(requested, monkeypatch):
    monkeypatch.setattr(LmsEffectQuerySet, "queue_mails_about", raising(DatabaseError("gone")))
    with pytest.raises(DatabaseError):
        build(requested.pk)
    requested.refresh_from_db()
    assert (requested.state, states()) == ("queued", [])


def test_the_worker_enqueues_the_delivery_when_the_report_has_ended(requested, monkeypatch, full_disk):
    enqueued = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: enqueued.append(task.name))
    with suppress(OSError):
        build_report(requested.pk)
    assert enqueued == []
    Report.objects.update(tries=len(conf().RETRY_PAUSES), next_try_at=timezone.now())
    with pytest.raises(OSError, match="No space"):
        build_report(requested.pk)
    assert enqueued == ["proctoring_results.deliver_effects"]


def test_who_is_added_while_the_report_ends_gets_a_mail_of_this_one_or_the_next(person, mailoutbox):
    for round_number in range(4):
        report = api.request_report(COURSE, by=person)
        email = f"late-{round_number}@example.com"
        late = instructor(email)
        outcomes = at_once(
            lambda pk=report.pk: build(pk),
            lambda by=late: api.request_report(COURSE, by=by, notify=True),
        )
        if isinstance(outcomes[1], Report):
            # It came after the end, and made another report.
            build(outcomes[1].pk)
        else:
            assert isinstance(outcomes[1], api.ReportAlreadyRunning)
        deliver_due()
        assert [mail.to for mail in mailoutbox].count([email]) == 1
