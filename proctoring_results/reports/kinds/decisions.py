"""One row for each decision of a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReportKind
from proctoring_results.models import StatusChange
from proctoring_results.permissions import REPORT_DECISIONS
from proctoring_results.reports.columns import Column, email, guarded, text, time, username_path

from .base import Kind

if TYPE_CHECKING:
    from proctoring_results.models.attempts import ExamAttemptQuerySet

ATTEMPT = "attempt__"


class Decisions(Kind):
    name = ReportKind.DECISIONS.value
    label = _("Proctored Exam Decisions Report")
    noun = _("proctored exam decisions report")
    description = _("One row for each decision of a person: who decided what and when, and why.")
    version = 2
    attempt_path = ATTEMPT
    permission = REPORT_DECISIONS

    def columns(self) -> Sequence[Column]:
        return (
            Column("course_id", guarded(f"{ATTEMPT}exam__course_id")),
            Column("exam_name", guarded(f"{ATTEMPT}exam__exam_name")),
            Column("username", guarded(f"{ATTEMPT}{username_path()}")),
            Column("email", guarded(email(ATTEMPT))),
            Column("attempt_code", guarded(f"{ATTEMPT}attempt_code")),
            Column("decided_at", time("at"), "time"),
            Column("decided_by", guarded(f"by__{username_path('')}")),
            Column("decided_via", text("source")),
            Column("from_status", text("from_status")),
            Column("to_status", text("to_status")),
            Column("reason", guarded("reason")),
            Column("category", guarded("category")),
        )

    def rows(self, attempts: ExamAttemptQuerySet) -> QuerySet[StatusChange]:
        return StatusChange.objects.decisions().filter(attempt__in=attempts.order_by())

    def order(self) -> Sequence[object]:
        return [*super().order(), "at", "pk"]
