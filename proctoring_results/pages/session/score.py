"""The provider's score of a review in words. It is shown, and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctoring_results.pages._shared.scores import score_number, score_text

if TYPE_CHECKING:
    from proctoring_results.models import ExamReview


@dataclass(frozen=True, slots=True)
class Score:
    text: str
    thresholds: list[str]
    # Which end of the scale is the suspicious one; empty if the service sent a word only.
    direction: str


def score_of(review: ExamReview) -> Score | None:
    """Return what the service sent with a review; None if it sent no score."""
    if not review.has_score:
        return None
    scale = review.score_scale
    # After an erasure the number stands alone.
    direction = "" if review.score is None or not scale else _direction(scale["higher_is_worse"])
    thresholds = [f"{name} {score_number(limit)}" for name, limit in scale.get("thresholds", {}).items()]
    return Score(score_text(review), thresholds, direction)


def _direction(higher_is_worse: bool) -> str:
    return _("a higher score is more suspicious") if higher_is_worse else _("a lower score is more suspicious")
