"""Every resource, and everybody who may stand before it."""

import re

import pytest
from django.test import Client

from proctoring_results.models import StatusChange
from tests.factories import (
    COURSE,
    ExamAttemptFactory,
    ExamReviewFactory,
    IncidentFactory,
    ProctoredExamFactory,
    UserFactory,
)
from tests.host.models import Role
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, member_of, problem, seen_of, team_of

pytestmark = pytest.mark.django_db

PEOPLE = ("nobody", "learner", "instructor of another course", "viewer", "course team", "admin")
# What each of these gets: of a course that is named 403, of a row of another course 404.
ANSWERS = {
    "exams": (401, 403, 403, 200, 200, 200),
    "exam": (401, 404, 404, 200, 200, 200),
    "attempts": (401, 403, 403, 200, 200, 200),
    "search": (401, 403, 403, 200, 200, 200),
    "attempt": (401, 404, 404, 200, 200, 200),
    "changes": (401, 404, 404, 200, 200, 200),
    "reviews": (401, 404, 404, 200, 200, 200),
    "incidents": (401, 404, 404, 200, 200, 200),
    "decisions": (401, 404, 404, 403, 201, 201),
    "numbers": (401, 403, 403, 200, 200, 200),
    "me": (401, 200, 200, 200, 200, 200),
}
CASES = [
    pytest.param(who, resource, status, id=f"{who}, {resource}")
    for resource, row in ANSWERS.items()
    for who, status in zip(PEOPLE, row, strict=True)
]


@pytest.fixture
def attempt():
    attempt = ExamAttemptFactory(submitted=True)
    IncidentFactory(review=ExamReviewFactory(attempt=attempt))
    return attempt


def client_of(who, attempt) -> Client:
    match who:
        case "nobody":
            return Client()
        case "learner":
            return signed_in(attempt.user)
        case "instructor of another course":
            return team_of("another")
        case "viewer":
            return team_of(COURSE, Role.VIEWER)
        case "course team":
            return team_of(COURSE)
    return signed_in(UserFactory(admin=True))


def call(client, resource, attempt, **other):
    """``other`` names another exam, code or review."""
    code = other.get("code", attempt.attempt_code)
    one = f"{V1}attempts/{code}/"
    review = other.get("review", attempt.reviews.first().pk)
    match resource:
        case "exams" | "attempts" | "numbers":
            return client.get(f"{V1}{resource}/", {"course_id": COURSE})
        case "search":
            return post(client, f"{V1}attempts/search/", {"course_id": COURSE, "search": "x"})
        case "exam":
            return client.get(f"{V1}exams/{other.get('exam', attempt.exam_id)}/")
        case "attempt":
            return client.get(one)
        case "incidents":
            return client.get(f"{one}reviews/{review}/incidents/")
        case "decisions":
            return post(client, f"{one}decisions/", {"decision": "fail", "reason": "Seen", "seen": seen_of(attempt)})
        case "me":
            return client.get(f"{V1}me/attempts/")
    return client.get(f"{one}{resource}/")


@pytest.mark.parametrize(("who", "resource", "status"), CASES)
def test_who_comes_in(who, resource, status, attempt):
    answer = call(client_of(who, attempt), resource, attempt)
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer) is (status == 401)
    assert answer["Cache-Control"] == "no-store"
    if status >= 400:
        assert problem(answer)[1] in {401: "not_authenticated", 403: "access_denied", 404: "not_found"}[status]
    assert StatusChange.objects.count() == (status == 201)


@pytest.mark.parametrize("resource", ["exam", "attempt", "changes", "reviews", "incidents", "decisions"])
def test_what_one_may_not_see_is_answered_like_what_is_not_there(resource, attempt):
    stranger, admin = team_of("another"), signed_in(UserFactory(admin=True))
    hidden = call(stranger, resource, attempt).json()
    gone = call(admin, resource, attempt, exam=0, code="NONE").json()
    for told in (hidden, gone):
        told["detail"] = re.sub("“.*”", "“…”", told["detail"])
    assert hidden == gone


@pytest.mark.parametrize("resource", ["exam", "attempt", "changes", "reviews", "incidents", "decisions"])
def test_exams_that_have_no_result_are_no_resource_nor_are_their_attempts(resource):
    attempt = ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(is_proctored=False))
    ExamReviewFactory(attempt=attempt)
    assert call(team_of(COURSE), resource, attempt).status_code == 404


def test_incidents_are_those_of_the_attempt_that_is_named(attempt):
    other = ExamReviewFactory(attempt=ExamAttemptFactory(submitted=True))
    assert problem(call(team_of(COURSE), "incidents", attempt, review=other.pk))[:2] == (404, "not_found")


@pytest.mark.parametrize("resource", [name for name in ANSWERS if name not in ("search", "decisions")])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_what_is_read_cannot_be_written(method, resource, attempt):
    client = team_of(COURSE)
    url = call(client, resource, attempt).wsgi_request.path
    assert problem(getattr(client, method)(url)) == (405, "method_not_allowed", None)


@pytest.mark.parametrize("resource", ["search", "decisions"])
def test_a_session_needs_its_csrf_token(resource, attempt):
    client = team_of(COURSE)
    client.handler.enforce_csrf_checks = True
    assert problem(call(client, resource, attempt))[:2] == (403, "permission_denied")
    assert StatusChange.objects.count() == 0


def test_a_program_signs_in_by_a_token(attempt):
    client = Client(headers={"Authorization": f"Bearer {member_of(COURSE).username}"})
    assert call(client, "attempts", attempt).status_code == 200
    assert call(client, "decisions", attempt).status_code == 201
