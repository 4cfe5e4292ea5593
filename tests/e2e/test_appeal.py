"""A learner's side in a browser: the result renews itself, an appeal is written, seen by the team, and answered."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.models import ProctoredExam
from tests.e2e.accessibility import problems
from tests.e2e.conftest import PHONE
from tests.factories import COURSE, ExamAttemptFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

EXAM = reverse("campus:exam", args=[COURSE, "exam@midterm"])
APPEAL = "The phone is my sister's: https://pictures.example/" + "of-the-room-" * 12


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(0)}
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


def come_back(page) -> None:
    """As somebody does who returns to the tab: the page asks at once, and not after a minute."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_learner_appeals_and_reads_the_answer_on_pages_that_renew_themselves(opened, course):
    page = opened("learner", "/", viewport=PHONE, color_scheme="dark")
    learner = get_user_model().objects.get(username="learner")
    attempt = ExamAttemptFactory(user=learner, exam=ProctoredExam.objects.get(course_id=COURSE), submitted=True)
    page.goto(EXAM)
    expect(page.locator(".pr-word")).to_have_text("Pending")
    come_back(page)
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="A phone")
    come_back(page)
    expect(page.locator(".pr-word")).to_have_text("Unsatisfactory")
    expect(page.locator("main")).to_contain_text("possible until")
    seen = [problems(page)]

    page.get_by_role("link", name="Appeal against this result").click()
    seen.append(problems(page))
    page.get_by_label("Why the result is wrong").fill(APPEAL)
    page.get_by_role("button", name="Appeal").click()
    expect(page.get_by_text("You will have the answer by")).to_be_visible()
    seen.append(problems(page))

    team = opened("instructor", reverse("proctoring_results:sessions", args=[COURSE]))
    first = team.locator("#pr-list tbody tr").first
    expect(first).to_contain_text("Appeal: answer by")
    with team.expect_popup() as popup:
        first.get_by_role("link").first.click()
    session = popup.value
    expect(session.get_by_role("region", name="The learner’s appeal")).to_contain_text(APPEAL)
    # The course team may follow the learner's link, too.
    team.goto(reverse("proctoring_results:appeal", args=[attempt.attempt_code]))
    expect(team.get_by_role("heading", level=1)).to_have_text("The learner’s own page")
    seen.append(problems(team))
    session.get_by_role("textbox", name="Reason").fill("It is hers")
    session.get_by_role("button", name="Pass", exact=True).click()
    expect(session.locator("#pr-flash")).to_contain_text("Decided: Pass.")

    come_back(page)
    expect(page.locator("#pr-appeal")).to_contain_text("Your appeal has been answered.")
    expect(page.locator("#pr-appeal")).to_contain_text("Satisfactory")
    page.get_by_role("link", name="My exam data").click()
    expect(page.locator("main")).to_contain_text("The answer: Satisfactory.")
    seen.append(problems(page))
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download as JSON").click()
    assert download.value.suggested_filename.endswith(".json")
    assert seen == [[]] * 5
