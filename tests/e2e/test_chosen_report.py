"""An instructor who has never seen it: the flagged sessions of one exam, as an Excel workbook, told of by mail."""

import re
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import Report
from proctoring_results.reports.build import build
from tests.e2e.accessibility import problems
from tests.e2e.conftest import PHONE, WIDE
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, ReportFactory
from tests.reports.converting import rows_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DASHBOARD = reverse("campus:instructor", args=[COURSE])
CHOOSE = "Choose kind, exam, dates or format"
# What is chosen, by the label of the field.
CHOSEN = {"Exam": "Final exam", "Require Attention": "Yes", "Format": "Excel workbook (XLSX)"}


@pytest.fixture(autouse=True)
def site(settings, live_server, monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "SITE_URL": live_server.url}


@pytest.fixture
def flagged(course) -> set[str]:
    """The attempt codes of the report; the exam has other attempts, and another exam is flagged as well."""
    exam = ProctoredExamFactory(exam_name="Final exam", content_id="exam@final")
    ExamAttemptFactory.create_batch(2, verified=True, exam=exam)
    ExamAttemptFactory(rejected=True, exam=exam)
    attempts = ExamAttemptFactory.create_batch(3, submitted=True, exam=exam, status="second_review_required")
    return {str(attempt.attempt_code) for attempt in attempts}


def by_mouse(page) -> None:
    page.get_by_role("link", name="Data Download").click()
    page.get_by_text(CHOOSE).click()
    section = page.locator("#pr-choose")
    for label, option in CHOSEN.items():
        section.get_by_label(label, exact=True).select_option(option)
    section.get_by_role("button", name="Show what it will have").click()
    expect_preview(page)
    section.get_by_label("Tell me by email when it is ready").check()
    section.get_by_role("button", name="Generate this report").click()


def by_keyboard(page) -> None:
    tab_to(page, "Data Download")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Data Download")
    tab_to(page, CHOOSE)
    page.keyboard.press("Enter")
    for label, option in CHOSEN.items():
        tab_to(page, label)
        arrow_to(page, option)
    tab_to(page, "Show what it will have")
    page.keyboard.press("Enter")
    expect_preview(page)
    tab_to(page, "Tell me by email when it is ready", within="#pr-chosen")
    page.keyboard.press("Space")
    tab_to(page, "Generate this report")
    page.keyboard.press("Enter")


def expect_preview(page) -> None:
    preview = page.locator("#pr-chosen")
    for text in ("Exam: Final exam", "Require Attention: Yes", "Excel workbook (XLSX)", "About 3 rows"):
        expect(preview).to_contain_text(text)


CALLED = """(() => {
  const here = document.activeElement;
  const text = here.ariaLabel ?? here.labels?.[0]?.textContent ?? here.textContent;
  return text.trim().replace(/\\s+/g, " ");
})()"""


def tab_to(page, name: str, *, within: str = "body") -> None:
    """Go by the Tab key to what is called so."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate(CALLED) == name and page.evaluate(f"document.activeElement.closest('{within}') !== null"):
            return
    raise AssertionError(f"{name} is not to be found with the Tab key")


def arrow_to(page, option: str) -> None:
    for _ in range(20):
        if page.evaluate("document.activeElement.selectedOptions[0].textContent.trim()") == option:
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"{option} is not to be found with the arrow keys")


@pytest.mark.parametrize(
    ("ask", "options"),
    [
        pytest.param(by_mouse, {"viewport": WIDE}, id="desktop"),
        pytest.param(by_mouse, {"viewport": PHONE}, id="phone"),
        pytest.param(by_mouse, {"viewport": WIDE, "color_scheme": "dark"}, id="dark"),
        pytest.param(by_keyboard, {"viewport": WIDE}, id="keyboard"),
    ],
)
def test_flagged_sessions_of_one_exam_for_excel(opened, flagged, mailoutbox, ask, options):
    page = opened("instructor", DASHBOARD, **options)
    ask(page)
    expect(page.locator("#pr-tasks")).to_contain_text("Queued")

    build(Report.objects.get().pk)
    deliver_due()
    [mail] = mailoutbox
    assert mail.to == ["instructor@example.com"]
    page.goto(re.search(r"http\S+/data-download/\S*", mail.body)[0])

    link = page.get_by_role("region", name="Reports Available for Download").get_by_role("link", name=".xlsx")
    with page.expect_download() as download:
        if ask is by_keyboard:
            tab_to(page, " ".join(link.text_content().split()))
            page.keyboard.press("Enter")
        else:
            link.click()
    assert download.value.suggested_filename.endswith(".xlsx")
    header, *rows = rows_of(Path(download.value.path()).read_bytes())
    [letter] = [letter for letter, name in header.items() if name == "attempt_code"]
    assert sorted(row[letter] for row in rows) == sorted(flagged)


@pytest.mark.parametrize(
    "query", ["exam=exam@final&format=xlsx", "since=2026-05-02&until=2026-05-01"], ids=["chosen", "refused"]
)
def test_everybody_can_read_what_is_chosen(opened, flagged, query):
    ReportFactory(ready=True, file_name="flagged.xlsx")
    path = reverse("proctoring_results:data_download", args=[COURSE])
    page = opened("instructor", f"{path}?{query}")
    expect(page.get_by_role("button", name="Show what it will have")).to_be_visible()
    expect(page.locator("#pr-choose .pr-problem")).to_have_count(1 if "since" in query else 0)
    assert problems(page) == []


def test_everybody_can_read_the_page_over_all_courses(opened, flagged):
    page = opened("admin", reverse("proctoring_results:all_reports"))
    page.get_by_text(CHOOSE).click()
    assert problems(page) == []
