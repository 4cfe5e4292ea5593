"""The same callback five times at the same moment. On PostgreSQL and MariaDB they really meet."""

import pytest
from django.test import Client

from proctoring_results.models import ExamReview, Incident, LmsEffect, ProviderMessage
from tests.racing import at_once
from tests.rest.calling import (
    REVIEW,
    RPNOW,
    account_of,
    launch,
    post,
    post_rpnow,
    ready,
    rest_attempt,
    reviewed,
    rpnow_body,
    signed_in,
)

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

FIVE = range(5)


@pytest.fixture(autouse=True)
def quiet(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **RPNOW}
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


def one_answer(answers):
    """The answer that all five got."""
    assert [answer.status_code for answer in answers] == [200] * 5
    [content] = {answer.content for answer in answers}
    return content


def stored_rows():
    return ProviderMessage.objects.count(), ExamReview.objects.count(), Incident.objects.count()


def effects_of(attempt):
    return sorted(LmsEffect.objects.filter(attempt=attempt).exclude(kind="provider").values_list("kind", flat=True))


def test_five_reviews_are_one():
    attempt, clients = rest_attempt(), [signed_in(account) for account in [account_of()] * 5]
    assert one_answer(at_once(*[lambda client=client: post(client, reviewed(), REVIEW) for client in clients]))
    assert stored_rows() == (1, 1, 1)
    assert attempt.changes.count() == 1
    assert effects_of(attempt) == ["notice"]


def test_five_reviews_of_rpnow_are_one():
    # Its id is not known yet: that is written once, too.
    attempt = rest_attempt(None, provider="rpnow")
    body = rpnow_body(attempt, "SSI-1")
    assert one_answer(at_once(*[lambda: post_rpnow(Client(), body) for _ in FIVE]))
    assert stored_rows() == (1, 1, 2)
    assert attempt.changes.count() == 1
    assert effects_of(attempt) == ["certificate", "credit", "grade", "mail"]
    attempt.refresh_from_db()
    assert (attempt.status, attempt.external_id) == ("rejected", "SSI-1")


def test_five_times_ready_is_once():
    attempt, clients = rest_attempt(status="created"), [signed_in(account) for account in [account_of()] * 5]
    answer = one_answer(
        at_once(*[lambda client=client: post(client, ready(), {"status": "ready"}) for client in clients])
    )
    assert b'"status_changed":true' in answer
    assert stored_rows() == (1, 0, 0)
    assert [change.to_status for change in attempt.changes.all()] == ["ready_to_start"]


def test_five_launches_are_one_transition():
    attempt = rest_attempt("SSI-1", provider="rpnow", status="created")
    answers = at_once(*[lambda: Client().get(launch(attempt.attempt_code)) for _ in FIVE])
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, answers[0]["Location"])}
    assert attempt.changes.count() == 1
