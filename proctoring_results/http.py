"""Client addresses and response headers, for pages and the REST API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from functools import wraps
from ipaddress import ip_address
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

from proctoring_results.conf import conf


def address_of(request: HttpRequest) -> str | None:
    """Return the client's IP address as the server reports it, or None for a unix socket."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def keep_private(response: HttpResponseBase) -> HttpResponseBase:
    """Let no cache keep the response, and no other site learn its address."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return with_policy(response)


def with_policy(response: HttpResponseBase) -> HttpResponseBase:
    """Add the ``Content-Security-Policy`` of the settings, unless it is empty or the response has one."""
    if policy := conf().CONTENT_SECURITY_POLICY:
        response.headers.setdefault("Content-Security-Policy", policy)
    return response


def streamed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Send the file of a response part by part under ASGI, too.

    Django would read all of it into memory before the first byte is sent.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if isinstance(request, ASGIRequest) and isinstance(response, StreamingHttpResponse):
            response.streaming_content = _read_in_threads(cast(Iterator[bytes], response.streaming_content))
        return response

    return wrapper


async def _read_in_threads(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    # Without a default, the end of the iterator would be a StopIteration, which no coroutine may raise.
    read = sync_to_async(lambda: next(parts, b""))
    while part := await read():
        yield part
