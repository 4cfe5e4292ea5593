import pytest

from proctoring_results import api
from proctoring_results.choices import AttemptStatus
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = pytest.mark.django_db

S = AttemptStatus
RESULTS = {
    S.COMPLETED: "Pending",
    S.SUBMITTED: "Pending",
    S.TIMED_OUT: "Pending",
    S.SECOND_REVIEW_REQUIRED: "Pending",
    S.VERIFIED: "Satisfactory",
    S.REJECTED: "Unsatisfactory",
}


@pytest.mark.parametrize("status", AttemptStatus)
def test_a_learner_reads_the_word_of_the_status_and_no_more(status):
    attempt = ExamAttemptFactory(status=status)
    result = api.result_for(attempt.user, attempt.exam)
    assert (result and result.label) == RESULTS.get(status)


def test_a_learner_without_an_attempt_reads_no_word():
    assert api.result_for(UserFactory(), ProctoredExamFactory()) is None


def test_an_archived_attempt_has_no_word():
    attempt = ExamAttemptFactory(verified=True, archived=True)
    assert api.result_for(attempt.user, attempt.exam) is None


def test_the_newest_attempt_has_the_word():
    old = ExamAttemptFactory(rejected=True)
    ExamAttemptFactory(verified=True, user=old.user, exam=old.exam)
    assert api.result_for(old.user, old.exam) == "satisfactory"


def test_an_exam_that_is_neither_proctored_nor_practice_has_no_word():
    attempt = ExamAttemptFactory(verified=True, exam__is_proctored=False)
    assert api.result_for(attempt.user, attempt.exam) is None


def test_the_counts_of_a_course_are_the_rows_of_its_report(django_assert_num_queries):
    for status in (S.CREATED, S.STARTED, S.SUBMITTED, S.SECOND_REVIEW_REQUIRED, S.VERIFIED, S.VERIFIED, S.REJECTED):
        ExamAttemptFactory(status=status)
    ExamAttemptFactory(verified=True, archived=True)
    ExamAttemptFactory(verified=True, exam__is_proctored=False)
    ExamAttemptFactory(verified=True, exam__course_id="another")
    with django_assert_num_queries(1):
        counts = api.course_counts(COURSE)
    assert counts == api.CourseCounts(
        attempts=8, under_way=2, pending=2, requiring_attention=1, satisfactory=3, unsatisfactory=1
    )


def test_the_attempts_of_a_course_come_newest_first_and_archived_ones_too():
    first, second = ExamAttemptFactory(archived=True), ExamAttemptFactory()
    ExamAttemptFactory(exam__course_id="another")
    assert list(api.attempts_in_course(COURSE)) == [second, first]


@pytest.mark.database
@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_no_attempt_has_an_id_that_cannot_be_stored(text):
    for look in (
        lambda: api.get_attempt(text),
        lambda: api.find_attempt("proctortrack", text),
        lambda: api.find_attempt(text, "1"),
        lambda: api.record_review(text, "Clean"),
    ):
        with pytest.raises(api.NotFound):
            look()
