"""The table of downloads: who gets the file, and how each refusal looks."""

from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files import File
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results.links import REPORT_LINK
from proctoring_results.models import Report, ReportDownload, ReportFile
from proctoring_results.reports import files
from tests.factories import ReportFactory
from tests.fakes import raising
from tests.pages.conftest import client_of, person, text

CONTENT = "course_id,username\r\nedX,Zoë\r\n".encode()


@pytest.fixture
def report() -> Report:
    return ReportFactory(ready=CONTENT, file_name="course-v1_edX+DemoX_proctored_exam_results_report.csv")


def link(report: Report, user, *, age: timedelta = timedelta(0), name: str = "download") -> str:
    token = REPORT_LINK.make_token(report, user, now=timezone.now() - age)
    return reverse(f"proctoring_results:{name}", args=[token])


def outcomes() -> list[str]:
    return list(ReportDownload.objects.values_list("outcome", flat=True))


def is_private(response) -> bool:
    expected = {
        "Cache-Control": "private, no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return {name: response.headers.get(name) for name in expected} == expected


# ----------------------------------------------------------------------------------------------------------- the file


def test_ones_own_link_gives_the_file(client, instructor, report):
    response = client.get(link(report, instructor))
    assert response.status_code == 200
    assert response.getvalue() == CONTENT
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{report.file_name}"'
    assert response.headers["Content-Length"] == str(len(CONTENT))
    assert is_private(response)


def test_the_links_on_the_page_work(client, page_url, report):
    page = client.get(page_url)
    token = page.context["page"].reports[0].token
    assert client.get(reverse("proctoring_results:download", args=[token])).getvalue() == CONTENT


def test_for_excel_the_same_bytes_come_after_a_mark(client, instructor, report):
    response = client.get(link(report, instructor, name="download_excel"))
    assert response.getvalue() == b"\xef\xbb\xbf" + CONTENT
    assert response.headers["Content-Disposition"] == f'attachment; filename="{report.file_name}"'
    assert is_private(response)
    assert ReportDownload.objects.get().for_excel


def test_who_took_it_and_from_where_is_written_down(client, instructor, report):
    client.get(link(report, instructor), REMOTE_ADDR="192.0.2.7").getvalue()
    download = ReportDownload.objects.get()
    assert (download.user, download.address, download.outcome) == (instructor, "192.0.2.7", "downloaded")


@pytest.mark.parametrize("address", ["", "unix:", "not an address"])
def test_a_download_over_a_socket_without_an_address_is_written_down_too(client, instructor, report, address):
    assert client.get(link(report, instructor), REMOTE_ADDR=address).getvalue()
    assert ReportDownload.objects.get().address is None


def test_a_link_works_for_nearly_five_minutes(client, instructor, report):
    response = client.get(link(report, instructor, age=timedelta(minutes=4, seconds=58)))
    assert response.getvalue() == CONTENT


@pytest.mark.parametrize("method", ["head", "post", "put", "delete", "options"])
def test_only_get_downloads(client, instructor, report, method):
    response = getattr(client, method)(link(report, instructor))
    assert response.status_code == 405
    assert outcomes() == []


# ----------------------------------------------------------------------------------------------------------- refusals


def test_from_five_minutes_on_a_link_has_expired(client, instructor, report, page_url):
    response = client.get(link(report, instructor, age=timedelta(minutes=5, seconds=1)))
    assert response.status_code == 410
    assert "This link has expired" in text(response)
    assert f'href="{page_url}"' in text(response)
    assert is_private(response)
    assert outcomes() == ["link_expired"]


def test_a_stranger_signs_in_and_comes_back_to_the_file(instructor, report):
    address = link(report, instructor)
    response = Client().get(address)
    assert response.status_code == 302
    assert response.url.startswith(reverse("login") + "?next=/proctoring/reports/download/")
    assert is_private(response)
    assert outcomes() == []


def refused(instructor, report) -> dict[str, str]:
    """Addresses that must not work, by what is written down about them."""
    good = link(report, instructor)
    return {
        "altered": good[:-2] + ("A" if good[-2] != "A" else "B") + "/",
        "forged": reverse("proctoring_results:download", args=["e30:forged"]),
        "another's": link(report, person("download_report")),
        "future": link(report, instructor, age=timedelta(seconds=-30)),
    }


@pytest.mark.parametrize(
    ("why", "outcome"),
    [
        ("altered", []),
        ("forged", []),
        ("another's", ["anothers_link"]),
        ("future", ["from_the_future"]),
    ],
)
def test_a_link_that_is_not_ones_own_is_refused(client, instructor, report, why, outcome):
    response = client.get(refused(instructor, report)[why])
    assert response.status_code == 403
    assert is_private(response)
    assert outcomes() == outcome


def test_a_link_dies_when_access_is_withdrawn(client, instructor, report):
    address = link(report, instructor)
    instructor.user_permissions.clear()
    assert client.get(address).status_code == 403
    assert outcomes() == ["not_allowed"]


def test_all_refused_links_get_one_and_the_same_body(client, instructor, report):
    own = link(report, instructor)
    answers = [client.get(address) for address in refused(instructor, report).values()]
    answers.append(client_of(person()).get(own))
    instructor.user_permissions.clear()
    answers.append(client.get(own))
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.content for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1


def test_a_report_over_its_lifetime_says_when_it_went(client, instructor, report):
    Report.objects.filter(pk=report.pk).update(expires_at="2026-01-02T03:04:05Z")
    response = client.get(link(report, instructor))
    assert response.status_code == 410
    assert "was removed on 2 Jan 2026" in text(response)
    assert is_private(response)
    assert outcomes() == ["file_gone"]


def test_a_file_that_is_gone_says_so(client, instructor, report):
    files.storage().delete(ReportFile.objects.get().storage_key)
    response = client.get(link(report, instructor))
    assert response.status_code == 410
    assert f"removed on or before {timezone.now():%-d %b %Y}: it is no longer in storage." in text(response)


@pytest.mark.parametrize("name", ["download", "download_excel"])
def test_a_storage_that_does_not_answer_says_so_in_words(client, instructor, report, monkeypatch, name):
    monkeypatch.setattr(files, "open_file", raising(ConnectionError("no route")))
    response = client.get(link(report, instructor, name=name))
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert "The report itself is not lost." in text(response)
    assert is_private(response)
    assert outcomes() == ["unavailable"]


@pytest.mark.django_db(transaction=True)
def test_no_transaction_is_open_though_the_host_makes_one_of_each_request(client, instructor, report, monkeypatch):
    """It would roll back what is written down, if the storage fails after."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    seen = []
    monkeypatch.setattr(files, "open_file", lambda report: seen.append(connection.in_atomic_block) or BytesIO(CONTENT))
    assert client.get(link(report, instructor)).getvalue() == CONTENT
    assert seen == [False]


# ------------------------------------------------------------------------------------------------------------ sending


def test_nginx_is_told_where_the_file_is(client, instructor, report, settings):
    settings.PROCTORING_RESULTS = {"DOWNLOAD_VIA": "x-accel-redirect", "X_ACCEL_PREFIX": "/inside/"}
    response = client.get(link(report, instructor))
    assert response.headers["X-Accel-Redirect"] == f"/inside/{report.file.storage_key}"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{report.file_name}"'
    assert response.content == b""
    assert is_private(response)


def test_apache_is_told_where_the_file_is(client, instructor, report, settings):
    settings.PROCTORING_RESULTS = {"DOWNLOAD_VIA": "x-sendfile"}
    response = client.get(link(report, instructor))
    assert response.headers["X-Sendfile"] == files.storage().path(report.file.storage_key)
    assert response.content == b""


def test_for_excel_it_is_always_django_who_sends(client, instructor, report, settings):
    settings.PROCTORING_RESULTS = {"DOWNLOAD_VIA": "x-accel-redirect"}
    response = client.get(link(report, instructor, name="download_excel"))
    assert response.getvalue() == b"\xef\xbb\xbf" + CONTENT


class Bucket:
    """A storage that signs URLs, with the one signature that django-storages has for S3."""

    querystring_auth = True
    custom_domain: str | None = None

    def path(self, name):
        raise NotImplementedError

    def open(self, name, mode="rb"):
        return File(BytesIO(CONTENT), name=name)

    def url(self, name, parameters=None, expire=None, http_method=None):
        self.queries = (name, parameters, expire)
        return f"https://bucket.example/{name}?signature=x"


@pytest.fixture
def bucket(monkeypatch, report) -> Bucket:
    storage = Bucket()
    monkeypatch.setattr(files, "storage", lambda: storage)
    return storage


@pytest.mark.parametrize(("allowed", "seconds"), [(timedelta(seconds=20), 20), (timedelta(hours=1), 60)])
def test_a_storage_that_signs_is_redirected_to_for_a_minute_at_most(
    client, instructor, report, bucket, settings, allowed, seconds
):
    settings.PROCTORING_RESULTS = {"REDIRECT_TTL": allowed}
    response = client.get(link(report, instructor))
    name, parameters, expire = bucket.queries
    assert (response.status_code, response.url) == (302, f"https://bucket.example/{name}?signature=x")
    assert expire == seconds
    assert parameters["ResponseContentDisposition"] == f'attachment; filename="{report.file_name}"'
    assert parameters["ResponseContentType"] == "text/csv; charset=utf-8"
    assert is_private(response)


@pytest.mark.parametrize("unsigned", [{"querystring_auth": False}, {"custom_domain": "cdn.example"}])
def test_nobody_is_redirected_to_an_unsigned_url(client, instructor, report, bucket, unsigned):
    for name, value in unsigned.items():
        setattr(bucket, name, value)
    assert client.get(link(report, instructor)).getvalue() == CONTENT
