"""The README of a report: what the file is, and what its columns and stored words mean. Nothing personal is in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from proctoring_results.choices import AttemptStatus, ReportFormat, ReviewStatus
from proctoring_results.filters import in_words
from proctoring_results.meanings import REVIEW_MEANINGS, STATUS_MEANINGS, learner_reads
from proctoring_results.models import Report

from .formats import FORMATS
from .kinds.base import Kind
from .kinds.registry import kinds
from .meanings import meaning_of
from .narrowing import exam_name_of, exam_names

# The columns with the status of an attempt.
STATUS_COLUMNS = frozenset({"status", "from_status", "to_status"})


def readme(report: Report) -> str:
    """Return the README in the language of the reader. A kind that the host has taken away has no columns in it."""
    kind = kinds().get(report.kind)
    label = str(kind.label) if kind else report.kind
    lines = [label, "=" * len(label), ""]
    if kind:
        lines += [str(kind.description), ""]
    lines += [f"{name}: {value}" for name, value in _facts(report, kind)]
    lines += [
        "",
        _(
            "The report contains information about the proctoring review, and none about the score on the exam. A "
            "learner might pass the proctoring review but not earn a high enough score to pass the exam itself."
        ),
    ]
    lines += _explanations(kind) if kind else []
    return "\n".join(lines) + "\n"


def _facts(report: Report, kind: Kind | None) -> Iterator[tuple[str, str]]:
    """Yield what the file is. What is unknown until the report is ready is left out before."""
    yield _("File"), report.file_name
    if report.course_id:
        yield _("Course"), report.course_id
    else:
        yield _("Courses"), ", ".join(report.courses)
    narrowed = in_words(report.filters, exam_name_of(report, exam_names([report])))
    yield _("Narrowed to"), "; ".join(narrowed) or _("nothing: all attempts, archived ones included")
    file_format = FORMATS[ReportFormat(report.format)]
    yield _("Format"), f"{report.get_format_display()}. {file_format.description}"
    if kind:
        yield _("Columns"), _("%(kind)s, version %(version)d") % {"kind": kind.name, "version": kind.version}
    if report.as_of:
        yield _("As of"), _utc(report.as_of)
    if report.rows is not None:
        yield _("Rows"), _("%(rows)d, and the header") % {"rows": report.rows}
        yield _("Bytes"), str(report.size)
        yield "SHA-256", report.sha256


def _explanations(kind: Kind) -> list[str]:
    columns = kind.columns()
    names = {column.name for column in columns}
    lines = _section(_("Columns"), ((column.name, meaning_of(column)) for column in columns))
    if names & STATUS_COLUMNS:
        lines += _section(_("Values of status"), map(_explained_status, AttemptStatus))
    if "review_status" in names:
        lines += _section(_("Values of review_status"), map(_explained_review_status, ReviewStatus))
    return lines


def _section(heading: str, entries: Iterable[tuple[str, str]]) -> list[str]:
    return ["", heading, "-" * len(heading), *(f"{name}: {text}" if text else name for name, text in entries)]


def _explained_status(status: AttemptStatus) -> tuple[str, str]:
    meaning, reads = STATUS_MEANINGS[status], learner_reads(status)
    sentences = [f"{status.label}.", str(meaning.meaning), str(meaning.cause)]
    if reads:
        sentences.append(_("The learner reads: %(text)s") % {"text": reads})
    return status.value, " ".join(sentences)


def _explained_review_status(status: ReviewStatus) -> tuple[str, str]:
    meaning = REVIEW_MEANINGS[status]
    result = _("Exam result: %(result)s.") % {"result": meaning.exam_result}
    leads_to = ", ".join(meaning.leads_to)
    sentences = [str(meaning.meaning), result]
    if leads_to:
        sentences.append(_("Leads to: %(statuses)s.") % {"statuses": leads_to})
    return status.value, " ".join(sentences)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
