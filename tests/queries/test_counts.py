"""The counts of a course, and the Quiz List."""

from datetime import UTC, datetime, timedelta

import pytest

from proctoring_results import api
from proctoring_results.queries.counts import quiz_list
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def exam():
    return ProctoredExamFactory(exam_name="Final")


def submitted(exam, **fields):
    return ExamAttemptFactory(submitted=True, exam=exam, **fields)


def test_the_quiz_list_counts_what_stands_how(exam, django_assert_num_queries):
    for status in ("started", "submitted", "timed_out", "verified", "verified", "rejected", "error", "declined"):
        ExamAttemptFactory(exam=exam, status=status)
    submitted(exam, status="second_review_required")
    submitted(exam, archived=True, status="verified")
    ProctoredExamFactory(exam_name="Another")
    with django_assert_num_queries(2):
        another, row = quiz_list(COURSE)
    assert (row.exam, row.attempts, row.under_way, row.pending, row.requiring_attention) == (exam, 10, 1, 3, 1)
    assert (row.satisfactory, row.unsatisfactory, row.in_error) == (3, 1, 1)
    assert (another.attempts, another.last_activity) == (0, None)


def test_the_quiz_list_is_of_the_course_and_of_exams_that_have_a_result(exam):
    ProctoredExamFactory(course_id="another")
    ProctoredExamFactory(is_proctored=False)
    practice = ProctoredExamFactory(exam_name="A practice exam", is_proctored=False, is_practice_exam=True)
    assert [row.exam for row in quiz_list(COURSE)] == [practice, exam]


def test_the_quiz_list_says_who_does_second_reviews(settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"own": {"second_review_by": "provider"}}}
    for provider in ("own", "proctortrack"):
        ProctoredExamFactory(exam_name=provider, provider=provider)
    assert [row.provider_reviews_again for row in quiz_list(COURSE)] == [True, False]


def test_the_quiz_list_says_when_something_last_happened(exam):
    for days in (3, 1, 2):
        submitted(exam, last_activity_at=NOON + timedelta(days=days))
    assert quiz_list(COURSE)[0].last_activity == NOON + timedelta(days=3)


def test_data_download_quiz_list_and_numbers_agree_on_what_requires_attention(exam):
    attempt = submitted(exam)
    clean = [api.IncidentData(status="Suspicious", comment="x")]
    api.record_review(attempt.attempt_code, "Clean", incidents=clean)
    submitted(exam, status="second_review_required")
    course, [row], numbers = api.course_counts(COURSE), quiz_list(COURSE), api.course_numbers(COURSE)
    assert course.requiring_attention == row.requiring_attention == numbers.requiring_attention == 2
