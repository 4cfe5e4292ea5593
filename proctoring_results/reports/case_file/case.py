"""One session as it stood at one moment: the rows of its case file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Generic, TypeVar

from django.utils import timezone

from proctoring_results.models import (
    Appeal,
    Disclosure,
    Evidence,
    ExamAttempt,
    ExamReview,
    Incident,
    LmsEffect,
    Report,
    ReportDownload,
    SessionLook,
    StatusChange,
)

if TYPE_CHECKING:
    from django.db.models import QuerySet

RowT = TypeVar("RowT", Incident, Evidence)


@dataclass(frozen=True, slots=True)
class Case:
    """The rows are only ever added to: with what came after ``as_of`` left out, each part of the file shows the same.

    They are read when a part is written, since a session may have very many.
    """

    export: Disclosure
    attempt: ExamAttempt
    as_of: datetime
    # Of reviews, from 1 in the order in which they arrived, by their keys.
    numbers: Mapping[int, int]

    @property
    def reviews(self) -> QuerySet[ExamReview]:
        return self.attempt.reviews.filter(pk__in=self.numbers).select_related("reviewed_by").order_by("pk")

    @property
    def changes(self) -> QuerySet[StatusChange]:
        return self.attempt.changes.filter(at__lte=self.as_of).select_related("by").order_by("pk")

    @property
    def decisions(self) -> QuerySet[StatusChange]:
        return self.changes.filter(pk__in=self.attempt.changes.decisions())

    @property
    def appeals(self) -> QuerySet[Appeal]:
        appeals = self.attempt.appeals.filter(at__lte=self.as_of).select_related("decision", "answer__by")
        return appeals.order_by("pk")

    def answer_to(self, appeal: Appeal) -> StatusChange | None:
        return appeal.answer if appeal.answer is not None and appeal.answer.at <= self.as_of else None

    @property
    def effects(self) -> QuerySet[LmsEffect]:
        return self.attempt.effects.queued_by(self.as_of).order_by("pk")

    @property
    def disclosures(self) -> QuerySet[Disclosure]:
        disclosures = self.attempt.disclosures.filter(at__lte=self.as_of).select_related("user", "evidence", "report")
        return disclosures.defer("evidence__url").order_by("pk")

    @property
    def looks(self) -> QuerySet[SessionLook]:
        """Of people who have looked at the session and decided nothing."""
        return self.attempt.looks.filter(at__lte=self.as_of).select_related("user").order_by("pk")

    @property
    def downloads(self) -> QuerySet[ReportDownload]:
        """Of this session's case files, refused ones included."""
        downloads = ReportDownload.objects.filter(report__disclosure__attempt=self.attempt, at__lte=self.as_of)
        return downloads.select_related("user", "report").order_by("pk")

    @property
    def incidents(self) -> QuerySet[Incident]:
        incidents = Incident.objects.filter(review__in=self.numbers).select_related("dismissed_by")
        return incidents.order_by("review_id", "position")

    @property
    def evidence(self) -> QuerySet[Evidence]:
        evidence = Evidence.objects.filter(review__in=self.numbers).select_related("incident")
        return evidence.order_by("review_id", "position")

    def number_of(self, review_id: int | None) -> int | None:
        return self.numbers.get(review_id or 0)


def read_case(report: Report) -> Case:
    exports = Disclosure.objects.select_related("attempt__exam", "attempt__user", "attempt__archived_by", "user")
    export = exports.get(report=report)
    as_of = timezone.now()
    reviews = export.attempt.reviews.filter(received_at__lte=as_of).order_by("pk").values_list("pk", flat=True)
    return Case(export, export.attempt, as_of, {pk: number for number, pk in enumerate(reviews, 1)})


class ByReview(Generic[RowT]):
    """Rows of the reviews of a case, handed out review by review from one query."""

    def __init__(self, rows: QuerySet[RowT]) -> None:
        self.groups: Iterator[tuple[int, Iterator[RowT]]] = groupby(rows.iterator(), key=lambda row: row.review_id)
        self.ahead: tuple[int, Iterator[RowT]] | None = next(self.groups, None)

    def of(self, review: ExamReview) -> list[RowT]:
        """Return the rows of a review. Ask once for each review, in their order."""
        if self.ahead is None or self.ahead[0] != review.pk:
            return []
        rows = list(self.ahead[1])
        self.ahead = next(self.groups, None)
        return rows
