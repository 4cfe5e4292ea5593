"""Pass and Fail by the API: recorded, refused when something happened meanwhile."""

import threading

import pytest
from django.db import connection, connections

from proctoring_results import api
from proctoring_results.models import ExamReview, LmsEffect, StatusChange
from proctoring_results.rest.v1 import attempts
from tests.factories import COURSE, ExamAttemptFactory
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, member_of, problem, seen_of

pytestmark = pytest.mark.django_db

ONE = [api.IncidentData(status="Suspicious", comment="x")]


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


# --- Incidents ---


@pytest.fixture
def review(attempt):
    incidents = [api.IncidentData(status="Suspicious", comment=text) for text in "abc"]
    return api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)


def change(client, review, verb, incidents, **others):
    code = review.attempt.attempt_code
    body = {"incidents": incidents, "reason": "The cat", "seen": seen_of(review.attempt), **others}
    return post(client, f"{V1}attempts/{code}/reviews/{review.pk}/{verb}/", body)


def keys_of(review):
    return list(review.incidents.order_by("position").values_list("pk", flat=True))


def test_several_incidents_are_dismissed_and_restored_with_one_reason(client, person, review):
    answer = change(client, review, "dismiss", keys_of(review)[:2])
    assert answer.status_code == 201
    body = answer.json()
    assert (body["version_of"], body["version_reason"], body["suspicious_count"]) == (review.pk, "The cat", 1)
    assert body["reviewed_by"] == person.get_username()
    newer = ExamReview.objects.get(pk=body["id"])
    answer = change(client, newer, "restore", keys_of(newer)[:2])
    assert (answer.status_code, answer.json()["suspicious_count"]) == (201, 3)


def test_incidents_of_another_review_are_refused_by_their_ids(client, review):
    other = api.record_review(ExamAttemptFactory(submitted=True).attempt_code, "Suspicious", incidents=ONE)
    answer = change(client, review, "dismiss", [*keys_of(review), *keys_of(other)])
    assert problem(answer) == (400, "invalid", "incidents")
    assert str(keys_of(other)[0]) in answer.json()["detail"]
    assert not ExamReview.objects.exclude(version_of=None).exists()


@pytest.mark.parametrize(
    ("incidents", "field"), [([], "incidents"), (["1"] * 1_001, "incidents"), ([0], "incidents.0"), ("1", "incidents")]
)
def test_what_is_no_list_of_ids_is_refused(client, review, incidents, field):
    assert problem(change(client, review, "dismiss", incidents)) == (400, "invalid", field)


def test_a_409_about_incidents_has_the_attempt_as_it_stands_now(client, review):
    answer = change(client, review, "restore", keys_of(review)[:1])
    assert problem(answer)[:2] == (409, "incident_not_in_state")
    assert answer.json()["attempt"]["seen"]["review"] == review.pk


def test_a_review_of_another_attempt_is_not_found(client, attempt, review):
    other = api.record_review(ExamAttemptFactory(submitted=True).attempt_code, "Suspicious", incidents=ONE)
    address = f"{V1}attempts/{attempt.attempt_code}/reviews/{other.pk}/dismiss/"
    body = {"incidents": keys_of(other), "reason": "x", "seen": seen_of(attempt)}
    assert problem(post(client, address, body))[:2] == (404, "not_found")
