"""The exam results with more about each attempt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReportKind
from proctoring_results.models import ExamAttempt, Incident, StatusChange
from proctoring_results.reports.columns import (
    Column,
    count,
    guarded,
    is_set,
    number,
    time,
    username_path,
)

from .exam_results import ExamResults


class ExtendedResults(ExamResults):
    name = ReportKind.EXTENDED_RESULTS.value
    label = _("Extended Proctored Exam Results Report")
    noun = _("extended proctored exam results report")
    description = _(
        "One row for each attempt: the exam results, and the provider, the track, extra time, who decided and more."
    )

    def columns(self) -> Sequence[Column]:
        return (
            *super().columns(),
            Column("provider", guarded("provider")),
            Column("track", guarded("track")),
            Column("attempt_number", count(_earlier_attempts()), "number"),
            Column("is_archived", is_set("archived_at")),
            Column("extra_time_mins", number("extra_time_mins"), "number"),
            Column("decided_at", time(_last_decision("at")), "time"),
            Column("decided_by", guarded(_last_decision(f"by__{username_path('')}"))),
            Column("dismissed_incidents", count(_dismissed_incidents()), "number"),
        )


def _earlier_attempts() -> Coalesce:
    """Return the number of the attempt among the learner's at this exam: 1 for the first."""
    up_to_this = (
        ExamAttempt.objects.with_result()
        .filter(user=OuterRef("user"), exam=OuterRef("exam"), pk__lte=OuterRef("pk"))
        .order_by()
    )
    return _number_of(up_to_this, "exam")


def _dismissed_incidents() -> Coalesce:
    dismissed = Incident.objects.filter(review=OuterRef("current_review"), dismissed_at__isnull=False).order_by()
    return _number_of(dismissed, "review")


def _number_of(rows: QuerySet[Any], group: str) -> Coalesce:
    number = Subquery(rows.values(group).annotate(number=Count("*")).values("number"), output_field=IntegerField())
    return Coalesce(number, Value(0))


def _last_decision(field: str) -> Subquery:
    decisions = StatusChange.objects.decisions().filter(attempt=OuterRef("pk"))
    return Subquery(decisions.order_by("-at", "-pk").values(field)[:1])
