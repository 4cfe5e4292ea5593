"""How long learners of a course usually wait for a result: the median of its newest results, kept with its exams."""

from datetime import timedelta

import pytest
from django.utils import timezone

from proctoring_results.models import ProctoredExam, StatusChange
from proctoring_results.moments import rounded_up
from proctoring_results.queries.usual_wait import usual_wait
from proctoring_results.services.upkeep import USUAL_WAIT_LIFETIME, update_usual_waits
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

HOUR = timedelta(hours=1)


def decided_after(*hours, **fields):
    for wait in hours:
        attempt = ExamAttemptFactory(verified=True, **fields)
        made = {"attempt": attempt, "from_status": "submitted", "source": "provider"}
        # A later decision makes the wait no longer.
        for number, status in enumerate(["rejected", "verified"]):
            StatusChange.objects.create(to_status=status, at=attempt.completed_at + (wait + 90 * number) * HOUR, **made)


def test_it_is_the_median_over_all_exams_of_the_course():
    exams = [ProctoredExamFactory(), ProctoredExamFactory()]
    decided_after(*[1] * 4, exam=exams[0])
    decided_after(30, *[50] * 5, exam=exams[1])
    decided_after(*[999] * 12, exam=ProctoredExamFactory(course_id="another"))
    assert usual_wait(COURSE) == 30 * HOUR


def test_nothing_is_said_after_too_few_results():
    exam = ProctoredExamFactory()
    decided_after(*range(9), exam=exam)
    ExamAttemptFactory.create_batch(5, exam=exam, submitted=True)
    assert usual_wait(COURSE) is None


def test_practice_and_archived_attempts_do_not_count():
    decided_after(*[1] * 9, exam=ProctoredExamFactory())
    decided_after(*[1] * 2, exam=ProctoredExamFactory(is_practice_exam=True))
    decided_after(1, archived=True)
    assert usual_wait(COURSE) is None


def test_it_takes_a_few_queries_however_many_results_there_are(django_assert_max_num_queries):
    exam = ProctoredExamFactory()
    decided_after(*[1] * 12, exam=exam)
    with django_assert_max_num_queries(4):
        usual_wait(COURSE)


def test_upkeep_keeps_it_with_the_exams_and_looks_again_a_day_later(django_assert_num_queries):
    exams = [ProctoredExamFactory(), ProctoredExamFactory()]
    decided_after(*[30] * 10, exam=exams[0])
    assert update_usual_waits() == 1
    assert {exam.usual_wait_mins for exam in ProctoredExam.objects.all()} == {30 * 60}
    with django_assert_num_queries(1):
        assert update_usual_waits() == 0
    ProctoredExam.objects.update(usual_wait_at=timezone.now() - USUAL_WAIT_LIFETIME - HOUR)
    assert update_usual_waits() == 1


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0, "1 hour"), (0.5, "1 hour"), (2.1, "3 hours"), (23, "23 hours"), (23.5, "1 day"), (25, "2 days")],
)
def test_it_is_rounded_up_in_words(hours, text):
    assert rounded_up(hours * HOUR) == text
