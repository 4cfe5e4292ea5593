"""Who decided how much, how long that had waited, and what was reversed later. Reads only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Count, F, OuterRef, Subquery

from proctoring_results.choices import DECIDED_STATUSES, AttemptStatus
from proctoring_results.models.expressions import WholeMinutes
from proctoring_results.people import Person, person

from .percentiles import percentile

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from proctoring_results.models import StatusChange


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewerNumbers:
    """What one person decided."""

    #: As the filters ``reviewer`` and ``decided_by`` take it.
    user_id: str
    reviewer: Person
    username: str
    passed: int
    failed: int
    #: From ``completed_at`` until the first decision about an attempt, where this person made it; None without any.
    median_wait: timedelta | None
    #: Of these decisions, how many somebody later turned into the opposite, this person included.
    reversed: int

    @property
    def decisions(self) -> int:
        return self.passed + self.failed


def reviewers(decisions: QuerySet[StatusChange]) -> list[ReviewerNumbers]:
    """Return the numbers of each person who made some of these decisions, the most first. Four queries."""
    verdicts: dict[int, Counter[str]] = defaultdict(Counter)
    for reviewer, to, number in decisions.order_by().values_list("by", "to_status").annotate(number=Count("*")):
        verdicts[reviewer][to] += number
    waits, reversals = _waits(decisions), _reversals(decisions)
    users = get_user_model()._default_manager.in_bulk(verdicts)
    rows = [
        ReviewerNumbers(
            user_id=str(pk),
            reviewer=person(users[pk]),
            username=users[pk].get_username(),
            passed=numbers[AttemptStatus.VERIFIED],
            failed=numbers[AttemptStatus.REJECTED],
            median_wait=percentile(waits.get(pk, {}), 50),
            reversed=reversals[pk],
        )
        for pk, numbers in verdicts.items()
    ]
    return sorted(rows, key=lambda row: (-row.decisions, row.username))


def _waits(decisions: QuerySet[StatusChange]) -> Mapping[int, Mapping[int, int]]:
    """Return for each person the whole minutes that attempts waited for their first decision, each with its number."""
    first = decisions.filter(attempt__decided_at=F("at"), attempt__completed_at__isnull=False)
    minutes: dict[int, Counter[int]] = defaultdict(Counter)
    grouped = first.order_by().values_list("by", WholeMinutes("attempt__completed_at", "at"))
    for reviewer, minute, number in grouped.annotate(number=Count("*")):
        minutes[reviewer][max(0, minute)] += number
    return minutes


def _reversals(decisions: QuerySet[StatusChange]) -> Counter[int]:
    """Return how many decisions of each person were turned into the opposite by a later one."""
    reversing = decisions.filter(from_status__in=sorted(DECIDED_STATUSES)).exclude(from_status=F("to_status"))
    before = decisions.filter(attempt=OuterRef("attempt"), pk__lt=OuterRef("pk"), to_status=OuterRef("from_status"))
    whose = reversing.annotate(whose=Subquery(before.order_by("-pk").values("by")[:1])).filter(whose__isnull=False)
    return Counter(dict(whose.order_by().values_list("whose").annotate(number=Count("*"))))
