"""The rules of the exam and the review policy beside the session, ready to be printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctoring_results.providers.exam_rules import rules_of

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt


@dataclass(frozen=True, slots=True)
class RulesPart:
    review_policy: str
    rules: list[tuple[str, str]]
    # Of which moment they are, and whether others hold today.
    sentence: str


def rules_part(attempt: ExamAttempt) -> RulesPart | None:
    """Return what the service was sent; None if that was nothing, then and now."""
    rules = rules_of(attempt)
    if not (rules.sent.review_policy or rules.sent.rules or rules.has_changed):
        return None
    return RulesPart(rules.sent.review_policy, rules.sent.in_words(), rules.sentence)
