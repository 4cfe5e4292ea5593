"""A person has a message of a provider processed once more."""

import pytest
from cryptography.fernet import Fernet

from proctoring_results import api, crypto
from proctoring_results.models import ExamReview, ProviderMessage
from proctoring_results.providers.rest import RestProvider
from proctoring_results.services import messages
from proctoring_results.services.messages import processing
from tests.factories import UserFactory
from tests.rest.calling import REVIEW, account_of, may, post, ready, rest_attempt, reviewed, signed_in

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

PASSED = {"status": "passed"}


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def admin():
    return UserFactory(admin=True, username="dean")


@pytest.fixture
def provider():
    return signed_in(account_of())


@pytest.fixture
def attempt():
    return rest_attempt()


@pytest.fixture
def message(attempt, provider):
    """One that is done."""
    post(provider, reviewed(), REVIEW)
    return ProviderMessage.objects.get()


def number_stored():
    return ProviderMessage.objects.count(), ExamReview.objects.count()


def test_one_that_is_done_is_processed_as_a_copy_that_names_the_person(message, admin):
    before = ProviderMessage.objects.values().get()
    replay = api.replay_message(message.pk, by=admin)
    assert (replay.replay_of, replay.caller, replay.state) == (message, "dean", "done")
    assert crypto.decrypt(replay.body) == crypto.decrypt(message.body)
    assert replay.review is not None
    assert replay.answer["review_status"] == "Suspicious"
    assert number_stored() == (2, 2)
    assert ProviderMessage.objects.values().get(pk=message.pk) == before


def test_one_that_is_not_done_is_processed_itself(provider, attempt, admin, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(processing, "record_mended_review", lambda *args, **kwargs: 1 / 0)
        assert post(provider, reviewed(), REVIEW).json()["queued"]
    waiting = ProviderMessage.objects.get()
    processed = api.replay_message(waiting.pk, by=admin)
    assert (processed, processed.state, processed.problem) == (waiting, "done", "")
    assert number_stored() == (1, 1)


def test_a_provider_that_sends_the_same_again_after_a_replay_gets_the_same_answer(provider, message, admin):
    first = message.answer
    api.replay_message(message.pk, by=admin)
    again = post(provider, reviewed(), REVIEW)
    assert (again.status_code, again.json()) == (200, first)
    assert number_stored() == (2, 2)


def test_an_older_one_that_is_replayed_is_not_what_the_provider_sent_last(provider, attempt, message, admin):
    correction = post(provider, reviewed(), PASSED).json()
    api.replay_message(message.pk, by=admin)
    assert post(provider, reviewed(), PASSED).json() == correction
    assert number_stored() == (3, 3)


def test_a_ready_message_is_replayed_too(provider, admin):
    rest_attempt("ext-2", status="created")
    post(provider, ready("ext-2"), {"status": "ready"})
    replay = api.replay_message(ProviderMessage.objects.get().pk, by=admin)
    assert (replay.state, replay.answer["status_changed"]) == ("done", False)


def test_a_replay_needs_the_permission(message):
    with pytest.raises(api.AccessDenied, match="change_providermessage"):
        api.replay_message(message.pk, by=may(UserFactory(), "read_message_body"))
    assert number_stored() == (1, 1)


def test_nobody_has_a_message_about_their_own_attempt_replayed(provider, attempt, message):
    post(provider, reviewed(), PASSED)
    learner = may(attempt.user, "change_providermessage")
    with pytest.raises(api.OwnAttempt):
        api.replay_message(message.pk, by=learner)
    attempt.refresh_from_db()
    assert (attempt.status, number_stored()) == ("verified", (2, 2))


def test_an_unknown_message_is_not_found(admin):
    with pytest.raises(api.NotFound):
        api.replay_message(1, by=admin)


def test_nothing_is_written_when_the_key_is_gone(message, admin):
    ProviderMessage.objects.update(body=Fernet(Fernet.generate_key()).encrypt(b"{}"))
    with pytest.raises(api.CannotDecrypt):
        api.replay_message(message.pk, by=admin)
    assert number_stored() == (1, 1)


def test_nothing_is_written_when_the_providers_class_no_longer_accepts_it(message, admin, monkeypatch):
    monkeypatch.setattr(RestProvider, "review_statuses", {})
    with pytest.raises(api.InvalidInput, match="status"):
        api.replay_message(message.pk, by=admin)
    assert number_stored() == (1, 1)


def test_a_replay_that_cannot_be_done_now_is_left_to_upkeep(message, admin, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(processing, "record_mended_review", lambda *args, **kwargs: 1 / 0)
        with pytest.raises(api.MessageQueued):
            api.replay_message(message.pk, by=admin)
    replay = ProviderMessage.objects.get(replay_of=message)
    assert replay.state == "received"
    assert "ZeroDivisionError" in replay.problem
    ProviderMessage.objects.filter(pk=replay.pk).update(next_try_at=replay.received_at)
    assert messages.sweep_inbox().finished == 1
    assert number_stored() == (2, 2)
