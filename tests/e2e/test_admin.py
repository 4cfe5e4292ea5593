"""An administrator reverts a decision in Django admin, and the learner sees it."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from example_project.campus.gradebook import scores
from example_project.campus.models import ExamContent, Grade
from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from tests.e2e.conftest import PHONE, WIDE
from tests.e2e.test_taking_an_exam import press
from tests.factories import COURSE, ExamAttemptFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def nothing_enqueued(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def failed(course, person):
    """The learner's attempt, failed, with the grade of 7 of 10 held at 0."""
    learner, exam = person("learner"), api.get_exam(COURSE, "exam@midterm")
    content = ExamContent.objects.get(content_id=exam.content_id)
    Grade.objects.create(user=learner, content=content, earned=7, possible=10)
    attempt = ExamAttemptFactory(submitted=True, user=learner, exam=exam)
    api.record_review(
        attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious", comment="A phone")]
    )
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="Seen the recording")
    deliver_everything()
    return attempt


def deliver_everything() -> None:
    for minute in range(3):
        with time_machine.travel(timezone.now() + timedelta(minutes=minute)):
            deliver_due()


def shown_grade(attempt, course):
    return scores(attempt.user, course)[attempt.exam.content_id].earned


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_a_fail_is_reverted_to_a_pass(opened, failed, course, viewport):
    assert shown_grade(failed, course) == 0
    page = opened("admin", reverse("admin:proctoring_results_examattempt_changelist"), viewport=viewport)
    page.locator("#searchbar").fill(failed.attempt_code)
    press(page, "Search")
    page.get_by_role("link", name=failed.attempt_code).click()
    expect(page.locator(".pr-timeline")).to_contain_text("Decided Fail on review 1")
    page.get_by_role("link", name="Pass…").click()
    expect(page.locator(".pr-follows")).to_contain_text("The grade is 7 of 10 again; now 0 is shown.")
    assert fits(page)
    page.get_by_label("Reason").fill("It was the cat")
    press(page, "Pass")
    expect(page.locator(".messagelist")).to_contain_text(
        "the attempt was “Failed (rejected)” and is “Passed (verified)” now"
    )
    expect(page.locator(".pr-timeline")).to_contain_text("It was the cat")
    assert fits(page)
    deliver_everything()
    assert shown_grade(failed, course) == 7


def test_the_learner_then_reads_satisfactory(opened, failed, course):
    page_of_admin = opened("admin", reverse("admin:proctoring_results_examattempt_decide", args=[failed.pk, "pass"]))
    page_of_admin.get_by_label("Reason").fill("It was the cat")
    press(page_of_admin, "Pass")
    deliver_everything()
    page = opened("learner again", reverse("campus:exam", args=[COURSE, "exam@midterm"]), as_user=failed.user)
    expect(page.locator("main")).to_contain_text("Satisfactory")
    expect(page.locator("main")).not_to_contain_text("Unsatisfactory")
    page.goto(reverse("campus:course", args=[COURSE]))
    expect(page.locator("main")).to_contain_text(re.compile(r"7\s*(of|/)\s*10"))


def test_a_list_is_narrowed_to_a_course_without_reaching_for_the_mouse(opened, failed):
    page = opened("admin", reverse("admin:proctoring_results_examattempt_changelist"))
    page.get_by_label("Course id").fill(COURSE)
    with page.expect_navigation():
        page.get_by_label("Course id").press("Enter")
    expect(page.get_by_role("link", name=failed.attempt_code)).to_be_visible()
    assert "course=" in page.url
