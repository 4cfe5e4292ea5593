"""The course as a learner sees it, for an instructor in a browser; and what a learner reads."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from example_project.campus.models import Viewing
from proctoring_results.models import ExamAttempt, ProctoredExam, StatusChange
from tests.e2e.accessibility import problems, violations
from tests.e2e.conftest import PHONE, WIDE
from tests.factories import COURSE, ExamAttemptFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PICK = reverse("campus:view_as", args=[COURSE])
EXAM = reverse("campus:exam", args=[COURSE, "exam@midterm"])


@pytest.fixture
def exam(course):
    return ProctoredExam.objects.get(course_id=COURSE)


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_search_view_the_exam_change_nothing_and_stop(opened, person, exam, viewport, scheme):
    attempt = ExamAttemptFactory(user=person("learner"), exam=exam, started=True)
    page = opened("instructor", PICK, viewport=viewport, color_scheme=scheme)
    seen = [violations(page)]
    page.get_by_label("Name, username or email address").fill("learn")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="Learners found")).to_be_visible()
    assert "learn" not in page.url.removesuffix(PICK)
    seen.append(violations(page))
    page.get_by_role("button", name="View as Learner").click()
    banner = page.get_by_role("region", name="Viewing as a learner")
    expect(banner).to_contain_text("as Learner sees it")
    seen.append(violations(page))
    page.get_by_role("link", name="Midterm").click()
    expect(page.get_by_role("button", name="I have finished")).to_be_disabled()
    expect(page.get_by_role("radio").first).to_be_disabled()
    seen.append(violations(page))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    # Whoever takes the switch away is refused all the same.
    page.evaluate("document.querySelector('fieldset.whole').disabled = false")
    page.get_by_role("button", name="I have finished").click()
    expect(page.locator("main")).to_contain_text("nothing can be changed")
    assert ExamAttempt.objects.get(pk=attempt.pk).status == "started"
    page.get_by_role("button", name="Stop viewing as Learner").click()
    expect(banner).to_have_count(0)
    assert Viewing.objects.get().ended_at is not None
    assert not StatusChange.objects.exists()
    assert seen == [[]] * 4


def test_a_clock_that_runs_out_hands_nothing_in_for_who_only_looks_on(opened, person, exam):
    attempt = ExamAttemptFactory(user=person("learner"), exam=exam, started=True)
    page = opened("instructor", PICK)
    page.get_by_label("Name, username or email address").fill("learner")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="View as Learner").click()
    ExamAttempt.objects.filter(pk=attempt.pk).update(ends_at=timezone.now() + timedelta(seconds=3))
    page.goto(EXAM)
    expect(page.locator("[data-countdown]")).to_have_text("0:00", timeout=8_000)
    assert ExamAttempt.objects.get(pk=attempt.pk).status == "started"


@pytest.mark.parametrize("status", ["second_review_required", "verified", "rejected", "error", "declined", "expired"])
def test_what_a_learner_reads_is_accessible(opened, exam, status):
    page = opened("learner", "/")
    learner = get_user_model().objects.get(username="learner")
    ExamAttemptFactory(user=learner, exam=exam, submitted=True, status=status)
    page.goto(EXAM)
    assert problems(page) == []
