"""Under ASGI a file flows as it is read. ``tests/hosts`` measures the memory of a real server."""

from urllib.parse import urlencode

import pytest
from asgiref.sync import async_to_sync
from django.core.files import File
from django.test import AsyncClient, Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results.links import REPORT_LINK
from proctoring_results.reports import files
from tests.factories import ReportFactory, UserFactory

pytestmark = pytest.mark.django_db

PART = 64 * 1024
SIZE = 20 * PART
CONTENT = (b"x" * 62 + b"\r\n") * (SIZE // 64)
BOM = b"\xef\xbb\xbf"


class CountingFile(File):
    """A file that knows how much of it was read, and whether it was closed."""

    was_read = 0

    def read(self, size=-1):
        data = self.file.read(size)
        self.was_read += len(data)
        return data


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def stored(monkeypatch):
    """The file that is downloaded."""
    report = ReportFactory(ready=CONTENT)
    file = CountingFile(files.open_file(report).file)
    monkeypatch.setattr(files, "open_file", lambda _: file)
    file.report = report
    yield file
    file.close()


def addresses(report, user) -> dict[str, str]:
    token = REPORT_LINK.make_token(report, user, now=timezone.now())
    pages = {name: reverse(f"proctoring_results:{name}", args=[token]) for name in ("download", "download_excel")}
    query = urlencode({"token": token})
    return {
        **pages,
        **{name: f"{reverse(f'proctoring_api:{name}')}?{query}" for name in ("v1_download", "v1_download_excel")},
    }


def asking(user) -> AsyncClient:
    client = AsyncClient()
    client.force_login(user)
    return client


async def first_part(response) -> bytes:
    return await anext(aiter(response.streaming_content))


async def whole(response) -> bytes:
    return b"".join([part async for part in response.streaming_content])


@pytest.mark.parametrize("name", ["download", "download_excel", "v1_download", "v1_download_excel"])
def test_under_asgi_no_more_is_read_than_was_sent(stored, admin, name):
    response = async_to_sync(asking(admin).get)(addresses(stored.report, admin)[name])
    assert response.is_async
    assert async_to_sync(first_part)(response)
    assert stored.was_read <= PART


@pytest.mark.parametrize("name", ["download", "download_excel", "v1_download", "v1_download_excel"])
def test_under_asgi_the_bytes_and_headers_are_those_of_wsgi(stored, admin, name):
    url = addresses(stored.report, admin)[name]
    response = async_to_sync(asking(admin).get)(url)
    sent = async_to_sync(whole)(response)
    response.close()
    assert stored.closed
    assert sent.removeprefix(BOM) == CONTENT
    assert sent.startswith(BOM) is name.endswith("excel")
    # Cells may be cut for Excel, so the length is not known beforehand.
    assert response.headers.get("Content-Length") == (None if name.endswith("excel") else str(len(sent)))
    assert response.headers["Cache-Control"] == "private, no-store"


def test_under_wsgi_the_server_reads_the_file_itself(stored, admin):
    client = Client()
    client.force_login(admin)
    response = client.get(addresses(stored.report, admin)["download"])
    assert not response.is_async
    assert len(response.getvalue()) == SIZE


def test_under_asgi_a_refusal_is_no_stream(stored, admin):
    response = async_to_sync(asking(admin).get)(reverse("proctoring_results:download", args=["forged"]))
    assert (response.status_code, response.streaming) == (403, False)
