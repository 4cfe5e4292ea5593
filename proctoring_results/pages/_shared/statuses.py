"""How pages print the status of an attempt."""

from __future__ import annotations

from dataclasses import dataclass

from proctoring_results.rules import small_print, status_label, tone_of


@dataclass(frozen=True, slots=True)
class StatusBadge:
    """A label, with the stored status for the small print; that is empty if it says the same."""

    label: str
    stored: str
    tone: str


def status_badge(status: str) -> StatusBadge:
    return StatusBadge(status_label(status), small_print(status), tone_of(status))
