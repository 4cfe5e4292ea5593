"""Eleven hosts, each a small project that is started as a process, and walked over HTTP from the review to the file."""

import os
import re
import urllib.request
from pathlib import Path

import django
import pytest

from tests.conftest import IS_NEEDED
from tests.hosts.site import Site, running
from tests.hosts.walk import walk

NEWEST = (6, 1)


@pytest.mark.parametrize("shape", ["plain", "custom_user", "atomic_requests", "no_celery", "foreign_drf"])
def test_the_app_is_at_home_in(shape, tmp_path):
    with running(shape, tmp_path) as site:
        walk(site)


@pytest.mark.skipif(django.VERSION[:2] < NEWEST, reason="The matrix walks this host.")
def test_with_the_newest_django_nothing_of_ours_is_deprecated(tmp_path):
    with running("newest_django", tmp_path) as site:
        walk(site)


def test_another_language_and_other_formats_change_no_id_and_no_number(tmp_path):
    with running("german", tmp_path) as site:
        walk(site)
        for page in ("sessions", "session", "data_download"):
            ids = re.findall(r'(?:href|action|value|id)="([^"]*\d[^"]*)"', site.pages[page].text)
            assert ids
            assert [value for value in ids if re.search(r"\d_\d", value)] == []


def test_behind_a_path_every_link_has_the_path(tmp_path):
    with running("sub_path", tmp_path, prefix="/lms", at="/exams") as site:
        walk(site)
        for page in site.pages.values():
            links = re.findall(r'(?:href|action|src)="(/[^"]*)"', page.text)
            assert [link for link in links if not f"{link}/".startswith("/lms/")] == [], page.url


def test_under_asgi_a_download_takes_no_memory(tmp_path):
    pytest.importorskip("gunicorn.workers.gasgi", reason="An older gunicorn serves no ASGI")
    with running("asgi", tmp_path, asgi=True) as site:
        browser = walk(site)
        link = site.pages["data_download"].link(r"/reports/download/[^/]+/$")
        megabytes, grown = download_of(site, tmp_path, browser, link)
        assert megabytes > 200
        assert grown < 30


def test_in_a_second_admin_site_people_stay(tmp_path):
    with running("second_admin", tmp_path, admin="/ops/") as site:
        walk(site)
        for page in ("admin_list", "admin"):
            links = re.findall(r'(?:href|action)="(/[^"]*)"', site.pages[page].text)
            assert links
            assert [link for link in links if link.startswith("/admin/")] == []


def test_from_s3_a_file_comes_by_a_signed_address(tmp_path):
    with running("s3", tmp_path) as site:
        browser = walk(site)
        link = site.pages["data_download"].link(r"/reports/download/[^/]+/$")
        answer = browser.open(link, follow=False)
        assert answer.status == 302
        assert answer.headers["Location"].startswith(site.environment["S3_ENDPOINT_URL"])
        assert "X-Amz-Signature=" in answer.headers["Location"]


def test_under_a_strict_policy_no_page_needs_an_exception(tmp_path):
    with running("strict_csp", tmp_path) as site:
        walk(site)
        for name in ("sessions", "session", "data_download"):
            page = site.pages[name]
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son[a-z]+=\"", page.text) == []


def download_of(site: Site, folder: Path, browser, link: str) -> tuple[int, int]:
    """Download a file of 256 MB; return how many MB came, and by how many the server's memory grew at its peak."""
    if not Path("/proc/self/status").exists():
        pytest.skip(f"Linux{IS_NEEDED}the memory of a process is read from /proc")
    (file,) = (folder / "reports").rglob("*.csv")
    os.truncate(file, 256 * 1024 * 1024)
    before = peak_megabytes(site.server_pid)
    request = urllib.request.Request(site.origin + link)
    received = 0
    with browser.opener.open(request, timeout=60) as response:
        while part := response.read(1024 * 1024):
            received += len(part)
    return received // 1024**2, peak_megabytes(site.server_pid) - before


def peak_megabytes(pid: int) -> int:
    """The most memory that a server and its workers have had so far."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    status = [Path(f"/proc/{one}/status").read_text() for one in (pid, *children)]
    return sum(int(re.search(r"VmHWM:\s+(\d+) kB", text)[1]) for text in status) // 1024
