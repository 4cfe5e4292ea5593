"""An exam, really taken, on the pages of the example LMS."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from example_project.campus.models import Grade
from proctoring_results import api
from proctoring_results.models import ExamAttempt
from tests.e2e.accessibility import violations
from tests.e2e.conftest import PHONE, WIDE
from tests.factories import COURSE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def path():
    return reverse("campus:exam", args=[COURSE, "exam@midterm"])


def press(page, name: str) -> None:
    """A button of the exam page, and wait for the page that answers."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def attempt() -> ExamAttempt:
    return ExamAttempt.objects.get(user__username="learner")


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_get_ready_start_answer_hand_in_go_back_and_confirm(opened, path, viewport):
    page = opened("learner", path, viewport=viewport)
    seen = [violations(page)]
    press(page, "Get ready")
    press(page, "Download the software")
    seen.append(violations(page))
    assert attempt().status == "download_software_clicked"
    press(page, "I am set up")
    press(page, "Start the exam")
    seen.append(violations(page))
    assert attempt().status == "started"
    page.get_by_role("radio").first.check()
    press(page, "I have finished")
    seen.append(violations(page))
    assert attempt().status == "ready_to_submit"
    press(page, "Back to the questions")
    expect(page.get_by_role("radio").first).to_be_checked()
    press(page, "I have finished")
    press(page, "Yes, hand in")
    expect(page.locator("main")).to_contain_text("Pending")
    seen.append(violations(page))
    assert attempt().status == "submitted"
    assert Grade.objects.filter(user__username="learner").exists()
    assert seen == [[]] * 5


def test_the_result_word_follows_the_review_and_the_decision(opened, path, person):
    page = opened("learner", path)
    for name in ("Get ready", "Download the software", "I am set up", "Start the exam", "I have finished"):
        press(page, name)
    press(page, "Yes, hand in")
    api.record_review(
        attempt().attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious", comment="A phone")]
    )
    page.reload()
    # Nothing hints at suspicion.
    expect(page.locator("main")).to_contain_text("Pending")
    assert "phone" not in page.content()
    assert "uspicious" not in page.content()
    decider = person("instructor")
    for verb, label in ((api.fail_attempt, "Unsatisfactory"), (api.pass_attempt, "Satisfactory")):
        verb(attempt().attempt_code, by=decider, reason="Seen the recording")
        page.reload()
        expect(page.locator("main")).to_contain_text(label)


def test_declining(opened, path):
    page = opened("learner", path)
    press(page, "Get ready")
    page.get_by_text("I do not want to take a proctored exam").click()
    press(page, "Decline this exam")
    assert attempt().status == "declined"
    expect(page.locator("main")).not_to_contain_text("Pending")


def test_the_time_left_counts_down(opened, path):
    page = opened("learner", path)
    for name in ("Get ready", "Download the software", "I am set up", "Start the exam"):
        press(page, name)
    timer = page.locator("[data-countdown]")
    first = timer.inner_text()
    expect(timer).not_to_have_text(first, timeout=5_000)


def test_somebody_who_is_not_enrolled_takes_no_exam(opened, path):
    page = opened("viewer", "/")
    assert page.goto(path).status in (403, 404)
    assert not ExamAttempt.objects.filter(user__username="viewer").exists()
