"""Pass and Fail by the API: recorded, refused when something happened meanwhile."""

import threading

import pytest
from django.db import connection, connections

from proctoring_results import api
from proctoring_results.models import LmsEffect, StatusChange
from proctoring_results.rest.v1 import attempts
from tests.factories import COURSE, ExamAttemptFactory
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, member_of, problem, seen_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


@pytest.fixture
def person():
    return member_of(COURSE)


@pytest.fixture
def client(person):
    return signed_in(person)


def decide(client, attempt, decision="pass", reason="Looked at it", **others):
    body = {"decision": decision, "reason": reason, "seen": seen_of(attempt), **others}
    return post(client, f"{V1}attempts/{attempt.attempt_code}/decisions/", body)


@pytest.mark.parametrize(("decision", "status"), [("pass", "verified"), ("fail", "rejected")])
def test_a_decision_is_a_change_with_person_and_reason(client, person, attempt, decision, status):
    answer = decide(client, attempt, decision)
    change = StatusChange.objects.get()
    assert answer.status_code == 201
    body = answer.json()
    assert (body["id"], body["to_status"], body["by"]) == (change.pk, status, person.get_username())
    assert (body["source"], body["reason"]) == ("person", "Looked at it")
    assert LmsEffect.objects.filter(change=change).exists()


def test_a_category_is_kept_with_the_decision(client, attempt):
    answer = decide(client, attempt, "fail", category="no_photo_id")
    assert answer.json()["category"] == StatusChange.objects.get().category == "no_photo_id"


def test_a_category_that_the_site_does_not_have_is_refused_by_its_name(client, attempt):
    answer = decide(client, attempt, "fail", category="cats")
    assert (answer.status_code, answer.json()["field"]) == (400, "category")
    assert "no_photo_id, second_computer" in answer.json()["detail"]
    assert not StatusChange.objects.exists()


def test_the_same_again_is_a_decision_of_its_own(client, attempt):
    ids = [decide(client, attempt).json()["id"] for _ in range(2)]
    assert len(set(ids)) == 2


@pytest.mark.parametrize("meanwhile", ["a review", "a decision"])
def test_what_happened_meanwhile_is_a_409_with_the_fresh_attempt(client, person, attempt, meanwhile):
    seen = seen_of(attempt)
    if meanwhile == "a review":
        api.record_review(attempt.attempt_code, "Suspicious")
    else:
        api.fail_attempt(attempt.attempt_code, by=person, reason="Mine")
    changes = StatusChange.objects.count()
    answer = decide(client, attempt, seen=seen)
    assert problem(answer) == (409, "stale_decision", None)
    assert StatusChange.objects.count() == changes
    fresh = answer.json()["attempt"]
    assert fresh == client.get(f"{V1}attempts/{attempt.attempt_code}/").json()
    assert decide(client, attempt, seen=fresh["seen"]).status_code == 201


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"started": True}, "illegal_transition"),
        ({"status": "declined"}, "illegal_transition"),
        ({"submitted": True, "archived": True}, "attempt_is_archived"),
    ],
)
def test_what_cannot_be_decided_is_a_409_with_the_attempt(client, fields, code):
    attempt = ExamAttemptFactory(**fields)
    answer = decide(client, attempt)
    assert problem(answer) == (409, code, None)
    assert answer.json()["attempt"]["status"] == attempt.status
    assert StatusChange.objects.count() == 0


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"decision": "verified"}, "decision"),
        ({"decision": None}, "decision"),
        ({"decision": ["pass"]}, "decision"),
        ({"reason": ""}, "reason"),
        ({"reason": "  "}, "reason"),
        ({"reason": 5}, "reason"),
        ({"reason": "x" * 10_001}, "reason"),
        ({"reason": "a\0b"}, "reason"),
        ({"seen": None}, "seen"),
        ({"seen": {}}, "seen.change"),
        ({"seen": {"change": None}}, "seen.review"),
        ({"seen": {"change": "x", "review": None}}, "seen.change"),
        ({"seen": {"change": True, "review": None}}, "seen.change"),
        ({"seen": {"change": 2**64, "review": None}}, "seen.change"),
        ({"seen": {"change": None, "review": None, "grade": 1}}, "seen.grade"),
        ({"seen": [1, 2]}, "seen"),
        ({"status": "verified"}, "status"),
    ],
)
def test_a_decision_that_cannot_be_understood_is_named_and_nothing_happens(client, attempt, wrong, field):
    assert problem(decide(client, attempt, **wrong)) == (400, "invalid", field)
    assert StatusChange.objects.count() == 0


def test_a_decision_has_to_say_what_was_seen(client, attempt):
    body = {"decision": "pass", "reason": "x"}
    answer = post(client, f"{V1}attempts/{attempt.attempt_code}/decisions/", body)
    assert problem(answer) == (400, "invalid", "seen")


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_decides_and_the_other_is_told(person, attempt):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite lets writers wait for each other, and turns some away")
    seen, answers = seen_of(attempt), []
    clients = [signed_in(person), signed_in(person)]

    def one(client, decision):
        answers.append(decide(client, attempt, decision, seen=seen))
        connections.close_all()

    threads = [threading.Thread(target=one, args=pair) for pair in zip(clients, ("pass", "fail"), strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (change,) = StatusChange.objects.all()
    (done,) = (answer for answer in answers if answer.status_code == 201)
    assert done.json()["id"] == change.pk


def test_what_happens_while_the_attempt_is_read_makes_a_decision_stale(client, person, attempt, monkeypatch):
    as_it_was = attempts.with_rows

    def after_something_happened(attempts):
        monkeypatch.undo()
        api.record_review(attempt.attempt_code, "Suspicious")
        return as_it_was(attempts)

    monkeypatch.setattr(attempts, "with_rows", after_something_happened)
    body = client.get(f"{V1}attempts/{attempt.attempt_code}/").json()
    assert problem(decide(client, attempt, seen=body["seen"])) == (409, "stale_decision", None)
