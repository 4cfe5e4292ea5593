"""What a report is narrowed to: its filters, what they leave, and how the file's name says so."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils.translation import gettext as _

from proctoring_results.choices import Archived, ReportFormat
from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import AttemptFilter
from proctoring_results.models import ProctoredExam, Report

from .formats import FORMATS
from .kinds.base import Kind, attempts_in_report
from .rows import count_rows

# File systems take names of 255 characters.
MAX_NAME_LENGTH, MAX_COURSE_LENGTH, MAX_NARROWING_LENGTH = 255, 190, 60
# A report has archived attempts, too, unless it is asked to leave them out.
ARCHIVED = Archived.WITH
# The filters whose values are words that stand in the file, too.
SPEAKING = ("exam", "status", "review_status", "result")


def read_filters(filters: Mapping[str, Any]) -> AttemptFilter:
    """Return the filter of a stored report, or of one that is requested. Raises ``InvalidInput``."""
    try:
        return AttemptFilter.read(filters, archived=ARCHIVED)
    except InvalidInput as refusal:
        raise InvalidInput(f"filters.{refusal.field}", refusal.problem) from None


def filter_params(filters: AttemptFilter) -> dict[str, str]:
    """Return the filters as a report stores them: only those that narrow it."""
    return {name: value for name, value in filters.params.items() if (name, value) != ("archived", ARCHIVED.value)}


def exam_names(reports: Collection[Report]) -> dict[tuple[str, str], str]:
    """Return the names of the exams to which these reports are narrowed: (course, content id) → name. One query."""
    of_one_exam = [report for report in reports if "exam" in report.filters]
    keys = {(course, report.filters["exam"]) for report in of_one_exam for course in report.scopes}
    if not keys:
        return {}
    exams = ProctoredExam.objects.filter(
        course_id__in={course for course, _ in keys}, content_id__in={content for _, content in keys}
    )
    return {(exam.course_id, exam.content_id): exam.exam_name for exam in exams}


def exam_name_of(report: Report, names: Mapping[tuple[str, str], str]) -> str:
    """Return the name of the exam to which the report is narrowed, by ``exam_names``; its id if it has no name."""
    content_id = report.filters.get("exam", "")
    return next((names[key] for course in report.scopes if (key := (course, content_id)) in names), content_id)


def number_of_rows(kind: Kind, courses: Collection[str], filters: AttemptFilter, zone: tzinfo) -> int:
    """Return how many rows the report would have now."""
    return count_rows(kind.rows(attempts_in_report(courses, filters, zone)))


def file_name(report: Report, exam_name: str, named_at: datetime) -> str:
    """Return ``{course_id}_{kind}_{datetime}.csv`` (in UTC), safe on every file system.

    Between kind and datetime a narrowed report says to what. A report about several courses begins with the kind.
    """
    narrowed = _safe(_narrowing(report.filters, exam_name))[:MAX_NARROWING_LENGTH].strip("_-.")
    extension = FORMATS[ReportFormat(report.format)].extension
    parts = [report.kind, narrowed, f"{named_at.astimezone(UTC):%Y-%m-%d-%H%M%S}.{extension}"]
    rest = "_".join(filter(None, parts))
    course = _safe(report.course_id)[: min(MAX_COURSE_LENGTH, MAX_NAME_LENGTH - len(rest) - 1)]
    return "_".join(filter(None, [course, rest]))


def _narrowing(filters: Mapping[str, str], exam_name: str) -> str:
    """Return ``Final exam-rejected-since-2026-05-01``: what says nothing alone stands behind its filter's name."""
    values = {**filters, "exam": exam_name} if "exam" in filters else filters
    return "-".join(value if name in SPEAKING else f"{name}-{value}" for name, value in values.items())


def _safe(text: str) -> str:
    return re.sub(r"[^\w.+-]", "_", text)


def check_number_of_rows(file_format: ReportFormat, rows: int) -> None:
    """Raise ``InvalidInput`` if the format does not take so many rows."""
    limit = FORMATS[file_format].max_rows
    if limit is not None and rows > limit:
        params = {"limit": f"{limit:,}", "rows": f"{rows:,}"}
        raise InvalidInput(
            "format",
            _("An Excel workbook takes %(limit)s rows, and this report has about %(rows)s. Choose CSV, or narrow it.")
            % params,
        )
