"""A learner's own results, and nothing else."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import AttemptStatus
from proctoring_results.models import ExamAttempt
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, member_of, pages, problem

pytestmark = [pytest.mark.database, pytest.mark.django_db]

ME = f"{V1}me/attempts/"


@pytest.fixture
def learner():
    return UserFactory()


@pytest.fixture
def client(learner):
    return signed_in(learner)


@pytest.mark.parametrize("status", AttemptStatus)
def test_the_word_is_the_one_on_the_learners_page(client, learner, status):
    attempt = ExamAttemptFactory(user=learner, status=status)
    (body,) = pages(client, ME)
    page = api.learner_result(learner, attempt.exam)
    assert body["result"] == (page.word if page else None)
    assert body["no_result"] == (page.no_word if page else None)


def test_nothing_hints_at_suspicion(client, learner):
    attempt = ExamAttemptFactory(user=learner, submitted=True)
    (before,) = pages(client, ME)
    suspicious = [api.IncidentData(status="Suspicious", comment="A book")]
    score = api.ScoreData(value=99, label="Critical", thresholds={"rejected": 70})
    api.record_review(attempt.attempt_code, "Suspicious", incidents=suspicious, score=score)
    attempt.refresh_from_db()
    assert attempt.status == "second_review_required"
    assert pages(client, ME) == [before]
    keys = "course_id content_id exam_name attempt_code result no_result another_holds_grade usual_wait_mins"
    assert set(before) == {*keys.split(), "appeal_until", "answer_due_at"}


def test_it_says_that_another_attempt_holds_the_grade(client, learner):
    failed = ExamAttemptFactory(user=learner, rejected=True)
    assert [body["another_holds_grade"] for body in pages(client, ME)] == [False]
    ExamAttemptFactory(user=learner, exam=failed.exam, verified=True)
    assert [body["another_holds_grade"] for body in pages(client, ME)] == [True]


def test_nobody_elses_result_is_told(client, learner):
    ExamAttemptFactory(submitted=True)
    assert pages(client, ME) == []


def test_the_course_team_reads_only_itself_here():
    ExamAttemptFactory(submitted=True)
    assert pages(signed_in(member_of(COURSE)), ME) == []
    assert pages(signed_in(UserFactory(admin=True)), ME) == []


def test_the_newest_attempt_that_is_not_archived_counts(client, learner):
    exam = ProctoredExamFactory()
    ExamAttemptFactory(user=learner, exam=exam, status="expired")
    current = ExamAttemptFactory(user=learner, exam=exam, verified=True)
    ExamAttemptFactory(user=learner, exam=exam, rejected=True, archived=True)
    ExamAttemptFactory(exam=exam, rejected=True)
    (body,) = pages(client, ME)
    assert (body["attempt_code"], body["result"]) == (current.attempt_code, "satisfactory")


def test_a_course_can_be_chosen_and_none_is_confirmed(client, learner):
    attempt = ExamAttemptFactory(user=learner, submitted=True)
    ExamAttemptFactory(user=learner, submitted=True, exam__course_id="another")
    assert [one["attempt_code"] for one in pages(client, ME, course_id=COURSE)] == [attempt.attempt_code]
    assert pages(client, ME, course_id="unknown") == []
    assert problem(client.get(ME, {"user": "ada"})) == (400, "invalid", "user")


@pytest.mark.parametrize("number", [1, 5])
def test_paging_shows_each_once_by_the_same_queries(client, learner, number, django_assert_num_queries):
    made = [ExamAttemptFactory(user=learner, submitted=True).attempt_code for _ in range(number)]
    assert [one["attempt_code"] for one in pages(client, ME, page_size=2)] == made[::-1]
    with django_assert_num_queries(3):  # session, person, attempts
        client.get(ME)


@pytest.fixture
def failed(learner, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "APPEAL_DAYS": 14}
    attempt = ExamAttemptFactory(user=learner, submitted=True)
    return api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="A phone")


def test_it_says_until_when_one_may_appeal_and_then_by_when_the_answer_comes(client, failed):
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        (before,) = pages(client, ME)
        due = appeal_to(client, failed, {"text": "My cat"}).json()["answer_due_at"]
        (after,) = pages(client, ME)
        last_day = timezone.localdate() + timedelta(days=14)
    assert (before["appeal_until"], before["answer_due_at"]) == (last_day.isoformat(), None)
    assert (after["appeal_until"], after["answer_due_at"]) == (None, due)


def test_the_usual_wait_is_said_while_the_result_is_pending(client, learner):
    exam = ProctoredExamFactory(usual_wait_mins=1800)
    attempt = ExamAttemptFactory(user=learner, exam=exam, submitted=True)
    assert [one["usual_wait_mins"] for one in pages(client, ME)] == [1800]
    ExamAttempt.objects.filter(pk=attempt.pk).update(status="verified")
    assert [one["usual_wait_mins"] for one in pages(client, ME)] == [None]


def appeal_to(client, attempt, body):
    return post(client, f"{ME}{attempt.attempt_code}/appeal/", body)


def test_a_learner_appeals_and_reads_by_when_the_answer_comes(client, failed):
    response = appeal_to(client, failed, {"text": "My cat"})
    assert response.status_code == 201
    assert set(response.json()) == {"attempt_code", "at", "text", "answer_due_at"}
    assert response.json()["text"] == "My cat"


def test_a_second_appeal_is_refused_with_a_sentence(client, failed):
    appeal_to(client, failed, {"text": "My cat"})
    response = appeal_to(client, failed, {"text": "My cat"})
    assert problem(response) == (409, "appeal_refused", None)
    assert "appealed already" in response.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": " "}, {"text": 1}, {"text": "x" * 10_001}, {"txt": "x"}])
def test_an_appeal_without_a_text_is_refused_by_its_field(client, failed, body):
    response = appeal_to(client, failed, body)
    assert response.status_code == 400
    assert response.json()["field"] in ("text", "txt")


def test_an_appeal_about_anothers_attempt_is_refused_as_an_unknown_one(failed):
    assert appeal_to(signed_in(UserFactory(admin=True)), failed, {"text": "x"}).status_code == 404
