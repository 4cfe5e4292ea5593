"""What the Review Dashboard answers when something is refused, gone or done elsewhere, as anybody can read it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.links import EVIDENCE_LINK
from proctoring_results.models import Evidence
from tests.e2e.accessibility import problems, violations
from tests.e2e.conftest import PHONE, WIDE
from tests.e2e.test_sessions import dashboard, enqueued, exam, flagged, session
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

__all__ = ["enqueued", "exam", "flagged"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def evidence(user, attempt, **age) -> str:
    token = EVIDENCE_LINK.make_token(
        Evidence.objects.get(review__attempt=attempt), user, now=timezone.now() - timedelta(**age)
    )
    return reverse("proctoring_results:evidence", args=[token])


def no_reason(page, user, attempt):
    page.goto(session(attempt))
    page.locator("#pr-reason").fill(" ")
    page.get_by_role("button", name="Pass", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Please give a reason.")


def no_category(page, user, attempt):
    page.goto(session(attempt))
    page.locator("#pr-reason").fill("A phone")
    # The browser asks for it, too; this is what the server answers to one that does not.
    page.get_by_label("Category").evaluate("field => { field.form.noValidate = true; }")
    page.get_by_role("button", name="Fail", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("category")


def decided_by_another(page, user, attempt):
    page.goto(session(attempt))
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="It was the cat")
    page.locator("#pr-reason").fill("A phone")
    page.get_by_label("Category").select_option("Other")
    page.get_by_role("button", name="Fail", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("decided Pass")


def no_reason_for_a_dismissal(page, user, attempt):
    page.goto(session(attempt))
    page.get_by_text("Dismiss incident 1").click()
    row = page.locator("#pr-video tbody tr").first
    row.get_by_label("Reason").fill(" ")
    row.get_by_role("button", name="Dismiss").click()
    expect(page.get_by_role("alert")).to_contain_text("Please give a reason.")


def no_incident_ticked(page, user, attempt):
    page.goto(session(attempt))
    page.get_by_text("Dismiss the ticked incidents").click()
    page.locator("#pr-ticked-reason").fill("A book")
    page.get_by_role("button", name="Dismiss them").click()
    expect(page.locator("#pr-ticked").get_by_role("alert")).to_be_visible()


def counted_and_dismissed_incidents_ticked(page, user, attempt):
    page.goto(session(attempt))
    page.get_by_label("All on this page").check()
    page.get_by_text("Dismiss the ticked incidents").click()
    page.locator("#pr-ticked-reason").fill("A book")
    first = attempt.reviews.get().incidents.first()
    api.dismiss_incident(first.pk, by=UserFactory(admin=True), reason="It was a book")
    page.get_by_role("button", name="Dismiss them").click()
    expect(page.locator("#pr-ticked").get_by_role("alert").first).to_be_visible()


def nothing_ticked(page, user, attempt):
    page.goto(dashboard())
    page.get_by_role("button", name="Pass the ticked sessions…").click()
    expect(page.locator("#pr-flash")).to_contain_text("Choose the sessions first")


def not_to_be_passed(page, user, attempt):
    page.goto(dashboard())
    page.get_by_role("checkbox", name="Pass learner-0, Final").check()
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="It was the cat")
    page.get_by_role("button", name="Pass the ticked sessions…").click()
    expect(page.locator("main")).to_contain_text("It is passed already.")


def passed_by_another(page, user, attempt):
    page.goto(dashboard())
    page.get_by_role("checkbox", name="Pass learner-0, Final").check()
    page.get_by_role("button", name="Pass the ticked sessions…").click()
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="A phone")
    page.get_by_label("Reason for all of them").fill("x")
    page.get_by_role("button", name="Pass 1 session").click()
    expect(page.locator(".pr-problem")).to_contain_text("has changed since you looked at it")


def expired(page, user, attempt):
    page.goto(evidence(user, attempt, minutes=2))
    expect(page.get_by_role("heading", level=1)).to_have_text("This link has expired")


def from_the_future(page, user, attempt):
    page.goto(evidence(user, attempt, minutes=-2))
    expect(page.locator("main")).to_contain_text("Links to evidence are made for one person")


def second_reviews_elsewhere(page, user, attempt):
    other = ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(provider="rpnow", exam_name="Quiz"))
    api.record_review(other.attempt_code, "Suspicious")
    page.goto(session(other))
    expect(page.locator("#pr-decision")).to_contain_text("Second reviews are done by rpnow.")


def searching(page, user, attempt):
    page.goto(dashboard())
    page.get_by_role("searchbox").fill("learner")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Searching for “learner”")).to_be_visible()


def a_long_list(page, user, attempt):
    for _ in range(30):
        ExamAttemptFactory(submitted=True, exam=attempt.exam, status="second_review_required")
        ExamAttemptFactory(submitted=True, exam=attempt.exam, user=attempt.user, archived=True)
    page.goto(dashboard())
    expect(page.get_by_role("link", name="Next page")).to_be_visible()


def not_known_to_the_service(page, user, attempt):
    page.goto(f"{dashboard('service_dashboard')}?attempt={attempt.attempt_code}")


ANSWERS = [
    no_reason,
    no_category,
    decided_by_another,
    no_reason_for_a_dismissal,
    no_incident_ticked,
    counted_and_dismissed_incidents_ticked,
    nothing_ticked,
    not_to_be_passed,
    passed_by_another,
    expired,
    from_the_future,
    second_reviews_elsewhere,
    searching,
    a_long_list,
    not_known_to_the_service,
]


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: answer.__name__)
def test_every_answer_is_accessible(opened, person, flagged, answer):
    [attempt] = flagged(1)
    user = person("instructor")
    page = opened("instructor", f"/courses/{COURSE}/", as_user=user)
    answer(page, user, attempt)
    assert problems(page, "wide", "phone and dark") == []


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide", "phone"])
def test_evidence_on_a_host_that_nobody_named_is_told_accessibly(opened, person, flagged, settings, viewport, scheme):
    [attempt] = flagged(1)
    user = person("instructor")
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": {}}
    address = evidence(user, attempt)
    page = opened("instructor", address, as_user=user, viewport=viewport, color_scheme=scheme)
    expect(page.locator("main")).to_contain_text("video.example, a host that the settings of this site do not allow")
    assert violations(page) == []
    page.goto(session(attempt))
    expect(page.locator("#pr-video")).to_contain_text("host not allowed (video.example)")
    assert violations(page) == []


@pytest.mark.parametrize("path", ["quiz_list", "sessions", "numbers", "service_dashboard"])
def test_who_may_not_look_reads_an_accessible_refusal(opened, person, flagged, path):
    flagged(1)
    page = opened("learner", dashboard(path))
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
