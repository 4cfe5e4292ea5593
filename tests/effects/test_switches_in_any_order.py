"""An exam is switched while learners take it, reviews arrive and people decide: all pages and the LMS agree.

``Expected`` is what is right, written down a second time in plain Python; it asks the app nothing.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import LmsEffect
from proctoring_results.queries.counts import course_counts
from proctoring_results.queries.learner import learner_result
from proctoring_results.reports.kinds.base import attempts_in_report
from proctoring_results.reports.narrowing import read_filters
from tests.conftest import THOROUGH, examples
from tests.factories import COURSE, ProctoredExamFactory, UserFactory
from tests.fakes import RememberingLMS, RememberingMailServer
from tests.mailers import send_mails_to

REFUSED = (api.IllegalTransition, api.AttemptIsArchived, api.AttemptAlreadyOpen, api.ExamNotAvailable)
HELD_BY_ANOTHER = "While another of your attempts at this exam is Unsatisfactory, your grade for this exam is 0."

OPEN = {"created", "started"}
RESULT_WORDS = {
    **dict.fromkeys(["completed", "submitted", "timed_out", "second_review_required"], "pending"),
    "verified": "satisfactory",
    "rejected": "unsatisfactory",
}
# What the host and the learner do: from which statuses, to which.
STEPS = {
    "start": ({"created"}, "started"),
    "submit": ({"started", "completed", "timed_out", "error"}, "submitted"),
    "time_out": ({"started"}, "timed_out"),
    "complete": ({"started"}, "completed"),
    "decline": ({"created"}, "declined"),
    "error": ({*OPEN, "completed", "submitted", "timed_out", "second_review_required"}, "error"),
}
VERBS = {
    "start": lambda code, admin: api.start_attempt(code),
    "submit": lambda code, admin: api.submit_attempt(code),
    "time_out": lambda code, admin: api.time_out_attempt(code),
    "complete": lambda code, admin: api.complete_attempt(code),
    "decline": lambda code, admin: api.decline_attempt(code),
    "error": lambda code, admin: api.mark_error(code, reason="x"),
    "archive": lambda code, admin: api.archive_attempt(code, reason="x"),
    "Clean": lambda code, admin: api.record_review(code, "Clean"),
    "Suspicious": lambda code, admin: api.record_review(code, "Suspicious"),
    "Not Reviewed": lambda code, admin: api.record_review(code, "Not Reviewed"),
    "pass": lambda code, admin: api.pass_attempt(code, by=admin, reason="x"),
    "fail": lambda code, admin: api.fail_attempt(code, by=admin, reason="x"),
}
SWITCHES = ("is_proctored", "is_practice_exam", "is_active")

some = st.integers(0, 3)
switches = st.dictionaries(st.sampled_from(SWITCHES), st.booleans(), min_size=1)
# How far an attempt has come at once. Left to chance alone, hardly any was handed in and reviewed.
histories = st.sampled_from(
    [[], ["start", "submit"], ["start", "time_out"], ["start", "complete"]]
    + [["start", "submit", verdict] for verdict in ("Clean", "Suspicious", "pass", "fail", "error")]
)


@dataclass
class Expected:
    """One attempt, as it should be."""

    code: str
    learner: int
    # Fixed when it is created.
    is_proctored: bool
    is_practice: bool
    suspicious_leads_to: str
    status: str = "created"
    was_started: bool = False
    is_archived: bool = False
    is_decided: bool = False
    has_news: bool = False
    # No review here has incidents, so one that says “Suspicious” contradicts itself.
    contradicts_itself: bool = False
    too_early: list[str] = field(default_factory=list)

    @property
    def affects_lms(self) -> bool:
        return self.is_proctored and not self.is_practice

    @property
    def counts(self) -> bool:
        return self.affects_lms and not self.is_archived

    @property
    def requires_attention(self) -> bool:
        contradiction = self.contradicts_itself and not self.is_decided
        return self.counts and (self.status == "second_review_required" or self.has_news or contradiction)

    def follow(self, name: str) -> None:
        if name == "archive":
            self.is_archived = True
        elif name in ("pass", "fail"):
            self.decide("verified" if name == "pass" else "rejected")
        elif name in STEPS:
            self.step(name)
        else:
            self.review(name)

    def step(self, name: str) -> None:
        starts, to = STEPS[name]
        if self.is_archived or self.status not in starts:
            return
        self.status = to
        self.was_started |= to == "started"
        if to in ("submitted", "timed_out", "completed"):
            early, self.too_early = self.too_early, []
            for review_status in early:
                self.review(review_status)

    def review(self, review_status: str) -> None:
        if self.is_archived or self.status == "declined":
            return
        if self.status in OPEN:
            self.too_early.append(review_status)
        elif review_status != "Not Reviewed":
            self.complete_review(review_status)

    def complete_review(self, review_status: str) -> None:
        if self.is_decided:
            self.has_news = True
        elif self.status != "error" or self.was_started:
            self.status = "verified" if review_status == "Clean" else self.suspicious_leads_to
            self.contradicts_itself = review_status == "Suspicious"

    def decide(self, to: str) -> None:
        if not self.is_archived and self.status not in {*OPEN, "declined"}:
            self.status, self.is_decided, self.has_news = to, True, False


def credit(statuses: set[str]) -> str:
    over = statuses & set(RESULT_WORDS)
    if "rejected" in over:
        return "failed"
    if over:
        return "satisfied" if over == {"verified"} else "submitted"
    return "failed" if "error" in statuses else "declined" if "declined" in statuses else "none"


class OneExamThatIsSwitched(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        RememberingLMS.forget()
        RememberingMailServer.forget()
        self.travel = time_machine.travel(datetime(2026, 5, 2, 9, tzinfo=UTC), tick=False)
        self.clock = self.travel.start()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        self.admin, *self.learners = UserFactory(admin=True), UserFactory(), UserFactory()
        self.attempts: list[Expected] = []

    @initialize(holding=st.booleans(), provider=st.sampled_from(["proctortrack", "rpnow"]))
    def begin(self, holding, provider):
        RememberingLMS.holding = holding
        self.exam = ProctoredExamFactory(provider=provider, time_limit_mins=10_000)
        self.another_attempt(0, taking_as_proctored=True, history=["start", "submit"])

    # --- What happens ---

    @rule(changes=st.one_of(switches, st.fixed_dictionaries({"exam_name": st.sampled_from(["Final", "Resit"])})))
    def the_exam_is_changed(self, changes):
        self.exam = api.update_exam(self.exam.course_id, self.exam.content_id, **changes)

    @rule(learner=st.sampled_from([0, 0, 0, 1]), taking_as_proctored=st.booleans(), history=histories)
    def another_attempt(self, learner, taking_as_proctored, history):
        exam = self.exam
        expected = Expected(
            code="",
            learner=learner,
            is_proctored=taking_as_proctored and (exam.is_proctored or exam.is_practice_exam),
            is_practice=exam.is_practice_exam,
            suspicious_leads_to="rejected" if exam.provider == "rpnow" else "second_review_required",
        )
        with suppress(*REFUSED):
            user = self.learners[learner]
            expected.code = api.create_attempt(user, exam, taking_as_proctored=taking_as_proctored).attempt_code
        others = (one for one in self.attempts if one.learner == learner and not one.is_archived)
        assert bool(expected.code) is (exam.is_active and all(other.status not in OPEN for other in others))
        if expected.code:
            self.attempts.append(expected)
            self.something_happens(0, history)

    @rule(number=some, history=st.lists(st.sampled_from([*VERBS]), min_size=1, max_size=3))
    def something_happens(self, number, history):
        attempt = self.attempt(number)
        for name in history:
            with suppress(*REFUSED):
                VERBS[name](attempt.code, self.admin)
            attempt.follow(name)

    # --- What everybody sees, after each step ---

    @invariant()
    def learners_read_the_right_word(self):
        for number, learner in enumerate(self.learners):
            result = learner_result(learner, self.exam)
            own = [one for one in self.attempts if one.learner == number and one.is_proctored and not one.is_archived]
            newest = own[-1] if own else None
            result_word = RESULT_WORDS.get(newest.status) if newest else None
            no_word = newest.status if newest and newest.status in ("error", "declined") else None
            assert (result and result.word, result and result.no_word) == (result_word, no_word)
            assert bool(result and result.another_holds_grade) is bool(result and self.is_held(number, newest))

    @invariant()
    def the_team_sees_each_session_in_its_place(self):
        rows = [one for one in self.attempts if one.is_proctored]
        assert {one.attempt_code: one.status for one in attempts_in_report([COURSE], read_filters({}), UTC)} == {
            one.code: one.status for one in rows
        }
        waiting = api.sessions(COURSE, api.AttemptFilter(tab=api.SessionTab.ATTENTION, archived="with"))
        assert {one.attempt_code for one in waiting} == {one.code for one in rows if one.requires_attention}
        everything = api.sessions(COURSE, api.AttemptFilter(archived="with"))
        assert {one.attempt_code for one in everything} == {one.code for one in rows}

    @invariant()
    def all_counts_are_those_of_the_report(self):
        rows = [one for one in self.attempts if one.is_proctored]
        result_words = [RESULT_WORDS.get(one.status) for one in rows]
        expected = (len(rows), *map(result_words.count, ("pending", "satisfactory", "unsatisfactory")))
        course, numbers, quizzes = course_counts(COURSE), api.course_numbers(COURSE), api.quiz_list(COURSE)
        assert (course.attempts, course.pending, course.satisfactory, course.unsatisfactory) == expected
        assert (numbers.attempts, *numbers.results.values()) == expected
        listed = [(quiz.attempts, quiz.pending, quiz.satisfactory, quiz.unsatisfactory) for quiz in quizzes]
        gives_results = self.exam.is_proctored or self.exam.is_practice_exam
        assert listed == ([expected] if rows or gives_results else [])

    # --- What the LMS and the learners are told ---

    @rule()
    def what_is_due_is_delivered(self):
        sent = len(RememberingMailServer.sent)
        # The certificate and some mails wait for the grade.
        for _ in range(3):
            self.clock.shift(timedelta(seconds=10))
            deliver_due()
        assert not LmsEffect.objects.waiting().exclude(kind="provider").exists()
        self.the_lms_agrees()
        self.mails_are_right([mail for mail, _ in RememberingMailServer.sent[sent:] if mail.to])

    def the_lms_agrees(self):
        for number, learner in enumerate(self.learners):
            key, statuses = (learner.pk, self.exam.content_id), self.counting(number)
            assert (key in RememberingLMS.held) is self.is_held(number)
            assert RememberingLMS.certificates[learner.pk] in ({False} if self.is_held(number) else {None, True})
            assert RememberingLMS.credit.get(key, "none") == credit(statuses)

    def mails_are_right(self, mails):
        subjects = {"submitted": "Received", "verified": "Satisfactory", "rejected": "Unsatisfactory"}
        for mail in mails:
            attempt = next(one for one in self.attempts if one.code in mail.body)
            assert attempt.counts
            assert mail.subject.startswith(subjects[attempt.status])
            assert (HELD_BY_ANOTHER in mail.body) is self.is_held(attempt.learner, attempt)

    def teardown(self):
        try:
            if self.attempts:
                self.what_is_due_is_delivered()
        finally:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)
            self.travel.stop()

    # --- Helpers ---

    def attempt(self, number) -> Expected:
        """The newest is number 0."""
        return self.attempts[-1 - number % len(self.attempts)]

    def counting(self, learner, without=None) -> set[str]:
        attempts = (one for one in self.attempts if one.learner == learner and one.counts and one is not without)
        return {one.status for one in attempts}

    def is_held(self, learner, without=None) -> bool:
        return RememberingLMS.holding and "rejected" in self.counting(learner, without)


def how_many() -> int:
    if THOROUGH:
        return 120
    # A failure is printed as it was found: to make it small would take minutes.
    return examples(12)


@pytest.mark.database
@pytest.mark.django_db
def test_the_word_the_grade_credit_the_queue_and_the_report_agree(host, settings_of_the_host):
    run_state_machine_as_test(
        OneExamThatIsSwitched,
        settings=settings(
            max_examples=how_many(),
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )


@pytest.fixture
def settings_of_the_host(host, settings):
    send_mails_to("tests.fakes.RememberingMailServer", settings)
