"""Two people, two tabs, a learner and a provider at the same moment. On PostgreSQL and MariaDB they really meet."""

from datetime import timedelta

import pytest
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, ReviewStanding
from proctoring_results.effects.deliver import deliver
from proctoring_results.models import ExamAttempt, ExamReview, LmsEffect, StatusChange
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.racing import at_once, of_type

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

MANY = 8


def history(attempt: ExamAttempt) -> list[tuple[str, str]]:
    return list(StatusChange.objects.filter(attempt=attempt).order_by("pk").values_list("from_status", "to_status"))


def is_a_chain(attempt: ExamAttempt, start: str) -> bool:
    """Each change begins where the one before has ended, and the last one is where the attempt is."""
    attempt.refresh_from_db()
    current = start
    for begins, ends in history(attempt):
        if begins != current:
            return False
        current = ends
    return current == attempt.status


def test_a_learner_gets_one_attempt_however_many_tabs_ask():
    learner, exam = UserFactory(), ProctoredExamFactory()
    outcomes = at_once(*[lambda: api.create_attempt(learner, exam)] * MANY)
    [made] = of_type(ExamAttempt, outcomes)
    refused = of_type(api.AttemptAlreadyOpen, outcomes)
    assert len(refused) == MANY - 1
    assert {refusal.attempt for refusal in refused} == {made}


def test_an_exam_is_registered_once_however_many_ask():
    make = {"exam_name": "Final", "time_limit_mins": 60, "provider": "proctortrack"}
    outcomes = at_once(*[lambda: api.create_exam("course", "content", **make)] * MANY)
    assert len(of_type(api.ProctoredExam, outcomes)) == 1
    assert len(of_type(api.ExamAlreadyExists, outcomes)) == MANY - 1


def test_a_hand_in_counts_once_however_often_it_is_clicked():
    attempt = ExamAttemptFactory(started=True)
    outcomes = at_once(*[lambda: api.submit_attempt(attempt.attempt_code, by=attempt.user)] * MANY)
    assert {outcome.status for outcome in outcomes} == {"submitted"}
    assert history(attempt) == [("started", "submitted")]


def test_two_reviewers_take_turns_and_the_second_sees_the_firsts_verdict():
    attempt, admin = ExamAttemptFactory(submitted=True), UserFactory(admin=True)
    verbs = [api.pass_attempt, api.fail_attempt] * (MANY // 2)
    calls = [lambda verb=verb: verb(attempt.attempt_code, by=admin, reason="x") for verb in verbs]
    assert of_type(Exception, at_once(*calls)) == []
    assert len(history(attempt)) == MANY
    assert is_a_chain(attempt, "submitted")


def test_of_two_who_saw_the_same_page_one_decides_and_the_other_is_told():
    attempt, admin = ExamAttemptFactory(submitted=True), UserFactory(admin=True)
    seen = api.Seen(None, None)
    verbs = [api.pass_attempt, api.fail_attempt]
    calls = [lambda verb=verb: verb(attempt.attempt_code, by=admin, reason="x", seen=seen) for verb in verbs]
    outcomes = at_once(*calls)
    assert len(of_type(ExamAttempt, outcomes)) == 1
    assert len(of_type(api.StaleDecision, outcomes)) == 1


def test_a_review_at_the_moment_of_the_hand_in_is_applied():
    for _ in range(MANY):
        attempt = ExamAttemptFactory(started=True)
        outcomes = at_once(
            lambda code=attempt.attempt_code: api.record_review(code, "Clean"),
            lambda code=attempt.attempt_code: api.submit_attempt(code),
        )
        assert of_type(Exception, outcomes) == []
        assert is_a_chain(attempt, "started")
        assert attempt.status == AttemptStatus.VERIFIED
        assert ExamReview.objects.get(attempt=attempt).standing == ReviewStanding.APPLIED


def test_a_decision_and_a_review_at_once_leave_the_decision_standing():
    for _ in range(MANY):
        attempt, admin = ExamAttemptFactory(submitted=True), UserFactory(admin=True)
        outcomes = at_once(
            lambda code=attempt.attempt_code: api.record_review(code, "Clean"),
            lambda code=attempt.attempt_code, by=admin: api.fail_attempt(code, by=by, reason="x"),
        )
        assert of_type(Exception, outcomes) == []
        assert is_a_chain(attempt, "submitted")
        assert attempt.status == AttemptStatus.REJECTED


def test_a_learner_is_erased_once_however_many_ask():
    attempt, admin = ExamAttemptFactory(submitted=True), UserFactory(admin=True)
    outcomes = at_once(*[lambda: api.erase_learner(attempt.user, by=admin, reason="x")] * 4)
    assert len({erasure.pk for erasure in of_type(api.Erasure, outcomes)}) == 1
    assert len(of_type(api.Erasure, outcomes)) == 4


def test_a_review_that_comes_while_the_learner_is_erased_leaves_nothing():
    attempt, admin = ExamAttemptFactory(submitted=True), UserFactory(admin=True)
    reviews = [lambda: api.record_review(attempt.attempt_code, "Clean", raw_data={"name": "Ada"})] * 4
    outcomes = at_once(*reviews, lambda: api.erase_learner(attempt.user, by=admin, reason="x"))
    came_too_late = of_type(api.AttemptIsErased, outcomes)
    assert len(of_type(api.Erasure, outcomes)) == 1
    assert ExamReview.objects.filter(attempt=attempt).count() == 4 - len(came_too_late)
    assert {str(review.raw_data) for review in ExamReview.objects.all()} <= {"{}"}


def test_fifty_times_undo_and_another_decision_meet_and_one_of_them_is_first(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}
    admin, another = UserFactory(admin=True), UserFactory(admin=True)
    for _ in range(50):
        attempt = ExamAttemptFactory(submitted=True)
        api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
        decision = attempt.changes.get()
        undone, decided = at_once(
            lambda code=attempt.attempt_code, pk=decision.pk: api.undo_decision(code, by=admin, change_id=pk),
            lambda code=attempt.attempt_code: api.pass_attempt(code, by=another, reason="x"),
        )
        assert isinstance(decided, ExamAttempt)
        assert isinstance(undone, ExamAttempt | api.UndoRefused)
        assert is_a_chain(attempt, "submitted")
        assert attempt.status == "verified"
        is_undone = isinstance(undone, ExamAttempt)
        assert set(decision.effects.values_list("state", flat=True)) == {"undone" if is_undone else "waiting"}


def test_an_undo_and_a_delivery_that_is_early_leave_all_or_nothing(settings):
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "DECISION_UNDO_TIME": timedelta(minutes=1),
        "LMS": "tests.fakes.RememberingLMS",
    }
    admin = UserFactory(admin=True)
    for _ in range(10):
        attempt = ExamAttemptFactory(submitted=True)
        api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
        # As on a server whose clock is ahead.
        LmsEffect.objects.filter(attempt=attempt).update(next_try_at=timezone.now())
        pks = list(LmsEffect.objects.filter(attempt=attempt).order_by("pk").values_list("pk", flat=True))
        undone, *_ = at_once(
            lambda code=attempt.attempt_code: api.undo_decision(code, by=admin),
            *[lambda pk=pk: deliver(pk) for pk in pks],
        )
        states = set(LmsEffect.objects.filter(pk__in=pks).values_list("state", flat=True))
        assert (states == {"undone"}) is isinstance(undone, ExamAttempt)
        assert isinstance(undone, api.UndoRefused) is ("undone" not in states)
