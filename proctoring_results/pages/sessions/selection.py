"""What the page before *Pass for a selection* shows: which sessions, and what follows for how many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proctoring_results.pages._shared.statuses import StatusBadge, review_badge
from proctoring_results.people import person
from proctoring_results.queries.teamwork import looks_of

if TYPE_CHECKING:
    from proctoring_results.services.selection import Candidate


@dataclass(frozen=True, slots=True)
class SelectedSession:
    candidate: Candidate
    review: StatusBadge | None
    suspicious: int
    violations: int
    # Who has looked at it without deciding; nobody may have opened it.
    lookers: list[str]


@dataclass(frozen=True, slots=True)
class PassGroup:
    """Sessions for which the same follows."""

    sentences: tuple[str, ...]
    sessions: list[SelectedSession]


def pass_groups(candidates: Sequence[Candidate]) -> list[PassGroup]:
    """Return the sessions that can be passed, those with equal consequences together. One query."""
    looks = looks_of([candidate.preview.attempt for candidate in candidates])
    groups: dict[tuple[str, ...], PassGroup] = {}
    for candidate in candidates:
        attempt = candidate.preview.attempt
        review = attempt.current_review
        session = SelectedSession(
            candidate=candidate,
            review=review_badge(review.review_status, "") if review else None,
            suspicious=review.suspicious_count if review else 0,
            violations=review.rules_violation_count if review else 0,
            lookers=[person(look.user).name for look in looks.get(attempt.pk, [])],
        )
        sentences = tuple(str(consequence.sentence) for consequence in candidate.preview.consequences)
        groups.setdefault(sentences, PassGroup(sentences, [])).sessions.append(session)
    return list(groups.values())
