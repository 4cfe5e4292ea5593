"""What people do in every host: a review comes in, a person decides, a report is built and downloaded."""

import csv
import io
import re

from tests.hosts.lms.prepare import BOSS, COURSE, LEARNER, SERVICE, TEACHER
from tests.hosts.site import Answer, Browser, Site

REVIEW = {
    "status": "suspicious",
    "comments": [{"comment": "Blickt weg", "status": "Suspicious", "start": 1234.5, "stop": 1240}],
}
REASON = "A colleague walked by"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def walk(site: Site) -> Browser:
    """Walk from the first review to the file. Return the browser of the course team."""
    a_provider_posts_a_review(site)
    browser = a_teacher_signs_in(site)
    the_session_is_passed(site, browser)
    the_api_answers_as_everywhere(site)
    the_report_is_built_and_downloaded(site, browser)
    an_administrator_finds_the_learner(site)
    return browser


def a_provider_posts_a_review(site: Site) -> None:
    path = "/api/edx_proctoring/v1/proctored_exam/attempt/ext-1/reviewed"
    answer = site.call(path, SERVICE, REVIEW)
    assert answer.status == 200, answer.text


def a_teacher_signs_in(site: Site) -> Browser:
    """The page leads to the host's own sign-in, and that back to the page."""
    browser = site.browser()
    page = browser.sign_in(site.course_url("special-exams/sessions"), TEACHER)
    assert page.status == 200, page.text
    assert site.attempt_code in page.text
    keep(site, "sessions", page)
    return browser


def the_session_is_passed(site: Site, browser: Browser) -> None:
    page = browser.open(site.pages["sessions"].link(rf"{site.attempt_code}/(\?|$)"))
    assert page.status == 200, page.text
    assert LEARNER in page.text
    assert "Blickt weg" in page.text
    keep(site, "session", page)
    url, hidden = page.form("/decide/")
    decided = browser.post(url, {**hidden, "reason": REASON, "verdict": "pass"})
    assert decided.status == 200, decided.text
    assert REASON in decided.text
    assert url.startswith(site.url("/proctoring/"))


def the_api_answers_as_everywhere(site: Site) -> None:
    body = {"course_id": COURSE, "since": "2026-01-01"}
    answer = site.call("/api/proctoring/v1/attempts/search/", TEACHER, body)
    assert answer.status == 200, answer.text
    assert answer.content.startswith(b'{"results":[{"attempt_code":"')
    keep(site, "api", answer)
    assert '"status":"verified"' in answer.text
    started = re.search(r'"started_at":"([^"]*)"', answer.text)
    assert started, answer.text
    assert MOMENT.fullmatch(started[1])


def the_report_is_built_and_downloaded(site: Site, browser: Browser) -> None:
    page = browser.open(site.course_url("data-download"))
    url, hidden = page.form("/generate/")
    queued = browser.post(url, hidden)
    assert queued.status == 200, queued.text
    assert "built: 1" in site.upkeep()
    ready = browser.open(site.course_url("data-download"))
    keep(site, "data_download", ready)
    file = browser.open(ready.link(r"/reports/download/[^/]+/$"))
    assert file.status == 200, file.text
    assert ".csv" in file.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(file.content.decode(), newline="")))
    assert [(row["course_id"], row["username"], row["email"]) for row in rows] == [(COURSE, LEARNER, LEARNER)]
    assert (rows[0]["status"], rows[0]["review_status"]) == ("verified", "Suspicious")
    assert (rows[0]["allowed_time_limit_mins"], rows[0]["Suspicious Comments"]) == ("90", "Blickt weg")
    excel = browser.open(ready.link("/excel/"))
    assert excel.content == b"\xef\xbb\xbf" + file.content


def download_report(site: Site, browser: Browser) -> Answer | None:
    """Return the newest file of the page, or None while there is none."""
    page = browser.open(site.course_url("data-download"))
    links = re.findall(r'href="([^"]*/reports/download/[^/"]+/)"', page.text)
    return browser.open(links[0]) if links else None


def an_administrator_finds_the_learner(site: Site) -> None:
    browser = site.browser()
    page = browser.sign_in(site.admin_url("examattempt/?q=ada"), BOSS)
    assert page.status == 200, page.text
    assert site.attempt_code in page.text
    keep(site, "admin_list", page)
    attempt_page = browser.open(page.link(r"/examattempt/\d+/change/"))
    assert REASON in attempt_page.text
    keep(site, "admin", attempt_page)
    for model in ("examreview", "providermessage", "lmseffect", "report", "reportdownload", "erasure"):
        listed = browser.open(site.admin_url(f"{model}/?q=ada"))
        assert listed.status == 200, f"{model}: {listed.text}"


def keep(site: Site, name: str, page: Answer) -> None:
    """Keep a page for what a host asks of it."""
    site.pages[name] = page
