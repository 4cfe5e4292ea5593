"""The table of downloads, by the API: who gets the file, and how each refusal looks."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client

from proctoring_results.models import Report, ReportDownload, ReportFile
from proctoring_results.reports import files
from tests.factories import ReportFactory, UserFactory
from tests.fakes import raising
from tests.pages.data_download.test_downloads import is_private
from tests.rest.calling import signed_in
from tests.rest.v1.test_report_tasks import of, problem

pytestmark = pytest.mark.django_db

CONTENT = "course_id,username\r\nedX,Zoë\r\n".encode()
NINE = datetime(2026, 5, 2, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NINE, tick=False) as travel:
        yield travel


@pytest.fixture
def report():
    return ReportFactory(ready=CONTENT, file_name="course-v1_edX_proctored_exam_results_report.csv")


def person():
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_reports", "download_report"]))
    return user


@pytest.fixture
def user():
    return person()


@pytest.fixture
def client(user):
    return signed_in(user)


@pytest.fixture
def link(client, report):
    return client.post(of(report, "link/"), content_type="application/json").json()


def outcomes():
    return list(ReportDownload.objects.values_list("outcome", flat=True))


# ----------------------------------------------------------------------------------------------------------- the file


def test_ones_own_link_gives_the_file_with_the_pages_headers(client, report, link):
    answer = client.get(link["url"])
    assert answer.status_code == 200
    assert answer.getvalue() == CONTENT
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="{report.file_name}"'
    assert answer["Content-Length"] == str(len(CONTENT))
    assert is_private(answer)


def test_for_excel_the_same_bytes_come_after_a_mark(client, link):
    answer = client.get(link["excel_url"])
    assert answer.getvalue() == b"\xef\xbb\xbf" + CONTENT
    assert is_private(answer)
    assert ReportDownload.objects.get().for_excel


def test_the_link_is_an_address_of_the_api_and_says_how_long_it_lives(link):
    assert link["url"].startswith("http://testserver/api/proctoring/v1/reports/download/?token=")
    assert link["expires_at"] == "2026-05-02T09:05:00Z"


def test_who_took_it_and_from_where_is_written_down(client, user, link):
    client.get(link["url"], REMOTE_ADDR="192.0.2.7").getvalue()
    download = ReportDownload.objects.get()
    assert (download.user, download.address, download.outcome) == (user, "192.0.2.7", "downloaded")


def test_a_script_takes_the_file_with_its_token(user, report):
    script = Client(headers={"Authorization": f"Bearer {user.username}"})
    link = script.post(of(report, "link/"), content_type="application/json").json()
    assert script.get(link["url"]).getvalue() == CONTENT


def test_what_a_client_says_it_accepts_keeps_nobody_from_the_file(client, link):
    assert client.get(link["url"], headers={"Accept": "text/csv"}).getvalue() == CONTENT


@pytest.mark.parametrize(("age", "status"), [(timedelta(minutes=4, seconds=59), 200), (timedelta(minutes=5), 200)])
def test_a_link_lives_five_minutes(client, link, clock, age, status):
    clock.shift(age)
    assert client.get(link["url"]).getvalue() == CONTENT


@pytest.mark.parametrize("method", ["head", "post", "put", "delete", "options"])
def test_only_get_downloads(client, link, method):
    assert getattr(client, method)(link["url"]).status_code == 405
    assert outcomes() == []


# ----------------------------------------------------------------------------------------------------------- refusals


def test_from_five_minutes_on_a_link_has_expired(client, link, clock):
    clock.shift(timedelta(minutes=5, seconds=1))
    answer = client.get(link["url"])
    assert problem(answer) == (410, "link_expired")
    assert is_private(answer)
    assert outcomes() == ["link_expired"]


def test_nobody_gets_no_file_and_nothing_is_written_down(link):
    answer = Client().get(link["url"])
    assert problem(answer) == (401, "not_authenticated")
    assert is_private(answer)
    assert outcomes() == []


def altered(link):
    return link["url"][:-1] + ("A" if link["url"][-1] != "A" else "B")


def test_an_altered_link_is_refused(client, link):
    assert problem(client.get(altered(link))) == (403, "link_invalid")
    assert outcomes() == []


@pytest.mark.parametrize("query", ["", "?token=", "?token=e30:forged", "?token=%00", "?token=%ff", "?other=1"])
def test_a_forged_link_is_refused(client, query):
    assert problem(client.get(f"/api/proctoring/v1/reports/download/{query}")) == (403, "link_invalid")


def test_anothers_link_is_refused_and_written_down(link):
    assert problem(signed_in(person()).get(link["url"])) == (403, "link_invalid")
    assert outcomes() == ["anothers_link"]


def test_a_link_from_the_future_is_refused(client, link, clock):
    clock.shift(timedelta(seconds=-30))
    assert problem(client.get(link["url"])) == (403, "link_invalid")
    assert outcomes() == ["from_the_future"]


def test_a_link_dies_when_access_is_withdrawn(client, user, link):
    user.user_permissions.clear()
    assert problem(client.get(link["url"])) == (403, "link_invalid")
    assert outcomes() == ["not_allowed"]


def test_all_refused_links_get_one_and_the_same_answer(client, user, link, clock):
    answers = [client.get(altered(link)), signed_in(person()).get(link["url"])]
    clock.shift(timedelta(seconds=-30))
    answers.append(client.get(link["url"]))
    clock.shift(timedelta(seconds=30))
    user.user_permissions.clear()
    answers.append(client.get(link["url"]))
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


def test_a_report_over_its_lifetime_is_gone(client, report, link):
    Report.objects.filter(pk=report.pk).update(expires_at=NINE)
    assert problem(client.get(link["url"])) == (410, "report_gone")
    assert problem(client.post(of(report, "link/"), content_type="application/json")) == (410, "report_gone")
    assert outcomes() == ["file_gone"]


def test_a_file_that_is_gone_says_so(client, link):
    files.storage().delete(ReportFile.objects.get().storage_key)
    answer = client.get(link["url"])
    assert problem(answer) == (410, "report_gone")
    assert is_private(answer)


def test_a_storage_that_does_not_answer_says_so_in_words(client, link, monkeypatch):
    monkeypatch.setattr(files, "open_file", raising(ConnectionError("no route")))
    answer = client.get(link["url"])
    assert problem(answer) == (503, "storage_unavailable")
    assert "does not answer" in answer.json()["detail"]
    assert int(answer["Retry-After"]) > 0
    assert is_private(answer)


def test_downloads_are_counted_with_clicks_and_a_refused_one_is_no_download(client, link, settings):
    rates = {"proctoring_results_reports": "2/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    assert client.get(link["url"]).getvalue() == CONTENT  # the link was the first
    answer = client.get(link["url"])
    assert problem(answer) == (429, "throttled")
    assert is_private(answer)
    assert outcomes() == ["downloaded"]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_though_the_host_makes_one_of_each_request(client, link, monkeypatch):
    """What is written down about a refusal must outlive it."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    seen = []
    opened = files.open_file
    monkeypatch.setattr(files, "open_file", lambda report: seen.append(connection.in_atomic_block) or opened(report))
    assert client.get(link["url"]).getvalue() == CONTENT
    assert seen == [False]


def test_nginx_is_told_where_the_file_is(client, report, link, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DOWNLOAD_VIA": "x-accel-redirect"}
    answer = client.get(link["url"])
    assert answer["X-Accel-Redirect"] == f"/protected-reports/{report.file.storage_key}"
    assert is_private(answer)
