"""The Data Download page as an instructor uses it."""

import csv
import io
import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from proctoring_results import api, tasks
from proctoring_results.choices import ReportStep
from proctoring_results.models import Report
from proctoring_results.reports.build import build
from proctoring_results.reports.claims import Claim
from tests.e2e.accessibility import problems
from tests.factories import COURSE, ReportFactory
from tests.faults.harness import forget_queue, queued_task, working

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GENERATE = "Generate Proctored Exam Results Report"
NAME = re.compile(r"^course-v1_DemoX\+PR101\+2026_proctored_exam_results_report_\d{4}-\d\d-\d\d-\d{6}\.csv")


@pytest.fixture
def path():
    return reverse("proctoring_results:data_download", args=[COURSE])


@pytest.fixture
def enqueued(monkeypatch):
    """Nobody comes: the test builds when it wants to."""
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


def build_all():
    for pk in Report.objects.filter(state="queued").values_list("pk", flat=True):
        build(pk)


def saved(download) -> bytes:
    from pathlib import Path

    return Path(download.path()).read_bytes()


@pytest.mark.worker
def test_from_the_click_to_the_downloaded_file(opened, path, process_environment, redis_url, monkeypatch):
    queue = f"proctoring-e2e-{uuid.uuid4().hex}"
    monkeypatch.setattr(tasks, "build_report", queued_task(redis_url, queue))
    environment = {
        **process_environment,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "PROCTORING_TEST_QUEUE": queue,
        "CELERY_BROKER_URL": redis_url,
    }
    page = opened("instructor", path)
    page.get_by_role("button", name=GENERATE).click()
    expect(page.get_by_role("status")).to_contain_text("The proctored exam results report is being created")
    expect(page.locator("#pr-tasks")).to_contain_text("Queued")
    with working(environment):
        # Nothing is reloaded: the worker builds, and the page finds out by itself.
        expect(page.get_by_role("link", name=NAME)).to_be_visible(timeout=20_000)
    forget_queue(redis_url, queue)
    expect(page.locator("#pr-tasks")).to_contain_text("No tasks currently running.")
    expect(page.get_by_role("status")).to_contain_text("ready")
    with page.expect_download() as download:
        page.get_by_role("link", name=NAME).click()
    assert NAME.fullmatch(download.value.suggested_filename)
    rows = list(csv.reader(io.StringIO(saved(download.value).decode(), newline="")))
    assert [len(row) for row in rows] == [15] * 5
    with page.expect_download() as for_excel:
        page.get_by_role("link", name="Download for Excel").click()
    assert saved(for_excel.value) == b"\xef\xbb\xbf" + saved(download.value)


def test_without_javascript_by_reload(opened, path, enqueued):
    page = opened("instructor", path, java_script_enabled=False)
    page.get_by_role("button", name=GENERATE).click()
    expect(page.get_by_role("status")).to_contain_text("is being created")
    page.get_by_role("button", name=GENERATE).click()
    expect(page.get_by_role("status")).to_contain_text("is currently being created")
    assert Report.objects.count() == 1
    build_all()
    page.reload()
    with page.expect_download() as download:
        page.get_by_role("link", name=NAME).click()
    assert saved(download.value).startswith(b"course_id,")


@pytest.mark.parametrize("java_script", [True, False])
def test_who_requested_a_report_deletes_it_after_one_more_question(opened, path, enqueued, java_script):
    page = opened("instructor", path, java_script_enabled=java_script)
    page.get_by_role("button", name=GENERATE).click()
    expect(page.get_by_role("status")).to_contain_text("is being created")
    build_all()
    page.reload()
    row = page.get_by_role("row", name=NAME)
    expect(row).to_contain_text("Not downloaded yet")
    with page.expect_download():
        page.get_by_role("link", name=NAME).click()
    page.reload()
    expect(row).to_contain_text("Downloaded 1 ×, last by")
    row.get_by_role("link", name="Delete").click()
    if java_script:
        # Axe is a script itself.
        assert problems(page) == []
    page.get_by_role("button", name="Delete the report").click()
    expect(page.get_by_role("status")).to_contain_text("The report was deleted.")
    expect(row).to_have_count(0)


def tab_to(page, beginning: str) -> None:
    """Go by the Tab key to the next element whose id begins so."""
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id").startswith(beginning):
            return
    raise AssertionError(f"No element {beginning}… has come.")


def test_with_the_keyboard_alone(opened, path, enqueued):
    page = opened("instructor", path)
    tab_to(page, "pr-generate")
    page.keyboard.press("Enter")
    expect(page.locator("#pr-tasks")).to_contain_text("Queued")
    # The focus is where it was.
    assert page.evaluate("document.activeElement.id") == "pr-generate"
    tab_to(page, "pr-cancel-")
    page.keyboard.press("Space")
    expect(page.locator("#pr-tasks")).to_contain_text("No tasks currently running.")
    assert page.evaluate("document.activeElement.id") == "pr-tasks-heading"


def test_a_double_click_asks_once(opened, path, enqueued):
    page = opened("instructor", path)
    posts = []
    page.on("request", lambda request: posts.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name=GENERATE).dblclick()
    expect(page.locator("#pr-tasks")).to_contain_text("Queued")
    assert len(posts) == 1


def test_progress_is_shown_while_it_is_built(opened, path, enqueued):
    report = api.request_report(COURSE)
    claim = Claim.acquire(report.pk)
    page = opened("instructor", path)
    bar = page.get_by_role("progressbar")
    assert bar.get_attribute("value") is None
    claim.set_step(ReportStep.WRITING)
    claim.set_progress(1, 4)
    claim.renew()
    expect(bar).to_have_attribute("value", "1")
    expect(page.locator("#pr-tasks")).to_contain_text("1 of 4 rows")


def test_a_failed_report_says_why_and_is_asked_for_again(opened, path, enqueued, course):
    report = ReportFactory(failed=True)
    page = opened("instructor", path)
    expect(page.locator("#pr-tasks")).to_contain_text("could not be stored")
    expect(page.locator("#pr-tasks")).to_contain_text(report.reference)
    page.get_by_role("button", name="Retry").click()
    expect(page.locator("#pr-tasks")).to_contain_text("Queued")
    assert api.get_report(report.task_id).state == "queued"


def test_the_links_of_an_open_page_are_renewed_without_reload(opened, path, settings, course):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DOWNLOAD_TTL": timedelta(seconds=4)}
    report = ReportFactory(ready=b"a,b\r\n")
    page = opened("instructor", path)
    link = page.locator(f"#pr-csv-{report.task_id}")
    first = link.get_attribute("href")
    page.evaluate("window.stillHere = true")
    expect(link).not_to_have_attribute("href", first, timeout=15_000)
    with page.expect_download() as download:
        link.click()
    assert saved(download.value) == b"a,b\r\n"
    assert page.evaluate("window.stillHere")


def test_a_page_that_becomes_visible_again_renews_its_links_at_once(opened, path, course):
    report = ReportFactory(ready=True)
    page = opened("instructor", path)
    link = page.locator(f"#pr-csv-{report.task_id}")
    first = link.get_attribute("href")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(link).not_to_have_attribute("href", first)


def put_into_the_background(page, *, hidden: bool) -> None:
    page.evaluate(
        """hidden => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


@pytest.mark.parametrize("end", ["ready", "failed"])
def test_the_end_of_a_report_stands_in_the_title_of_a_tab_in_the_background(opened, path, enqueued, end):
    api.request_report(COURSE)
    page = opened("instructor", path)
    page.clock.install()
    title = page.title()
    put_into_the_background(page, hidden=True)
    if end == "ready":
        build_all()
    else:
        Report.objects.update(
            state="failed", failure="storage", reference="AB12CD34", finished_at=timezone.now(), unfinished_key=None
        )
    page.clock.run_for(11_000)
    expect(page).to_have_title(f"(1) {title}")
    put_into_the_background(page, hidden=False)
    expect(page).to_have_title(title)


def test_when_it_cannot_refresh_it_says_so_and_goes_on_trying(opened, path, enqueued):
    api.request_report(COURSE)
    page = opened("instructor", path)
    page.route("**/data-download/*", lambda route: route.abort())
    notice = page.get_by_text("This page cannot be refreshed at the moment.")
    expect(notice).to_be_visible(timeout=10_000)
    page.unroute("**/data-download/*")
    expect(notice).to_be_hidden(timeout=20_000)
    build_all()
    expect(page.get_by_role("link", name=NAME)).to_be_visible(timeout=10_000)


def test_somebody_who_was_signed_out_is_told(opened, path, enqueued):
    api.request_report(COURSE)
    page = opened("instructor", path)
    page.context.clear_cookies()
    expect(page.get_by_text("You have been signed out.")).to_be_visible(timeout=10_000)
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_a_viewer_reads_which_permission_is_missing_and_whom_to_ask(opened, path, person):
    person("instructor")
    page = opened("viewer", path)
    expect(page.get_by_role("button", name=GENERATE)).to_have_count(0)
    expect(page.locator("#pr-missing")).to_contain_text("proctoring_results.generate_report")
    expect(page.locator("#pr-missing")).to_contain_text("instructor@example.com")


def test_times_are_the_viewers_with_utc_beside(opened, path, course):
    moment = timezone.now().replace(year=2026, month=5, day=1, hour=1, minute=30)
    ReportFactory(ready=True, requested_at=moment)
    Report.objects.update(as_of=moment)
    page = opened("instructor", path)
    # New York is four hours behind UTC in May, and so on the day before.
    expect(page.locator("#pr-reports")).to_contain_text("30 Apr 2026, 21:30 · 1 May 2026, 01:30 UTC")


STATES = {
    "empty": lambda: None,
    "queued": lambda: api.request_report(COURSE),
    "running": lambda: Claim.acquire(api.request_report(COURSE).pk),
    "failed": lambda: ReportFactory(failed=True),
    "ready": lambda: ReportFactory(ready=True),
    "many": lambda: [ReportFactory(ready=True) for _ in range(60)] + [ReportFactory(failed=True) for _ in range(60)],
}


@pytest.mark.parametrize("state", STATES)
def test_the_page_is_accessible_in_every_state(opened, path, enqueued, course, state):
    STATES[state]()
    assert problems(opened("instructor", path)) == []


@pytest.mark.parametrize("state", ["link_invalid", "link_expired"])
def test_refusals_are_accessible(opened, course, state, person, settings):
    report = ReportFactory(ready=True)
    if state == "link_expired":
        settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DOWNLOAD_TTL": timedelta(microseconds=1)}
    page = opened("instructor", "/")
    token = api.download_link(report, person("staff"))
    if state == "link_expired":
        from django.contrib.auth import get_user_model

        token = api.download_link(report, get_user_model().objects.get(username="instructor"))
    answer = page.goto(reverse("proctoring_results:download", args=[token]))
    assert answer.status == {"link_invalid": 403, "link_expired": 410}[state]
    assert problems(page) == []


def test_a_link_to_a_status_opens_the_section_and_shows_it(opened, path):
    page = opened("instructor", f"{path}#status-expired")
    expect(page.get_by_text("The course end date, or the due date of the exam, passed before")).to_be_in_viewport()
    page.get_by_role("heading", name="What the columns mean").click()
    expect(page.locator("#status-expired")).to_be_hidden()
    page.evaluate("location.hash = '#status-rejected'")
    expect(page.locator("#status-rejected")).to_contain_text("receives a score of 0")
    expect(page.locator("#status-rejected")).to_be_in_viewport()
