"""A learner's own data: attempts, results, decisions that have taken effect, appeals, and the mails that were sent."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.queries.own_data import own_data
from tests.factories import ExamAttemptFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "APPEAL_DAYS": 14, "DECISION_UNDO_TIME": MINUTE}
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def reviewer():
    return UserFactory(admin=True)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True, exam__exam_name="Final")


def data_of(attempt):
    [own] = own_data(attempt.user).attempts
    return own


def decisions_of(attempt):
    return [decision.result for decision in data_of(attempt).decisions]


def later(minutes=2):
    return time_machine.travel(timezone.now() + minutes * MINUTE, tick=False)


def test_a_suspicion_leaves_no_trace(attempt):
    before = data_of(attempt)
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious")])
    assert data_of(attempt) == before
    assert before.result == "pending"


def test_a_decision_is_there_once_it_has_taken_effect_and_since_then(attempt, reviewer):
    api.fail_attempt(attempt.attempt_code, by=reviewer, reason="A phone")
    assert (data_of(attempt).result, data_of(attempt).decisions) == ("pending", [])
    with later():
        [decision] = data_of(attempt).decisions
    assert decision.result == "unsatisfactory"
    assert decision.at == attempt.changes.get().withheld.takes_effect_at


def test_a_decision_that_was_undone_or_replaced_in_time_was_never_there(attempt, reviewer):
    api.fail_attempt(attempt.attempt_code, by=reviewer, reason="A slip")
    api.undo_decision(attempt.attempt_code, by=reviewer)
    api.fail_attempt(attempt.attempt_code, by=reviewer, reason="A phone")
    api.pass_attempt(attempt.attempt_code, by=reviewer, reason="A calculator")
    with later():
        assert decisions_of(attempt) == ["satisfactory"]


def test_a_reversal_is_a_second_decision_and_a_confirmation_none(attempt, reviewer):
    for decide, minutes in ((api.fail_attempt, 0), (api.fail_attempt, 2), (api.pass_attempt, 4)):
        with later(minutes):
            decide(attempt.attempt_code, by=reviewer, reason="x")
    with later(6):
        assert decisions_of(attempt) == ["unsatisfactory", "satisfactory"]


def test_an_appeal_is_there_with_its_text_and_the_answer_once_that_has_taken_effect(attempt, reviewer):
    api.fail_attempt(attempt.attempt_code, by=reviewer, reason="A phone")
    with later():
        api.appeal(attempt.attempt_code, by=attempt.user, text="My cat")
    with later(4):
        api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="No cat")
        [appeal] = data_of(attempt).appeals
        assert (appeal.text, appeal.answer) == ("My cat", None)
    with later(6):
        own = data_of(attempt)
        assert own.appeals[0].answer == own.decisions[1]
        assert decisions_of(attempt) == ["unsatisfactory", "unsatisfactory"]


def test_mails_that_were_sent_are_there_by_subject_and_time(attempt, reviewer):
    api.pass_attempt(attempt.attempt_code, by=reviewer, reason="Fine")
    assert data_of(attempt).messages == []
    with later():
        deliver_due()
        [message] = data_of(attempt).messages
        assert (message.subject, message.at) == ("Satisfactory: Final", timezone.now())


def test_a_mail_that_could_not_be_sent_is_not_there(attempt, reviewer):
    attempt.user.email = ""
    attempt.user.save()
    api.pass_attempt(attempt.attempt_code, by=reviewer, reason="Fine")
    with later():
        deliver_due()
        assert data_of(attempt).messages == []


def test_what_was_erased_stays_erased(attempt, reviewer):
    api.fail_attempt(attempt.attempt_code, by=reviewer, reason="A phone")
    with later():
        api.appeal(attempt.attempt_code, by=attempt.user, text="My cat")
        deliver_due()
        api.erase_learner(attempt.user, by=reviewer, reason="Asked for")
        own = data_of(attempt)
    assert own.erased_at is not None
    assert {own.appeals[0].text, *(message.subject for message in own.messages)} == {"Erased."}
    assert own.messages


def test_attempts_of_all_courses_are_there_archived_ones_and_timed_ones_too(attempt):
    archived = ExamAttemptFactory(user=attempt.user, rejected=True, archived=True, exam__course_id="another")
    timed = ExamAttemptFactory(user=attempt.user, verified=True, exam__is_proctored=False)
    ExamAttemptFactory(submitted=True)
    own = own_data(attempt.user).attempts
    assert [one.attempt_code for one in own] == [one.attempt_code for one in (timed, archived, attempt)]
    assert [one.result for one in own] == [None, "unsatisfactory", "pending"]


@pytest.mark.parametrize("number", [1, 3])
def test_however_many_attempts_there_are_it_takes_four_queries(attempt, number, django_assert_num_queries):
    for _ in range(number):
        ExamAttemptFactory(user=attempt.user, submitted=True)
    with django_assert_num_queries(4):
        own_data(attempt.user)
