"""One report, from the claim to the published file.

The row is the truth: claimed by a fencing number, kept by a lease that a second thread renews, published in one
update that a worker past its lease cannot make.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable
from typing import IO

from django.db import DatabaseError, router
from django.utils import timezone

from proctoring_results.choices import ReportFailure, ReportStep
from proctoring_results.exceptions import ClaimLost
from proctoring_results.models import ExamAttempt, Report

from . import files
from .claims import Claim, Heartbeat, Written
from .kinds import attempts_in_report, columns_of, rows_of
from .rows import OnBatch, header, own_connection, write_rows

logger = logging.getLogger("proctoring_results.reports")


def build(report_pk: int) -> bool:
    """Build a report that is due; says whether it was this worker that published it.

    Returns False when the report is not due, another worker has it, or it was cancelled meanwhile. An error is
    written to the row (the next try, or the failure with its reference), logged, and raised again.
    """
    claim = Claim.take(report_pk)
    if claim is None:
        return False
    try:
        with Heartbeat(claim):
            _build(claim)
    except ClaimLost:
        logger.warning("Report %s: stopped, the claim was lost or the report cancelled.", claim.report.task_id)
        files.remove(claim.file, timezone.now())
        return False
    except Exception as error:
        claim.give_up(_reason(error, claim.step), error)
        raise
    return True


def _build(claim: Claim) -> None:
    with tempfile.TemporaryFile() as content:
        written = write_report(claim.report, content, claim.show_step, claim.show_progress)
        claim.show_step(ReportStep.STORING)
        claim.check()
        content.seek(0)
        files.store(claim.file, content)
        claim.publish(written)


def write_report(
    report: Report, content: IO[bytes], on_step: Callable[[ReportStep], None], on_progress: Callable[[int, int], None]
) -> Written:
    """Stream the report's rows into a binary file. ``on_progress`` is told rows done and rows in all."""
    sink = files.Checksum(content)
    with own_connection(router.db_for_read(ExamAttempt)) as database:
        attempts = attempts_in_report(report.course_id, report.filters)
        total = attempts.count()
        on_progress(0, total)
        sink.write(header([column.name for column in columns_of(report.kind)]))
        on_step(ReportStep.SORTING)
        as_of = timezone.now()
        telling = _telling(on_step, on_progress, total)
        rows = write_rows(rows_of(report.kind, attempts), database, sink, telling, total)
        on_progress(rows, rows)
    return Written(rows=rows, size=sink.size, sha256=sink.hexdigest, as_of=as_of)


def _telling(on_step: Callable[[ReportStep], None], on_progress: Callable[[int, int], None], total: int) -> OnBatch:
    def on_batch(done: int) -> None:
        on_step(ReportStep.WRITING)
        # Attempts may have come since they were counted.
        on_progress(done, max(done, total))

    return on_batch


def _reason(error: Exception, step: ReportStep) -> ReportFailure:
    if isinstance(error, DatabaseError):
        return ReportFailure.DATABASE
    if isinstance(error, OSError) or step is ReportStep.STORING:
        return ReportFailure.STORAGE
    return ReportFailure.UNEXPECTED
