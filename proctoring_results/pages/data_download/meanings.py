"""The section *What the columns mean*, ready to be printed."""

from __future__ import annotations

from dataclasses import dataclass

from proctoring_results.choices import ReportKind
from proctoring_results.meanings import REVIEW_MEANINGS, STATUS_MEANINGS, learner_reads
from proctoring_results.pages._shared.statuses import (
    StatusBadge,
    review_anchor,
    review_badge,
    status_anchor,
    status_badge,
)
from proctoring_results.reports.kinds.registry import kind_named
from proctoring_results.reports.meanings import COLUMN_MEANINGS


@dataclass(frozen=True, slots=True)
class ColumnRow:
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class StatusRow:
    anchor: str
    # As the file has it.
    stored: str
    badge: StatusBadge
    cause: str
    # Empty for a status of which the learner reads nothing.
    learner_reads: str


@dataclass(frozen=True, slots=True)
class ReviewRow:
    anchor: str
    badge: StatusBadge
    exam_result: str
    leads_to: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Meanings:
    columns: list[ColumnRow]
    statuses: list[StatusRow]
    reviews: list[ReviewRow]


def meanings() -> Meanings:
    columns = kind_named(ReportKind.EXAM_RESULTS).columns()
    return Meanings(
        columns=[ColumnRow(column.name, str(COLUMN_MEANINGS[column.name])) for column in columns],
        statuses=[
            StatusRow(
                status_anchor(status),
                status.value,
                status_badge(status, ""),
                str(text.cause),
                learner_reads(status),
            )
            for status, text in STATUS_MEANINGS.items()
        ],
        reviews=[
            ReviewRow(
                review_anchor(review_status),
                review_badge(review_status, ""),
                str(text.exam_result),
                [(status.value, status_anchor(status)) for status in text.leads_to],
            )
            for review_status, text in REVIEW_MEANINGS.items()
        ],
    )
