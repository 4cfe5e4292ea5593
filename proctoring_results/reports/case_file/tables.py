"""The tables of a case file, in CSV: guarded as the cells of a report are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from proctoring_results.choices import DownloadOutcome
from proctoring_results.guard import guarded_text

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from .case import Case

INCIDENTS = (
    "review", "incident", "status", "kind", "severity", "comment", "start", "stop", "dismissed_by", "dismissed_at",
    "dismissal_reason",
)  # fmt: skip
DECISIONS = ("decided_at", "decided_by", "decided_via", "from_status", "to_status", "review", "reason", "category")
APPEALS = (
    "appealed_at", "text", "answer_due_at", "decided_at", "answered_at", "answered_by", "status_after", "answer_reason",
)  # fmt: skip
LOOKS = ("at", "who", "what", "review", "evidence", "purpose", "address")

Row = list[str]


def incident_rows(case: Case) -> Iterator[Row]:
    """Return the incidents of all reviews."""
    yield list(INCIDENTS)
    for incident in case.incidents.iterator():
        yield _row(
            case.number_of(incident.review_id),
            incident.position + 1,
            incident.status,
            incident.kind,
            incident.severity,
            incident.comment,
            incident.start,
            incident.stop,
            _name(incident.dismissed_by),
            incident.dismissed_at,
            incident.dismissal_reason,
        )


def decision_rows(case: Case) -> Iterator[Row]:
    """Return the decisions of people, those included that the service reported."""
    yield list(DECISIONS)
    for change in case.decisions.iterator():
        yield _row(
            change.at,
            _name(change.by),
            change.source,
            change.from_status,
            change.to_status,
            case.number_of(change.review_id),
            change.reason,
            change.category,
        )


def appeal_rows(case: Case) -> Iterator[Row]:
    """Return the learner's appeals with the decisions that answered them."""
    yield list(APPEALS)
    for appeal in case.appeals.iterator():
        answer = case.answer_to(appeal)
        answered = (answer.at, _name(answer.by), answer.to_status, answer.reason) if answer else (None,) * 4
        yield _row(appeal.at, appeal.text, appeal.answer_due_at, appeal.decision.at, *answered)


def look_rows(case: Case) -> Iterator[Row]:
    """Return who has looked, what evidence was opened, which case files were made, and their downloads."""
    yield list(LOOKS)
    looks = [*_looks(case), *_disclosures(case), *_downloads(case)]
    yield from (row for _, row in sorted(looks, key=lambda look: look[0]))


def _looks(case: Case) -> Iterator[tuple[datetime, Row]]:
    for one in case.looks:
        yield one.at, _row(one.at, _name(one.user), "look", case.number_of(one.review_id), None, "", None)


def _disclosures(case: Case) -> Iterator[tuple[datetime, Row]]:
    for one in case.disclosures:
        number = case.number_of(one.evidence.review_id) if one.evidence else None
        position = one.evidence.position + 1 if one.evidence else None
        yield one.at, _row(one.at, _name(one.user), one.kind, number, position, one.purpose, one.address)


def _downloads(case: Case) -> Iterator[tuple[datetime, Row]]:
    for one in case.downloads.filter(outcome=DownloadOutcome.DOWNLOADED):
        yield one.at, _row(one.at, _name(one.user), "download", None, None, "", one.address)


def _name(user: AbstractBaseUser | None) -> str:
    return user.get_username() if user else ""


def _row(*cells: object) -> Row:
    return [guarded_text(_text(cell)) for cell in cells]


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return "" if cell is None else str(cell)
