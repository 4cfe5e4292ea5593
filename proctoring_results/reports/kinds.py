"""The kinds of reports, each in one entry: its columns, and what the page says while it is created."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReportKind
from proctoring_results.conf import conf
from proctoring_results.models import ExamAttempt, ProctoredExam

from .columns import Bytewise, Column, exam_results_columns, session_results_columns, username_path

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# File systems take names of 255 characters; what follows the course id needs 56.
MAX_COURSE_LENGTH = 190


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of report. Its stored value is part of the file's name."""

    kind: ReportKind
    # Called once a build: the settings may add columns.
    columns: Callable[[], tuple[Column, ...]]
    # Shown after a click, and after a click while the same report is being created.
    being_created: StrPromise
    currently_being_created: StrPromise


EXAM_RESULTS = Kind(
    kind=ReportKind.EXAM_RESULTS,
    columns=lambda: exam_results_columns(with_provider=conf().REPORT_PROVIDER_COLUMNS),
    being_created=_(
        "The proctored exam results report is being created. To view the status of the report, see Pending Tasks below."
    ),
    currently_being_created=_(
        "The proctored exam results report is currently being created. "
        "To view the status of the report, see Pending Tasks below. "
        "You will be able to download the report when it is complete."
    ),
)
SESSION_RESULTS = Kind(
    kind=ReportKind.SESSION_RESULTS,
    columns=session_results_columns,
    being_created=_(
        "The proctored session results report is being created. "
        "To view the status of the report, see Pending Tasks below."
    ),
    currently_being_created=_(
        "The proctored session results report is currently being created. "
        "To view the status of the report, see Pending Tasks below. "
        "You will be able to download the report when it is complete."
    ),
)
KINDS: Mapping[ReportKind, Kind] = {kind.kind: kind for kind in (EXAM_RESULTS, SESSION_RESULTS)}


def attempts_in_report(course_id: str, filters: Mapping[str, Any]) -> QuerySet[ExamAttempt]:
    """Return every attempt that has a result, archived ones too; ``filters`` may name a ``content_id``.

    Reads the exams at once: with their keys at hand the database knows how many attempts to expect, and reads those of
    a small course by the index however large the table is.
    """
    exams = ProctoredExam.objects.in_course(course_id).with_result()
    if "content_id" in filters:
        exams = exams.filter(content_id=filters["content_id"])
    return ExamAttempt.objects.with_result().filter(exam__in=list(exams.values_list("pk", flat=True)))


def rows_of(columns: Sequence[Column], attempts: QuerySet[ExamAttempt]) -> QuerySet[ExamAttempt, tuple[str, ...]]:
    """Return the rows as they stand in the file, in its order: by code point, the same on every database."""
    cells = {f"cell_{number}": column.text for number, column in enumerate(columns)}
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
    """Return ``{course_id}_{kind}_{datetime}.csv`` (in UTC), safe on every file system."""
    course = re.sub(r"[^\w.+-]", "_", course_id)[:MAX_COURSE_LENGTH]
    return f"{course}_{kind}_{requested_at.astimezone(UTC):%Y-%m-%d-%H%M%S}.csv"
