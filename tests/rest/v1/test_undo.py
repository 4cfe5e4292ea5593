"""A decision is undone by the API, or the answer says why not."""

from datetime import timedelta

import pytest

from proctoring_results import api
from proctoring_results.models import StatusChange
from tests.factories import COURSE, ExamAttemptFactory
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, member_of, problem

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_minute(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


@pytest.fixture
def person():
    return member_of(COURSE)


@pytest.fixture
def client(person):
    return signed_in(person)


def undo(client, attempt, **body):
    return post(client, f"{V1}attempts/{attempt.attempt_code}/undo/", body)


def read(client, attempt):
    return client.get(f"{V1}attempts/{attempt.attempt_code}/").json()


def decision_of(attempt):
    return attempt.changes.order_by("pk").last()


def test_the_answer_is_the_change_that_takes_the_decision_back(client, person, attempt):
    api.fail_attempt(attempt.attempt_code, by=person, reason="x")
    decision = decision_of(attempt)
    answer = undo(client, attempt, change=decision.pk)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["source"], body["by"], body["to_status"]) == ("undo", person.username, "submitted")
    assert body["undoes"] == decision.pk
    assert read(client, attempt)["status"] == "submitted"


def test_an_attempt_says_until_when_its_decision_can_be_undone(client, person, attempt):
    api.fail_attempt(attempt.attempt_code, by=person, reason="x")
    until = decision_of(attempt).withheld.undo_until
    assert read(client, attempt)["undo_until"] == until.isoformat().replace("+00:00", "Z")
    undo(client, attempt, change=decision_of(attempt).pk)
    assert read(client, attempt)["undo_until"] is None


def test_the_result_is_what_the_learner_reads_until_then(client, person, attempt):
    api.fail_attempt(attempt.attempt_code, by=person, reason="x")
    assert (read(client, attempt)["status"], read(client, attempt)["result"]) == ("rejected", "pending")


def test_a_refusal_has_the_attempt_as_it_stands(client, attempt):
    api.fail_attempt(attempt.attempt_code, by=member_of(COURSE), reason="x")
    answer = undo(client, attempt, change=decision_of(attempt).pk)
    assert problem(answer) == (409, "undo_refused", None)
    assert answer.json()["attempt"] == read(client, attempt)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "change"),
        ({"change": None}, "change"),
        ({"change": "x"}, "change"),
        ({"change": 0}, "change"),
        ({"change": 2**64}, "change"),
        ({"change": 1, "reason": "x"}, "reason"),
    ],
)
def test_what_cannot_be_understood_is_named_and_nothing_happens(client, attempt, body, field):
    assert problem(undo(client, attempt, **body)) == (400, "invalid", field)
    assert StatusChange.objects.count() == 0
