"""How pages print the status of an attempt."""

from __future__ import annotations

from dataclasses import dataclass

from proctoring_results.choices import AttemptStatus
from proctoring_results.rules import STATUS_LABELS, tone_of


@dataclass(frozen=True, slots=True)
class StatusBadge:
    """A label, with the stored status for the small print; that is empty if it says the same."""

    label: str
    stored: str
    tone: str


def status_label(status: str) -> str:
    return str(STATUS_LABELS[AttemptStatus(status)])


def status_badge(status: str) -> StatusBadge:
    label = status_label(status)
    return StatusBadge(label, "" if label.casefold() == status.replace("_", " ") else status, tone_of(status))


def status_choices() -> list[tuple[str, str]]:
    """Return the choices of a filter: each label, followed by the stored status if it says something else."""
    badges = [(status.value, status_badge(status)) for status in AttemptStatus]
    return [(value, f"{badge.label} ({badge.stored})" if badge.stored else badge.label) for value, badge in badges]
