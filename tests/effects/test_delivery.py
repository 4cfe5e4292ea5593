"""Which calls the LMS gets, when, and what happens if they fail."""

import itertools
import threading
import time
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from proctoring_results import api
from proctoring_results.effects import deliver as delivery
from proctoring_results.effects import level
from proctoring_results.effects.credit import credit_state
from proctoring_results.effects.deliver import deliver, deliver_due
from proctoring_results.jobs.lease import LeasedTaskQuerySet
from proctoring_results.models import LmsEffect
from proctoring_results.queries.lookups import effects_lag
from proctoring_results.services.upkeep import sweep_effects
from tests.factories import ExamAttemptFactory
from tests.fakes import RememberingMailServer
from tests.mailers import send_mails_to
from tests.racing import at_once, of_type

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]


def waiting() -> list[str]:
    return list(LmsEffect.objects.waiting().order_by("pk").values_list("kind", flat=True))


def later(seconds: float):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def deliver_all() -> None:
    """Everything, also what only waits for its turn."""
    for minute in range(3):
        with later(60 * minute):
            deliver_due()
    assert waiting() == []


def key(attempt):
    return attempt.user.pk, attempt.exam.content_id


# --- Written with the change ---


def test_a_fail_writes_grade_credit_certificate_and_mail_in_the_same_transaction(attempt, admin):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    assert waiting() == ["grade", "credit", "certificate", "mail"]
    assert {effect.change for effect in LmsEffect.objects.all()} == {attempt.changes.get()}


def test_what_is_rolled_back_has_no_effect(attempt, admin):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
        1 / 0  # noqa: B018
    assert waiting() == []


def test_the_same_decision_again_has_no_effect(attempt, admin):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    before = len(waiting())
    api.pass_attempt(attempt.attempt_code, by=admin, reason="y")
    assert len(waiting()) == before


@pytest.mark.parametrize("exam", [{"exam__is_practice_exam": True}, {"exam__is_proctored": False}])
def test_practice_and_unproctored_attempts_affect_nothing(admin, exam):
    attempt = ExamAttemptFactory(submitted=True, **exam)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    api.archive_attempt(attempt.attempt_code, reason="x")
    assert waiting() == []


def test_the_team_is_notified_of_a_second_review_and_of_a_review_after_a_decision(attempt, admin):
    api.record_review(attempt.attempt_code, "Suspicious")
    assert waiting() == ["notice"]
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    api.record_review(attempt.attempt_code, "Suspicious")
    assert waiting().count("notice") == 2


def test_a_decision_enqueues_its_delivery_once_after_the_commit(attempt, admin, monkeypatch):
    enqueued = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: enqueued.append(task.name))
    with transaction.atomic():
        api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
        assert enqueued == []
    assert enqueued == ["proctoring_results.deliver_effects"]


# --- Made so ---


def test_a_fail_holds_the_grade_and_a_pass_gives_it_back(attempt, admin, host):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_all()
    assert (host.held, host.credit[key(attempt)], host.certificates[attempt.user.pk]) == (
        {key(attempt)},
        "failed",
        False,
    )
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_all()
    assert (host.held, host.credit[key(attempt)], host.certificates[attempt.user.pk]) == (set(), "satisfied", True)


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_pass_fail_pass_leaves_the_last_decision_in_whatever_order_it_is_delivered(
    attempt, admin, host, mailoutbox, order
):
    batches = []
    for verb in (api.pass_attempt, api.fail_attempt, api.pass_attempt):
        known = set(LmsEffect.objects.values_list("pk", flat=True))
        verb(attempt.attempt_code, by=admin, reason="x")
        batches.append([pk for pk in LmsEffect.objects.order_by("pk").values_list("pk", flat=True) if pk not in known])
    for number in order:
        for pk in batches[number]:
            deliver(pk)
    deliver_all()
    assert (host.held, host.credit[key(attempt)]) == (set(), "satisfied")
    assert [mail.subject for mail in mailoutbox] == ["Satisfactory: Final"]


def test_deliveries_that_overlap_agree_with_the_last_decision(attempt, admin, host):
    for round_ in range(5):
        verbs = [api.fail_attempt, api.pass_attempt, api.fail_attempt][: 2 + round_ % 2]
        for verb in verbs:
            verb(attempt.attempt_code, by=admin, reason="x")
        at_once(*[deliver_due] * 4)
        deliver_all()
        attempt.refresh_from_db()
        assert (key(attempt) in host.held) == (attempt.status == "rejected")


def test_decisions_and_deliveries_at_the_same_moment_agree_in_the_end(admin, host, mailoutbox, monkeypatch):
    for verb in ("hold_at_zero", "release"):
        monkeypatch.setattr(host, verb, slowly(getattr(host, verb)))
    for round_ in range(4):
        attempt = ExamAttemptFactory(submitted=True)
        last = (api.pass_attempt, api.fail_attempt)[round_ % 2]
        other = (api.fail_attempt, api.pass_attempt)[round_ % 2]
        decided = threading.Event()

        def decide(attempt=attempt, verbs=(last, other, last), decided=decided):
            for verb in verbs:
                verb(attempt.attempt_code, by=admin, reason="x")
            decided.set()

        def keep_delivering(decided=decided):
            while not decided.is_set():
                deliver_due()

        assert of_type(Exception, at_once(decide, *[keep_delivering] * 3)) == []
        deliver_all()
        failed = last is api.fail_attempt
        assert (key(attempt) in host.held) is failed
        assert host.credit[key(attempt)] == ("failed" if failed else "satisfied")
        assert host.certificates[attempt.user.pk] is not failed
        label = "Unsatisfactory" if failed else "Satisfactory"
        assert api.result_for(attempt.user, attempt.exam).label == label
        assert mailoutbox[-1].subject == f"{label}: {attempt.exam.exam_name}"
    sent = [mail.extra_headers["Message-ID"] for mail in mailoutbox]
    assert len(sent) == len(set(sent))


def slowly(verb):
    """The other deliveries have time to come in between."""

    def call(self, *args):
        time.sleep(0.02)
        verb(self, *args)
        time.sleep(0.02)

    return call


def test_a_decision_while_the_grade_is_being_written_is_seen(attempt, admin, host, monkeypatch):
    def hold(self, user, course_id, content_id):
        api.pass_attempt(attempt.attempt_code, by=admin, reason="meanwhile")
        host.held.add((user.pk, content_id))

    monkeypatch.setattr(host, "hold_at_zero", hold)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver(LmsEffect.objects.get(kind="grade").pk)
    assert host.held == set()


def test_deliveries_for_one_learner_and_exam_take_turns(attempt, admin, host, monkeypatch):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    first, second = LmsEffect.objects.filter(kind="grade").order_by("pk")
    tried = []

    def release(self, user, course_id, content_id):
        if not tried:
            tried.append(deliver(second.pk))

    monkeypatch.setattr(host, "release", release)
    deliver(first.pk)
    assert tried == [False]
    second.refresh_from_db()
    assert second.state == "waiting"


def test_an_archived_attempt_holds_no_grade_any_more(attempt, admin, host):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_all()
    api.archive_attempt(attempt.attempt_code, reason="reset", by=admin)
    deliver_all()
    assert (host.held, host.credit[key(attempt)]) == (set(), "none")


def test_any_rejected_attempt_that_counts_holds_the_grade(attempt, admin, host):
    other = ExamAttemptFactory(submitted=True, user=attempt.user, exam=attempt.exam)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    api.pass_attempt(other.attempt_code, by=admin, reason="x")
    deliver_all()
    assert (host.held, host.credit[key(attempt)]) == ({key(attempt)}, "failed")


def test_a_course_can_switch_the_zero_off(attempt, admin, host, mailoutbox):
    host.holding = False
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_all()
    assert host.held == set()
    assert "set to 0" not in mailoutbox[0].body


@pytest.mark.parametrize(
    ("statuses", "credit"),
    [
        ([], "none"),
        (["created"], "none"),
        (["declined"], "declined"),
        (["error"], "failed"),
        (["submitted"], "submitted"),
        (["verified"], "satisfied"),
        (["verified", "submitted"], "submitted"),
        (["verified", "rejected"], "failed"),
        (["declined", "verified"], "satisfied"),
    ],
)
def test_credit_by_all_attempts_that_count(attempt, statuses, credit):
    api.archive_attempt(attempt.attempt_code, reason="out of the way")
    for status in statuses:
        ExamAttemptFactory(user=attempt.user, exam=attempt.exam, status=status)
    assert credit_state(attempt.user, attempt.exam) == credit


# --- Not now ---


def test_while_the_grade_service_is_down_effects_wait_and_then_catch_up(attempt, admin, host, mailoutbox):
    host.down = True
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    start = timezone.now()
    for minute in (0, 1, 10, 40, 60):
        with time_machine.travel(start + timedelta(minutes=minute)), pytest.raises(ExceptionGroup):
            deliver_due()
    grade = LmsEffect.objects.get(kind="grade")
    assert (grade.state, grade.tries) == ("waiting", 5)
    assert "The grade service is down." in grade.problem
    # No mail says "Unsatisfactory" before the grade is written.
    assert mailoutbox == []
    host.down = False
    for minute in (180, 200):
        with time_machine.travel(start + timedelta(minutes=minute)):
            deliver_due()
    assert waiting() == []
    assert host.held == {key(attempt)}
    assert "set to 0" in mailoutbox[0].body


def test_while_the_mail_server_is_down_mails_wait_and_hold_up_nothing_else(attempt, admin, host, settings):
    send_mails_to("tests.fakes.RememberingMailServer", settings)
    RememberingMailServer.down = True
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    start = timezone.now()
    for minute in (0, 1, 10, 40, 60):
        with time_machine.travel(start + timedelta(minutes=minute)), pytest.raises(ExceptionGroup):
            deliver_due()
    assert waiting() == ["mail"]
    assert (host.held, host.certificates[attempt.user.pk]) == ({key(attempt)}, False)
    RememberingMailServer.down = False
    with time_machine.travel(start + timedelta(minutes=180)):
        deliver_due()
    [(mail, held)] = RememberingMailServer.sent
    assert "set to 0" in mail.body
    assert held == {key(attempt)}


def test_an_effect_that_fails_for_a_day_is_dead_lettered(attempt, admin, host, caplog):
    host.down = True
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    with later(24 * 3600 + 1), pytest.raises(ExceptionGroup):
        deliver_due()
    grade = LmsEffect.objects.get(kind="grade")
    assert (grade.state, grade.next_try_at, grade.running_key) == ("parked", None, None)
    assert "dead-lettered" in caplog.text


def test_an_effect_that_fails_keeps_no_other_waiting(attempt, admin, host):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    other = ExamAttemptFactory(submitted=True)
    api.fail_attempt(other.attempt_code, by=admin, reason="x")
    real = host.hold_at_zero

    def hold(self, user, *exam):
        if user.pk == attempt.user.pk:
            raise TimeoutError
        real(self, user, *exam)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host, "hold_at_zero", hold)
        with pytest.raises(ExceptionGroup):
            deliver_due()
    assert host.held == {key(other)}


def test_a_deliverer_that_died_is_found_by_its_lease(attempt, admin, host):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    grade = LmsEffect.objects.get(kind="grade")
    assert delivery._claim(grade.pk) is not None
    assert not deliver(grade.pk)
    with later(61):
        assert deliver(grade.pk)
    assert host.held == {key(attempt)}


def test_a_deliverer_that_wakes_after_its_lease_writes_no_end(attempt, admin, host, monkeypatch):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    grade = LmsEffect.objects.get(kind="grade")

    def overtaken(*_):
        LmsEffect.objects.filter(pk=grade.pk).update(lease_until=timezone.now(), running_key=None)
        delivery._claim(grade.pk)

    monkeypatch.setattr(host, "hold_at_zero", overtaken)
    assert not deliver(grade.pk)
    grade.refresh_from_db()
    assert grade.state == "waiting"


def test_a_late_call_of_a_dead_worker_does_not_stand(attempt, admin, host):
    """Fail; the hold outlasts its lease; Pass; another worker releases; the hold is written, and its worker dies."""
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    assert delivery._claim(LmsEffect.objects.get(kind="grade").pk) is not None
    with later(61):
        api.pass_attempt(attempt.attempt_code, by=admin, reason="y")
        deliver_due()
    assert host.held == set()
    host.held.add(key(attempt))
    with later(61 + 10 * 60):
        deliver_due()
    assert host.held == set()


def test_what_waits_for_the_grade_does_not_wait_for_the_second_look(attempt, admin):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    assert delivery._claim(LmsEffect.objects.get(kind="grade").pk) is not None
    with later(61):
        deliver_due()
        assert waiting() == ["grade"]
        assert effects_lag().waiting == 0
        assert LmsEffect.objects.get(kind="mail").state == "done"


def test_a_lease_that_another_gives_back_meanwhile_needs_no_second_look(attempt, admin, monkeypatch):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    grade = LmsEffect.objects.get(kind="grade")
    fence, claim = delivery._claim(grade.pk), LeasedTaskQuerySet.claim

    def given_back_before(effects, pk, **options):
        delivery._end(grade, fence, next_try_at=grade.next_try_at)
        return claim(effects, pk, **options)

    monkeypatch.setattr(LeasedTaskQuerySet, "claim", given_back_before)
    assert delivery._claim(grade.pk) is not None
    assert LmsEffect.objects.filter(kind="grade").count() == 1


def test_only_levels_are_looked_at_again(attempt, admin):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    LmsEffect.objects.exclude(kind="mail").delete()
    assert delivery._claim(LmsEffect.objects.get().pk) is not None
    with later(61):
        deliver_due()
    assert LmsEffect.objects.count() == 1


def test_the_sweep_enqueues_what_is_due(attempt, admin, monkeypatch):
    enqueued = []
    monkeypatch.setattr(
        "proctoring_results.services.upkeep.enqueue", lambda task, *args, **_: enqueued.append(task.name) or True
    )
    assert not sweep_effects()
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    enqueued.clear()
    assert sweep_effects()
    assert enqueued == ["proctoring_results.deliver_effects"]


def test_a_level_that_never_settles_is_left_for_later(attempt):
    effect, flips = LmsEffect.objects.queue(["grade"], attempt)[0], itertools.cycle([True, False])
    with pytest.raises(level.NeverSettled):
        level.settle(effect, lambda *_: next(flips), lambda *_: None)
