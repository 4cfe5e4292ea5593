"""The provider's own score of a review in words. It is shown, and decides nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.formats import number_format
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from proctoring_results.models import ExamReview


def score_text(review: ExamReview) -> str:
    """Return ``72 of 100 “High”``: what the service sent of a number and a word; empty if it sent no score."""
    parts = [_value(review.score, review.score_scale)] if review.score is not None else []
    parts += [f"“{review.score_label}”"] if review.score_label else []
    return " ".join(parts)


def score_number(value: float) -> str:
    """Return the number as it was sent: whole where it is whole."""
    # JSON gives a whole number back as an int.
    return number_format(int(value) if float(value).is_integer() and abs(value) < 1e15 else value)


def _value(value: float, scale: dict[str, float]) -> str:
    if not scale:
        return score_number(value)
    if scale["lowest"] == 0:
        return _("%(score)s of %(highest)s") % {"score": score_number(value), "highest": score_number(scale["highest"])}
    params = {
        "score": score_number(value),
        "lowest": score_number(scale["lowest"]),
        "highest": score_number(scale["highest"]),
    }
    return _("%(score)s on a scale from %(lowest)s to %(highest)s") % params
