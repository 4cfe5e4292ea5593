"""Clicks on reports are counted by person, over all courses; whoever clicks too often is told how long to wait."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.urls import reverse

from proctoring_results.models import Disclosure, Report, ReportDownload
from proctoring_results.throttles import ReportsThrottle
from tests.factories import COURSE, ExamAttemptFactory, ReportFactory
from tests.pages.conftest import ALL, client_of, person, text
from tests.pages.data_download.test_downloads import is_private, link


@pytest.fixture(autouse=True)
def two_a_minute(settings):
    rates = {"proctoring_results_reports": "2/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    with time_machine.travel(datetime(2026, 5, 2, 9, tzinfo=UTC), tick=False) as clock:
        yield clock


def generate(client, course_id=COURSE):
    return client.post(reverse("proctoring_results:generate_report", args=[course_id]))


def test_the_third_click_within_a_minute_has_to_wait(client, two_a_minute):
    *first, third = [generate(client, f"course-{number}") for number in range(3)]
    assert [answer.status_code for answer in first] == [303, 303]
    assert (third.status_code, third["Retry-After"]) == (429, "61")
    assert "Try again in 61 seconds." in text(third)
    assert Report.objects.count() == 2
    two_a_minute.shift(61)
    assert generate(client).status_code == 303


@pytest.mark.parametrize("name", ["cancel_report", "retry_report"])
def test_cancel_and_retry_count_too(client, name):
    address = reverse(f"proctoring_results:{name}", args=[ReportFactory().task_id])
    assert [client.post(address).status_code for _ in range(3)] == [303, 303, 429]


def test_downloads_count_too_and_a_refused_one_is_no_download(client, instructor):
    report = ReportFactory(ready=True)
    own = link(report, instructor), link(report, instructor, name="download_excel"), link(report, instructor)
    answers = [client.get(address) for address in own]
    assert answers[0].getvalue()
    assert answers[1].getvalue()
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert is_private(answers[2])
    assert ReportDownload.objects.count() == 2


def test_exports_of_sessions_count_too(exporting):
    address = reverse("proctoring_results:export_session", args=[ExamAttemptFactory(submitted=True).attempt_code])
    answers = [exporting.post(address, {"purpose": f"Hearing {number}"}) for number in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 429]
    assert exporting.get(address).status_code == 200
    assert Disclosure.objects.count() == 2


def test_looking_at_the_page_is_not_counted(client, page_url):
    assert [client.get(page_url).status_code for _ in range(9)] == [200] * 9


def test_others_do_not_notice(client):
    assert [generate(client).status_code for _ in range(3)] == [303, 303, 429]
    assert generate(client_of(person(*ALL))).status_code == 303


def test_while_the_cache_is_down_nobody_is_counted(client, monkeypatch, caplog):
    class Down:
        def get(self, *args):
            raise ConnectionError("Nobody listens.")

    monkeypatch.setattr(ReportsThrottle, "cache", Down())
    assert [generate(client).status_code for _ in range(3)] == [303] * 3
    assert "Nobody listens." in caplog.text


def test_it_is_sixty_a_minute_unless_the_host_says_otherwise(client, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {}}
    assert [generate(client).status_code for _ in range(61)] == [303] * 60 + [429]
