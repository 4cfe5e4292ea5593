"""What pages and API have in common when they speak HTTP."""

from __future__ import annotations

from ipaddress import ip_address

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from proctoring_results.conf import conf


def address_of(request: HttpRequest) -> str | None:
    """Where the person came from, as far as the host's server says; a unix socket has no address."""
    try:
        return str(ip_address(request.META.get("REMOTE_ADDR", "")))
    except ValueError:
        return None


def keep_private(response: HttpResponseBase) -> HttpResponseBase:
    """The answer, whatever it is, belongs to one person and its address to nobody else."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return with_policy(response)


def with_policy(response: HttpResponseBase) -> HttpResponseBase:
    """The Content-Security-Policy of the settings, unless the response has one; an empty setting sends none."""
    if policy := conf().CONTENT_SECURITY_POLICY:
        response.headers.setdefault("Content-Security-Policy", policy)
    return response
