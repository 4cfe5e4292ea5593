"""Who is looking at a session: one person at a time, for a while, and until somebody decides."""

from datetime import timedelta

import pytest
from django.db.models import F

from proctoring_results import api
from proctoring_results.choices import SessionTab
from proctoring_results.exceptions import SessionIsClaimed
from proctoring_results.models import ExamAttempt, SessionClaim
from proctoring_results.queries.sessions import sessions
from proctoring_results.queries.teamwork import claims_of, without_claims_of_others
from proctoring_results.services.claims import claim_next, claim_session, release_session
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.racing import at_once, of_type

pytestmark = [pytest.mark.django_db, pytest.mark.database]

MANY = 50


@pytest.fixture
def ann():
    return UserFactory(admin=True, username="ann")


@pytest.fixture
def bob():
    return UserFactory(admin=True, username="bob")


@pytest.fixture
def attempt():
    return flagged()


def flagged(**fields) -> ExamAttempt:
    return ExamAttemptFactory(submitted=True, status="second_review_required", **fields)


def waiting(**filters):
    return sessions(COURSE, api.AttemptFilter(tab=SessionTab.ATTENTION, **filters))


def who_looks(attempt) -> str | None:
    claim = claims_of([attempt]).get(attempt.pk)
    return claim.user.get_username() if claim else None


def age(attempt, minutes) -> None:
    SessionClaim.objects.filter(attempt=attempt).update(lease_until=F("lease_until") - timedelta(minutes=minutes))


def test_a_claimed_session_says_who_is_looking(attempt, ann):
    claim_session(attempt.attempt_code, by=ann)
    assert who_looks(attempt) == "ann"


def test_a_claim_ends_after_fifteen_minutes(attempt, ann):
    claim_session(attempt.attempt_code, by=ann)
    age(attempt, 14)
    assert who_looks(attempt) == "ann"
    age(attempt, 1)
    assert who_looks(attempt) is None


def test_how_long_a_claim_lasts_is_a_setting(attempt, ann, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "CLAIM_LIFETIME": timedelta(minutes=60)}
    claim_session(attempt.attempt_code, by=ann)
    age(attempt, 59)
    assert who_looks(attempt) == "ann"


def test_a_colleague_is_told_who_is_looking(attempt, ann, bob):
    claim = claim_session(attempt.attempt_code, by=ann)
    with pytest.raises(SessionIsClaimed, match="ann is looking at this session") as refusal:
        claim_session(attempt.attempt_code, by=bob)
    assert refusal.value.claim == claim


def test_a_colleague_can_take_over(attempt, ann, bob):
    claim_session(attempt.attempt_code, by=ann)
    claim_session(attempt.attempt_code, by=bob, take_over=True)
    assert who_looks(attempt) == "bob"


def test_a_claim_that_is_over_need_not_be_taken_over(attempt, ann, bob):
    claim_session(attempt.attempt_code, by=ann)
    age(attempt, 15)
    claim_session(attempt.attempt_code, by=bob)
    assert who_looks(attempt) == "bob"


def test_claiming_again_renews_ones_claim(attempt, ann):
    first = claim_session(attempt.attempt_code, by=ann)
    age(attempt, 10)
    again = claim_session(attempt.attempt_code, by=ann)
    assert again.lease_until >= first.lease_until
    assert again.claimed_at == first.claimed_at


def test_one_can_let_go(attempt, ann):
    claim_session(attempt.attempt_code, by=ann)
    release_session(attempt.attempt_code, by=ann)
    assert who_looks(attempt) is None


def test_one_cannot_let_go_for_somebody_else(attempt, ann, bob):
    claim_session(attempt.attempt_code, by=ann)
    release_session(attempt.attempt_code, by=bob)
    assert who_looks(attempt) == "ann"


def test_a_decision_ends_the_claim_whoever_decides(attempt, ann, bob):
    claim_session(attempt.attempt_code, by=ann)
    api.pass_attempt(attempt.attempt_code, by=bob, reason="Fine")
    assert who_looks(attempt) is None


def test_a_review_of_the_service_does_not_end_it(attempt, ann):
    claim_session(attempt.attempt_code, by=ann)
    api.record_review(attempt.attempt_code, "Suspicious")
    assert who_looks(attempt) == "ann"


def test_nobody_claims_without_the_permission_to_decide(attempt):
    with pytest.raises(api.AccessDenied):
        claim_session(attempt.attempt_code, by=UserFactory())


def test_nobody_claims_their_own_session(ann):
    with pytest.raises(api.OwnAttempt):
        claim_session(flagged(user=ann).attempt_code, by=ann)


def test_an_archived_session_is_not_claimed(ann):
    with pytest.raises(api.AttemptIsArchived):
        claim_session(ExamAttemptFactory(submitted=True, archived=True).attempt_code, by=ann)


def test_a_session_whose_learner_was_erased_is_not_claimed(attempt, ann):
    api.erase_learner(attempt.user, by=ann, reason="Asked")
    with pytest.raises(api.AttemptIsErased):
        claim_session(attempt.attempt_code, by=ann)


def test_an_unknown_session_is_not_claimed(ann):
    with pytest.raises(api.NotFound):
        claim_session("NONE", by=ann)


# --- The next one ---


def test_the_next_one_is_the_first_of_the_list_that_nobody_claims(ann, bob):
    first, second = flagged(), flagged()
    assert claim_next(waiting(), by=ann) == first
    assert claim_next(waiting(), by=bob) == second
    assert claim_next(waiting(), by=ann) is None


def test_the_next_one_is_in_the_list_with_its_filters(ann):
    flagged()
    other = ProctoredExamFactory()
    mine = flagged(exam=other)
    assert claim_next(waiting(exam=other.content_id), by=ann) == mine


def test_the_next_one_is_never_ones_own(ann):
    flagged(user=ann)
    assert claim_next(waiting(), by=ann) is None


def test_a_session_that_is_decided_is_not_the_next_one(attempt, ann, bob):
    listed = waiting()
    api.pass_attempt(attempt.attempt_code, by=bob, reason="Fine")
    assert claim_next(listed, by=ann) is None


def test_nobody_takes_the_next_one_without_the_permission_to_decide(attempt):
    with pytest.raises(api.AccessDenied):
        claim_next(waiting(), by=UserFactory())
    assert who_looks(attempt) is None


def test_next_and_previous_pass_over_what_colleagues_claim_and_not_over_ones_own(ann, bob):
    attempt, own = flagged(), flagged()
    claim_session(attempt.attempt_code, by=bob)
    claim_session(own.attempt_code, by=ann)
    assert list(without_claims_of_others(ann, ExamAttempt.objects.all())) == [own]


@pytest.mark.django_db(transaction=True)
def test_fifty_who_take_the_next_one_at_once_get_fifty_sessions():
    exam = ProctoredExamFactory()
    attempts = [flagged(exam=exam) for _ in range(MANY)]
    people = [UserFactory(admin=True) for _ in range(MANY)]
    outcomes = at_once(*[lambda person=person: claim_next(waiting(), by=person) for person in people])
    assert of_type(Exception, outcomes) == []
    assert {attempt.pk for attempt in of_type(ExamAttempt, outcomes)} == {attempt.pk for attempt in attempts}


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_one_session_at_once_one_gets_it(attempt):
    people = [UserFactory(admin=True) for _ in range(8)]
    calls = [lambda person=person: claim_session(attempt.attempt_code, by=person) for person in people]
    outcomes = at_once(*calls)
    assert len(of_type(SessionClaim, outcomes)) == 1
    assert len(of_type(SessionIsClaimed, outcomes)) == 7
