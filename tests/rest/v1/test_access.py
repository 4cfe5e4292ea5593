"""Resources that are hidden, read-only or read by programs. Who gets what: ``tests/test_access.py``."""

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
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, member_of, problem, seen_of, team_of

pytestmark = pytest.mark.django_db

RESOURCES = ("exams", "exam", "attempts", "attempt", "changes", "reviews", "incidents", "numbers", "me")


@pytest.fixture
def attempt():
    attempt = ExamAttemptFactory(submitted=True)
    IncidentFactory(review=ExamReviewFactory(attempt=attempt))
    return attempt


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


@pytest.mark.parametrize("resource", ["exam", "attempt", "changes", "reviews", "incidents", "decisions"])
def test_a_hidden_resource_is_answered_like_an_unknown_one(resource, attempt):
    stranger, admin = team_of("another"), signed_in(UserFactory(admin=True))
    hidden = call(stranger, resource, attempt).json()
    unknown = call(admin, resource, attempt, exam=0, code="NONE").json()
    for body in (hidden, unknown):
        body["detail"] = re.sub("“.*”", "“…”", body["detail"])
    assert hidden == unknown


@pytest.mark.parametrize("resource", ["exam", "attempt", "changes", "reviews", "incidents", "decisions"])
def test_exams_without_a_result_are_not_found_nor_are_their_attempts(resource):
    attempt = ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(is_proctored=False))
    ExamReviewFactory(attempt=attempt)
    assert call(team_of(COURSE), resource, attempt).status_code == 404


def test_a_review_of_another_attempt_is_not_found(attempt):
    other = ExamReviewFactory(attempt=ExamAttemptFactory(submitted=True))
    assert problem(call(team_of(COURSE), "incidents", attempt, review=other.pk))[:2] == (404, "not_found")


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete", "options"])
def test_a_resource_that_is_read_takes_no_other_method(method, resource, attempt):
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
