"""Two reviewers in two browsers."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.models import SessionClaim, TeamNote
from tests.e2e.conftest import PHONE
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = reverse("proctoring_results:sessions", args=[COURSE]) + "?exam=exam@final"
# The page asks every ten seconds.
SOON = 15_000
LOOKING = "You are looking at this session."


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def flagged(course):
    exam = ProctoredExamFactory(exam_name="Final", content_id="exam@final")
    attempts = [ExamAttemptFactory(submitted=True, exam=exam, user__username=f"ada-{n}") for n in range(3)]
    for attempt in attempts:
        incident = api.IncidentData(status="Suspicious", comment="A phone", kind="webcam", start=1, stop=2)
        api.record_review(attempt.attempt_code, "Suspicious", incidents=[incident])
    return attempts


@pytest.fixture
def ann(person):
    return person("instructor")


@pytest.fixture
def bob(person):
    return person("instructor")


def row(page, attempt):
    return page.locator(f"#pr-row-{attempt.pk}")


def session(attempt) -> str:
    return reverse("proctoring_results:session", args=[attempt.attempt_code])


def test_who_opens_a_session_from_the_list_is_seen_there_by_a_colleague(opened, flagged, ann, bob):
    theirs = opened("", LIST, as_user=bob)
    page = opened("", LIST, as_user=ann)
    with page.expect_popup() as popup:
        row(page, flagged[0]).get_by_role("link").first.click()
    expect(popup.value.locator("#pr-who-looks")).to_have_text(LOOKING)
    expect(row(theirs, flagged[0]).get_by_text("is looking")).to_be_visible(timeout=SOON)


def test_a_session_that_is_opened_in_another_way_is_claimed_by_the_button_alone(opened, flagged, ann):
    page = opened("", session(flagged[0]), as_user=ann)
    page.get_by_role("button", name="I am on it").click()
    expect(page.locator("#pr-who-looks")).to_have_text(LOOKING)
    page.get_by_role("button", name="Leave it to others").click()
    expect(page.get_by_role("button", name="I am on it")).to_be_visible()
    assert not SessionClaim.objects.exists()


def test_two_who_take_the_next_one_get_two_sessions_and_one_takes_over(opened, flagged, ann, bob):
    first = opened("", LIST, as_user=ann)
    first.get_by_role("button", name="Take the next one").click()
    expect(first.get_by_role("heading", name="ada-0")).to_be_visible()
    second = opened("", LIST, as_user=bob)
    second.get_by_role("button", name="Take the next one").click()
    expect(second.get_by_role("heading", name="ada-1")).to_be_visible()
    second.goto(session(flagged[0]))
    second.get_by_role("button", name="Take over").click()
    expect(second.locator("#pr-who-looks")).to_have_text(LOOKING)
    assert SessionClaim.objects.get(attempt=flagged[0]).user == bob


def test_a_decision_of_a_colleague_is_told_and_leaves_what_is_being_written(opened, flagged, ann, bob):
    page = opened("", session(flagged[0]), as_user=ann)
    page.locator("#pr-reason").fill("I am not sure")
    api.fail_attempt(flagged[0].attempt_code, by=bob, reason="A phone")
    expect(page.locator("#pr-happened")).to_be_visible(timeout=SOON)
    expect(page.locator("#pr-told")).not_to_be_empty()
    expect(page.locator("#pr-reason")).to_have_value("I am not sure")
    expect(page.locator("#pr-reason")).to_be_focused()
    page.get_by_role("button", name="Pass", exact=True).click()
    # What the page showed when the reason was written is what is compared.
    expect(page.get_by_text("I am not sure")).to_be_visible()
    flagged[0].refresh_from_db()
    assert flagged[0].status == "rejected"


def test_a_decision_of_a_colleague_renews_the_list_and_keeps_ticks(opened, flagged, ann, bob):
    page = opened("", LIST, as_user=ann)
    row(page, flagged[1]).get_by_role("checkbox").check()
    api.pass_attempt(flagged[0].attempt_code, by=bob, reason="Fine")
    expect(row(page, flagged[0])).to_have_count(0, timeout=SOON)
    expect(row(page, flagged[1]).get_by_role("checkbox")).to_be_checked()


def test_a_note_is_added_without_leaving_a_half_written_reason_and_seen_by_a_colleague(opened, flagged, ann, bob):
    theirs = opened("", session(flagged[0]), as_user=bob)
    page = opened("", session(flagged[0]), as_user=ann)
    page.locator("#pr-reason").fill("Half a")
    page.get_by_label("Note for the team").fill("Ask the invigilator")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#pr-team").get_by_text("Ask the invigilator")).to_be_visible()
    expect(page.get_by_label("Note for the team")).to_have_value("")
    expect(page.locator("#pr-reason")).to_have_value("Half a")
    expect(theirs.locator("#pr-team").get_by_text("Ask the invigilator")).to_be_visible(timeout=SOON)
    assert TeamNote.objects.get().author == ann


def test_a_tab_that_nobody_sees_asks_nothing(opened, flagged, ann):
    page = opened("", session(flagged[0]), as_user=ann)
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => true })")
    requests = []
    page.on("request", lambda request: requests.append(request.url))
    page.wait_for_timeout(11_000)
    assert requests == []


def test_without_javascript_there_is_a_button_for_each(opened, flagged, ann):
    page = opened("", f"{session(flagged[0])}?list=attention", as_user=ann, java_script_enabled=False, viewport=PHONE)
    page.get_by_role("button", name="I am on it").click()
    expect(page.locator("#pr-who-looks")).to_have_text(LOOKING)
    page.get_by_role("button", name="I have looked at this").click()
    expect(page.get_by_text("Looked at by:")).to_be_visible()
    page.get_by_label("Note for the team").fill("Ask the invigilator")
    page.get_by_role("button", name="Add note").click()
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("This note was withdrawn.")).to_be_visible()
