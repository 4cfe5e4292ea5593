"""Client addresses and response headers, for pages and the REST API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import wraps
from ipaddress import ip_address
from typing import Any, cast

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle

from proctoring_results.conf import conf


def address_of(request: HttpRequest | Request) -> str | None:
    """Return the client's IP address, or None for what is no address, such as a unix socket.

    It is the address that the server reports, unless DRF's ``NUM_PROXIES`` is set to the number of proxies before it:
    then the header ``X-Forwarded-For`` names it. Without that setting anybody could write the header: it is not read.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if api_settings.NUM_PROXIES:
        address = BaseThrottle().get_ident(request) or ""  # type: ignore[arg-type]  # Django's will do
    try:
        return str(ip_address(address))
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


def policy_admitting(sources: Mapping[str, Sequence[str]]) -> str:
    """Return the ``Content-Security-Policy`` of the settings with more sources in some directives; empty if it is."""
    policy = conf().CONTENT_SECURITY_POLICY
    names_and_values = (directive.strip().partition(" ") for directive in policy.split(";"))
    directives = {name: value.strip() for name, _, value in names_and_values if name}
    for name, hosts in sources.items() if directives else ():
        allowed = directives.get(name, "'self'")
        directives[name] = " ".join(["" if allowed == "'none'" else allowed, *hosts]).strip()
    return "; ".join(f"{name} {value}".strip() for name, value in directives.items())


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
