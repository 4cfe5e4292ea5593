"""The mail to the owner of a schedule that upkeep has paused or switched off."""

import pytest
from django.core import mail

from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import LmsEffect, ReportSchedule
from proctoring_results.services.schedules import erase_schedules
from proctoring_results.services.upkeep import run_schedules
from tests.factories import ReportScheduleFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def nobody_delivers(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


def stopped(owner, **fields) -> ReportSchedule:
    """A schedule that was due, and that upkeep has just stopped."""
    schedule = ReportScheduleFactory(owner=owner, **fields)
    ReportSchedule.objects.filter(pk=schedule.pk).update(next_run_at=schedule.created_at)
    run_schedules()
    return schedule


def test_the_owner_reads_that_it_was_paused_and_why(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "SITE_URL": "https://lms.example"}
    stopped(UserFactory(email="ada@example.com"))
    deliver_due()
    [sent] = mail.outbox
    assert sent.to == ["ada@example.com"]
    assert sent.subject.startswith("Schedule stopped: ")
    assert "The owner may no longer generate this report." in sent.body
    assert "When: Every Monday at 06:00 (UTC)" in sent.body
    assert "https://lms.example/proctoring/courses/" in sent.body
    assert "Paused: permission missing" in sent.alternatives[0].content


def test_the_owner_reads_that_it_was_switched_off_and_why():
    stopped(UserFactory(admin=True), failures=4, kind="gone")
    deliver_due()
    assert "This kind of report no longer exists." in mail.outbox[0].body
    assert "Off: five failures in a row" in mail.outbox[0].body


@pytest.mark.parametrize("fields", [{"is_active": False}, {"email": ""}])
def test_who_cannot_be_reached_gets_none(fields):
    stopped(UserFactory(**fields))
    deliver_due()
    assert (mail.outbox, LmsEffect.objects.get().state) == ([], "done")


def test_one_that_was_resumed_meanwhile_is_not_worth_a_mail():
    schedule = stopped(UserFactory())
    ReportSchedule.objects.filter(pk=schedule.pk).update(state="active")
    deliver_due()
    assert (mail.outbox, LmsEffect.objects.get().state) == ([], "superseded")


def test_it_is_written_once():
    stopped(UserFactory())
    run_schedules()
    deliver_due()
    deliver_due()
    assert len(mail.outbox) == 1


def test_with_the_schedule_its_mail_is_erased():
    schedule = stopped(UserFactory())
    erase_schedules(schedule.owner)
    assert not LmsEffect.objects.exists()
    assert not ReportSchedule.objects.exists()
