"""People who want to be told of a report's end, and what they chose last."""

import pytest

from proctoring_results import api
from proctoring_results.models import Report, ReportNotification, ReportPreference
from proctoring_results.services.reports import preference_of, save_preference
from tests.factories import COURSE, ExamAttemptFactory, UserFactory
from tests.racing import at_once, of_type
from tests.rest.calling import post, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def person():
    return UserFactory(admin=True)


def notified(report: Report) -> set:
    return {notification.user for notification in report.notifications.all()}


def test_who_wants_a_mail_is_remembered_with_the_report(person):
    report = api.request_report(COURSE, by=person, notify=True)
    assert notified(report) == {person}


def test_nobody_is_notified_who_has_not_chosen_it(person):
    assert notified(api.request_report(COURSE, by=person)) == set()
    assert notified(api.request_report("another-course", notify=True)) == set()


def test_a_second_person_is_added_while_the_report_is_created(person):
    second = UserFactory(admin=True)
    report = api.request_report(COURSE, by=person)
    for _ in range(2):
        with pytest.raises(api.ReportAlreadyRunning):
            api.request_report(COURSE, by=second, notify=True)
    assert notified(report) == {second}


def test_the_rest_api_has_it(person):
    body = {"course_id": COURSE, "notify": True}
    assert post(signed_in(person), "/api/proctoring/v1/reports/", body).status_code == 202
    assert notified(Report.objects.get()) == {person}


def test_a_new_person_begins_with_csv_and_without_mails(person):
    preference = preference_of(person)
    assert (preference.file_format, preference.notify) == ("csv", False)


def test_the_last_choice_is_remembered(person):
    save_preference(person, file_format="csv_excel", notify=False)
    save_preference(person, file_format="csv_semicolon", notify=True)
    preference = preference_of(person)
    assert (preference.file_format, preference.notify) == ("csv_semicolon", True)


def test_an_unknown_format_is_not_remembered(person):
    with pytest.raises(api.InvalidInput):
        save_preference(person, file_format="pdf", notify=True)
    assert not ReportPreference.objects.exists()


def test_an_erasure_forgets_what_the_person_chose(person):
    learner = ExamAttemptFactory(submitted=True).user
    save_preference(learner, file_format="csv", notify=True)
    ReportNotification.objects.create(report=api.request_report(COURSE, by=person, notify=True), user=learner)
    api.erase_learner(learner, by=person, reason="Ticket 7")
    assert not ReportPreference.objects.exists()
    assert ReportNotification.objects.get().user == person


@pytest.mark.django_db(transaction=True)
def test_all_are_notified_who_request_the_same_at_once():
    people = [UserFactory(admin=True) for _ in range(4)]
    outcomes = at_once(*[lambda by=by: api.request_report(COURSE, by=by, notify=True) for by in people])
    assert len(of_type(Report, outcomes)) == 1
    assert len(of_type(api.ReportAlreadyRunning, outcomes)) == len(people) - 1
    assert notified(Report.objects.get()) == set(people)
