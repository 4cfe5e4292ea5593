"""The calls of the REST protocol, and the dashboard of the service."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote, urlencode, urlsplit

from django.urls import NoReverseMatch
from django.utils import timezone

from proctoring_results.choices import AttemptStatus
from proctoring_results.conf import conf
from proctoring_results.lms import lms, strict_lms
from proctoring_results.people import email_of
from proctoring_results.providers.base import Instructions, Provider

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt, ProctoredExam

    from .client import RestClient

# Seconds for a call, its token included. A learner's page waits for less.
CALL_LIMIT, PAGE_LIMIT = 10.0, 3.0
# A dashboard is opened at once; an address that is found later opens nothing.
DASHBOARD_LIFE = timedelta(seconds=60)
# The most calls that belong to one effect: exam, attempt, status.
MAX_CALLS = 3


class RestCalls(Provider):
    """It is called if the settings have a ``base_url``, with ``client_id`` and ``client_secret``.

    ``rules`` is sent unchanged with every exam.
    """

    # What it is told of an attempt. It is not told of any other status.
    sent_statuses: ClassVar[Mapping[str, str]] = {
        AttemptStatus.STARTED: "started",
        AttemptStatus.SUBMITTED: "submitted",
        AttemptStatus.COMPLETED: "submitted",
        AttemptStatus.TIMED_OUT: "submitted",
        AttemptStatus.ERROR: "error",
    }
    own_settings: ClassVar[Mapping[str, type]] = {
        "base_url": str,
        "client_id": str,
        "client_secret": str,
        "rules": dict,
    }

    @property
    def takes_calls(self) -> bool:
        return bool(self.own("base_url"))

    @property
    def rules(self) -> Mapping[str, Any]:
        rules: Mapping[str, Any] = self.own("rules")
        return rules

    def problems(self) -> Iterator[str]:
        if not self.takes_calls:
            return
        if not _is_address(self.own("base_url")):
            yield "'base_url' must be an address like https://service.example, without a password."
        for name in ("client_id", "client_secret"):
            if not self.own(name):
                yield f"{name!r} is missing."
        if not _is_json(self.own("rules")):
            yield "'rules' must be JSON data."
        if not conf().SITE_URL:
            yield "SITE_URL is missing: the service has to know where its reviews go."
        if conf().LEASE.total_seconds() <= MAX_CALLS * CALL_LIMIT:
            yield f"LEASE must be longer than {MAX_CALLS * CALL_LIMIT:.0f} seconds, which its calls may take."
        if find_spec("jwt") is None:
            yield "PyJWT is not installed; it comes with the extra proctoring-results[rest]."

    def save_exam(self, exam: ProctoredExam, external_id: str | None) -> str:
        path = "/api/v1/exam/" if external_id is None else f"/api/v1/exam/{_quoted(external_id)}/"
        fields = {
            "id": exam.pk,
            "course_id": exam.course_id,
            "exam_name": exam.exam_name,
            "is_practice_exam": exam.is_practice_exam,
            "is_proctored": exam.is_proctored,
            "is_active": exam.is_active,
            "time_limit_mins": exam.time_limit_mins,
            "rules": self.rules,
            "rule_summary": exam.review_policy,
        }
        return self._client().call_for_id("POST", path, fields)

    def create_attempt(self, attempt: ExamAttempt, exam_external_id: str) -> str:
        user, exam = attempt.user, attempt.exam
        fields = {
            "lms_host": self._lms_host(),
            "time_limit_mins": exam.time_limit_mins + attempt.extra_time_mins,
            "is_sample_attempt": attempt.is_sample_attempt,
            "user_id": self.obscured_id(user),
            "full_name": strict_lms().learner_name(user),
            "email": email_of(user),
            "status": "created",
            "review_policy": exam.review_policy,
        }
        return self._client().call_for_id("POST", f"/api/v1/exam/{_quoted(exam_external_id)}/attempt/", fields)

    def _lms_host(self) -> str:
        """Return the address before ``/api/edx_proctoring/…``, where the service posts: the site's, and its path."""
        try:
            path = self.addresses()[0]
        except NoReverseMatch:
            return conf().SITE_URL
        return conf().SITE_URL + path.partition("/api/edx_proctoring/")[0]

    def tell_status(self, attempt: ExamAttempt, exam_external_id: str, status: AttemptStatus) -> None:
        if status in self.sent_statuses:
            path = _attempt_path(attempt, exam_external_id)
            self._client().call("PATCH", path, {"status": self.sent_statuses[status]})

    def remove_attempt(self, attempt: ExamAttempt, exam_external_id: str) -> None:
        # Some services have no such address; then there is nothing to remove.
        self._client().call("DELETE", _attempt_path(attempt, exam_external_id), accepted=(404, 405))

    def erase_learner(self, user: AbstractBaseUser) -> None:
        # A learner whom the service does not know has no data there.
        self._client().call("DELETE", f"/api/v1/user/{self.obscured_id(user)}/", accepted=(404,))

    def instructions(self, attempt: ExamAttempt, exam_external_id: str | None, language: str) -> Instructions:
        is_known = attempt.external_id is not None and exam_external_id is not None
        path = _attempt_path(attempt, exam_external_id or "") if is_known else "/api/v1/config/"
        fields = self._client(PAGE_LIMIT).call("GET", path, language=language)
        return Instructions.read(fields.get("instructions"), fields.get("download_url"))

    # --- Its own dashboard

    @property
    def has_dashboard(self) -> bool:
        return self.takes_calls

    @property
    def dashboard_origin(self) -> str:
        parts = urlsplit(self.own("base_url"))
        return f"{parts.scheme}://{parts.netloc}"

    def dashboard_url(
        self, user: AbstractBaseUser, course_id: str, exam_external_id: str | None, attempt_external_id: str | None
    ) -> str:
        import jwt  # here, so that a site without the extra can receive reviews

        claims = {
            "iss": self.own("client_id"),
            "jti": secrets.token_hex(16),
            "exp": timezone.now() + DASHBOARD_LIFE,
            "course_id": course_id,
            "user": {
                "id": self.obscured_id(user),
                "full_name": lms().learner_name(user),
                "email": email_of(user),
            },
            "exam_id": exam_external_id,
            "attempt_id": attempt_external_id,
        }
        present = {name: value for name, value in claims.items() if value is not None}
        token = jwt.encode(present, self.own("client_secret"), algorithm="HS256")
        base = self.own("base_url").rstrip("/")
        return f"{base}/api/v1/instructor/{_quoted(self.own('client_id'))}/?{urlencode({'jwt': token})}"

    def _client(self, limit: float | None = None) -> RestClient:
        # Here, so that a site without the extra can receive reviews.
        from .client import RestClient

        return RestClient(self.own("base_url"), self.own("client_id"), self.own("client_secret"), limit or CALL_LIMIT)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_place = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https") and has_place and not ("@" in parts.netloc or parts.query or parts.fragment)
    )


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _attempt_path(attempt: ExamAttempt, exam_external_id: str) -> str:
    return f"/api/v1/exam/{_quoted(exam_external_id)}/attempt/{_quoted(attempt.external_id or '')}/"


def _quoted(external_id: str) -> str:
    """One segment of a path, whatever it is."""
    return quote(external_id, safe="") if external_id.strip(".") else external_id.replace(".", "%2E")
