"""What an attempt is, is fixed when it is created: what follows from it does not change when its exam is switched."""

from datetime import UTC, timedelta

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import LmsEffect
from proctoring_results.queries.counts import course_counts
from proctoring_results.queries.learner import result_for
from proctoring_results.reports.kinds.base import attempts_in_report
from proctoring_results.reports.narrowing import read_filters
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

SWITCHES = [{"is_proctored": False}, {"is_practice_exam": True}, {"is_active": False}, {"exam_name": "Renamed"}]
SWITCHES += [{key: value for switch in SWITCHES for key, value in switch.items()}]


def switch(exam, **changes) -> None:
    api.update_exam(exam.course_id, exam.content_id, **changes)


def deliver_all() -> None:
    """Everything, also what only waits for its turn."""
    for minute in range(3):
        with time_machine.travel(timezone.now() + timedelta(minutes=minute)):
            deliver_due()
    assert not LmsEffect.objects.waiting().exists()


def lms_of(attempt, host) -> tuple[bool, str]:
    """Return whether the grade is held, and the credit."""
    key = attempt.user.pk, attempt.exam.content_id
    return key in host.held, str(host.credit[key])


@pytest.fixture
def failed(transactional_db):
    """An attempt that the provider has failed, so that the provider may pass it, too."""
    attempt = ExamAttemptFactory(submitted=True, exam__provider="rpnow", exam__content_id="final")
    seen = [api.IncidentData(status="Suspicious", comment="x")]
    api.record_review(attempt.attempt_code, "Suspicious", incidents=seen)
    deliver_all()
    return api.get_attempt(attempt.attempt_code)


@pytest.mark.parametrize("changes", SWITCHES, ids=str)
def test_a_switch_changes_neither_grade_nor_credit_nor_the_learners_word(failed, host, changes):
    switch(failed.exam, **changes)
    deliver_all()
    assert lms_of(failed, host) == (True, "failed")
    assert result_for(failed.user, failed.exam) == "unsatisfactory"


@pytest.mark.parametrize("changes", SWITCHES, ids=str)
@pytest.mark.parametrize(
    ("release", "credit"),
    [
        (lambda code, admin: api.pass_attempt(code, by=admin, reason="x"), "satisfied"),
        (lambda code, admin: api.record_review(code, "Clean"), "satisfied"),
        (lambda code, admin: api.archive_attempt(code, reason="x"), "none"),
    ],
    ids=["pass", "provider", "archive"],
)
def test_after_a_switch_the_grade_is_released_and_credit_follows(failed, admin, host, changes, release, credit):
    switch(failed.exam, **changes)
    release(failed.attempt_code, admin)
    deliver_all()
    assert lms_of(failed, host) == (False, credit)


@pytest.mark.parametrize("changes", SWITCHES, ids=str)
def test_no_row_is_lost_and_no_count_changes(failed, changes):
    exams = [row.exam.pk for row in api.quiz_list(COURSE)]
    counts = course_counts(COURSE)
    switch(failed.exam, **changes)
    assert list(attempts_in_report([COURSE], read_filters({}), UTC)) == list(api.sessions(COURSE)) == [failed]
    assert [row.exam.pk for row in api.quiz_list(COURSE)] == exams
    assert course_counts(COURSE) == counts
    assert api.course_numbers(COURSE).attempts == 1


@pytest.mark.parametrize("changes", SWITCHES[:3], ids=str)
def test_at_the_switch_each_learners_levels_are_told_once_more(failed, host, changes):
    """Whatever went wrong before: here, the LMS has lost that the grade is held."""
    ExamAttemptFactory(started=True, exam=failed.exam)
    ExamAttemptFactory(user=failed.user, exam=failed.exam, verified=True, archived=True)
    host.forget()
    switch(failed.exam, **changes)
    queued = LmsEffect.objects.waiting().values_list("user", "kind").order_by("pk")
    assert list(queued) == [(failed.user.pk, kind) for kind in ("grade", "credit", "certificate")]
    deliver_all()
    assert lms_of(failed, host) == (True, "failed")


def test_a_change_of_anything_else_tells_no_levels_again(failed):
    switch(failed.exam, exam_name="Renamed", is_active=True, time_limit_mins=5)
    assert not LmsEffect.objects.waiting().exclude(kind="provider").exists()


def test_an_exam_that_becomes_proctored_makes_nothing_of_the_attempts_before(host, mailoutbox, transactional_db):
    attempt = api.create_attempt(UserFactory(), ProctoredExamFactory(is_proctored=False))
    switch(attempt.exam, is_proctored=True)
    hand_in(attempt)
    assert (host.calls, mailoutbox, result_for(attempt.user, attempt.exam)) == ([], [], None)
    assert not attempts_in_report([COURSE], read_filters({}), UTC).exists()


# --- Attempts that are not taken as proctored ---


def hand_in(attempt) -> None:
    api.start_attempt(attempt.attempt_code)
    api.submit_attempt(attempt.attempt_code)
    deliver_all()


@pytest.fixture
def unproctored(transactional_db):
    attempt = api.create_attempt(UserFactory(), ProctoredExamFactory(), taking_as_proctored=False)
    hand_in(attempt)
    return attempt


def test_nothing_follows_from_an_attempt_that_is_not_taken_as_proctored(unproctored, host, mailoutbox):
    assert (host.calls, mailoutbox) == ([], [])
    assert result_for(unproctored.user, unproctored.exam) is None
    assert not attempts_in_report([COURSE], read_filters({}), UTC).exists()
    assert api.quiz_list(COURSE)[0].pending == course_counts(COURSE).pending == 0


def test_a_later_attempt_that_is_proctored_and_verified_satisfies_credit(unproctored, host):
    proctored = api.create_attempt(unproctored.user, unproctored.exam)
    hand_in(proctored)
    api.record_review(proctored.attempt_code, "Clean")
    deliver_all()
    assert lms_of(proctored, host) == (False, "satisfied")


def test_an_attempt_without_proctoring_hides_no_result_of_one_before(failed):
    """The grade is still 0, and the learner reads why."""
    hand_in(api.create_attempt(failed.user, failed.exam, taking_as_proctored=False))
    assert result_for(failed.user, failed.exam) == "unsatisfactory"


def test_a_review_of_it_asks_nobody_to_look(unproctored):
    api.record_review(unproctored.attempt_code, "Suspicious")
    assert not api.get_attempt(unproctored.attempt_code).attention_since
