"""Decisions, reviews and faults in every order, deliveries in every order, cut off and inside one another.

Once all effects are delivered, every system agrees with the last decision, whatever happened before.
"""

from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from proctoring_results import api
from proctoring_results.effects.deliver import deliver, deliver_due
from proctoring_results.models import LmsEffect
from proctoring_results.services.effects import retry_effects
from tests.conftest import THOROUGH, examples
from tests.factories import ProctoredExamFactory, UserFactory
from tests.fakes import Interrupted, RememberingLMS, RememberingMailServer
from tests.mailers import send_mails_to

STEPS = 30

SUBJECTS = {"submitted": "Received", "verified": "Satisfactory", "rejected": "Unsatisfactory"}
OVER = {"completed", "submitted", "timed_out", "second_review_required", "verified", "rejected"}
# Refusals that are no fault.
REFUSED = (api.IllegalTransition, api.AttemptIsArchived, api.AttemptAlreadyOpen)
# Only these kinds are tested here.
KINDS = ("grade", "credit", "certificate", "mail", "notice")

# Seconds: longer than it takes until a turn comes again, and longer than a lease.
SHORT, LONG = 6, 61

some = st.integers(0, 9)
decisions = st.sampled_from([api.pass_attempt, api.fail_attempt])
reviews = st.sampled_from(["Clean", "Rules Violation", "Suspicious", "Not Reviewed"])
pauses = st.sampled_from([0, SHORT, LONG, 3_700, 90_000])


class Killed(BaseException):
    """The process is gone: nothing is caught, and nothing more is written."""


def die():
    raise Killed


class OneLearnerAtOneExam(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        RememberingLMS.forget()
        RememberingMailServer.forget()
        self.travel = time_machine.travel(datetime(2026, 5, 2, 9, tzinfo=UTC), tick=False)
        self.clock = self.travel.start()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.admin, self.learner = UserFactory(admin=True), UserFactory()
        self.exam = ProctoredExamFactory(exam_name="Final")
        self.codes: list[str] = []
        self.decided: dict[str, str] = {}
        self.cut_off: set[int] = set()

    @initialize(holding=st.booleans())
    def begin(self, holding):
        RememberingLMS.holding = holding
        self.another_attempt()

    # --- What happens in the app ---

    @rule()
    def another_attempt(self):
        with suppress(*REFUSED):
            code = api.create_attempt(self.learner, self.exam).attempt_code
            api.start_attempt(code)
            api.submit_attempt(code)
            self.codes.append(code)

    @rule(number=some, review_status=reviews)
    def a_review_arrives(self, number, review_status):
        api.record_review(self.code(number), review_status)

    @rule(number=some, decide=decisions)
    def a_person_decides(self, number, decide):
        with suppress(*REFUSED):
            code = self.code(number)
            self.decided[code] = decide(code, by=self.admin, reason="x").status

    @rule(number=some, is_archived=st.booleans())
    def something_went_wrong(self, number, is_archived):
        with suppress(*REFUSED):
            if is_archived:
                api.archive_attempt(self.code(number), reason="x")
            else:
                api.mark_error(self.code(number), reason="x")

    # --- What happens in the LMS ---

    @rule(grade=st.integers(1, 100))
    def is_rescored(self, grade):
        RememberingLMS.grades[self.learner.pk] = grade

    @rule(lms=st.booleans(), mail=st.booleans())
    def servers_go_down_or_come_back(self, lms, mail):
        RememberingLMS.down, RememberingMailServer.down = lms, mail

    @rule(pauses=st.lists(pauses, min_size=1, max_size=4), lms=st.booleans())
    def one_is_down_for_long(self, pauses, lms):
        server = RememberingLMS if lms else RememberingMailServer
        server.down = True
        for seconds in pauses:
            self.time_passes_and_what_is_due_is_delivered(seconds, retries_dead_letters=False)
        server.down = False

    # --- Deliveries ---

    @rule(seconds=pauses, retries_dead_letters=st.booleans())
    def time_passes_and_what_is_due_is_delivered(self, seconds, retries_dead_letters):
        self.clock.shift(seconds)
        if retries_dead_letters:
            retry_effects(list(LmsEffect.objects.parked().values_list("pk", flat=True)))
        self.what_is_due_is_delivered()

    def what_is_due_is_delivered(self):
        with suppress(ExceptionGroup):
            deliver_due()

    @rule(number=some)
    def one_is_delivered(self, number):
        due = self.due()
        if due:
            # What a host's code raises is on the row.
            with suppress(OSError):
                deliver(due[number % len(due)])

    @rule(number=some, after=st.booleans())
    def one_is_cut_off(self, number, after):
        with in_the_midst(self, [die], after, may_be_doubled=True), suppress(Killed):
            self.one_is_delivered(number)

    @rule(
        number=some,
        after=st.booleans(),
        decides=st.lists(st.tuples(some, decisions), min_size=1, max_size=2),
        deliveries=st.lists(some, max_size=2),
        all_others=st.booleans(),
        pause=st.sampled_from([0, SHORT, LONG]),
    )
    def others_overlap_with_one(self, number, after, decides, deliveries, all_others, pause):
        others = [lambda one=one: self.a_person_decides(*one) for one in decides]
        others += [lambda one=one: self.one_is_delivered(one) for one in deliveries]
        others += [self.what_is_due_is_delivered] * all_others
        with in_the_midst(self, others, after, pause):
            self.one_is_delivered(number)

    # --- In the end ---

    def teardown(self):
        try:
            if self.codes:
                self.deliver_all()
                self.all_agree()
                self.mails_are_right()
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)
            self.travel.stop()

    def deliver_all(self):
        RememberingLMS.down = RememberingMailServer.down = False
        for _ in range(20):
            self.time_passes_and_what_is_due_is_delivered(2 * 3_600, retries_dead_letters=True)
        assert list(LmsEffect.objects.filter(kind__in=KINDS).exclude(next_try_at=None)) == []

    def all_agree(self):
        attempts = [api.get_attempt(code) for code in self.codes]
        assert {code: api.get_attempt(code).status for code in self.decided} == self.decided
        counted = [attempt for attempt in attempts if attempt.archived_at is None]
        statuses = {attempt.status for attempt in counted}
        held = RememberingLMS.holding and "rejected" in statuses
        key = self.learner.pk, self.exam.content_id
        assert (key in RememberingLMS.held) is held
        own = RememberingLMS.grades.get(self.learner.pk)
        assert RememberingLMS.shown_grade(self.learner, self.exam.content_id) == (0 if held else own)
        assert RememberingLMS.certificates[self.learner.pk] in ({False} if held else {None, True})
        assert RememberingLMS.credit.get(key, "none") == credit(statuses)
        assert api.result_for(self.learner, self.exam) == result_word(counted[-1].status if counted else "")

    def mails_are_right(self):
        sent = [(self.effect_of(mail), mail, held) for mail, held in RememberingMailServer.sent]
        for effect, times in Counter(effect for effect, _, _ in sent if effect.kind == "mail").items():
            assert effect.state == "done" or effect.pk in self.cut_off
            assert times == 1 or effect.pk in self.cut_off
        for _, mail, held in sent:
            names_the_zero = "set to 0" in mail.body
            assert names_the_zero is (mail.subject.startswith("Unsatisfactory") and bool(held))
        for code in self.codes:
            attempt = api.get_attempt(code)
            subjects = [mail.subject for effect, mail, _ in sent if effect.attempt_id == attempt.pk and mail.to]
            # In the order in which it happened, and none after it was superseded.
            about_it = [effect.pk for effect, mail, _ in sent if effect.attempt_id == attempt.pk and mail.to]
            assert about_it == sorted(about_it)
            if attempt.archived_at is None and attempt.status in SUBJECTS:
                assert subjects[-1] == f"{SUBJECTS[attempt.status]}: Final"

    # --- Helpers ---

    def code(self, number):
        return self.codes[number % len(self.codes)]

    def due(self):
        now = datetime.now(UTC)
        return list(LmsEffect.objects.due(now).filter(kind__in=KINDS).order_by("pk").values_list("pk", flat=True))

    def effect_of(self, mail):
        return LmsEffect.objects.get(pk=mail.extra_headers["Message-ID"].split("@")[0].rpartition("-")[2])


@contextmanager
def in_the_midst(machine, happens, after, pause=0, may_be_doubled=False):
    """The next call of the LMS, or to the mail server, is not alone."""
    servers = RememberingLMS, RememberingMailServer

    def whole_again():
        for server in servers:
            server.midst = Interrupted()

    def begin():
        # What else comes in the midst is whole.
        whole_again()
        if may_be_doubled:
            machine.cut_off |= set(LmsEffect.objects.exclude(lease_until=None).values_list("pk", flat=True))

    for server in servers:
        # A mail that is under way for longer than its lease cannot be called back; time limits see to that.
        slow = pause if server is RememberingLMS else min(pause, SHORT)
        steps = [begin, lambda slow=slow: machine.clock.shift(slow), *happens]
        setattr(server.midst, "after" if after else "before", steps)
    try:
        yield
    finally:
        whole_again()


def credit(statuses):
    """By all attempts that count: failed by one, satisfied by all."""
    over = statuses & OVER
    if "rejected" in over:
        return "failed"
    if over:
        return "satisfied" if over == {"verified"} else "submitted"
    return "failed" if "error" in statuses else "none"


def result_word(status):
    results = {"verified": "satisfactory", "rejected": "unsatisfactory"}
    return results.get(status, "pending" if status in OVER else None)


def how_many():
    return 250 if THOROUGH else examples(24)


@pytest.mark.database
@pytest.mark.django_db
def test_all_agree_in_the_end(settings_of_the_host):
    run_state_machine_as_test(
        OneLearnerAtOneExam,
        settings=settings(
            max_examples=how_many(),
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.fixture
def settings_of_the_host(host, settings):
    send_mails_to("tests.fakes.RememberingMailServer", settings)
