"""Decisions, and their undoing, in every order with all else that happens: nothing of an undone one gets out."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule, run_state_machine_as_test

from proctoring_results import api
from proctoring_results.models import ExamAttempt, StatusChange
from proctoring_results.services.effects import queue_levels_at
from tests.factories import UserFactory
from tests.fakes import RememberingLMS, RememberingMailServer
from tests.mailers import send_mails_to

from .test_deliveries_in_any_order import (
    REFUSED,
    STEPS,
    OneLearnerAtOneExam,
    credit,
    decisions,
    how_many,
    in_the_midst,
    reviews,
    some,
)

UNDO_TIME = timedelta(seconds=60)
TAKES_EFFECT = timedelta(seconds=65)
pauses = st.sampled_from([0, 6, 30, 59, 61, 66, 3_700])


class Decision:
    """What is right, written down a second time."""

    def __init__(self, code, by, at, before, decided_before):
        self.code, self.by, self.before, self.status_before = code, by, before, before["status"]
        # What a person had decided, which no review changes; None if only reviews had.
        self.decided_before = decided_before
        self.undo_until, self.takes_effect = at + UNDO_TIME, at + TAKES_EFFECT


class WithUndo(OneLearnerAtOneExam):
    def __init__(self):
        super().__init__()
        self.another_admin = UserFactory(admin=True)
        # Of each attempt, those that may still be undone, newest last.
        self.stacks: dict[str, list[Decision]] = {}
        self.undone_changes: set[int] = set()
        self.ever_credit: set[str] = {"none"}
        self.was_ever_held = False

    @initialize(holding=st.booleans())
    def begin(self, holding):
        super().begin(holding)

    # --- What happens in the app ---

    @rule(number=some, decide=decisions)
    def a_person_decides(self, number, decide):
        self.decide(self.code(number), decide, self.admin)

    @rule(number=some, decide=decisions)
    def another_person_decides(self, number, decide):
        self.decide(self.code(number), decide, self.another_admin)

    def decide(self, code, decide, by):
        self.observe()
        before, decided_before = self.row(code), self.decided.get(code)
        with suppress(*REFUSED):
            self.decided[code] = decide(code, by=by, reason="x").status
            stack = [one for one in self.stacks.get(code, []) if datetime.now(UTC) < one.takes_effect]
            decision = Decision(code, by, datetime.now(UTC), before, decided_before)
            if stack:
                # Both take effect together.
                decision.status_before = stack[0].status_before
            self.stacks[code] = [*stack, decision]

    @rule(number=some, by_another=st.booleans())
    def it_is_undone(self, number, by_another):
        code = self.code(number)
        by = self.another_admin if by_another else self.admin
        stack = self.stacks.get(code, [])
        is_possible = bool(stack) and stack[-1].by == by and datetime.now(UTC) < stack[-1].undo_until
        try:
            api.undo_decision(code, by=by)
        except (api.UndoRefused, api.AttemptIsArchived):
            assert not is_possible
            return
        assert is_possible
        undone = StatusChange.objects.filter(attempt__attempt_code=code).latest("pk")
        self.undone_changes.add(undone.undoes_id)
        decision = stack.pop()
        assert self.row(code) == decision.before
        self.decided[code] = decision.decided_before

    @rule(number=some, review_status=reviews)
    def a_review_arrives(self, number, review_status):
        self.observe()
        # What was decided before can no longer be undone; it takes effect all the same.
        for decision in self.stacks.get(self.code(number), []):
            decision.undo_until = datetime.now(UTC)
        super().a_review_arrives(number, review_status)

    @rule(number=some, is_archived=st.booleans())
    def something_went_wrong(self, number, is_archived):
        super().something_went_wrong(number, is_archived)
        if api.get_attempt(self.code(number)).archived_at is not None:
            self.stacks.pop(self.code(number), None)

    @rule()
    def the_lms_is_told_for_another_reason(self):
        queue_levels_at(self.exam)

    def all_agree(self):
        self.decided = {code: status for code, status in self.decided.items() if status is not None}
        super().all_agree()

    # --- Deliveries ---

    @rule(seconds=pauses, retries_dead_letters=st.booleans())
    def time_passes_and_what_is_due_is_delivered(self, seconds, retries_dead_letters):
        super().time_passes_and_what_is_due_is_delivered(seconds, retries_dead_letters)

    @rule(number=some, one=some, after=st.booleans(), pause=st.sampled_from([0, 6, 61]), by_another=st.booleans())
    def it_is_undone_while_something_is_delivered(self, number, one, after, pause, by_another):
        with in_the_midst(self, [lambda: self.it_is_undone(one, by_another)], after, pause):
            self.one_is_delivered(number)

    # --- What must hold at every moment ---

    def observe(self):
        """Note what is in effect now: only that may ever be told."""
        now = datetime.now(UTC)
        statuses = set()
        for attempt in ExamAttempt.objects.filter(attempt_code__in=self.codes, archived_at=None):
            waiting = [one for one in self.stacks.get(attempt.attempt_code, []) if now < self.in_effect_at(one)]
            statuses.add(waiting[0].status_before if waiting else attempt.status)
        self.ever_credit.add(credit(statuses))
        self.was_ever_held |= "rejected" in statuses

    def in_effect_at(self, decision):
        return self.stacks[decision.code][-1].takes_effect

    @invariant()
    def nothing_has_got_out(self):
        self.observe()
        assert set(RememberingLMS.credit.values()) <= self.ever_credit
        if not self.was_ever_held:
            assert not RememberingLMS.held
            assert RememberingLMS.certificates[self.learner.pk] is not False
        changes_of_mails = {self.effect_of(mail).change_id for mail, _ in RememberingMailServer.sent}
        assert not changes_of_mails & self.undone_changes

    # --- Helpers ---

    def row(self, code):
        attempt = api.get_attempt(code)
        return {
            "status": attempt.status,
            "review": attempt.current_review_id,
            "decided_at": attempt.decided_at,
            "standings": list(attempt.reviews.order_by("pk").values_list("pk", "standing")),
        }


@pytest.mark.database
@pytest.mark.django_db
def test_all_of_a_decision_gets_out_or_nothing_of_it(settings_of_the_host):
    run_state_machine_as_test(
        WithUndo,
        settings=settings(max_examples=how_many(), stateful_step_count=STEPS, suppress_health_check=list(HealthCheck)),
    )


@pytest.fixture
def settings_of_the_host(host, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": UNDO_TIME}
    send_mails_to("tests.fakes.RememberingMailServer", settings)
