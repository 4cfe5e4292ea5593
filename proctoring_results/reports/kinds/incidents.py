"""One row for each incident of the current reviews."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReportKind
from proctoring_results.models import Incident
from proctoring_results.reports.columns import (
    Column,
    email,
    guarded,
    is_set,
    number,
    seconds,
    text,
    time,
    username_path,
)

from .base import Kind

if TYPE_CHECKING:
    from proctoring_results.models.attempts import ExamAttemptQuerySet

ATTEMPT = "review__attempt__"


class Incidents(Kind):
    name = ReportKind.INCIDENTS.value
    label = _("Proctored Exam Incidents Report")
    noun = _("proctored exam incidents report")
    description = _("One row for each incident of the current reviews, also those that were dismissed.")
    attempt_path = ATTEMPT

    def columns(self) -> Sequence[Column]:
        return (
            Column("course_id", guarded(f"{ATTEMPT}exam__course_id")),
            Column("exam_name", guarded(f"{ATTEMPT}exam__exam_name")),
            Column("username", guarded(f"{ATTEMPT}{username_path()}")),
            Column("email", guarded(email(ATTEMPT))),
            Column("attempt_code", guarded(f"{ATTEMPT}attempt_code")),
            Column("status", text(f"{ATTEMPT}status")),
            Column("review_status", text("review__review_status")),
            Column("incident", number(F("position") + 1), "number"),
            Column("start_seconds", seconds("start"), "number"),
            Column("stop_seconds", seconds("stop"), "number"),
            Column("incident_kind", guarded("kind")),
            Column("incident_status", guarded("status")),
            Column("comment", guarded("comment")),
            Column("dismissed", is_set("dismissed_at")),
            Column("dismissed_at", time("dismissed_at"), "time"),
            Column("dismissed_by", guarded(f"dismissed_by__{username_path('')}")),
            Column("dismissal_reason", guarded("dismissal_reason")),
            Column("source", guarded(f"{ATTEMPT}provider")),
        )

    def rows(self, attempts: ExamAttemptQuerySet) -> QuerySet[Incident]:
        return Incident.objects.filter(review__in=attempts.order_by().values("current_review"))

    def order(self) -> Sequence[object]:
        return [*super().order(), "position"]
