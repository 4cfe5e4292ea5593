"""A learner appeals on a page of their own."""

from datetime import timedelta

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import Appeal
from tests.factories import ExamAttemptFactory, UserFactory

pytestmark = pytest.mark.django_db

TEXT = "It was <b>my cat</b>"


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "APPEAL_DAYS": 14,
        "DECISION_UNDO_TIME": timedelta(0),
    }
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def attempt():
    attempt = ExamAttemptFactory(submitted=True, exam__exam_name="Final")
    return api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="a secret reason")


@pytest.fixture
def learner(attempt):
    client = Client()
    client.force_login(attempt.user)
    return client


@pytest.fixture
def url(attempt):
    return reverse("proctoring_results:appeal", args=[attempt.attempt_code])


def test_the_page_says_until_when_and_gives_no_reason(learner, url):
    page = learner.get(url).content.decode()
    assert "You can appeal once, until" in page
    assert "secret" not in page


def test_an_appeal_is_shown_with_its_deadline_and_no_second_form(learner, url):
    assert learner.post(url, {"text": TEXT}).status_code == 303
    page = learner.get(url).content.decode()
    assert "It was &lt;b&gt;my cat&lt;/b&gt;" in page
    assert "You will have the answer by" in page
    assert "<textarea" not in page
    assert Appeal.objects.count() == 1


def test_an_appeal_without_a_text_is_refused_beside_the_field(learner, url):
    response = learner.post(url, {"text": " "})
    assert response.status_code == 400
    assert "needs a text" in response.content.decode()
    assert not Appeal.objects.exists()


def test_an_appeal_that_comes_too_late_says_so_and_keeps_the_text(learner, url, attempt):
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")
    response = learner.post(url, {"text": TEXT})
    assert response.status_code == 409
    assert "There is no result that you could appeal against" in response.content.decode()
    assert "my cat" in response.content.decode()


def test_the_answer_is_named_on_the_page(learner, url, attempt):
    learner.post(url, {"text": TEXT})
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="no cat")
    page = learner.get(url).content.decode()
    assert "Your appeal has been answered" in page
    assert "no cat" not in page


def test_an_answer_that_can_still_be_undone_is_not_named(learner, url, attempt, settings):
    learner.post(url, {"text": TEXT})
    before = learner.get(url).content
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="a cat")
    assert learner.get(url).content == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_may_see_the_session_reads_that_the_page_is_the_learners_own(url, attempt, method):
    client = Client()
    client.force_login(UserFactory(admin=True))
    response = getattr(client, method)(url, {"text": TEXT})
    assert response.status_code == 403
    assert "The learner’s own page" in response.content.decode()
    assert reverse("proctoring_results:session", args=[attempt.attempt_code]) in response.content.decode()
    assert not Appeal.objects.exists()


def test_nobody_else_sees_the_page(url):
    client = Client()
    client.force_login(UserFactory())
    assert client.get(url).status_code == 404


def test_a_text_survives_the_end_of_the_sign_in(url, attempt):
    client = Client()
    response = client.post(url, {"text": TEXT})
    assert response.status_code == 302
    client.force_login(attempt.user)
    assert "my cat" in client.get(url).content.decode()
    assert Session.objects.exists()


def test_the_learners_result_leads_to_the_page(attempt, url):
    result = api.learner_result(attempt.user, attempt.exam)
    assert (result.appeal_url, result.how_to_appeal) == (url, "")


def test_the_result_says_until_when_that_an_appeal_is_open_and_that_it_was_answered(attempt):
    results = [api.learner_result(attempt.user, attempt.exam)]
    appeal = api.appeal(attempt.attempt_code, by=attempt.user, text=TEXT)
    results.append(api.learner_result(attempt.user, attempt.exam))
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="no cat")
    results.append(api.learner_result(attempt.user, attempt.exam))
    last_day = timezone.localdate() + timedelta(days=14)
    assert [result.appeal_until for result in results] == [last_day, None, None]
    assert [result.answer_due_at for result in results] == [None, appeal.answer_due_at, None]
    assert all(result.appeal_url for result in results)


def test_after_the_last_day_the_result_leads_to_no_appeal(attempt):
    with time_machine.travel(timezone.now() + timedelta(days=15), tick=False):
        result = api.learner_result(attempt.user, attempt.exam)
    assert (result.appeal_until, result.appeal_url) == (None, "")
