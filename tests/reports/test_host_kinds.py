"""A site adds a kind of report, as its page prints it, and takes it away again."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.test import Client
from django.urls import reverse

from proctoring_results import api
from proctoring_results.checks.settings import check_settings
from proctoring_results.exceptions import ReportCannotBeBuilt
from proctoring_results.models import Report
from proctoring_results.reports.build import build
from proctoring_results.reports.columns import Column, text
from proctoring_results.reports.kinds.base import Kind
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import COURSE, ExamAttemptFactory, UserFactory

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/add-a-kind-of-report.md"
STARTS = "exam_starts_report"


@pytest.fixture
def lms_reports(monkeypatch):
    """The module of the page's site, with the class as it is printed."""
    module = ModuleType("lms.reports")
    [code, _] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    exec(compile(code, str(PAGE), "exec"), vars(module))  # noqa: S102  our own page
    monkeypatch.setitem(sys.modules, "lms", ModuleType("lms"))
    monkeypatch.setitem(sys.modules, "lms.reports", module)
    return module


@pytest.fixture
def with_kind(lms_reports, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "REPORT_KINDS": ["lms.reports.StartsReport"]}
    return settings


@pytest.fixture
def without_kind(with_kind):
    def take_away() -> None:
        with_kind.PROCTORING_RESULTS = {**with_kind.PROCTORING_RESULTS, "REPORT_KINDS": []}

    return take_away


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def client(admin):
    client = Client()
    client.force_login(admin)
    return client


def page(client: Client) -> str:
    response = client.get(reverse("proctoring_results:data_download", args=[COURSE]))
    assert response.status_code == 200
    return response.content.decode()


def listed(client: Client) -> list[dict[str, str]]:
    response = client.get("/api/proctoring/v1/reports/", {"course_id": COURSE})
    assert response.status_code == 200
    return response.json()["results"]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_kind_of_the_site_is_offered_requested_built_listed_and_downloaded(with_kind, client, admin):
    attempt = ExamAttemptFactory(submitted=True, user__username="=ada", exam__exam_name="Final")
    assert "Exam Starts Report" in page(client)
    report = api.request_report(COURSE, STARTS, by=admin)
    assert build(report.pk)
    assert f"{STARTS}_2" in page(client)
    with api.redeem_download(api.download_link(report_again(report), admin), admin).file as file:
        content = file.read().decode()
    assert content == "username,exam_name,started_at,status\r\n'=ada,Final,2026-05-01T09:30:00Z,submitted\r\n"
    assert attempt.status == "submitted"


def report_again(report: Report) -> Report:
    return Report.objects.get(pk=report.pk)


@pytest.mark.django_db(transaction=True)
def test_what_is_finished_is_listed_and_downloaded_after_its_kind_is_gone(with_kind, without_kind, client, admin):
    report = api.request_report(COURSE, STARTS, by=admin)
    assert build(report.pk)
    without_kind()
    assert STARTS in page(client)
    assert [one["kind"] for one in listed(client)] == [STARTS]
    readme = client.get(f"/api/proctoring/v1/reports/{report.task_id}/readme/")
    assert (readme.status_code, STARTS in readme.content.decode()) == (200, True)
    token = api.download_link(report_again(report), admin)
    assert client.get(reverse("proctoring_results:download", args=[token])).getvalue().startswith(b"username,")


@pytest.mark.django_db(transaction=True)
def test_a_report_whose_kind_is_gone_fails_at_once_in_words(with_kind, without_kind, client, admin):
    report = api.request_report(COURSE, STARTS, by=admin)
    without_kind()
    with pytest.raises(ReportCannotBeBuilt, match=STARTS):
        build(report.pk)
    report.refresh_from_db()
    assert (report.state, report.failure, report.tries, report.next_try_at) == ("failed", "no_such_kind", 1, None)
    assert "This kind of report no longer exists here." in page(client)
    assert [one["state"] for one in listed(client)] == ["failed"]
    sweep_reports()
    assert report_again(report).tries == 1
    # It can be tried again, when the kind is back.
    api.retry_report(report.task_id, by=admin)
    assert STARTS in page(client)


@pytest.mark.django_db
def test_a_kind_that_is_gone_cannot_be_requested(with_kind, without_kind, admin):
    without_kind()
    with pytest.raises(api.InvalidInput, match="kind"):
        api.request_report(COURSE, STARTS, by=admin)


# --- The system check ---


class Right(Kind):
    name, label, noun, description = "right_report", "Right Report", "right report", "One row for each attempt."

    def columns(self):
        return (Column("status", text("status")),)


class WithoutColumns(Right):
    def columns(self):
        return ()


class WithoutTheMethod(Kind):
    name, label, noun, description = "x", "X", "x", "X."


class WithoutLabel(Right):
    label = ""


class WithSpaces(Right):
    name = "right report"


class Accented(Right):
    name = "réport"


class TooLong(Right):
    name = "x" * 65


class Taken(Right):
    name = "proctored_exam_results_report"


class NoKind:
    name = "x"


def problems(*names: str) -> list[str]:
    return [problem.msg for problem in check_settings(None) if problem.id == "proctoring_results.E037"]


@pytest.fixture
def kinds(settings):
    def set_kinds(*classes: str) -> list[str]:
        paths = [f"{__name__}.{name}" for name in classes]
        settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "REPORT_KINDS": paths}
        return problems()

    return set_kinds


def test_a_kind_that_can_be_used_is_no_problem(kinds):
    assert kinds("Right") == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("Nowhere", "cannot be imported"),
        ("NoKind", "does not inherit from"),
        ("WithoutColumns", "has no columns"),
        ("WithoutTheMethod", "has no columns"),
        ("WithoutLabel", "lacks label"),
        ("WithSpaces", "other characters than letters"),
        ("Accented", "other characters than letters"),
        ("TooLong", "more than 64"),
        ("Taken", "another kind has the name 'proctored_exam_results_report'"),
    ],
)
def test_a_kind_that_cannot_be_used_is_a_problem_in_words(kinds, name, problem):
    [sentence] = kinds(name)
    assert name in sentence
    assert problem in sentence


def test_two_kinds_of_one_name_are_a_problem(kinds):
    [sentence] = kinds("Right", "Right")
    assert "another kind has the name 'right_report'" in sentence
