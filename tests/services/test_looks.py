"""*I have looked at this*, without deciding."""

import pytest

from proctoring_results import api
from proctoring_results.models import ExamAttempt, SessionLook
from proctoring_results.queries.teamwork import looks_of
from proctoring_results.queries.timeline import timeline
from proctoring_results.services.looks import record_look
from tests.factories import ExamAttemptFactory, UserFactory
from tests.racing import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def ann():
    return UserFactory(admin=True, username="ann")


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


def who_looked(attempt) -> list[str]:
    return [look.user.get_username() for look in looks_of([attempt]).get(attempt.pk, [])]


def test_a_look_says_who_and_which_review_was_the_newest(attempt, ann):
    review = api.record_review(attempt.attempt_code, "Suspicious")
    look = record_look(attempt.attempt_code, by=ann)
    assert (look.user, look.review) == (ann, review)


def test_a_look_decides_nothing(attempt, ann):
    record_look(attempt.attempt_code, by=ann)
    assert not attempt.changes.exists()
    assert ExamAttempt.objects.get().last_activity_at == attempt.last_activity_at


def test_the_same_look_twice_is_one(attempt, ann):
    assert record_look(attempt.attempt_code, by=ann) == record_look(attempt.attempt_code, by=ann)


def test_after_another_review_a_look_is_a_new_one(attempt, ann):
    record_look(attempt.attempt_code, by=ann)
    api.record_review(attempt.attempt_code, "Suspicious")
    record_look(attempt.attempt_code, by=ann)
    assert SessionLook.objects.count() == 2
    assert who_looked(attempt) == ["ann"]


def test_those_who_looked_are_named_in_their_order(attempt, ann):
    record_look(attempt.attempt_code, by=UserFactory(admin=True, username="bob"))
    record_look(attempt.attempt_code, by=ann)
    assert who_looked(attempt) == ["bob", "ann"]


def test_a_look_stands_in_the_history(attempt, ann):
    record_look(attempt.attempt_code, by=ann)
    [event] = [event for event in timeline(attempt) if event.kind == "look"]
    assert (event.who, event.sentence) == ("ann", "Looked at the session, and decided nothing.")


def test_nobody_looks_without_the_permission_to_decide(attempt):
    with pytest.raises(api.AccessDenied):
        record_look(attempt.attempt_code, by=UserFactory())


def test_nobody_looks_at_their_own_session(ann):
    with pytest.raises(api.OwnAttempt):
        record_look(ExamAttemptFactory(submitted=True, user=ann).attempt_code, by=ann)


def test_nobody_looks_at_a_session_whose_learner_was_erased(attempt, ann):
    api.erase_learner(attempt.user, by=ann, reason="Asked")
    with pytest.raises(api.AttemptIsErased):
        record_look(attempt.attempt_code, by=ann)


@pytest.mark.django_db(transaction=True)
def test_clicks_at_once_are_one_look(attempt, ann):
    outcomes = at_once(*[lambda: record_look(attempt.attempt_code, by=ann)] * 4)
    assert len({look.pk for look in outcomes}) == 1
