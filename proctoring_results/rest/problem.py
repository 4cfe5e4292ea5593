"""What is refused, in one shape: ``application/problem+json`` (RFC 9457) with a stable ``code`` and the ``field``."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from django.http.request import RawPostDataException
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from proctoring_results import exceptions as ours

logger = logging.getLogger("proctoring_results.rest")

# The nearest class counts. Whatever is not here, and no APIException, is a fault of ours and flies.
STATUS: Mapping[type[Exception], HTTPStatus] = {
    ours.InvalidInput: HTTPStatus.BAD_REQUEST,
    ours.AccessDenied: HTTPStatus.FORBIDDEN,
    ours.LocatorMismatch: HTTPStatus.FORBIDDEN,
    ours.NotFound: HTTPStatus.NOT_FOUND,
    ours.AttemptIsAmbiguous: HTTPStatus.CONFLICT,
    ours.ReportAlreadyRunning: HTTPStatus.CONFLICT,
    ours.ReportNotInState: HTTPStatus.CONFLICT,
    ours.LinkInvalid: HTTPStatus.FORBIDDEN,
    ours.LinkExpired: HTTPStatus.GONE,
    ours.ReportGone: HTTPStatus.GONE,
    ours.StaleDecision: HTTPStatus.CONFLICT,
    ours.IllegalTransition: HTTPStatus.CONFLICT,
    ours.AttemptIsArchived: HTTPStatus.CONFLICT,
    ours.AttemptIsErased: HTTPStatus.CONFLICT,
    ours.MessageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Http404: HTTPStatus.NOT_FOUND,
    PermissionDenied: HTTPStatus.FORBIDDEN,
    # What Django says of requests that are broken, or were read by somebody else.
    SuspiciousOperation: HTTPStatus.BAD_REQUEST,
    UnreadablePostError: HTTPStatus.BAD_REQUEST,
    RawPostDataException: HTTPStatus.BAD_REQUEST,
}

CONTENT_TYPE = "application/problem+json"

# As RFC 9110 has them. Those of ``http.HTTPStatus`` change with the version of Python.
TITLES: Mapping[int, str] = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def answer(error: Exception, authenticate: str) -> Response | None:
    """The refusal; None for what we did not raise on purpose. ``authenticate`` goes along with a 401."""
    status = _status(error)
    if status is None:
        return None
    problem = {
        "type": "about:blank",
        "title": TITLES.get(status, status.phrase),
        "status": status.value,
        "detail": _detail(error),
        "code": _code(error),
    }
    if field := getattr(error, "field", ""):
        problem["field"] = field
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = authenticate
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    return Response(problem, status.value, headers=headers, content_type=CONTENT_TYPE)


def _status(error: Exception) -> HTTPStatus | None:
    if isinstance(error, APIException):
        return HTTPStatus(error.status_code)
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), None)


def _detail(error: Exception) -> str:
    if isinstance(error, APIException | ours.ProctoringResultsError):
        return str(error)
    # What Django says is for the log: it may hold what was sent.
    return "The request cannot be read." if _status(error) is HTTPStatus.BAD_REQUEST else "Refused."


def _code(error: Exception) -> str:
    if isinstance(error, ours.ProctoringResultsError):
        return error.code
    if isinstance(error, APIException):
        return str(error.default_code)
    return "not_found" if isinstance(error, Http404) else "bad_request"


class RefusalLog:
    """A line for each refused message, at most so many a minute: a flood must not fill the disk."""

    def __init__(self, most: int = 60, seconds: float = 60.0) -> None:
        self._most, self._seconds = most, seconds
        self._lock = threading.Lock()
        self._began, self._lines = 0.0, 0

    def write(self, endpoint: str, caller: str, code: str, raw: bytes | None, size: str) -> None:
        """Of the message itself nothing but its size and SHA-256, where it was read at all."""
        left_out = self._left_out()
        if left_out is None:
            return
        if left_out:
            logger.warning("Refused %d more messages, not listed.", left_out)
        sha256 = hashlib.sha256(raw).hexdigest() if raw is not None else "-"
        logger.warning(
            "Refused a message at %s from %r: %s, %s bytes, SHA-256 %s.", endpoint, caller, code, size, sha256
        )

    def _left_out(self) -> int | None:
        """None to be silent; else how many were left out since the last time it was full."""
        with self._lock:
            now = time.monotonic()
            left_out = 0
            if now - self._began >= self._seconds:
                left_out = max(0, self._lines - self._most)
                self._began, self._lines = now, 0
            self._lines += 1
            return left_out if self._lines <= self._most else None


refusals = RefusalLog()
