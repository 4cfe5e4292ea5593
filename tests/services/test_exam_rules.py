"""The rules of an exam are stored as they are when an attempt begins."""

import pytest

from proctoring_results import api
from proctoring_results.models import ExamAttempt, ExamRules
from proctoring_results.providers.exam_rules import rules_of
from tests.factories import ExamAttemptFactory, ProctoredExamFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rules(settings):
    rules = {"allow_notes": True}
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "PROVIDERS": {"proctortrack": {"rules": rules}},
    }
    return rules


@pytest.fixture
def exam():
    return ProctoredExamFactory(review_policy="No phones.")


def begun(exam) -> ExamAttempt:
    attempt = ExamAttemptFactory(exam=exam, status="ready_to_start")
    api.start_attempt(attempt.attempt_code)
    return ExamAttempt.objects.select_related("exam", "exam_rules").get(pk=attempt.pk)


def test_what_the_service_was_sent_is_stored_at_the_start(exam, rules):
    stored = begun(exam).exam_rules
    assert stored is not None
    assert (stored.exam, stored.review_policy, stored.rules) == (exam, "No phones.", rules)


def test_attempts_that_begin_under_the_same_rules_share_a_row(exam):
    assert begun(exam).exam_rules == begun(exam).exam_rules
    assert ExamRules.objects.count() == 1


def test_a_later_change_of_the_policy_is_noticed_and_changes_nothing_that_was(exam):
    attempt = begun(exam)
    api.update_exam(exam.course_id, exam.content_id, review_policy="Phones may lie on the table.")
    attempt = ExamAttempt.objects.select_related("exam", "exam_rules").get(pk=attempt.pk)
    shown_rules = rules_of(attempt)
    assert shown_rules.sent.review_policy == "No phones."
    assert (shown_rules.is_of_start, shown_rules.has_changed) == (True, True)
    assert begun(exam).exam_rules != attempt.exam_rules


def test_a_later_change_of_the_settings_is_noticed_too(exam, rules):
    attempt = begun(exam)
    assert not rules_of(attempt).has_changed
    rules["allow_notes"] = False
    assert rules_of(attempt).has_changed


def test_going_back_to_the_exam_stores_nothing_anew(exam):
    attempt = begun(exam)
    api.mark_ready_to_submit(attempt.attempt_code, by=attempt.user)
    api.update_exam(exam.course_id, exam.content_id, review_policy="Other")
    api.start_attempt(attempt.attempt_code, by=attempt.user)
    attempt.refresh_from_db()
    assert attempt.exam_rules is not None
    assert attempt.exam_rules.review_policy == "No phones."


def test_before_the_start_the_present_ones_hold(exam):
    attempt = ExamAttemptFactory(exam=exam, status="created")
    shown_rules = rules_of(attempt)
    assert (shown_rules.sent.review_policy, shown_rules.is_of_start) == ("No phones.", False)
