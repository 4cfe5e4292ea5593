"""The steps of the how-to pages for instructors, in a browser. They make the pages' pictures when they are asked to.

``DOCS_PICTURES=1`` writes them into docs/images; without it a test leaves the tree alone.
"""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.models import ExamAttempt, Report, StatusChange
from proctoring_results.reports.build import build
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"


def picture(part, name: str, **options) -> None:
    if os.environ.get("DOCS_PICTURES"):
        part.screenshot(path=IMAGES / f"{name}.png", **options)


def test_determine_if_a_learner_passed(opened, course):
    ada = UserFactory(username="ada", first_name="Ada", last_name="Lovelace", email="ada@example.com")
    midterm, final = (
        ProctoredExamFactory(exam_name=name, content_id=f"exam@{name}") for name in ("Chance", "Expectation")
    )
    passed = ExamAttemptFactory(exam=midterm, user=ada, submitted=True)
    api.record_review(passed.attempt_code, "Clean")
    failed = ExamAttemptFactory(exam=final, user=ada, submitted=True)
    admin = UserFactory(username="ines", first_name="Ines", last_name="Instructor", admin=True)
    api.fail_attempt(failed.attempt_code, by=admin, reason="A second person in the room")

    page = opened("instructor", reverse("campus:course", args=[COURSE]))
    page.get_by_role("link", name="Instructor dashboard").click()
    page.get_by_role("link", name="Data Download").click()
    section = page.get_by_role("region", name="Did this learner pass?")
    section.get_by_label("Name, username, email address, student number or attempt code").fill("Lovelace")
    section.get_by_role("button", name="Search").click()

    lines = section.get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("Passed")
    expect(lines.first).to_contain_text("The learner reads: Satisfactory")
    expect(lines.first).to_contain_text("Reviewed Clean on")
    expect(lines.last).to_contain_text("The learner reads: Unsatisfactory")
    expect(lines.last).to_contain_text("Decided by Ines Instructor (ines) on")
    picture(section, "did-this-learner-pass")

    with page.context.expect_page() as explanation:
        lines.last.get_by_role("link", name="Failed").click()
    expect(explanation.value.get_by_text("automatically receives a score of 0")).to_be_in_viewport()


def test_download_the_report(opened, course, monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    page = opened("instructor", reverse("campus:course", args=[COURSE]), viewport={"width": 1280, "height": 1400})
    page.get_by_role("link", name="Instructor dashboard").click()
    page.get_by_role("link", name="Data Download").click()
    page.get_by_role("button", name="Generate Proctored Exam Results Report").click()
    expect(page.get_by_role("status").first).to_contain_text("The proctored exam results report is being created.")
    expect(page.get_by_role("region", name="Pending Tasks")).to_contain_text("Waiting for its turn")
    build(Report.objects.get().pk)
    link = page.get_by_role("region", name="Reports Available for Download").get_by_role("link").first
    expect(link).to_contain_text("proctored_exam_results_report")
    picture(page, "data-download")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename.endswith(".csv")
    page.get_by_role("heading", name="What the columns mean").click()
    expect(page.get_by_text("An identifier for the exam attempt.")).to_be_visible()


@pytest.fixture
def flagged(course, monkeypatch, settings):
    """Five sessions of a final exam that require attention, among others that were passed."""
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    providers = {"proctortrack": {"evidence_hosts": ["video.example"]}}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": providers}
    exam = ProctoredExamFactory(exam_name="Final exam", content_id="exam@final")
    attempts = [
        ExamAttemptFactory(submitted=True, exam=exam, user__first_name=first, user__last_name=last)
        for first, last in LEARNERS
    ]
    for number, attempt in enumerate(attempts):
        if number < 5:
            api.record_review(attempt.attempt_code, "Suspicious", incidents=SEEN, evidence=EVIDENCE)
        else:
            verdict, incidents = ("Clean", []) if number % 2 else ("Rules Violation", SEEN[1:2])
            api.record_review(attempt.attempt_code, verdict, incidents=incidents)
    return attempts[:5]


LEARNERS = [
    *[("Ada", "Lovelace"), ("Emmy", "Noether"), ("Åsa", "Sjöström"), ("Mary", "Jackson"), ("Wáng", "Zhēnyí")],
    *[("Sofia", "Kovalevskaya"), ("Maryam", "Mirzakhani"), ("Katherine", "Johnson"), ("Sophie", "Germain")],
]
SEEN = [
    api.IncidentData(status="Suspicious", comment="A second person in the room", kind="webcam", start=610, stop=655),
    api.IncidentData(
        status="Rules Violation", comment="Another window was open", kind="desktop", start=1500, stop=1530
    ),
    api.IncidentData(status="Info", comment="The photo is blurred", kind="id", start=33, stop=52),
]
EVIDENCE = [
    api.EvidenceData(kind=kind, url=f"https://video.example/{kind}")
    for kind in ("video", "screenshot", "id", "onboarding")
]
PARTS = ("Video Monitoring", "Online Violations", "Verification scans", "Onboarding")


def test_review_flagged_sessions(opened, flagged):
    page = opened("instructor", reverse("campus:instructor", args=[COURSE]), viewport={"width": 1280, "height": 720})
    page.get_by_role("link", name="Special Exams").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Quiz List")
    picture(page, "quiz-list")
    page.get_by_role("link", name="View Sessions of Final exam").click()
    waiting = page.locator("#pr-list")
    expect(waiting).to_contain_text("Require Attention 5")
    picture(page, "sessions", full_page=True)

    with page.expect_popup() as popup:
        waiting.locator("tbody th a[id]").first.click()
    session = popup.value
    for part in PARTS:
        expect(session.get_by_role("heading", name=part, exact=True)).to_be_visible()
    picture(session, "session", full_page=True)
    session.get_by_role("textbox", name="Reason").fill("A second person was in the room")
    session.get_by_label("Category").select_option("Other")
    session.get_by_role("button", name="Fail").click()
    expect(session.locator("#pr-flash")).to_contain_text("Decided: Fail.")
    session.get_by_text("Reverse this decision").click()
    session.get_by_role("textbox", name="Reason").fill("It was the invigilator")
    session.get_by_role("button", name="Pass").click()
    expect(session.locator("#pr-flash")).to_contain_text("Decided: Pass.")


def test_pass_several_sessions_together(opened, flagged):
    page = opened("instructor", reverse("proctoring_results:sessions", args=[COURSE]) + "?exam=exam@final")
    boxes = page.locator("#pr-list tbody").get_by_role("checkbox")
    for number in range(3):
        boxes.nth(number).check()
    page.get_by_role("button", name="Pass the ticked sessions…").click()
    page.get_by_label("Reason for all of them").fill("The invigilator walked through the room")
    picture(page, "pass-selection", full_page=True)
    page.get_by_role("button", name="Pass 3 sessions").click()
    expect(page.get_by_role("status").last).to_contain_text("Passed.")


@pytest.fixture
def busy(flagged):
    """The final exam on several days, with reviews that took hours to days, a decision, and every kind of result."""
    exam = flagged[0].exam
    for status in ("submitted", "submitted", "error", "declined", "expired"):
        ExamAttemptFactory(submitted=True, exam=exam, status=status)
    attempts = ExamAttempt.objects.filter(exam=exam).order_by("pk")
    for number, attempt in enumerate(attempts):
        end = attempt.completed_at + timedelta(days=(number * number) % 6)
        changed = {"completed_at": end}
        if attempt.reviewed_at:
            changed["reviewed_at"] = end + timedelta(hours=2 + 7 * number)
        ExamAttempt.objects.filter(pk=attempt.pk).update(**changed)
    api.fail_attempt(flagged[0].attempt_code, by=UserFactory(admin=True), reason="A second person in the room")
    StatusChange.objects.filter(source="person").update(at=end)


def test_see_how_an_exam_went(opened, busy):
    page = opened("instructor", reverse("campus:instructor", args=[COURSE]))
    page.get_by_role("link", name="Special Exams").click()
    page.get_by_role("link", name="Numbers").click()
    page.get_by_label("Exam", exact=True).select_option("Final exam")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Final exam")).to_be_visible()
    incidents = page.get_by_role("table", name="Where incidents were seen")
    expect(incidents.get_by_role("row", name="Video Monitoring")).to_contain_text("5")
    picture(page, "numbers", full_page=True)
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("table", name="Over time")).to_be_visible()
    page.get_by_role("link", name="Go to the report").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Data Download")
