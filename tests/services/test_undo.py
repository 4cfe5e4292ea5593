"""A person takes back a decision before it takes effect: everything is as before, and nothing has followed."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import ExamAttempt, LmsEffect, StatusChange
from proctoring_results.queries.learners import find_learners
from proctoring_results.services.effects import queue_levels_at
from tests.factories import ExamAttemptFactory, UserFactory
from tests.fakes import RememberingLMS

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NINE = datetime(2026, 5, 2, 9, tzinfo=UTC)
# Longer than a decision waits, with what the clocks of two servers may differ.
LATER = timedelta(seconds=66)


@pytest.fixture(autouse=True)
def clock(settings):
    settings.PROCTORING_RESULTS = {"LMS": "tests.fakes.RememberingLMS"}
    with time_machine.travel(NINE, tick=False) as clock:
        yield clock


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True, user__username="ada")


def fail(attempt, by):
    return api.fail_attempt(attempt.attempt_code, by=by, reason="reads to somebody")


def undo(attempt, by, **options):
    return api.undo_decision(attempt.attempt_code, by=by, **options)


def state(attempt) -> dict:
    row = ExamAttempt.objects.filter(pk=attempt.pk).values().get()
    del row["last_activity_at"]
    if row["withheld_until"] is not None and row["withheld_until"] <= timezone.now():
        # What an earlier decision has left says nothing any more.
        row["withheld_until"], row["status_until_then"] = None, ""
    return {**row, "standings": list(attempt.reviews.order_by("pk").values_list("pk", "standing"))}


def what_the_lms_has() -> tuple:
    return set(RememberingLMS.held), dict(RememberingLMS.credit), dict(RememberingLMS.certificates)


# ------------------------------------------------------------------------------------------------------ what waits


def test_nobody_outside_the_team_learns_of_a_decision_that_can_be_undone(attempt, admin, clock, mailoutbox):
    fail(attempt, admin)
    clock.shift(timedelta(seconds=64))
    deliver_due()
    assert (what_the_lms_has(), mailoutbox) == ((set(), {}, {}), [])
    assert api.result_for(attempt.user, attempt.exam) == "pending"


def test_a_decision_takes_effect_when_it_can_no_longer_be_undone(attempt, admin, clock, mailoutbox):
    fail(attempt, admin)
    clock.shift(LATER)
    deliver_due()
    assert what_the_lms_has()[1] == {(attempt.user.pk, attempt.exam.content_id): "failed"}
    assert len(mailoutbox) == 1
    assert api.result_for(attempt.user, attempt.exam) == "unsatisfactory"


def test_what_is_told_for_another_reason_says_nothing_of_a_withheld_decision(attempt, admin):
    fail(attempt, admin)
    queue_levels_at(attempt.exam)
    deliver_due()
    held, credit, certificates = what_the_lms_has()
    assert (held, certificates) == (set(), {attempt.user.pk: True})
    assert credit == {(attempt.user.pk, attempt.exam.content_id): "submitted"}


def test_another_attempt_holds_no_grade_before_its_decision_takes_effect(admin):
    older = ExamAttemptFactory(submitted=True)
    newer = ExamAttemptFactory(submitted=True, user=older.user, exam=older.exam)
    fail(older, admin)
    assert not api.learner_result(newer.user, newer.exam).another_is_rejected


def test_the_effects_wait_as_long_as_the_site_says(attempt, admin, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=5)}
    fail(attempt, admin)
    assert set(LmsEffect.objects.values_list("next_try_at", flat=True)) == {NINE + timedelta(minutes=5, seconds=5)}


def test_nothing_waits_where_the_site_lets_nobody_undo(attempt, admin, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(0)}
    fail(attempt, admin)
    deliver_due()
    assert what_the_lms_has()[0] == {(attempt.user.pk, attempt.exam.content_id)}
    with pytest.raises(api.UndoRefused, match="too late"):
        undo(attempt, admin)


def test_the_delivery_is_enqueued_for_when_the_decision_takes_effect(
    attempt, admin, monkeypatch, django_capture_on_commit_callbacks
):
    enqueued = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, at=None: enqueued.append(at))
    with django_capture_on_commit_callbacks(execute=True):
        fail(attempt, admin)
    assert enqueued == [NINE + timedelta(seconds=65)]


# --------------------------------------------------------------------------------------------------- what comes back


def test_an_undone_decision_leaves_nothing_behind(attempt, admin, clock, mailoutbox):
    before = state(attempt)
    fail(attempt, admin)
    undo(attempt, admin)
    assert state(attempt) == before
    clock.shift(LATER)
    assert deliver_due() == 0
    assert (what_the_lms_has(), mailoutbox) == ((set(), {}, {}), [])


@pytest.mark.parametrize(
    "status", ["completed", "timed_out", "second_review_required", "verified", "rejected", "error"]
)
def test_each_status_that_was_decided_comes_back(status, admin):
    attempt = ExamAttemptFactory(submitted=True, status=status)
    before = state(attempt)
    fail(attempt, admin)
    undo(attempt, admin)
    assert state(attempt) == before


def test_reviews_that_the_decision_applied_wait_for_a_decision_again(attempt, admin, clock):
    api.record_review(attempt.attempt_code, "Clean")
    fail(attempt, admin)
    clock.shift(LATER)
    api.record_review(attempt.attempt_code, "Suspicious")
    api.record_review(attempt.attempt_code, "Clean")
    before = state(attempt)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    undo(attempt, admin)
    assert state(attempt) == before
    assert before["attention_since"] is not None


def test_a_confirmed_status_can_be_undone_too(admin):
    attempt = ExamAttemptFactory(rejected=True)
    before = state(attempt)
    fail(attempt, admin)
    undo(attempt, admin)
    assert state(attempt) == before


def test_a_provider_may_review_again_once_the_first_decision_is_undone(attempt, admin):
    fail(attempt, admin)
    undo(attempt, admin)
    api.record_review(attempt.attempt_code, "Clean")
    attempt.refresh_from_db()
    assert attempt.status == "verified"


def test_the_history_keeps_the_decision_and_the_undo(attempt, admin):
    fail(attempt, admin)
    undo(attempt, admin)
    decision, undone = StatusChange.objects.order_by("pk")
    assert (decision.source, decision.to_status, decision.reason) == ("person", "rejected", "reads to somebody")
    assert (undone.source, undone.to_status, undone.by, undone.undoes) == ("undo", "submitted", admin, decision)


def test_receivers_are_told_of_the_decision_and_of_the_undo(attempt, admin, django_capture_on_commit_callbacks):
    sources = []

    def remember(change, **kwargs):
        sources.append(change.source)

    from proctoring_results.signals import attempt_status_changed

    attempt_status_changed.connect(remember)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            fail(attempt, admin)
            undo(attempt, admin)
    finally:
        attempt_status_changed.disconnect(remember)
    assert sources == ["person", "undo"]


def test_who_undid_a_decision_has_not_decided(admin):
    attempt = ExamAttemptFactory(rejected=True, user__username="ada")
    fail(attempt, admin)
    undo(attempt, admin)
    [learner] = find_learners(attempt.exam.course_id, "ada").learners
    assert [standing.decision for standing in learner.standings] == [None]


def test_a_mail_that_waits_is_sent_although_a_later_decision_was_undone(attempt, admin, clock, mailoutbox):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    clock.shift(LATER)
    fail(attempt, admin)
    undo(attempt, admin)
    deliver_due()
    assert [mail.subject.partition(":")[0] for mail in mailoutbox] == ["Satisfactory"]


# -------------------------------------------------------------------------------------------- decisions on decisions


def test_two_decisions_take_effect_together_and_the_last_one_counts(attempt, admin, clock, mailoutbox):
    fail(attempt, admin)
    clock.shift(timedelta(seconds=30))
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    clock.shift(timedelta(seconds=40))
    deliver_due()
    assert (what_the_lms_has(), mailoutbox) == ((set(), {}, {}), [])
    clock.shift(timedelta(seconds=30))
    deliver_due()
    assert what_the_lms_has()[1] == {(attempt.user.pk, attempt.exam.content_id): "satisfied"}
    assert [mail.subject.partition(":")[0] for mail in mailoutbox] == ["Satisfactory"]


def test_a_decision_whose_successor_is_undone_takes_effect_when_it_would_have(attempt, admin, clock, mailoutbox):
    fail(attempt, admin)
    clock.shift(timedelta(seconds=30))
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    undo(attempt, admin)
    clock.shift(timedelta(seconds=36))
    deliver_due()
    assert [mail.subject.partition(":")[0] for mail in mailoutbox] == ["Unsatisfactory"]
    assert api.result_for(attempt.user, attempt.exam) == "unsatisfactory"


def test_a_decision_whose_successor_is_undone_late_takes_effect_at_once(attempt, admin, clock, mailoutbox):
    fail(attempt, admin)
    clock.shift(timedelta(seconds=30))
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    clock.shift(timedelta(seconds=50))
    undo(attempt, admin)
    deliver_due()
    assert [mail.subject.partition(":")[0] for mail in mailoutbox] == ["Unsatisfactory"]


def test_two_decisions_are_undone_one_after_the_other(attempt, admin, clock, mailoutbox):
    before = state(attempt)
    fail(attempt, admin)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    undo(attempt, admin)
    undo(attempt, admin)
    assert state(attempt) == before
    clock.shift(LATER)
    deliver_due()
    assert (what_the_lms_has(), mailoutbox) == ((set(), {}, {}), [])


# --------------------------------------------------------------------------------------------------------- refusals


def test_nothing_is_undone_after_the_time(attempt, admin, clock):
    fail(attempt, admin)
    clock.shift(timedelta(seconds=60))
    with pytest.raises(api.UndoRefused, match="too late"):
        undo(attempt, admin)


def test_there_may_be_no_decision_to_undo(attempt, admin):
    with pytest.raises(api.UndoRefused, match="too late"):
        undo(attempt, admin)


def test_only_who_decided_undoes(attempt, admin):
    fail(attempt, admin)
    with pytest.raises(api.UndoRefused, match="Only the person"):
        undo(attempt, UserFactory(admin=True))


def test_who_may_no_longer_decide_may_not_undo(attempt, admin):
    fail(attempt, admin)
    admin.is_superuser = False
    admin.save()
    with pytest.raises(api.AccessDenied):
        undo(attempt, type(admin).objects.get(pk=admin.pk))


def test_a_decision_stays_once_another_was_made(attempt, admin):
    fail(attempt, admin)
    first = attempt.changes.get()
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    with pytest.raises(api.UndoRefused, match="happened since"):
        undo(attempt, admin, change_id=first.pk)


def test_a_decision_stays_once_a_review_has_come(attempt, admin):
    fail(attempt, admin)
    api.record_review(attempt.attempt_code, "Clean")
    with pytest.raises(api.UndoRefused, match="review has come since"):
        undo(attempt, admin)


def test_the_decision_about_an_archived_attempt_stays(attempt, admin):
    fail(attempt, admin)
    api.archive_attempt(attempt.attempt_code, reason="x")
    with pytest.raises(api.AttemptIsArchived):
        undo(attempt, admin)


def test_the_decision_about_an_erased_learner_stays(attempt, admin):
    fail(attempt, admin)
    api.erase_learner(attempt.user, by=admin, reason="x")
    with pytest.raises(api.AttemptIsErased):
        undo(attempt, admin)


def test_a_decision_stays_once_another_servers_clock_has_let_it_take_effect(attempt, admin):
    fail(attempt, admin)
    LmsEffect.objects.filter(kind="mail").update(state="done", fence=1, next_try_at=None)
    before = state(attempt)
    with pytest.raises(api.UndoRefused, match="too late"):
        undo(attempt, admin)
    assert state(attempt) == before
    assert LmsEffect.objects.waiting().count() == 3


def test_a_decision_is_undone_once(attempt, admin):
    fail(attempt, admin)
    undo(attempt, admin)
    with pytest.raises(api.UndoRefused, match="too late"):
        undo(attempt, admin)


def test_an_unknown_attempt_is_named(admin):
    with pytest.raises(api.NotFound):
        api.undo_decision("no such code", by=admin)
