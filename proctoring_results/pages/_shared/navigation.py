"""The pages of the Review Dashboard, and the addresses of those that others lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from proctoring_results.providers.guarded import has_dashboard
from proctoring_results.providers.registry import provider_named

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt, ProctoredExam, Report


@dataclass(frozen=True, slots=True)
class NavigationItem:
    name: str
    url: str
    is_current: bool


def navigation(course_id: str, current: str) -> list[NavigationItem]:
    """``current`` is the name of a URL. A page that is added to the dashboard gets its line here."""
    pages = [
        ("quiz_list", _("Quiz List")),
        ("sessions", _("Sessions")),
        ("numbers", _("Numbers")),
        ("service_dashboard", _("Service’s dashboard")),
    ]
    return [
        NavigationItem(label, reverse(f"proctoring_results:{name}", args=[course_id]), name == current)
        for name, label in pages
    ]


def sessions_url(exam: ProctoredExam, **filters: str) -> str:
    address = reverse("proctoring_results:sessions", args=[exam.course_id])
    return f"{address}?{urlencode({'exam': exam.content_id, **filters})}"


def session_url(attempt: ExamAttempt, params: Mapping[str, str] | None = None) -> str:
    address = reverse("proctoring_results:session", args=[attempt.attempt_code])
    return f"{address}?{urlencode(params)}" if params else address


def page_of_reports(course_id: str) -> str:
    """Return the address of the page with the reports of a course; with those about all courses for an empty id."""
    if not course_id:
        return reverse("proctoring_results:all_reports")
    return reverse("proctoring_results:data_download", args=[course_id])


def page_of_report(report: Report) -> str:
    """Return the address of the page that has the report in its list."""
    if report.is_case_file:
        return export_url(report.disclosure.attempt)
    return page_of_reports(report.course_id)


def export_url(attempt: ExamAttempt) -> str:
    """Return the address of the page with the session's case files."""
    return reverse("proctoring_results:export_session", args=[attempt.attempt_code])


def dashboard_url(attempt: ExamAttempt) -> str:
    """Return our page that shows the service's dashboard at this session; empty if it cannot."""
    if not (attempt.is_known_to_provider and has_dashboard(provider_named(attempt.provider))):
        return ""
    address = reverse("proctoring_results:service_dashboard", args=[attempt.exam.course_id])
    return f"{address}?{urlencode({'attempt': attempt.attempt_code})}"
