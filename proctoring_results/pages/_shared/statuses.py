"""How pages print the status of an attempt and of a review, and where these words are explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse

from proctoring_results import permissions
from proctoring_results.choices import AttemptStatus, ReviewStatus
from proctoring_results.meanings import REVIEW_MEANINGS, STATUS_MEANINGS
from proctoring_results.rules import small_print, status_label, tone_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# The section of Data Download that explains columns and statuses.
EXPLANATIONS = "what-the-columns-mean"


@dataclass(frozen=True, slots=True)
class StatusBadge:
    """A label, with the stored status for the small print; that is empty if it says the same."""

    label: str
    stored: str
    tone: str
    meaning: str
    # Where it is explained; empty for somebody who may not see Data Download.
    url: str


def explanations_url(user: AbstractBaseUser, course_id: str) -> str:
    """Return the address of the page that explains the statuses; empty for somebody who may not see it."""
    if not permissions.may(user, permissions.VIEW_REPORTS, course_id):
        return ""
    return reverse("proctoring_results:data_download", args=[course_id])


def status_anchor(status: str) -> str:
    return f"status-{status}".replace("_", "-")


def review_anchor(review_status: str) -> str:
    return f"review-{review_status}".replace(" ", "-").lower()


def status_badge(status: str, explanations: str) -> StatusBadge:
    """``explanations`` is the ``explanations_url`` of who looks at the page."""
    return StatusBadge(
        status_label(status),
        small_print(status),
        tone_of(status),
        str(STATUS_MEANINGS[AttemptStatus(status)].meaning),
        f"{explanations}#{status_anchor(status)}" if explanations else "",
    )


def review_badge(review_status: str, explanations: str) -> StatusBadge:
    return StatusBadge(
        str(ReviewStatus(review_status).label),
        "",
        tone_of(review_status),
        str(REVIEW_MEANINGS[ReviewStatus(review_status)].meaning),
        f"{explanations}#{review_anchor(review_status)}" if explanations else "",
    )
