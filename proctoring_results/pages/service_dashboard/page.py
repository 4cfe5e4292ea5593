"""The dashboards of the proctoring services themselves, shown in a frame of our page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.http import urlencode

from proctoring_results.conf import conf
from proctoring_results.exceptions import NotFound, ProviderClassFailed
from proctoring_results.models import ExamAttempt, ProctoredExam
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.providers.guarded import guarded, has_dashboard
from proctoring_results.providers.registry import provider_named
from proctoring_results.queries.lookups import exams_in_course, get_attempt, get_exam
from proctoring_results.validation import clean_key

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.providers.base import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardTarget:
    """What a dashboard shows: a whole course, one of its exams, or one session."""

    course_id: str
    provider: Provider
    exam: ProctoredExam | None = None
    attempt: ExamAttempt | None = None

    @property
    def is_known(self) -> bool:
        """Return whether the service has been told of it. It knows a whole course by our own id."""
        if self.attempt is not None:
            return self.attempt.is_known_to_provider
        return self.exam is None or self.exam.external_id is not None

    @property
    def query(self) -> str:
        if self.attempt is not None:
            return urlencode({"attempt": self.attempt.attempt_code})
        if self.exam is not None:
            return urlencode({"exam": self.exam.content_id})
        return urlencode({"provider": self.provider.name})

    def address_for(self, user: AbstractBaseUser) -> str:
        """Return the service's own address, valid for a minute: never shown, stored or logged.

        Raises ``NotFound`` and ``ProviderClassFailed``.
        """
        if not self.is_known:
            raise NotFound("session" if self.attempt else "exam", self.query)
        exam_id = self.attempt.known_exam_id if self.attempt else self.exam.external_id if self.exam else None
        attempt_id = self.attempt.external_id if self.attempt else None
        with guarded(self.provider):
            return self.provider.dashboard_url(user, self.course_id, exam_id, attempt_id)


@dataclass(frozen=True, slots=True)
class TargetLink:
    name: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardPage:
    """Without a ``target`` no service of the course has a dashboard."""

    target: DashboardTarget | None
    links: list[TargetLink]
    frame_url: str = ""
    # Our own page of the session.
    session_url: str = ""


def dashboard_page(course_id: str, params: Mapping[str, str]) -> DashboardPage:
    """Raises ``NotFound`` and ``InvalidInput`` if ``params`` name nothing in this course."""
    exams = list(exams_in_course(course_id).with_result())
    providers = [provider_named(name) for name in sorted({exam.provider for exam in exams})]
    providers = [provider for provider in providers if has_dashboard(provider)]
    target = find_target(course_id, params) if {"provider", "exam", "attempt"} & params.keys() else None
    if target is None and providers:
        target = DashboardTarget(course_id=course_id, provider=providers[0])
    page_url = reverse("proctoring_results:service_dashboard", args=[course_id])
    frame_url = reverse("proctoring_results:open_service_dashboard", args=[course_id])
    links = [
        TargetLink(
            other.exam.exam_name if other.exam else other.provider.name,
            f"{page_url}?{other.query}",
            target is not None and target.query == other.query,
        )
        for other in _targets(course_id, providers, exams)
    ]
    return DashboardPage(
        target=target,
        links=links,
        frame_url=f"{frame_url}?{target.query}" if target is not None and target.is_known else "",
        session_url=session_url(target.attempt) if target is not None and target.attempt is not None else "",
    )


def _targets(
    course_id: str, providers: Iterable[Provider], exams: Iterable[ProctoredExam]
) -> Iterator[DashboardTarget]:
    """Yield the whole course of each provider, followed by its exams."""
    for provider in providers:
        yield DashboardTarget(course_id=course_id, provider=provider)
        for exam in exams:
            if exam.provider == provider.name:
                yield DashboardTarget(course_id=course_id, provider=provider, exam=exam)


def find_target(course_id: str, params: Mapping[str, str]) -> DashboardTarget:
    """Return what ``attempt``, ``exam`` or ``provider`` names. Raises ``NotFound`` and ``InvalidInput``."""
    exam = attempt = None
    if "attempt" in params:
        attempt = get_attempt(clean_key("attempt", params["attempt"]))
        provider = provider_named(attempt.provider)
    elif "exam" in params:
        exam = get_exam(course_id, clean_key("exam", params["exam"]))
        provider = provider_named(exam.provider)
    else:
        name = clean_key("provider", params.get("provider", ""), max_length=64)
        if not exams_in_course(course_id).with_result().filter(provider=name).exists():
            raise NotFound("provider", name)
        provider = provider_named(name)
    if not has_dashboard(provider) or (attempt is not None and attempt.exam.course_id != course_id):
        raise NotFound("dashboard", course_id)
    return DashboardTarget(course_id=course_id, provider=provider, exam=exam, attempt=attempt)


def policy_with(target: DashboardTarget) -> str:
    """Return the page's Content-Security-Policy, which lets a frame show the service's host and nothing else.

    While the provider's class does not say which host that is, the frame shows only what we say ourselves.
    """
    policy, origin = conf().CONTENT_SECURITY_POLICY, ""
    with suppress(ProviderClassFailed), guarded(target.provider):
        origin = target.provider.dashboard_origin
    return f"{policy}; frame-src 'self' {origin}".strip() if policy else ""
