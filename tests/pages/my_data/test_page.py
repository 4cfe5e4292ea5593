"""Learners read their own data on a page, and take it with them."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from tests.factories import ExamAttemptFactory, UserFactory
from tests.rest.calling import signed_in
from tests.rest.v1.calling import V1

pytestmark = pytest.mark.django_db

PAGE, FILE = reverse("proctoring_results:my_data"), reverse("proctoring_results:my_data_json")


@pytest.fixture
def attempt(settings, monkeypatch):
    """Failed, appealed about, and the appeal was answered."""
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "APPEAL_DAYS": 14,
        "DECISION_UNDO_TIME": timedelta(0),
    }
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    attempt = ExamAttemptFactory(submitted=True, exam__exam_name="Final")
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="a secret reason")
    api.appeal(attempt.attempt_code, by=attempt.user, text="It was <b>my cat</b>")
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="a secret reason")
    deliver_due()
    return attempt


def text_of(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_page_has_results_decisions_appeals_and_messages_but_no_reason(attempt):
    text = text_of(signed_in(attempt.user).get(PAGE))
    for sentence in ("<strong>Satisfactory</strong>", "Unsatisfactory, <time", "my cat&lt;/b&gt;", "Final"):
        assert sentence in text
    assert "The answer: Satisfactory." in text
    assert "Answer to your appeal: Final" in text
    assert "secret" not in text


def test_the_file_is_what_the_api_answers(attempt):
    client = signed_in(attempt.user)
    response = client.get(FILE)
    assert response["Content-Disposition"].startswith('attachment; filename="proctoring_data_')
    assert "no-store" in response["Cache-Control"]
    file, answer = json.loads(response.content), client.get(f"{V1}me/data/").json()
    assert file.pop("as_of") <= answer.pop("as_of")
    assert file == answer
    assert answer["attempts"][0]["attempt_code"] == attempt.attempt_code


def test_somebody_without_attempts_reads_so(attempt):
    assert "You have not taken an exam yet." in text_of(signed_in(UserFactory(admin=True)).get(PAGE))


def test_a_visitor_signs_in_first(db):
    assert Client().get(PAGE).status_code == 302
