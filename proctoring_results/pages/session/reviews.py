"""Which review of the attempt the page of a session shows, and links to the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctoring_results.choices import ReviewStanding
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.rules import incidents_can_change

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt, ExamReview


@dataclass(frozen=True, slots=True)
class ReviewLink:
    number: int
    name: str
    url: str
    is_selected: bool


@dataclass(frozen=True, slots=True)
class SelectedReview:
    """The review whose incidents the page shows, with links to all reviews, oldest first."""

    review: ExamReview
    links: list[ReviewLink]
    is_current: bool
    # It came after a decision, and waits for the next one.
    is_new_information: bool
    can_change: bool

    @property
    def link(self) -> ReviewLink:
        return next(link for link in self.links if link.is_selected)


def select_review(
    attempt: ExamAttempt, reviews: Sequence[ExamReview], number: str, params: Mapping[str, str]
) -> SelectedReview | None:
    """``number`` is that of a review, from 1. Without it the page shows what a person has to look at.

    ``params`` are the others of the address.
    """
    reviews = sorted(reviews, key=lambda review: review.pk)
    if not reviews:
        return None
    if number.isascii() and number.isdigit() and len(number) < 6 and 0 < int(number) <= len(reviews):
        selected = reviews[int(number) - 1]
    else:
        new_information = [review for review in reviews if review.standing == ReviewStanding.AFTER_DECISION]
        current = [review for review in reviews if review.pk == attempt.current_review_id]
        selected = (new_information or current or reviews)[-1]
    has_newer_version = any(review.version_of_id == selected.pk for review in reviews)
    return SelectedReview(
        selected,
        _links(attempt, reviews, selected, params),
        is_current=selected.pk == attempt.current_review_id,
        is_new_information=selected.standing == ReviewStanding.AFTER_DECISION,
        can_change=incidents_can_change(attempt, selected, has_newer_version=has_newer_version),
    )


def _links(
    attempt: ExamAttempt, reviews: Sequence[ExamReview], selected: ExamReview, params: Mapping[str, str]
) -> list[ReviewLink]:
    return [
        ReviewLink(
            number,
            _("Review %(number)d, %(status)s") % {"number": number, "status": review.get_review_status_display()},
            f"{session_url(attempt, {**params, 'review': str(number)})}#pr-incidents",
            review is selected,
        )
        for number, review in enumerate(reviews, 1)
    ]
