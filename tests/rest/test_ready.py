import pytest

from tests.rest.calling import account_of, post, ready, rest_attempt, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider():
    return signed_in(account_of())


@pytest.mark.parametrize("status", ["created", "download_software_clicked"])
def test_the_attempt_is_ready_to_start(provider, status):
    attempt = rest_attempt(status=status)
    answer = post(provider, ready(), {"status": "ready"})
    attempt.refresh_from_db()
    assert (answer.status_code, answer.json()["status_changed"], attempt.status) == (200, True, "ready_to_start")
    assert post(provider, ready(), {"status": "ready"}).json() == answer.json()


@pytest.mark.parametrize("status", ["ready_to_start", "started", "submitted", "verified", "declined", "error"])
def test_an_attempt_that_is_further_stays_where_it_is(provider, status):
    attempt = rest_attempt(status=status)
    answer = post(provider, ready(), {"status": "ready"})
    attempt.refresh_from_db()
    assert (answer.status_code, answer.json()["status_changed"], attempt.status) == (200, False, status)


def test_an_archived_attempt_stays_where_it_is(provider):
    attempt = rest_attempt(status="created", archived=True)
    assert post(provider, ready(), {"status": "ready"}).json()["status_changed"] is False
    attempt.refresh_from_db()
    assert attempt.status == "created"


def test_another_status_changes_nothing(provider):
    rest_attempt(status="created")
    answer = post(provider, ready(), {"status": "downloading"})
    assert (answer.status_code, answer.json()["status"]) == (200, "created")


@pytest.mark.parametrize("body", [{}, {"status": 1}, {"status": ""}, []])
def test_a_word_is_needed(provider, body):
    rest_attempt(status="created")
    assert post(provider, ready(), body).status_code == 400


def test_an_unknown_attempt_is_not_found(provider):
    assert post(provider, ready(), {"status": "ready"}).status_code == 404
