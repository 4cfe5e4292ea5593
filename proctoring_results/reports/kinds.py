"""What each kind of report holds: its columns, its rows and their order, and the name of its file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db.models import F, QuerySet

from proctoring_results.choices import ReportKind
from proctoring_results.conf import conf
from proctoring_results.models import ExamAttempt, ProctoredExam

from .columns import Bytewise, Column, exam_results_columns, session_results_columns, username_path

# File systems take names of 255; what follows the course id needs 56.
MAX_COURSE_LENGTH = 190


def columns_of(kind: str) -> tuple[Column, ...]:
    if kind == ReportKind.SESSION_RESULTS:
        return session_results_columns()
    return exam_results_columns(with_provider=conf().REPORT_PROVIDER_COLUMNS)


def attempts_in_report(course_id: str, filters: Mapping[str, Any]) -> QuerySet[ExamAttempt]:
    """Every attempt at a proctored or practice exam, archived ones too; ``filters`` may name one ``content_id``.

    Asks for the exams at once: with their keys at hand the database knows how many attempts to expect, and reads
    those of a small course by the index however large the table is.
    """
    exams = ProctoredExam.objects.in_course(course_id).with_result()
    if "content_id" in filters:
        exams = exams.filter(content_id=filters["content_id"])
    return ExamAttempt.objects.filter(exam__in=list(exams.values_list("pk", flat=True)))


def rows_of(kind: str, attempts: QuerySet[ExamAttempt]) -> QuerySet[ExamAttempt, tuple[str, ...]]:
    """The rows as they stand in the file, in its order: by code point, the same on every database."""
    cells = {f"cell_{number}": column.text for number, column in enumerate(columns_of(kind))}
    return (
        attempts.annotate(**cells)
        .order_by(
            Bytewise(F("exam__exam_name")),
            "exam_id",
            Bytewise(F(username_path())),
            F("started_at").asc(nulls_first=True),
            "pk",
        )
        .values_list(*cells)
    )


def file_name(kind: str, course_id: str, requested_at: datetime) -> str:
    """``{course_id}_{kind}_{datetime}.csv``, safe on every file system; the moment in UTC."""
    course = re.sub(r"[^\w.+-]", "_", course_id)[:MAX_COURSE_LENGTH]
    return f"{course}_{kind}_{requested_at.astimezone(UTC):%Y-%m-%d-%H%M%S}.csv"
