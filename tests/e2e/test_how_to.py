"""The steps of the how-to pages for instructors, in a browser. They make the pages' pictures when they are asked to.

``DOCS_PICTURES=1`` writes them into docs/images; without it a test leaves the tree alone.
"""

import os
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.models import Report
from proctoring_results.reports.build import build
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

IMAGES = Path(__file__).resolve().parents[2] / "docs/images"


def picture(part, name: str) -> None:
    if os.environ.get("DOCS_PICTURES"):
        part.screenshot(path=IMAGES / f"{name}.png")


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
    section.get_by_label("Name, username, email address or attempt code").fill("Lovelace")
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
    page = opened("instructor", reverse("campus:course", args=[COURSE]), viewport={"width": 1280, "height": 1240})
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
