"""Did these learners pass? Which attempt counts, and who decided."""

import pytest

from proctoring_results import api
from proctoring_results.queries import learners
from proctoring_results.queries.learners import find_learners
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.host.lms import HostLMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def exam():
    return ProctoredExamFactory(exam_name="Final exam", content_id="exam@final")


@pytest.fixture
def ada():
    return UserFactory(username="ada", first_name="Ada", last_name="Lovelace", email="ada@example.com")


def standings_of(search: str):
    return [standing for one in find_learners(COURSE, search).learners for standing in one.standings]


@pytest.mark.parametrize("search", ["lovelace ADA", "ada", "ada@example"])
def test_a_learner_is_found_by_name_username_and_address(exam, ada, search):
    attempt = ExamAttemptFactory(exam=exam, user=ada, verified=True)
    ExamAttemptFactory(exam=exam, verified=True)
    assert [standing.attempt for standing in standings_of(search)] == [attempt]


def test_a_learner_is_found_by_a_number_of_the_hosts_unless_no_exam_was_taken(exam, ada, monkeypatch):
    attempt = ExamAttemptFactory(exam=exam, user=ada, verified=True)
    monkeypatch.setattr(HostLMS, "search", lambda *_: [ada.pk, UserFactory().pk], raising=False)
    [learner] = find_learners(COURSE, "1234567").learners
    assert [standing.attempt for standing in learner.standings] == [attempt]


def test_an_attempt_code_answers_for_its_exam_alone(exam, ada):
    attempt = ExamAttemptFactory(exam=exam, user=ada, verified=True)
    ExamAttemptFactory(exam=ProctoredExamFactory(content_id="exam@other"), user=ada, verified=True)
    assert len(standings_of("ada")) == 2
    for code in (attempt.attempt_code, attempt.attempt_code[:8].lower()):
        assert [standing.attempt for standing in standings_of(code)] == [attempt]


def test_a_short_text_is_no_beginning_of_a_code(exam):
    user = UserFactory(username="x", email="x@example.com")
    ExamAttemptFactory(exam=exam, attempt_code="ADA00000-1", user=user)
    assert standings_of("ada") == []


def test_the_newest_attempt_that_is_not_archived_counts(exam, ada):
    attempts = [
        ExamAttemptFactory(exam=exam, user=ada, rejected=True, archived=True),
        ExamAttemptFactory(exam=exam, user=ada, verified=True),
        ExamAttemptFactory(exam=exam, user=ada, status="expired", archived=True),
    ]
    [standing] = standings_of("ada")
    assert (standing.attempt, standing.number, len(standing.attempts)) == (attempts[1], 2, 3)
    assert not standing.another_is_rejected


def test_where_every_attempt_is_archived_none_counts(exam, ada):
    ExamAttemptFactory(exam=exam, user=ada, verified=True, archived=True)
    [standing] = standings_of("ada")
    assert (standing.attempt, standing.number, len(standing.attempts)) == (None, 0, 1)


def test_another_attempt_that_is_rejected_holds_the_grade(exam, ada):
    ExamAttemptFactory(exam=exam, user=ada, rejected=True)
    ExamAttemptFactory(exam=exam, user=ada, verified=True)
    [standing] = standings_of("ada")
    assert standing.another_is_rejected


def test_attempts_that_have_no_result_are_passed_over(exam, ada):
    ExamAttemptFactory(exam=exam, user=ada, taking_as_proctored=False)
    assert find_learners(COURSE, "ada").learners == []


def test_the_last_person_who_decided_is_named(exam, ada):
    attempt = ExamAttemptFactory(exam=exam, user=ada, submitted=True)
    admin, other = UserFactory(admin=True), UserFactory(admin=True)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    api.pass_attempt(attempt.attempt_code, by=other, reason="y")
    [standing] = standings_of("ada")
    assert standing.decision is not None
    assert standing.decision.by == other


def test_a_review_is_no_decision(exam, ada):
    attempt = ExamAttemptFactory(exam=exam, user=ada, submitted=True)
    api.record_review(attempt.attempt_code, "Clean")
    [standing] = standings_of("ada")
    assert standing.attempt is not None
    assert (standing.decision, standing.attempt.status) == (None, "verified")


def test_another_course_is_not_searched(ada):
    ExamAttemptFactory(exam=ProctoredExamFactory(course_id="another"), user=ada, verified=True)
    assert find_learners(COURSE, "ada").learners == []


def test_at_most_ten_are_shown_and_whoever_is_named_exactly_comes_first(exam):
    users = [UserFactory(username=f"anna-{number:02}", email=f"{number}@example.com") for number in range(11)]
    users.append(UserFactory(username="anna", email="anna@example.com"))
    for user in users:
        ExamAttemptFactory(exam=exam, user=user, verified=True)
    result = find_learners(COURSE, "Anna")
    assert (len(result.learners), result.there_are_more) == (learners.MAX_LEARNERS, True)
    assert result.learners[0].learner.username == "anna"
    assert not find_learners(COURSE, "anna-01").there_are_more


@pytest.mark.database
def test_ten_learners_take_as_many_queries_as_one(exam, django_assert_num_queries):
    for number in range(10):
        attempt = ExamAttemptFactory(exam=exam, user=UserFactory(username=f"ben-{number}"), submitted=True)
        api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")
    for search in ("ben-1", "ben"):
        with django_assert_num_queries(6):
            find_learners(COURSE, search)
