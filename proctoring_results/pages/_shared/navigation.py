"""The pages of the Review Dashboard, and the links between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from proctoring_results.models import ProctoredExam


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the Review Dashboard, in the navigation that all of them share."""

    name: str
    url: str
    is_here: bool


def places(course_id: str, here: str) -> list[Place]:
    """``here`` is the name of a URL. A page that is added to the dashboard gets its line here."""
    named = [
        ("quiz_list", _("Quiz List")),
        ("sessions", _("Sessions")),
        ("numbers", _("Numbers")),
        ("service_dashboard", _("Service’s dashboard")),
    ]
    return [Place(name, reverse(f"proctoring_results:{view}", args=[course_id]), view == here) for view, name in named]


def sessions_url(exam: ProctoredExam) -> str:
    address = reverse("proctoring_results:sessions", args=[exam.course_id])
    return f"{address}?{urlencode({'exam': exam.content_id})}"
