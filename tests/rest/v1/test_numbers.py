"""The numbers of the page, by the API."""

import pytest

from proctoring_results import api
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.host.models import Role
from tests.rest.v1.calling import V1, member_of, problem, team_of

pytestmark = pytest.mark.django_db

NUMBERS = f"{V1}numbers/"


@pytest.fixture
def team():
    return team_of(COURSE)


def test_the_numbers_are_those_of_the_page(team):
    attempt = ExamAttemptFactory(submitted=True)
    browsed = api.IncidentData(status="Suspicious", comment="x", kind="desktop")
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[browsed])
    api.fail_attempt(attempt.attempt_code, by=member_of(COURSE), reason="A book")
    ExamAttemptFactory(exam=attempt.exam)
    body, numbers = team.get(NUMBERS, {"course_id": COURSE}).json(), api.course_numbers(COURSE)
    assert (body["attempts"], body["under_way"], body["results"]["unsatisfactory"]) == (2, 1, 1)
    assert body["statuses"] == {str(value): number for value, number in numbers.statuses.items()}
    assert body["review_outcomes"] == {str(value): number for value, number in numbers.review_outcomes.items()}
    assert body["incidents"] == {"suspicious": 1, "rules_violation": 0, "other": 0}
    assert body["incidents_by_part"] == {"video": 0, "online": 1, "verification": 0, "onboarding": 0}
    assert [(day["handed_in"], day["failed"]) for day in body["days"]] == [(1, 0), (0, 1)]
    assert body["review_times"]["reviews"] == 1
    assert body["review_times"]["median_mins"] == body["review_times"]["percentile_90_mins"] > 0


def test_the_numbers_count_attempts_that_require_attention(team):
    attempt = ExamAttemptFactory(submitted=True)
    ExamAttemptFactory(exam=attempt.exam)
    api.record_review(attempt.attempt_code, "Suspicious")
    numbers = team.get(NUMBERS, {"course_id": COURSE}).json()
    assert numbers["requiring_attention"] == api.course_numbers(COURSE).requiring_attention == 1


def test_a_course_without_attempts_has_zeros_and_no_times(team):
    body = team.get(NUMBERS, {"course_id": COURSE}).json()
    assert body["review_times"] == {"reviews": 0, "median_mins": None, "percentile_90_mins": None}
    assert set(body["statuses"].values()) == {0}


def test_the_numbers_of_one_exam(team):
    one, _ = ExamAttemptFactory(submitted=True), ExamAttemptFactory(submitted=True)
    body = team.get(NUMBERS, {"course_id": COURSE, "exam": one.exam.content_id}).json()
    assert body["attempts"] == 1


def test_an_exam_that_the_course_has_not_is_a_404(team):
    elsewhere = ProctoredExamFactory(course_id="another")
    answer = team.get(NUMBERS, {"course_id": COURSE, "exam": elsewhere.content_id})
    assert problem(answer) == (404, "not_found", None)


@pytest.mark.parametrize("number", [1, 30])
def test_the_queries_are_the_same_for_few_and_many(team, number, django_assert_num_queries):
    for _ in range(number):
        ExamAttemptFactory(submitted=True)
    with django_assert_num_queries(12):  # session, person, roles, and the numbers
        assert team.get(NUMBERS, {"course_id": COURSE}).json()["attempts"] == number


def test_practice_and_archived_attempts_can_be_left_out(team):
    ExamAttemptFactory(verified=True, archived=True)
    ExamAttemptFactory(verified=True, exam__is_practice_exam=True)
    assert team.get(NUMBERS, {"course_id": COURSE}).json()["attempts"] == 2
    params = {"course_id": COURSE, "practice": "without", "archived": "without"}
    assert team.get(NUMBERS, params).json()["attempts"] == 0
    assert problem(team.get(NUMBERS, {**params, "practice": "x"})) == (400, "invalid", "practice")


def test_only_those_who_may_decide_read_who_decided(team):
    attempt = ExamAttemptFactory(submitted=True)
    ada = UserFactory(admin=True, username="ada")
    api.pass_attempt(attempt.attempt_code, by=ada, reason="Seen")
    params = {"course_id": COURSE}
    assert team_of(COURSE, Role.VIEWER).get(NUMBERS, params).json()["reviewers"] is None
    (row,) = team.get(NUMBERS, params).json()["reviewers"]
    assert (row["user_id"], row["username"], row["decisions"], row["reversed"]) == (str(ada.pk), "ada", 1, 0)
