"""The exams of a course."""

from datetime import datetime

import pytest

from proctoring_results.queries.counts import quiz_list
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory
from tests.rest.v1.calling import V1, pages, problem, team_of

pytestmark = pytest.mark.django_db

EXAMS = f"{V1}exams/"


@pytest.fixture
def team():
    return team_of(COURSE)


def test_an_exam_says_what_it_is(team):
    exam = ProctoredExamFactory(exam_name="Final", time_limit_mins=90)
    body = team.get(EXAMS, {"course_id": COURSE}).json()
    assert body["next_cursor"] is None
    (exam_body,) = body["results"]
    assert (exam_body["id"], exam_body["exam_name"], exam_body["time_limit_mins"]) == (exam.pk, "Final", 90)
    assert team.get(f"{EXAMS}{exam.pk}/").json() == exam_body


def test_an_exam_says_how_its_attempts_stand_as_the_quiz_list_does(team):
    exam = ProctoredExamFactory()
    for fields in ({"verified": True}, {"rejected": True, "archived": True}, {"status": "second_review_required"}):
        ExamAttemptFactory(exam=exam, **fields)
    (exam_body,) = team.get(EXAMS, {"course_id": COURSE}).json()["results"]
    (row,) = quiz_list(COURSE)
    assert exam_body["counts"] == {name: getattr(row, name) for name in exam_body["counts"]}
    assert (exam_body["counts"]["attempts"], exam_body["counts"]["requiring_attention"]) == (3, 1)
    assert datetime.fromisoformat(exam_body["last_activity_at"]) == row.last_activity


def test_only_exams_of_the_course_that_have_a_result_are_listed(team):
    ProctoredExamFactory(course_id="another")
    ProctoredExamFactory(is_proctored=False)
    practice = ProctoredExamFactory(is_proctored=False, is_practice_exam=True)
    assert [exam["id"] for exam in pages(team, EXAMS, course_id=COURSE)] == [practice.pk]


def test_paging_to_the_end_shows_each_exam_once(team):
    made = [ProctoredExamFactory().pk for _ in range(5)]
    ids = [exam["id"] for exam in pages(team, EXAMS, course_id=COURSE, page_size=2)]
    assert sorted(ids) == made


@pytest.mark.parametrize("exam_id", ["0", "x", "9" * 40, "-1", "²"])
def test_an_exam_that_there_is_not_is_a_404(team, exam_id):
    assert problem(team.get(f"{EXAMS}{exam_id}/")) == (404, "not_found", None)


@pytest.mark.parametrize("numbers", [1, 30])
def test_the_list_takes_the_same_queries_for_few_and_many(team, numbers, django_assert_num_queries):
    ProctoredExamFactory.create_batch(numbers)
    team.get(EXAMS, {"course_id": COURSE})
    # Session, person, roles, exams, and how their attempts stand.
    with django_assert_num_queries(5):
        assert len(team.get(EXAMS, {"course_id": COURSE}).json()["results"]) == numbers
