"""Tags for every page of the LMS, including the pages of proctoring_results."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from example_project.campus import viewing

register = template.Library()

# The pages that belong to one tab.
SPECIAL_EXAMS = (
    "proctoring_results:quiz_list",
    "proctoring_results:sessions",
    "proctoring_results:session",
    "proctoring_results:pass_sessions",
    "proctoring_results:decide",
    "proctoring_results:dismissal",
    "proctoring_results:service_dashboard",
    "proctoring_results:numbers",
)


@register.inclusion_tag("campus/_instructor_header.html", takes_context=True)
def instructor_header(context: dict[str, Any]) -> dict[str, Any]:
    """Show the course's name and the tabs of the instructor dashboard. Needs ``course_id`` and ``course_name``."""
    request, course_id = context["request"], context["course_id"]
    current_view = request.resolver_match.view_name if request.resolver_match else ""
    tabs = [("Course info", "campus:instructor")]
    if _may(request.user, "proctoring_results.view_reports", course_id):
        tabs.append(("Data Download", "proctoring_results:data_download"))
    if _may(request.user, "proctoring_results.view_sessions", course_id):
        tabs.append(("Special Exams", "proctoring_results:quiz_list"))
    if _may(request.user, viewing.PERMISSION, course_id):
        tabs.append(("View as a learner", "campus:view_as"))
    return {
        "course_name": context.get("course_name") or course_id,
        "course_id": course_id,
        "tabs": [
            {
                "name": name,
                "url": reverse(view, args=[course_id]),
                "is_current": view == current_view or (view in SPECIAL_EXAMS and current_view in SPECIAL_EXAMS),
            }
            for name, view in tabs
        ],
    }


@register.inclusion_tag("campus/_viewing.html", takes_context=True)
def viewing_banner(context: dict[str, Any]) -> dict[str, Any]:
    """Show a banner on every page while somebody views a course as a learner.

    ``is_seen_here`` is True if this page itself is shown as the learner sees it."""
    request = context.get("request")
    return {"viewing": viewing.current(request) if request else None, "is_seen_here": bool(context.get("viewing"))}


@register.filter
def minutes_and_seconds(seconds: int) -> str:
    """Return the time left as the countdown prints it: ``1:05:09``, ``5:09``."""
    hours, rest = divmod(max(0, seconds), 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@register.filter
def iso_duration(seconds: int) -> str:
    """Return a duration for ``<time datetime>``."""
    return f"PT{max(0, seconds)}S"


def _may(user: Any, permission: str, course_id: str) -> bool:
    return bool(user.has_perm(permission) or user.has_perm(permission, course_id))
