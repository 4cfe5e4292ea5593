"""Every refusal has one shape: ``application/problem+json`` (RFC 9457) with a stable ``code`` and the ``field``."""

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
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException
from rest_framework.response import Response

from proctoring_results import exceptions
from proctoring_results.database import is_passing

logger = logging.getLogger("proctoring_results.rest")

# The nearest class counts. An error that is neither here nor an APIException is a bug of ours, and is not caught.
STATUS: Mapping[type[Exception], HTTPStatus] = {
    exceptions.InvalidInput: HTTPStatus.BAD_REQUEST,
    exceptions.AccessDenied: HTTPStatus.FORBIDDEN,
    exceptions.LocatorMismatch: HTTPStatus.FORBIDDEN,
    exceptions.NotFound: HTTPStatus.NOT_FOUND,
    exceptions.AttemptIsAmbiguous: HTTPStatus.CONFLICT,
    exceptions.ReportAlreadyRunning: HTTPStatus.CONFLICT,
    exceptions.ReportNotInState: HTTPStatus.CONFLICT,
    exceptions.TooManySchedules: HTTPStatus.CONFLICT,
    exceptions.ScheduleNotInState: HTTPStatus.CONFLICT,
    exceptions.LinkInvalid: HTTPStatus.FORBIDDEN,
    exceptions.LinkExpired: HTTPStatus.GONE,
    exceptions.ReportGone: HTTPStatus.GONE,
    exceptions.StorageUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    exceptions.DatabaseBusy: HTTPStatus.SERVICE_UNAVAILABLE,
    exceptions.ProviderClassFailed: HTTPStatus.SERVICE_UNAVAILABLE,
    exceptions.StaleDecision: HTTPStatus.CONFLICT,
    exceptions.UndoRefused: HTTPStatus.CONFLICT,
    exceptions.IllegalTransition: HTTPStatus.CONFLICT,
    exceptions.IncidentNotInState: HTTPStatus.CONFLICT,
    exceptions.AttemptIsArchived: HTTPStatus.CONFLICT,
    exceptions.AppealRefused: HTTPStatus.CONFLICT,
    exceptions.AttemptIsErased: HTTPStatus.CONFLICT,
    exceptions.SessionIsClaimed: HTTPStatus.CONFLICT,
    exceptions.MessageTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Http404: HTTPStatus.NOT_FOUND,
    PermissionDenied: HTTPStatus.FORBIDDEN,
    # Django raises these for requests that are broken, or whose body was read before.
    SuspiciousOperation: HTTPStatus.BAD_REQUEST,
    UnreadablePostError: HTTPStatus.BAD_REQUEST,
    RawPostDataException: HTTPStatus.BAD_REQUEST,
}

CONTENT_TYPE = "application/problem+json"

# From RFC 9110. The phrases of ``http.HTTPStatus`` differ between versions of Python.
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
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


def problem_response(error: Exception, authenticate: str) -> Response | None:
    """Return the refusal, or None for an error that was not raised on purpose.

    ``authenticate`` is the ``WWW-Authenticate`` header of a 401.
    """
    if is_passing(error):
        logger.warning("The database did not answer.", exc_info=error)
        error = exceptions.DatabaseBusy()
    status = _status(error)
    if status is None:
        return None
    problem = {
        "type": "about:blank",
        "title": TITLES.get(status, status.phrase),
        "status": status.value,
        "detail": _detail(error, status),
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


def _detail(error: Exception, status: HTTPStatus) -> str:
    if isinstance(error, APIException | exceptions.ProctoringResultsError):
        return str(error)
    # Django's own sentences are for the log: they may repeat what was sent.
    return _("The request cannot be read.") if status is HTTPStatus.BAD_REQUEST else _("Refused.")


def _code(error: Exception) -> str:
    if isinstance(error, exceptions.ProctoringResultsError):
        return error.code
    if isinstance(error, APIException):
        return str(error.default_code)
    return "not_found" if isinstance(error, Http404) else "bad_request"


class RefusalLog:
    """A line for each refused message, at most ``max_lines`` in ``seconds``: a flood must not fill the disk."""

    def __init__(self, max_lines: int = 60, seconds: float = 60.0) -> None:
        self._max_lines, self._seconds = max_lines, seconds
        self._lock = threading.Lock()
        self._began, self._lines = 0.0, 0

    def write(self, endpoint: str, caller: str, code: str, raw: bytes | None, size: str) -> None:
        """Log the refusal. Of the message only its size and SHA-256 are logged, the latter if it was read."""
        unlisted = self._count_unlisted()
        if unlisted is None:
            return
        if unlisted:
            logger.warning("Refused %d more messages, not listed.", unlisted)
        sha256 = hashlib.sha256(raw).hexdigest() if raw is not None else "-"
        logger.warning(
            "Refused a message at %s from %r: %s, %s bytes, SHA-256 %s.", endpoint, caller, code, size, sha256
        )

    def _count_unlisted(self) -> int | None:
        """Count this refusal. Return how many of the last period had no line, or None if this one gets none."""
        with self._lock:
            now = time.monotonic()
            unlisted = 0
            if now - self._began >= self._seconds:
                unlisted = max(0, self._lines - self._max_lines)
                self._began, self._lines = now, 0
            self._lines += 1
            return unlisted if self._lines <= self._max_lines else None


refusals = RefusalLog()
