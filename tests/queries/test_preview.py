"""The preview of a decision agrees with what really happens."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, EffectKind, Source
from proctoring_results.effects.deliver import deliver, deliver_due
from proctoring_results.models import LmsEffect
from proctoring_results.queries.preview import Obstacle, Seen, preview_decision, preview_decisions, seen_now
from proctoring_results.transitions import TRANSITIONS, Facts
from tests.factories import ExamAttemptFactory, ExamReviewFactory, ProctoredExamFactory, UserFactory
from tests.fakes import RememberingLMS

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

S, E = AttemptStatus, EffectKind
VERBS = {S.VERIFIED: api.pass_attempt, S.REJECTED: api.fail_attempt}


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {"LMS": "tests.fakes.RememberingLMS"}
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    RememberingLMS.own = "7 of 10"
    return RememberingLMS


@pytest.fixture
def admin():
    return UserFactory(admin=True)


def in_step(attempt) -> None:
    """Make the LMS agree with the attempts."""
    for effect in LmsEffect.objects.queue([E.GRADE, E.CREDIT], attempt):
        deliver(effect.pk)
    RememberingLMS.calls.clear()


def decide(attempt, to, by) -> None:
    VERBS[to](attempt.attempt_code, by=by, reason="x")
    for minute in range(3):
        with time_machine.travel(timezone.now() + timedelta(minutes=minute)):
            deliver_due()
    attempt.refresh_from_db()


def is_held(attempt) -> bool:
    return (attempt.user.pk, attempt.exam.content_id) in RememberingLMS.held


# --- It agrees ---


@pytest.mark.parametrize("others", [[], ["rejected"], ["submitted"]], ids=str)
@pytest.mark.parametrize("to", VERBS)
@pytest.mark.parametrize("start", AttemptStatus)
def test_what_the_preview_says_is_what_happens(start, to, others, admin, host, mailoutbox):
    attempt = ExamAttemptFactory(status=start)
    for status in others:
        ExamAttemptFactory(user=attempt.user, exam=attempt.exam, status=status)
    in_step(attempt)
    preview, held_before = preview_decision(attempt.attempt_code, to), is_held(attempt)
    if not preview.is_possible:
        with pytest.raises(api.IllegalTransition):
            decide(attempt, to, admin)
        assert preview.consequences == ()
        return
    decide(attempt, to, admin)
    assert (preview.status.start, preview.status.to) == (start, attempt.status)
    if start == to:
        assert (host.calls, mailoutbox, len(preview.consequences)) == ([], [], 1)
        return
    grade, certificate = preview.effects[E.GRADE], preview.effects.get(E.CERTIFICATE)
    assert (grade.was_held, grade.is_held) == (held_before, is_held(attempt))
    assert preview.effects[E.CREDIT].after == host.credit[attempt.user.pk, attempt.exam.content_id]
    calls = [call for call in host.calls if call in ("invalidate", "evaluate")]
    assert calls == ([] if certificate is None else [("evaluate", "invalidate")[certificate.is_invalidated]])
    [mail] = mailoutbox
    assert f"{preview.effects[E.MAIL].result.label}" in mail.subject
    assert preview.effects[E.MAIL].names_the_zero is ("set to 0" in mail.body)
    assert preview.effects[E.MAIL].another_holds_grade is ("another of your attempts" in mail.body)


def test_no_condition_of_the_table_binds_a_person():
    """So the preview does not ask whether anybody decided, or the exam was started."""
    nobody_knows = Facts(
        source=Source.PERSON,
        was_started=False,
        time_is_left=False,
        is_outranked=False,
        the_host_hands_in=False,
        decision_is_withheld=False,
    )
    by_a_person = [transition for transition in TRANSITIONS.values() if Source.PERSON in transition.by]
    assert all(transition.allows(nobody_knows) for transition in by_a_person)


BY_A_PERSON = [(start, to) for (start, to), one in TRANSITIONS.items() if Source.PERSON in one.by and to in VERBS]


@pytest.mark.parametrize(("start", "to"), BY_A_PERSON)
def test_each_effect_of_a_decision_stands_in_its_preview(start, to):
    preview = preview_decision(ExamAttemptFactory(status=start).attempt_code, to)
    assert set(TRANSITIONS[start, to].effects) <= set(preview.effects)
    assert all(step.sentence and step in preview.consequences for step in preview.effects.values())


def test_in_a_course_that_sets_no_zero_the_grade_stays(admin, host):
    host.holding = False
    attempt = ExamAttemptFactory(verified=True)
    preview = preview_decision(attempt.attempt_code, S.REJECTED)
    decide(attempt, S.REJECTED, admin)
    steps = preview.effects
    assert (steps[E.GRADE].is_held, steps[E.MAIL].names_the_zero) == (False, False) == (is_held(attempt), False)
    assert steps[E.CERTIFICATE].is_invalidated is ("invalidate" in host.calls)
    assert "sets no grade to 0" in steps[E.GRADE].sentence


@pytest.mark.parametrize(
    ("exam", "phrase"),
    [({"exam__is_practice_exam": True}, "practice"), ({"exam__is_proctored": False}, "not proctored")],
)
def test_practice_and_unproctored_attempts_affect_nothing_and_the_preview_says_so(
    exam, phrase, admin, host, mailoutbox
):
    attempt = ExamAttemptFactory(submitted=True, **exam)
    preview = preview_decision(attempt.attempt_code, S.REJECTED)
    decide(attempt, S.REJECTED, admin)
    assert (host.calls, mailoutbox) == ([], [])
    assert preview.consequences == (preview.status, preview.nothing)
    assert phrase in preview.nothing.sentence


@pytest.mark.parametrize("to", VERBS)
def test_a_review_that_waits_for_a_person_becomes_current(to, admin):
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Suspicious")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    later = api.record_review(attempt.attempt_code, "Suspicious")
    preview = preview_decision(attempt.attempt_code, to)
    decide(attempt, to, admin)
    assert preview.review.review == attempt.current_review == later
    assert preview_decision(attempt.attempt_code, to).review is None


def test_a_learner_without_an_address_gets_no_mail(admin, mailoutbox):
    attempt = ExamAttemptFactory(submitted=True, user__email="")
    preview = preview_decision(attempt.attempt_code, S.REJECTED)
    decide(attempt, S.REJECTED, admin)
    assert (preview.effects[E.MAIL].has_address, mailoutbox) == (False, [])


def test_archived_attempts_and_those_of_others_do_not_count(admin):
    attempt = ExamAttemptFactory(rejected=True)
    ExamAttemptFactory(rejected=True, archived=True, user=attempt.user, exam=attempt.exam)
    ExamAttemptFactory(rejected=True, user=attempt.user)
    ExamAttemptFactory(rejected=True, exam=attempt.exam)
    preview = preview_decision(attempt.attempt_code, S.VERIFIED)
    decide(attempt, S.VERIFIED, admin)
    grade = preview.effects[E.GRADE]
    assert (grade.others_rejected, grade.is_held, is_held(attempt)) == (0, False, False)


def test_attempts_that_are_decided_together_are_previewed_together(admin):
    first = ExamAttemptFactory(rejected=True)
    second = ExamAttemptFactory(rejected=True, user=first.user, exam=first.exam)
    alone = preview_decision(first.attempt_code, S.VERIFIED)
    together = preview_decisions([second.attempt_code, first.attempt_code], S.VERIFIED)
    assert alone.effects[E.GRADE].is_held
    assert [preview.attempt for preview in together] == [second, first]
    grades = [preview.effects[E.GRADE] for preview in together]
    assert [(grade.was_held, grade.is_held) for grade in grades] == [(True, False)] * 2


# --- Why not ---


@pytest.mark.parametrize(
    ("fields", "obstacle"),
    [
        ({"submitted": True, "archived": True}, Obstacle.ARCHIVED),
        ({"verified": True, "archived": True}, Obstacle.ARCHIVED),
        ({"verified": True, "erased_at": timezone.now()}, Obstacle.ERASED),
        ({"started": True}, Obstacle.NOT_OVER),
        ({"status": S.DECLINED}, Obstacle.NOT_TAKEN),
        ({"status": S.EXPIRED}, Obstacle.NOT_TAKEN),
    ],
)
def test_it_says_why_a_decision_is_not_possible(fields, obstacle):
    attempt = ExamAttemptFactory(**fields)
    preview = preview_decision(attempt.attempt_code, S.VERIFIED)
    assert (preview.obstacle, preview.is_possible) == (obstacle, False)


def test_there_is_no_preview_of_an_unknown_attempt():
    with pytest.raises(api.NotFound):
        preview_decision("nobody's", S.VERIFIED)


# --- What the page showed ---


def test_what_was_seen_is_what_a_decision_on_this_page_is_checked_against(admin):
    attempt = ExamAttemptFactory(submitted=True)
    assert preview_decision(attempt.attempt_code, S.VERIFIED).seen == seen_now(attempt) == Seen(None, None)
    review = api.record_review(attempt.attempt_code, "Suspicious")
    seen = preview_decision(attempt.attempt_code, S.VERIFIED).seen
    assert seen == seen_now(attempt) == Seen(attempt.changes.get().pk, review.pk)
    assert api.pass_attempt(attempt.attempt_code, by=admin, reason="x", seen=seen).status == "verified"


# --- Sentences ---


@pytest.mark.parametrize(
    ("start", "to", "sentences"),
    [
        (
            S.REJECTED,
            S.VERIFIED,
            [
                "The status becomes “Passed (verified)”; now it is “Failed (rejected)”.",
                "The grade is 7 of 10 again; now 0 is shown.",
                "For credit, the requirement becomes “satisfied”; now it is “failed”.",
                "The certificate of the course is evaluated again.",
                "The learner gets the mail “Satisfactory”.",
            ],
        ),
        (
            S.SUBMITTED,
            S.REJECTED,
            [
                "The status becomes “Failed (rejected)”; now it is “Submitted”.",
                "The grade is shown as 0 in place of 7 of 10.",
                "For credit, the requirement becomes “failed”; now it is “submitted”.",
                "The certificate of the course is invalidated.",
                "The learner gets the mail “Unsatisfactory”, which says that the grade was set to 0.",
            ],
        ),
        (
            S.VERIFIED,
            S.VERIFIED,
            ["The status stays “Passed (verified)”: the decision is recorded, and nothing follows for the LMS."],
        ),
    ],
)
def test_the_consequences_are_sentences_in_the_order_of_the_table(start, to, sentences):
    attempt = ExamAttemptFactory(status=start)
    preview = preview_decision(attempt.attempt_code, to)
    assert [step.sentence for step in preview.consequences] == sentences


@pytest.mark.parametrize("number", [1, 2])
def test_it_says_that_other_rejected_attempts_keep_the_zero(number):
    attempt = ExamAttemptFactory(rejected=True)
    for _ in range(number):
        ExamAttemptFactory(rejected=True, user=attempt.user, exam=attempt.exam)
    sentence = preview_decision(attempt.attempt_code, S.VERIFIED).effects[E.GRADE].sentence
    assert sentence.startswith("The grade stays at 0: ")
    assert {1: "another attempt", 2: "2 other attempts"}[number] in sentence


# --- Queries ---


def test_many_attempts_take_as_many_queries_as_one(django_assert_num_queries):
    exam = ProctoredExamFactory()
    attempts = [ExamAttemptFactory(rejected=True, exam=exam) for _ in range(20)]
    for attempt in attempts:
        ExamReviewFactory(attempt=attempt)
    for codes in ([attempts[0].attempt_code], [attempt.attempt_code for attempt in attempts]):
        with django_assert_num_queries(3):
            preview_decisions(codes, S.VERIFIED)
