"""Each rule in Python and in SQL: the two agree after everything that can happen to a course."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from proctoring_results import api, exceptions, rules
from proctoring_results.choices import (
    DECIDED_STATUSES,
    DECIDING_SOURCES,
    REVIEWABLE_STATUSES,
    AttemptStatus,
    AttentionReason,
    CreditState,
    ResultWord,
    ReviewStatus,
    SessionTab,
    Source,
)
from proctoring_results.models import ExamAttempt, ExamReview, ProctoredExam
from proctoring_results.models.attention import attention_reasons, has_reason
from proctoring_results.services.upkeep import look_for_waiting_reviews
from tests.factories import ExamAttemptFactory, ExamReviewFactory, ProctoredExamFactory, UserFactory
from tests.histories import HISTORIES, NOON, tell

pytestmark = [pytest.mark.database, pytest.mark.django_db]

S = AttemptStatus


def keys(queryset) -> set[int]:
    return set(queryset.values_list("pk", flat=True))


def keys_where(rule, rows) -> set[int]:
    return {row.pk for row in rows if rule(row)}


def holds_grade(attempt: ExamAttempt) -> bool:
    status = rules.effective_status(attempt, timezone.now())
    return rules.counts_for_grade(attempt) and rules.grade_is_held({status}, course_holds_grades=True)


def printed(attempt: ExamAttempt) -> str:
    review = attempt.current_review
    return rules.printed_review_status(
        review.review_status if review else None, attempt.status, was_started=attempt.started_at is not None
    )


def decider(attempt: ExamAttempt) -> int | None:
    """Whoever made the last change, if it was a decision."""
    last = attempt.changes.order_by("pk").last()
    decided = last is not None and last.to_status in DECIDED_STATUSES and last.source in DECIDING_SOURCES
    return last.by_id if decided else None


def test_every_status_source_and_result_has_its_label():
    assert set(rules.STATUS_LABELS) == set(AttemptStatus)
    assert set(rules.RESULT_LABELS) == set(ResultWord)
    assert set(exceptions.WHO) == set(Source)


def test_every_status_that_can_be_reviewed_has_a_result_for_the_learner():
    assert set(rules.RESULT_WORDS) == REVIEWABLE_STATUSES


class TestBothFormsOfEachRule(TestCase):
    @settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
    @given(HISTORIES, st.booleans())
    def test_python_and_sql_agree_after_any_history(self, events, is_practice):
        ProctoredExamFactory(content_id="untimed", is_proctored=False)
        tell(events, is_practice)
        look_for_waiting_reviews()
        exams = list(ProctoredExam.objects.all())
        attempts = list(ExamAttempt.objects.select_related("exam", "current_review"))
        everything = ExamAttempt.objects.all()

        of_results = {attempt.exam_id for attempt in attempts if rules.has_result(attempt)}
        assert keys(ProctoredExam.objects.filter(rules.EXAM_GIVES_RESULTS)) == keys_where(
            rules.exam_gives_results, exams
        )
        assert keys(ProctoredExam.objects.with_result()) == of_results | keys_where(rules.exam_gives_results, exams)
        assert keys(everything.with_result()) == keys_where(rules.has_result, attempts)
        assert keys(everything.affecting_lms()) == keys_where(rules.affects_lms, attempts)
        assert keys(everything.counting_for_grade()) == keys_where(rules.counts_for_grade, attempts)
        assert keys(everything.holding_grade()) == keys_where(holds_grade, attempts)
        assert keys(everything.requiring_attention()) == set(attention_reasons(attempts))
        reasons_of = attention_reasons(attempts)
        for reason in AttentionReason:
            assert keys(everything.filter(has_reason(reason))) == {
                pk for pk, reasons in reasons_of.items() if reason in reasons
            }
        for limit in (NOON, NOON + timedelta(days=1), NOON + timedelta(days=1_000)):
            too_long = keys_where(lambda one, limit=limit: rules.review_waits_too_long(one, limit), attempts)
            assert keys(everything.with_review_that_waits(limit)) == too_long
            waits = keys_where(lambda one, limit=limit: (rules.waiting_since(one) or limit) < limit, attempts)
            assert keys(everything.filter(rules.waits_since_before_q(limit))) == waits
        for tab in SessionTab:
            in_tab = keys_where(lambda one, tab=tab: rules.is_in_tab(one, tab), attempts)
            assert keys(everything.filter(rules.IS_IN_TAB[tab])) == in_tab
        assert [one for one in attempts if one.seriousness != rules.seriousness(one.current_review)] == []
        assert [one for one in attempts if one.decided_by_id != decider(one)] == []
        in_sql = dict(everything.values_list("pk", rules.PRINTED_REVIEW_STATUS))
        assert in_sql == {attempt.pk: printed(attempt) for attempt in attempts}
        for status in (*ReviewStatus, None):
            prints_it = keys_where(lambda one, status=status: printed(one) == (status or ""), attempts)
            assert keys(everything.filter(rules.prints_review_status(status))) == prints_it


# What an exam is: proctored, practice → whether an attempt that is created now has a result, and affects the LMS.
KINDS_OF_EXAM = {
    (True, False): (True, True),
    (True, True): (True, False),
    (False, True): (True, False),
    (False, False): (False, False),
}


@pytest.mark.parametrize("later", KINDS_OF_EXAM)
@pytest.mark.parametrize(("kind", "expected"), KINDS_OF_EXAM.items())
def test_what_follows_from_an_attempt_is_fixed_by_its_exam_when_it_is_created(kind, expected, later):
    exam = ProctoredExamFactory(is_proctored=kind[0], is_practice_exam=kind[1])
    attempt = api.create_attempt(UserFactory(), exam)
    api.update_exam(exam.course_id, exam.content_id, is_proctored=later[0], is_practice_exam=later[1], is_active=False)
    attempt = api.get_attempt(attempt.attempt_code)
    assert (rules.has_result(attempt), rules.affects_lms(attempt)) == expected


@pytest.mark.parametrize("is_practice", [False, True])
def test_an_attempt_that_is_not_taken_as_proctored_has_no_result(is_practice):
    exam = ProctoredExamFactory(is_practice_exam=is_practice)
    assert not rules.has_result(api.create_attempt(UserFactory(), exam, taking_as_proctored=False))


@pytest.mark.parametrize(
    ("statuses", "holds", "is_held"),
    [
        ([], True, False),
        ([S.VERIFIED], True, False),
        ([S.VERIFIED, S.REJECTED], True, True),
        ([S.REJECTED], False, False),
    ],
)
def test_a_grade_is_held_while_an_attempt_is_rejected_in_a_course_that_holds_grades(statuses, holds, is_held):
    assert rules.grade_is_held(statuses, course_holds_grades=holds) is is_held


@pytest.mark.parametrize(
    ("statuses", "state"),
    [
        ([], CreditState.NONE),
        ([S.STARTED], CreditState.NONE),
        ([S.DECLINED], CreditState.DECLINED),
        ([S.DECLINED, S.ERROR], CreditState.FAILED),
        ([S.SUBMITTED], CreditState.SUBMITTED),
        ([S.VERIFIED, S.SUBMITTED], CreditState.SUBMITTED),
        ([S.VERIFIED, S.STARTED], CreditState.SATISFIED),
        ([S.VERIFIED, S.REJECTED], CreditState.FAILED),
        ([S.VERIFIED, S.ERROR], CreditState.SATISFIED),
    ],
)
def test_credit_follows_from_all_attempts_that_count(statuses, state):
    assert rules.credit_state(statuses) is state


def test_the_verdict_is_more_serious_than_any_number_of_incidents():
    def rank(status, suspicious=0, violations=0):
        review = ExamReview(review_status=status, suspicious_count=suspicious, rules_violation_count=violations)
        return rules.seriousness(review)

    ranks = [
        rules.seriousness(None),
        rank("Not Reviewed", 5_000, 5_000),
        rank("Clean"),
        rank("Rules Violation", 0, 5_000),
        rank("Rules Violation", 1, 0),
        rank("Suspicious"),
        rank("Suspicious", 5_000, 5_000),
    ]
    assert ranks == sorted(set(ranks))


def test_a_contradiction_requires_attention_until_a_person_decides():
    attempt = ExamAttemptFactory(submitted=True)
    attempt.current_review = ExamReviewFactory(
        attempt=attempt, review_status=ReviewStatus.CLEAN, suspicious_count=1, video_count=1
    )
    assert reasons(attempt) == [AttentionReason.CONTRADICTION]
    attempt.decided_at = attempt.completed_at
    assert reasons(attempt) == []


def test_a_suspicious_review_without_a_suspicious_incident_requires_attention_too():
    attempt = ExamAttemptFactory(submitted=True)
    attempt.current_review = ExamReviewFactory(
        attempt=attempt, review_status=ReviewStatus.SUSPICIOUS, rules_violation_count=1, video_count=1
    )
    assert reasons(attempt) == [AttentionReason.NO_INCIDENT]


def test_whoever_has_dismissed_the_suspicious_incident_has_seen_it():
    attempt = ExamAttemptFactory(submitted=True)
    first = ExamReviewFactory(attempt=attempt, review_status=ReviewStatus.SUSPICIOUS)
    attempt.current_review = ExamReview(attempt=attempt, review_status=ReviewStatus.SUSPICIOUS, version_of=first)
    assert reasons(attempt) == []


def test_a_practice_attempt_never_requires_attention():
    attempt = ExamAttemptFactory(submitted=True, status=S.SECOND_REVIEW_REQUIRED, is_sample_attempt=True)
    assert reasons(attempt, has_new_information=True, has_parked_effect=True) == []


@pytest.mark.parametrize(
    ("status", "waited", "expected"),
    [
        (S.STARTED, 25, [AttentionReason.WAITING_REVIEW]),
        (S.ERROR, 25, [AttentionReason.WAITING_REVIEW]),
        (S.STARTED, 23, []),
        (S.EXPIRED, 25, []),
    ],
)
def test_a_review_that_waits_for_more_than_a_day_requires_attention(status, waited, expected):
    attempt = ExamAttemptFactory(started=True, status=status, review_waits_since=NOON - timedelta(hours=waited))
    assert reasons(attempt) == expected


def test_several_reasons_are_named_in_their_order_and_none_of_an_archived_attempt():
    attempt = ExamAttemptFactory(submitted=True, status=S.SECOND_REVIEW_REQUIRED)
    assert reasons(attempt, has_parked_effect=True) == [AttentionReason.SECOND_REVIEW, AttentionReason.PARKED_EFFECT]
    attempt.archived_at = attempt.completed_at
    assert reasons(attempt, has_new_information=True, has_parked_effect=True) == []


def reasons(attempt, *, has_new_information=False, has_parked_effect=False) -> list[AttentionReason]:
    return rules.attention_reasons(
        attempt,
        has_new_information=has_new_information,
        has_parked_effect=has_parked_effect,
        review_wait_limit=NOON - timedelta(days=1),
    )
