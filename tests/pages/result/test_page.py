"""A page with a learner's result asks whether the result has changed."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from proctoring_results import api
from tests.factories import ExamAttemptFactory, UserFactory
from tests.rest.calling import signed_in

pytestmark = pytest.mark.django_db

UNDO = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "APPEAL_DAYS": 14, "DECISION_UNDO_TIME": UNDO}
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


@pytest.fixture
def ask(attempt):
    """Ask as the page does that was drawn now."""
    client, stamp = signed_in(attempt.user), api.learner_result(attempt.user, attempt.exam).stamp
    url = reverse("proctoring_results:result_changed", args=[attempt.attempt_code])
    return lambda: client.get(url, headers={"If-None-Match": f'"{stamp}"'}).status_code


def later():
    return time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False)


def test_nothing_has_changed_until_a_decision_takes_effect(ask, attempt):
    assert ask() == 304
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious")])
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="A phone")
    assert ask() == 304
    with later():
        assert ask() == 204


def test_an_appeal_and_its_answer_change_what_is_shown(attempt):
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="A phone")
    stamps = []
    with later():
        stamps.append(api.learner_result(attempt.user, attempt.exam).stamp)
        api.appeal(attempt.attempt_code, by=attempt.user, text="My cat")
        stamps.append(api.learner_result(attempt.user, attempt.exam).stamp)
        api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="No cat")
        with later():
            stamps.append(api.learner_result(attempt.user, attempt.exam).stamp)
    assert len(set(stamps)) == 3


def test_asking_is_cheap(ask, django_assert_num_queries):
    with django_assert_num_queries(3):  # session, person, result
        ask()
