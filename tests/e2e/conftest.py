"""A browser before the example LMS, with a person signed in."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone

from example_project.campus.models import Course, CourseRole, Enrolment, ExamContent, Role
from example_project.campus.seeding.questions import QUESTIONS
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def course(transactional_db) -> Course:
    now = timezone.now()
    course = Course.objects.create(
        course_id=COURSE, name="Introduction to Probability", start=now, end=now + timedelta(days=30)
    )
    exam = ProctoredExamFactory(exam_name="Midterm", content_id="exam@midterm")
    ExamContent.objects.create(course=course, content_id=exam.content_id, questions=QUESTIONS)
    for status in ("verified", "rejected", "submitted", "second_review_required"):
        ExamAttemptFactory(submitted=True, exam=exam, status=status)
    return course


@pytest.fixture
def person(course) -> Callable[[str], object]:
    """Somebody with a role in the course, or a learner of it."""

    def make(role: str):
        # Roles may be taken by several people; each needs a name of their own.
        others = get_user_model().objects.filter(username__regex=rf"^{role}(-\d+)?$").count()
        name = f"{role}-{others + 1}" if others else role
        user = UserFactory(username=name, first_name=role.title(), admin=role == "admin")
        if role == "admin":
            return get_user_model().objects.get(pk=user.pk)
        if role == "learner":
            Enrolment.objects.create(user=user, course=course, track="verified")
        else:
            CourseRole.objects.create(user=user, course=course, role=Role(role))
        return get_user_model().objects.get(pk=user.pk)

    return make


@pytest.fixture
def opened(browser, live_server, person) -> Iterator[Callable]:
    """A page of the LMS as a person with a role sees it. What goes wrong in the browser fails the test."""
    contexts, wrong = [], []

    def open_page(role: str, path: str, *, viewport=WIDE, as_user=None, **options):
        context = browser.new_context(
            base_url=live_server.url, viewport=viewport, timezone_id="America/New_York", locale="en-GB", **options
        )
        contexts.append(context)
        client = Client()
        client.force_login(as_user or person(role))
        context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
