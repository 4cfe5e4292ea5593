"""The dashboards that proctoring services have of their own, opened inside a page of ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.http import urlencode

from proctoring_results import api
from proctoring_results.conf import conf
from proctoring_results.exceptions import NotFound
from proctoring_results.providers.registry import provider_named
from proctoring_results.validation import clean_key

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.providers.base import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a dashboard is opened at: a whole course, one exam of it, or one session."""

    course_id: str
    provider: Provider
    exam: api.ProctoredExam | None = None
    attempt: api.ExamAttempt | None = None

    @property
    def is_known_there(self) -> bool:
        """Whether the service has been told of it; a whole course it knows by our own id."""
        if self.attempt is not None:
            return self.attempt.external_id is not None and self.attempt.known_exam_id is not None
        return self.exam is None or self.exam.external_id is not None

    @property
    def query(self) -> str:
        if self.attempt is not None:
            return urlencode({"attempt": self.attempt.attempt_code})
        if self.exam is not None:
            return urlencode({"exam": self.exam.content_id})
        return urlencode({"provider": self.provider.name})

    def address_for(self, user: AbstractBaseUser) -> str:
        """The service's own address, which opens it for a minute: never shown, kept or logged. Raises ``NotFound``."""
        if not self.is_known_there:
            raise NotFound("session" if self.attempt else "exam", self.query)
        exam_id = self.attempt.known_exam_id if self.attempt else self.exam.external_id if self.exam else None
        attempt_id = self.attempt.external_id if self.attempt else None
        return self.provider.dashboard_url(user, self.course_id, exam_id, attempt_id)


@dataclass(frozen=True, slots=True)
class Choice:
    name: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the template needs. Without a ``place`` no service of the course has a dashboard."""

    place: Place | None
    choices: list[Choice]
    frame_url: str = ""
    # Our own page of the session that is shown.
    session_url: str = ""


def draw(course_id: str, asked: Mapping[str, str]) -> Page:
    """Raises ``NotFound`` and ``InvalidInput`` for what is not of this course."""
    exams = list(api.exams_in_course(course_id).with_result())
    providers = [one for one in map(provider_named, sorted({exam.provider for exam in exams})) if one.has_dashboard]
    place = find_place(course_id, asked) if {"provider", "exam", "attempt"} & asked.keys() else None
    if place is None and providers:
        place = Place(course_id=course_id, provider=providers[0])
    page_url = reverse("proctoring_results:service_dashboard", args=[course_id])
    frame_url = reverse("proctoring_results:open_service_dashboard", args=[course_id])
    return Page(
        place=place,
        choices=list(_choices(course_id, providers, exams, place, page_url)),
        frame_url=f"{frame_url}?{place.query}" if place is not None and place.is_known_there else "",
        session_url=reverse("proctoring_results:session", args=[place.attempt.attempt_code])
        if place is not None and place.attempt is not None
        else "",
    )


def _choices(
    course_id: str, providers: Iterable[Provider], exams: list[api.ProctoredExam], place: Place | None, url: str
) -> Iterable[Choice]:
    for provider in providers:
        whole = Place(course_id=course_id, provider=provider)
        of_the_provider = [exam for exam in exams if exam.provider == provider.name]
        for one in (whole, *(Place(course_id=course_id, provider=provider, exam=exam) for exam in of_the_provider)):
            name = one.exam.exam_name if one.exam else provider.name
            is_chosen = place is not None and place.query == one.query
            yield Choice(name, f"{url}?{one.query}", is_chosen)


def find_place(course_id: str, asked: Mapping[str, str]) -> Place:
    """The place that ``attempt=``, ``exam=`` or ``provider=`` names. Raises ``NotFound`` and ``InvalidInput``."""
    exam = attempt = None
    if "attempt" in asked:
        attempt = api.get_attempt(clean_key("attempt", asked["attempt"]))
        provider = provider_named(attempt.provider)
    elif "exam" in asked:
        exam = api.get_exam(course_id, clean_key("exam", asked["exam"]))
        provider = provider_named(exam.provider)
    else:
        name = clean_key("provider", asked.get("provider", ""), most=64)
        if not api.exams_in_course(course_id).with_result().filter(provider=name).exists():
            raise NotFound("provider", name)
        provider = provider_named(name)
    if not provider.has_dashboard or (attempt is not None and attempt.exam.course_id != course_id):
        raise NotFound("dashboard", course_id)
    return Place(course_id=course_id, provider=provider, exam=exam, attempt=attempt)


def url_of_session(attempt: api.ExamAttempt) -> str:
    """Our page that opens the service's dashboard at this session; empty where the service has none or knows it not."""
    course_id = attempt.exam.course_id
    place = Place(course_id=course_id, provider=provider_named(attempt.provider), attempt=attempt)
    if not (place.provider.has_dashboard and place.is_known_there):
        return ""
    return f"{reverse('proctoring_results:service_dashboard', args=[course_id])}?{place.query}"


def policy_with(place: Place) -> str:
    """The page's Content-Security-Policy, with the service's host as the one exception: it may be shown in a frame."""
    policy = conf().CONTENT_SECURITY_POLICY
    return f"{policy}; frame-src 'self' {place.provider.dashboard_origin}" if policy else ""
