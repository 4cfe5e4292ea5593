"""The rules and the review policy of an exam, as the service is sent them now and as they were. Reads only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from proctoring_results.providers import guarded
from proctoring_results.providers.registry import provider_named

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt


@dataclass(frozen=True, slots=True)
class SentRules:
    review_policy: str
    rules: Mapping[str, Any]

    @property
    def digest(self) -> str:
        text = json.dumps([self.review_policy, self.rules], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def present_rules(attempt: ExamAttempt) -> SentRules:
    """Return what the attempt's service is sent now. No query."""
    return SentRules(attempt.exam.review_policy, guarded.rules_of(provider_named(attempt.provider)))


@dataclass(frozen=True, slots=True)
class RulesOfAttempt:
    sent: SentRules
    # Whether they are those of the moment when the exam began.
    is_of_start: bool
    # Whether others hold today.
    has_changed: bool


def rules_of(attempt: ExamAttempt) -> RulesOfAttempt:
    """Return the rules under which the exam began; before its start, and where none were stored, the present ones."""
    present, stored = present_rules(attempt), attempt.exam_rules
    if stored is None:
        return RulesOfAttempt(present, is_of_start=False, has_changed=False)
    sent = SentRules(stored.review_policy, stored.rules)
    return RulesOfAttempt(sent, is_of_start=True, has_changed=stored.digest != present.digest)
