import pytest
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import LmsEffect
from proctoring_results.queries.timeline import timeline
from tests.factories import ExamAttemptFactory, UserFactory
from tests.rest.calling import REVIEW, account_of, post, rest_attempt, reviewed, signed_in

pytestmark = pytest.mark.django_db

WAITING = "Waiting for your decision (second_review_required)"


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def admin():
    return UserFactory(admin=True, username="dean")


@pytest.fixture
def attempt(admin):
    """Reviewed by a provider's message, failed by a person, reviewed again, and put aside."""
    attempt = rest_attempt()
    post(signed_in(account_of()), reviewed(), REVIEW)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="Seen the recording")
    api.record_review(attempt.attempt_code, "Clean", claimed_name="Somebody")
    api.archive_attempt(attempt.attempt_code, reason="Another go", by=admin)
    attempt.refresh_from_db()
    return attempt


def sentences(attempt, *kinds):
    return [event.sentence for event in timeline(attempt) if event.kind in kinds]


def test_everything_is_told_in_the_order_it_happened(attempt):
    events = timeline(attempt)
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert [event.kind for event in events if event.kind != "effect"] == [
        "created",
        "message",
        "review",
        "status",
        "decision",
        "review",
        "archived",
    ]


def test_each_kind_is_a_sentence(attempt):
    assert sentences(attempt, "created", "message", "review", "status", "decision", "archived") == [
        "The attempt was created.",
        "Message of proctortrack, review (REST): processed as review 1.",
        "Review 1: “Suspicious”, 1 incident; applied.",
        f"The status changed from “Submitted” to “{WAITING}” because of review 1.",
        f"Decided Fail on review 1: the status changed from “{WAITING}” to “Failed (rejected)”.",
        "Review 2: “Clean”, 0 incidents; came after a person's decision.",
        "The attempt was archived.",
    ]


def test_who_and_why_stand_beside_it(attempt):
    events = {event.kind.value: event for event in timeline(attempt)}
    assert [(events[kind].who, events[kind].detail) for kind in ("decision", "archived")] == [
        ("dean", "Seen the recording"),
        ("dean", "Another go"),
    ]
    assert events["status"].who == "provider"
    assert events["review"].detail == "Reviewed by Somebody, according to the provider."
    assert events["message"].who == reviewed_by_account(attempt)


def reviewed_by_account(attempt):
    return attempt.messages.get().caller


def test_a_reviews_incidents_are_counted(attempt):
    assert [event.incidents for event in timeline(attempt) if event.kind == "review"] == [1, 0]


def test_effects_say_how_they_stand(attempt):
    LmsEffect.objects.filter(attempt=attempt, kind="mail").update(state="done", tries=1, next_try_at=None)
    LmsEffect.objects.filter(attempt=attempt, kind="credit").update(state="parked", tries=40, problem="Down")
    events = {event.sentence: event for event in timeline(attempt) if event.kind == "effect"}
    assert {"Mail to the learner: done, 1 try.", "Grade: waiting, 0 tries."} <= set(events)
    parked = events["Credit: given up after many tries, 40 tries."]
    assert (parked.is_problem, parked.detail) == (True, "Down")
    assert not events["Mail to the learner: done, 1 try."].is_problem


def test_a_call_to_a_provider_says_what_is_told():
    attempt, now = ExamAttemptFactory(), timezone.now()
    LmsEffect.objects.create(kind="provider", call="create_attempt", attempt=attempt, queued_at=now, next_try_at=now)
    assert sentences(attempt, "effect") == ["Register the attempt: waiting, 0 tries."]


def test_the_same_decision_again_says_so(attempt, admin):
    attempt = ExamAttemptFactory(verified=True)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    assert sentences(attempt, "decision") == ["Decided Pass again: the status stays “Passed (verified)”."]


def test_a_message_that_waits_says_so(attempt):
    attempt.messages.update(state="received", review=None, problem="KeyError, reference 1")
    [event] = [event for event in timeline(attempt) if event.kind == "message"]
    assert event.sentence == "Message of proctortrack, review (REST): stored, not processed yet."
    assert event.is_problem


def test_it_asks_the_same_number_of_queries_however_much_happened(attempt, admin, django_assert_num_queries):
    quiet = ExamAttemptFactory(submitted=True)
    api.record_review(quiet.attempt_code, "Clean", incidents=[api.IncidentData(status="x", comment="y")])
    busy = ExamAttemptFactory(submitted=True)
    for _ in range(5):
        incidents = [api.IncidentData(status="x", comment="y")] * 20
        api.record_review(busy.attempt_code, "Suspicious", incidents=incidents)
        api.fail_attempt(busy.attempt_code, by=UserFactory(admin=True), reason="x")
    for one in (quiet, busy):
        one.refresh_from_db()
        with django_assert_num_queries(6):
            timeline(one)


def test_a_dismissed_incident_and_that_it_was_taken_back(admin):
    attempt = rest_attempt()
    review = api.record_review(
        attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious", comment="x")] * 2
    )
    second = review.incidents.get(position=1)
    dismissed = api.dismiss_incident(second.pk, by=admin, reason="It was the cat")
    api.restore_incident(dismissed.incidents.get(position=1).pk, by=admin, reason="No cat")
    sentences = [(event.sentence, event.who, event.detail) for event in timeline(attempt) if event.kind == "review"]
    assert sentences[1:] == [
        ("Dismissed incident 2 of review 1, which became review 2.", "dean", "It was the cat"),
        ("Restored a dismissed incident of review 2, which became review 3.", "dean", "No cat"),
    ]


def test_several_dismissed_incidents_are_one_line_with_their_number(admin):
    attempt = rest_attempt()
    incidents = [api.IncidentData(status="Suspicious", comment="x")] * 4
    review = api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)
    for verb in (api.dismiss_incidents, api.restore_incidents):
        keys = review.incidents.filter(position__lt=3).values_list("pk", flat=True)
        review = verb(review.pk, list(keys), by=admin, reason="x")
    assert [event.sentence for event in timeline(attempt) if event.kind == "review"][1:] == [
        "Dismissed 3 incidents of review 1, which became review 2.",
        "Restored 3 dismissed incidents of review 2, which became review 3.",
    ]
