"""What stands on the Data Download page, and for whom."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

import proctoring_results
from proctoring_results.models import Report
from proctoring_results.pages.data_download import page as data_download_page
from tests.factories import (
    COURSE,
    ExamAttemptFactory,
    ProctoredExamFactory,
    ReportFactory,
    ReportScheduleFactory,
    make_ready,
)
from tests.host.models import CourseRole
from tests.pages.conftest import client_of, person, text

PENDING_COLUMNS = [
    "Task Type",
    "Task inputs",
    "Task ID",
    "Requester",
    "Submitted",
    "Duration (sec)",
    "State",
    "Task Status",
    "Task Progress",
]


def running(**facts) -> Report:
    now = timezone.now()
    return ReportFactory(**{"state": "running", "step": "writing", "started_at": now, "heartbeat_at": now, **facts})


# ------------------------------------------------------------------------------------------------------------- people


def test_a_stranger_signs_in_and_comes_back(page_url):
    response = Client().get(page_url)
    assert response.status_code == 302
    assert response.url == reverse("login") + "?next=" + page_url.replace(":", "%3A").replace("+", "%2B")


def test_without_permission_the_page_is_refused_and_names_nothing(page_url):
    response = client_of(person("generate_report", "download_report")).get(page_url)
    assert response.status_code == 403
    assert COURSE not in text(response)


def test_a_role_in_another_course_does_not_help():
    user = person()
    CourseRole.objects.create(user=user, course_id="edX/DemoX/Demo")
    queries = [
        reverse("proctoring_results:data_download", args=[course_id]) for course_id in ("edX/DemoX/Demo", COURSE)
    ]
    assert [client_of(user).get(url).status_code for url in queries] == [200, 403]


def test_who_may_see_but_not_generate_reads_what_is_missing_and_whom_to_ask(page_url):
    ReportFactory()
    page = text(client_of(person("view_reports", "download_report")).get(page_url))
    assert "Your account may not generate reports in this course. Ask " in page
    assert "Missing permission: <code>proctoring_results.generate_report</code>" in page
    assert "proctoring_results.download_report</code>" not in page
    assert "Generate Proctored Exam Results Report" not in page
    assert "Cancel" not in page


def test_who_may_not_download_sees_names_without_links(page_url):
    report = ReportFactory(ready=True, file_name="name.csv")
    page = text(client_of(person("view_reports", "generate_report")).get(page_url))
    assert report.file_name in page
    assert "/proctoring/reports/download/" not in page
    assert "Your account may not download the reports of this course." in page
    assert "Missing permission: <code>proctoring_results.download_report</code>" in page


@pytest.mark.parametrize("course_id", ["a\0b", "x" * 256])
def test_what_can_be_no_course_is_not_found(client, course_id):
    assert client.get(reverse("proctoring_results:data_download", args=[course_id])).status_code == 404


# -------------------------------------------------------------------------------------------------------------- words


def test_the_words_that_users_know(client, page_url):
    page = " ".join(text(client.get(page_url)).split())
    for sentence in (
        "Reports</h2>",
        "Generate Proctored Exam Results Report",
        "Pending Tasks</h2>",
        "No tasks currently running.",
        "Reports Available for Download</h2>",
        "cannot be saved or mailed",
        "copies of links expire within 5 minutes",
        "deleted 90 days after generation",
        "onfidential personal data",
    ):
        assert sentence in page


def test_the_page_says_that_it_takes_time_and_that_one_may_leave(client, page_url):
    page = text(client.get(page_url))
    assert "This process can take some time to complete. You can navigate away from this page while it runs." in page


def test_the_page_says_that_the_report_is_not_about_the_score(page_url):
    page = text(client_of(person("view_reports")).get(page_url))
    assert "none about the score on the exam. A learner might pass the proctoring review but not earn a high" in page
    assert "This process can take some time" not in page


def test_without_a_policy_of_its_own_the_page_names_the_institutions(client, page_url):
    page = text(client.get(page_url))
    assert "Follow your institution’s data stewardship policies when you open or save a report." in page
    assert "pr-policy" not in page


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (("the policy <A>", ""), "Follow the policy &lt;A&gt; when"),
        (
            ("the policy", "https://uni.example/p"),
            'href="https://uni.example/p" rel="noopener noreferrer">the policy</a> when',
        ),
        (("", "https://uni.example/p"), ">your institution’s data stewardship policies</a> when"),
    ],
)
def test_the_policy_is_named_and_linked(client, page_url, monkeypatch, policy, sentence):
    monkeypatch.setattr("proctoring_results.lms.NullLMS.data_policy", lambda *args: policy)
    assert sentence in text(client.get(page_url))


def test_the_numbers_in_the_notes_are_those_of_the_settings(client, page_url, settings):
    settings.PROCTORING_RESULTS = {"DOWNLOAD_TTL": timedelta(minutes=1), "REPORT_LIFETIME": timedelta(days=7)}
    page = " ".join(text(client.get(page_url)).split())
    assert "expire within 1 minute." in page
    assert "deleted 7 days after" in page
    assert 'data-pr-renew-after="48"' in page


def test_a_running_task_shows_all_that_is_known(client, page_url):
    report = running(rows_done=12_000, rows_total=100_000, filters={"exam": "block-v1:final"})
    page = text(client.get(page_url))
    assert all(f">{column}</th>" in page for column in PENDING_COLUMNS)
    assert str(report.task_id) in page
    assert "12,000 of 100,000 rows" in page
    assert "Exam: block-v1:final" in page
    assert 'value="12000" max="100000"' in page
    assert "Last sign of life just now" in page
    assert reverse("proctoring_results:cancel_report", args=[report.task_id]) in page


def test_the_columns_have_plain_names_and_the_known_ones_in_small_print(client, page_url):
    running()
    headings = re.findall(r'<th role="columnheader"[^>]*>(.*?)</th>', text(client.get(page_url)))
    assert headings == [
        "<span>Kind</span>Task Type",
        "<span>About</span>Task inputs",
        "<span>Code</span>Task ID",
        "<span>Asked for by</span>Requester",
        "<span>Since</span>Submitted",
        "<span>Seconds</span>Duration (sec)",
        "State",
        "<span>What is happening</span>Task Status",
        "<span>Progress</span>Task Progress",
    ]


def test_while_it_sorts_the_bar_has_no_value(client, page_url):
    running(step="sorting", rows_total=100_000)
    page = text(client.get(page_url))
    (bar,) = re.findall("<progress[^>]*>", page)
    assert "max=" not in bar
    assert "Sorting the attempts" in page


def test_a_report_that_is_tried_again_says_why(client, page_url):
    ReportFactory(failure="storage", reference="AB12CD34", tries=1)
    page = text(client.get(page_url))
    assert "could not be stored" in page
    assert "Next: try 2 of 3." in page


def test_a_failed_task_has_its_reason_a_reference_and_retry(client, page_url):
    report = ReportFactory(failed=True)
    page = text(client.get(page_url))
    assert "could not be stored" in page
    assert report.reference in page
    assert reverse("proctoring_results:retry_report", args=[report.task_id]) in page


def test_a_ready_report_says_by_whom_as_of_when_how_much_and_until_when(client, page_url):
    report = ReportFactory(ready=b"x" * 2048)
    Report.objects.filter(pk=report.pk).update(rows=1_234_567, as_of="2026-05-01T09:30:00Z")
    page = text(client.get(page_url))
    assert f"by {report.requested_by.username}" in page
    assert 'datetime="2026-05-01T09:30:00Z" data-pr-moment>1 May 2026, 09:30 UTC' in page
    assert "1,234,567" in page
    assert "2.0\xa0KB" in page
    assert f'datetime="{report.expires_at:%Y-%m-%dT%H:%M:%SZ}"' in page
    assert "Download for Excel" in page


def test_a_report_that_nobody_asked_for_was_made_by_the_system(client, page_url):
    ReportFactory(ready=True, requested_by=None)
    assert "by the system" in text(client.get(page_url))


def test_a_report_over_its_lifetime_is_not_listed(client, page_url):
    report = ReportFactory(ready=True)
    Report.objects.filter(pk=report.pk).update(expires_at=timezone.now())
    assert report.file_name not in text(client.get(page_url))


def test_the_course_counts_stand_beside_the_button(client, page_url):
    exam = ProctoredExamFactory()
    ExamAttemptFactory.create_batch(2, exam=exam, verified=True)
    ExamAttemptFactory(exam=exam, rejected=True)
    response = client.get(page_url)
    assert response.context["page"].counts == [
        ("Attempts", "3"),
        ("Under way", "0"),
        ("Pending", "0"),
        ("Require Attention", "0"),
        ("Passed", "2"),
        ("Failed", "1"),
    ]


def test_names_from_the_host_are_escaped(client, page_url, monkeypatch):
    monkeypatch.setattr("proctoring_results.lms.NullLMS.course_name", lambda *args: "<script>alert(1)</script>")
    ReportFactory(filters={"exam": "<img src=x>"})
    page = text(client.get(page_url))
    assert "<script>alert" not in page
    assert "<img src=x>" not in page


# -------------------------------------------------------------------------------------------------------------- lists


def test_the_newest_report_comes_first(client, page_url):
    now = timezone.now()
    ages = {f"{hours}.csv": now - timedelta(hours=hours) for hours in (2, 1, 3)}
    for name, moment in ages.items():
        ReportFactory(ready=True, file_name=name, requested_at=moment)
    assert [row.name for row in client.get(page_url).context["page"].reports] == ["1.csv", "2.csv", "3.csv"]


def test_what_is_unfinished_comes_before_what_failed(client, page_url):
    old = running(requested_at=timezone.now() - timedelta(hours=1))
    failed = ReportFactory(failed=True)
    rows = client.get(page_url).context["page"].tasks
    assert [row.task_id for row in rows] == [str(old.task_id), str(failed.task_id)]


@pytest.mark.parametrize(
    ("queries", "names"),
    [("", 1), ("2", 2), ("3", 3), ("99", 3), ("0", 1), ("-1", 1), ("x", 1), ("²", 1), ("9" * 500, 3)],
)
def test_a_page_that_does_not_exist_is_the_nearest(client, page_url, settings, queries, names):
    settings.PROCTORING_RESULTS = {"PAGE_SIZE": 2}
    ReportFactory.create_batch(5, ready=True)
    ReportFactory.create_batch(5, failed=True)
    page = client.get(page_url, {"reports": queries, "tasks": queries}).context["page"]
    assert (page.reports_pager.number, page.tasks_pager.number) == (names, names)
    assert page.reports_pager.pages == 3


def test_turning_one_list_leaves_the_other_where_it_is(client, page_url, settings):
    settings.PROCTORING_RESULTS = {"PAGE_SIZE": 1}
    ReportFactory.create_batch(3, ready=True)
    ReportFactory.create_batch(3, failed=True)
    page = client.get(page_url, {"reports": "2", "tasks": "3"}).context["page"]
    assert page.reports_pager.next == "?reports=3&tasks=3"
    assert page.reports_pager.previous == "?tasks=3"
    assert page.tasks_pager.previous == "?reports=2&tasks=2"
    assert page.tasks_pager.next == ""


@pytest.mark.database
def test_a_thousand_reports_take_as_many_queries_as_ten(client, page_url, instructor):
    def reports(number: int) -> None:
        now = timezone.now()
        ReportFactory.create_batch(number, ready=True, requested_by=instructor)
        failed = [ReportFactory.build(failed=True, requested_by=instructor, requested_at=now) for _ in range(number)]
        Report.objects.bulk_create(failed)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_url).status_code == 200
        return len(captured)

    reports(10)
    with_ten = queries()
    reports(990)
    assert queries() == with_ten < 20


# ------------------------------------------------------------------------------------------------------------ headers


def test_the_page_is_kept_by_no_cache_and_runs_no_foreign_script(client, page_url):
    response = client.get(page_url)
    assert "no-store" in response.headers["Cache-Control"]
    assert "default-src 'none'; script-src 'self'" in response.headers["Content-Security-Policy"]
    assert " style=" not in text(response)
    assert "<script>" not in text(response)


def test_a_host_may_send_another_policy_or_none(client, page_url, settings):
    settings.PROCTORING_RESULTS = {"CONTENT_SECURITY_POLICY": "default-src 'self'"}
    assert client.get(page_url).headers["Content-Security-Policy"] == "default-src 'self'"


def test_the_page_stands_without_a_host(client, page_url, settings):
    own = Path(proctoring_results.__file__).parent / "templates"
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [own]}]
    page = text(client.get(page_url))
    assert page.lstrip().startswith("<!DOCTYPE html>")
    assert "Campus" not in page


def test_a_failure_goes_when_its_report_would_have_gone(client, page_url):
    old = ReportFactory(failed=True)
    assert old.reference in text(client.get(page_url))
    Report.objects.update(finished_at=timezone.now() - timedelta(days=91))
    assert old.reference not in text(client.get(page_url))


@pytest.mark.parametrize("number", ["9" * 4_000, "-1", "1e9", "²", ""])
def test_a_page_number_that_is_none_shows_a_page(client, page_url, number):
    assert client.get(page_url, {"tasks": number, "reports": number}).status_code == 200


@pytest.mark.parametrize("moment", ["_tasks", "_reports", "_counts"])
def test_a_report_that_gets_ready_while_the_page_is_drawn_is_on_it_or_looked_for_again(page_url, monkeypatch, moment):
    report = running(file_name="name.csv")
    ask = getattr(data_download_page, moment)

    def get_ready_first(*queries):
        if report.state == "running":
            make_ready(report, b"a,b\r\n")
        return ask(*queries)

    monkeypatch.setattr(data_download_page, moment, get_ready_first)
    page = text(client_of(person("view_reports", "download_report")).get(page_url))
    assert str(report.task_id) in page
    assert 'data-pr-under-way="true"' in page


def test_a_report_of_a_schedule_says_so(client, page_url, instructor):
    schedule = ReportScheduleFactory(owner=instructor)
    ReportFactory(ready=True, requested_by=instructor, schedule=schedule)
    assert "by a schedule of" in text(client.get(page_url))
