"""The rules of the exam and the review policy beside the session, ready to be printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from proctoring_results.queries.exam_rules import rules_of

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
    if rules.has_changed:
        sentence = _("As they were when the exam began. They have changed since.")
    elif rules.is_of_start:
        sentence = _("As they were when the exam began. They have not changed since.")
    elif attempt.started_at is None:
        sentence = _("As they are now: the exam has not begun.")
    else:
        sentence = _("As they are now. Those of the moment when the exam began were not stored.")
    return RulesPart(rules.sent.review_policy, _rows(rules.sent.rules), sentence)


def _rows(rules: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each rule with a name that people can read: ``allow_notes`` becomes “Allow notes”."""
    return [(name.replace("_", " ").capitalize(), _text(value)) for name, value in rules.items()]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
