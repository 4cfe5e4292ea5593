"""The rules and the review policy of an exam, as the service is sent them now and as they were. Reads only."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from proctoring_results.providers import guarded
from proctoring_results.providers.registry import provider_named

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt


@dataclass(frozen=True, slots=True)
class SentRules:
    review_policy: str
    rules: Mapping[str, Any]

    def in_words(self) -> list[tuple[str, str]]:
        """Return each rule with a name that people can read: ``allow_notes`` becomes “Allow notes”."""
        return [(name.replace("_", " ").capitalize(), _text(value)) for name, value in self.rules.items()]

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
    was_started: bool

    @property
    def sentence(self) -> str:
        """Of which moment they are, and whether others hold today."""
        if self.has_changed:
            return _("As they were when the exam began. They have changed since.")
        if self.is_of_start:
            return _("As they were when the exam began. They have not changed since.")
        if not self.was_started:
            return _("As they are now: the exam has not begun.")
        return _("As they are now. Those of the moment when the exam began were not stored.")


def rules_of(attempt: ExamAttempt) -> RulesOfAttempt:
    """Return the rules under which the exam began; before its start, and where none were stored, the present ones."""
    present, stored, was_started = present_rules(attempt), attempt.exam_rules, attempt.started_at is not None
    if stored is None:
        return RulesOfAttempt(present, is_of_start=False, has_changed=False, was_started=was_started)
    sent, has_changed = SentRules(stored.review_policy, stored.rules), stored.digest != present.digest
    return RulesOfAttempt(sent, is_of_start=True, has_changed=has_changed, was_started=was_started)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
