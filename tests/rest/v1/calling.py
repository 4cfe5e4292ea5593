"""Calls of the REST API as front ends and scripts make them."""

from django.test import Client

from tests.factories import UserFactory
from tests.host.models import CourseRole, Role
from tests.rest.calling import signed_in

V1 = "/api/proctoring/v1/"


def member_of(course_id, role=Role.INSTRUCTOR):
    return CourseRole.objects.create(user=UserFactory(), course_id=course_id, role=role).user


def team_of(course_id, role=Role.INSTRUCTOR) -> Client:
    return signed_in(member_of(course_id, role))


def pages(client, url, **query):
    """Return all rows of a list, page by page."""
    rows, more = [], {}
    while more is not None:
        body = client.get(url, {**query, **more}).json()
        rows += body["results"]
        more = {"cursor": body["next_cursor"]} if body["next_cursor"] else None
    return rows


def problem(answer):
    assert answer["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    return answer.status_code, body["code"], body.get("field")


def seen_of(attempt):
    change, review = attempt.changes.order_by("-pk").first(), attempt.reviews.order_by("-pk").first()
    return {"change": change and change.pk, "review": review and review.pk}
