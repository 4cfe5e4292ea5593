"""How the file of a redeemed link reaches the browser."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from django.core.files.storage import Storage
from django.http import FileResponse, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from proctoring_results.choices import ReportFormat
from proctoring_results.conf import conf

from . import files
from .excel import for_excel
from .files import Download
from .formats import FORMATS

MAX_REDIRECT_LIFETIME = timedelta(seconds=60)


def send(download: Download) -> HttpResponseBase:
    """Return the file: sent by the web server or the storage if both settings and storage allow it, else by Django."""
    storage, key = files.storage(), _key(download)
    match conf().DOWNLOAD_VIA:
        case "x-accel-redirect":
            return _delegate(download, "X-Accel-Redirect", conf().X_ACCEL_PREFIX + quote(key))
        case "x-sendfile" if path := _local_path(storage, key):
            return _delegate(download, "X-Sendfile", path)
    if _local_path(storage, key) is None and signs_urls(storage):
        return _redirect(download, storage, key)
    return FileResponse(
        download.file, as_attachment=True, filename=download.report.file_name, content_type=_content_type(download)
    )


def send_for_excel(download: Download) -> HttpResponseBase:
    """Return a CSV file as Excel takes it. Django always sends it, and does not know its length beforehand.

    A report in a format for Excel is sent as it is.
    """
    if download.report.format != ReportFormat.CSV:
        return send(download)
    return StreamingHttpResponse(_closing(download, for_excel(download.file)), headers=_headers(download))


def _closing(download: Download, parts: Iterator[bytes]) -> Iterator[bytes]:
    with download.file:
        yield from parts


def signs_urls(storage: Storage) -> bool:
    """Return whether ``url()`` signs an address for a given lifetime, as django-storages does for S3.

    Files in other storages are sent by Django. So are those whose address would be good for ever: S3 with
    ``querystring_auth`` off, or with a ``custom_domain`` that has no signer.
    """
    if getattr(storage, "querystring_auth", True) is False:
        return False
    if getattr(storage, "custom_domain", None) and not getattr(storage, "cloudfront_signer", None):
        return False
    # ``http_method`` distinguishes S3 from Azure, which takes other parameters.
    return {"parameters", "expire", "http_method"} <= inspect.signature(storage.url).parameters.keys()


def _redirect(download: Download, storage: Storage, key: str) -> HttpResponse:
    download.file.close()
    signed_url: Any = storage.url
    address = signed_url(
        key,
        parameters={
            "ResponseContentDisposition": _disposition(download),
            "ResponseContentType": _content_type(download),
            "ResponseCacheControl": "private, no-store",
        },
        expire=int(min(conf().REDIRECT_TTL, MAX_REDIRECT_LIFETIME).total_seconds()),
    )
    return HttpResponseRedirect(address)


def _delegate(download: Download, header: str, value: str) -> HttpResponse:
    download.file.close()
    return HttpResponse(headers={**_headers(download), header: value})


def _headers(download: Download) -> dict[str, str]:
    return {"Content-Type": _content_type(download), "Content-Disposition": _disposition(download)}


def _content_type(download: Download) -> str:
    if download.report.is_case_file:
        return "application/zip"
    return FORMATS[ReportFormat(download.report.format)].content_type


def _disposition(download: Download) -> str:
    return content_disposition_header(as_attachment=True, filename=download.report.file_name) or "attachment"


def _local_path(storage: Storage, key: str) -> str | None:
    try:
        return storage.path(key)
    except NotImplementedError:
        return None


def _key(download: Download) -> str:
    file = download.report.file
    assert file is not None, "a redeemed report has a file"  # noqa: S101 - a promise of redeem_download
    return str(file.storage_key)
