"""The provider's score of a review in words. It is shown, and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _

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
    parts = [_value(review.score, scale)] if review.score is not None else []
    parts += [f"“{review.score_label}”"] if review.score_label else []
    # After an erasure the number stands alone.
    direction = "" if review.score is None or not scale else _direction(scale["higher_is_worse"])
    thresholds = [f"{name} {_number(limit)}" for name, limit in scale.get("thresholds", {}).items()]
    return Score(" ".join(parts), thresholds, direction)


def _value(value: float, scale: dict[str, float]) -> str:
    if not scale:
        return _number(value)
    if scale["lowest"] == 0:
        return _("%(score)s of %(highest)s") % {"score": _number(value), "highest": _number(scale["highest"])}
    params = {"score": _number(value), "lowest": _number(scale["lowest"]), "highest": _number(scale["highest"])}
    return _("%(score)s on a scale from %(lowest)s to %(highest)s") % params


def _direction(higher_is_worse: bool) -> str:
    return _("a higher score is more suspicious") if higher_is_worse else _("a lower score is more suspicious")


def _number(value: float) -> str:
    """Return the number as it was sent: whole where it is whole."""
    return number_format(int(value) if float(value).is_integer() and abs(value) < 1e15 else value)
