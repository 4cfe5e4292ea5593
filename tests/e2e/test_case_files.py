"""A session is exported, the file is downloaded, unpacked, opened and printed."""

import io
import zipfile
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.models import Disclosure, Report, ReportDownload
from proctoring_results.providers.pictures import Picture
from proctoring_results.reports.build import build
from proctoring_results.reports.case_file import pictures
from tests.e2e.accessibility import problems
from tests.factories import ExamAttemptFactory, ProctoredExamFactory
from tests.fakes import PNG
from tests.reports.case_files import FakeService

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHOT = "https://pictures.example/1"


@pytest.fixture(autouse=True)
def service(monkeypatch):
    """Nobody comes for what is enqueued: the test builds it. One picture can be fetched, the other cannot."""
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    service = FakeService()
    service.pictures[SHOT] = Picture("image/png", PNG)
    monkeypatch.setattr(pictures, "fetch_picture", service.fetch_picture)


@pytest.fixture
def attempt(course):
    exam = ProctoredExamFactory(exam_name="Final", content_id="exam@final")
    attempt = ExamAttemptFactory(submitted=True, exam=exam, user__first_name="Ada", user__last_name="Lovelace")
    incident = api.IncidentData(status="Suspicious", comment="A phone on the desk", kind="webcam", start=60, stop=90)
    evidence = [
        api.EvidenceData(kind="screenshot", url=SHOT),
        api.EvidenceData(kind="id", url="https://other.example/2"),
    ]
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[incident], evidence=evidence)
    return attempt


def export_page(attempt) -> str:
    return reverse("proctoring_results:export_session", args=[attempt.attempt_code])


def test_from_the_session_to_the_printed_case(opened, browser, attempt, tmp_path):
    page = opened("instructor", reverse("proctoring_results:session", args=[attempt.attempt_code]))
    page.get_by_role("link", name="Export").click()
    purpose = page.get_by_role("textbox", name="Purpose")
    purpose.fill("Hearing on 12 May")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("status")).to_contain_text("The case file is being made.")
    expect(purpose).to_have_value("")
    region = page.get_by_role("region", name="Who has exported this session")
    expect(region).to_contain_text("Waiting for its turn")

    build(Report.objects.get().pk)
    expect(page.get_by_role("status")).to_contain_text("The case file is ready.")
    link = region.get_by_role("link", name="case_file_")
    with page.expect_download() as download:
        link.click()
    assert ReportDownload.objects.get().outcome == "downloaded"
    assert Disclosure.objects.get().purpose == "Hearing on 12 May"

    with zipfile.ZipFile(io.BytesIO(Path(download.value.path()).read_bytes())) as archive:
        archive.extractall(tmp_path)
    case = browser.new_page()
    logged: list[str] = []
    case.on("console", lambda message: logged.append(message.text))
    case.goto((tmp_path / "case.html").as_uri())
    expect(case.get_by_role("heading", level=1)).to_have_text("Ada Lovelace")
    expect(case.locator("body")).to_contain_text("A phone on the desk")
    expect(case.locator("body")).to_contain_text("Pictures are not copied from its host")
    assert case.locator("img").evaluate("image => image.naturalWidth") == 1
    assert problems(case) == []
    assert case.pdf().startswith(b"%PDF")
    assert logged == []
    case.close()


def test_an_open_page_renews_the_link_and_asks_for_a_purpose(opened, attempt):
    page = opened("instructor", export_page(attempt))
    button = page.get_by_role("button", name="Export")
    button.click()
    assert page.evaluate("document.activeElement.name") == "purpose"
    assert not Report.objects.exists()
    page.get_by_role("textbox", name="Purpose").fill("Hearing")
    button.click()
    link = page.get_by_role("link", name="case_file_")
    expect(page.get_by_text("Waiting for its turn")).to_be_visible()
    build(Report.objects.get().pk)
    expect(link).to_be_visible()
    first = link.get_attribute("href")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(link).not_to_have_attribute("href", first)


def test_what_is_being_written_survives_the_renewal_of_the_page(opened, attempt):
    page = opened("instructor", export_page(attempt))
    purpose = page.get_by_role("textbox", name="Purpose")
    purpose.fill("Half written")
    with page.expect_response(lambda response: response.url.endswith("/export/")):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(purpose).to_have_value("Half written")


def test_it_works_without_javascript(opened, attempt):
    page = opened("instructor", export_page(attempt), java_script_enabled=False)
    page.get_by_role("textbox", name="Purpose").fill("Hearing")
    page.get_by_role("button", name="Export").click()
    expect(page.get_by_role("status")).to_contain_text("The case file is being made.")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("region", name="Who has exported this session")).to_contain_text("Cancelled.")


def test_everybody_can_read_the_page(opened, attempt):
    page = opened("instructor", export_page(attempt))
    for purpose in ("Hearing on 12 May", "A" * 200):
        page.get_by_role("textbox", name="Purpose").fill(purpose)
        page.get_by_role("button", name="Export").click()
        expect(page.get_by_role("region", name="Who has exported this session")).to_contain_text(purpose)
    build(Report.objects.order_by("pk").first().pk)
    expect(page.get_by_role("link", name="case_file_")).to_be_visible()
    page.get_by_text("Checksums", exact=True).click()
    assert problems(page) == []
