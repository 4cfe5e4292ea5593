"""Client addresses and response headers, for pages and the REST API."""

from __future__ import annotations

from ipaddress import ip_address

from django.http import HttpRequest
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
