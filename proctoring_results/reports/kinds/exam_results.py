"""The report of the documents: one row for each attempt, in fifteen columns that never change."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReportKind
from proctoring_results.reports.columns import (
    Column,
    boolean,
    count,
    email,
    guarded,
    number,
    text,
    time,
    username_path,
)
from proctoring_results.rules import PRINTED_REVIEW_STATUS

from .base import Kind


class ExamResults(Kind):
    name = ReportKind.EXAM_RESULTS.value
    label = _("Proctored Exam Results Report")
    noun = _("proctored exam results report")
    description = _("One row for each attempt, with its status, its review and the incidents.")

    def columns(self) -> Sequence[Column]:
        """Return exactly these, in this order, for ever. Anything else is another kind."""
        return (
            Column("course_id", guarded("exam__course_id")),
            Column("exam_name", guarded("exam__exam_name")),
            Column("username", guarded(username_path())),
            Column("email", guarded(email())),
            Column("attempt_code", guarded("attempt_code")),
            Column("allowed_time_limit_mins", number("allowed_time_limit_mins"), "number"),
            Column("is_sample_attempt", boolean("is_sample_attempt")),
            Column("started_at", time("started_at"), "time"),
            Column("completed_at", time("completed_at"), "time"),
            Column("status", text("status")),
            Column("review_status", PRINTED_REVIEW_STATUS),
            Column("Suspicious Count", count("current_review__suspicious_count"), "number"),
            Column("Suspicious Comments", guarded("current_review__suspicious_comments")),
            Column("Rules Violation Count", count("current_review__rules_violation_count"), "number"),
            Column("Rules Violation Comments", guarded("current_review__rules_violation_comments")),
        )
