"""One report, from the claim to the published file.

The row is the truth: claimed by a fencing number, kept by a lease that is renewed while a second thread builds, and
published in one update that a worker cannot make once its lease is over.
"""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import IO, Any, cast

from django.db import DatabaseError, connections
from django.db.models import QuerySet
from django.utils import timezone

from proctoring_results.choices import ReportFailure, ReportFormat, ReportStep
from proctoring_results.exceptions import ClaimLost, ReportCannotBeBuilt
from proctoring_results.jobs.threads import in_thread
from proctoring_results.lms import course_zone
from proctoring_results.models import Report

from . import files
from .about import contents_of
from .case_file.write import write_case_file
from .claims import BuildResult, Claim, NoProgress, run_with_heartbeat
from .columns import Column
from .formats import FORMATS, check_build
from .kinds.base import Kind, attempts_in_report, cells
from .kinds.registry import kind_named
from .narrowing import read_filters
from .rows import Sink, count_rows, header, write_rows

logger = logging.getLogger("proctoring_results.reports")

OnStep = Callable[[ReportStep], None]
OnProgress = Callable[[int, int | None], None]

# Of a report that takes longer, somebody may watch the progress: then its rows are counted, while they are written.
SECONDS_BEFORE_COUNTING = 1.0


def build(report_pk: int) -> bool:
    """Build a report that is due, and return whether this worker published it.

    It did not if the report is not due, another worker has it, or it was cancelled meanwhile. An error is written to
    the row (the next try, or the failure with its reference), logged, and raised again.
    """
    claim = Claim.acquire(report_pk)
    if claim is None:
        return False
    try:
        result = run_with_heartbeat(claim, partial(_write_and_store, claim))
        with _file_removed_if_lost(claim):
            claim.publish(result)
    except ClaimLost:
        logger.warning("Report %s: stopped, the claim was lost or the report cancelled.", claim.report.task_id)
        return False
    except Exception as error:
        claim.record_failure(_reason_of(error, claim.step), error)
        raise
    return True


def _write_and_store(claim: Claim) -> BuildResult:
    write = write_case_file if claim.report.is_case_file else write_report
    with _file_removed_if_lost(claim), tempfile.TemporaryFile() as content:
        result = write(claim.report, content, claim.set_step, claim.set_progress)
        claim.set_step(ReportStep.STORING)
        claim.check()
        content.seek(0)
        files.store(claim.file, content)
        claim.check()
    return result


@contextmanager
def _file_removed_if_lost(claim: Claim) -> Iterator[None]:
    try:
        yield
    except ClaimLost:
        files.remove(claim.file, timezone.now())
        raise


def write_report(report: Report, content: IO[bytes], on_step: OnStep, on_progress: OnProgress) -> BuildResult:
    """Write the report's rows into a binary file, in its format.

    ``on_progress`` gets the rows done and the rows in all, or None while they are not known, and may raise.
    """
    sink = files.Checksum(content)
    kind, file_format = kind_named(report.kind), FORMATS[ReportFormat(report.format)]
    check_build(file_format, rows=0)
    columns = kind.columns()
    if file_format.convert is None:
        rows, as_of = _write_rows(report, kind, columns, sink, on_step, on_progress)
    else:
        with tempfile.TemporaryFile() as csv:
            rows, as_of = _write_rows(report, kind, columns, csv, on_step, on_progress)
            check_build(file_format, rows)
            csv.seek(0)
            on_step(ReportStep.CONVERTING)
            contents = contents_of(report, kind, columns, rows, as_of)
            # All rows are read. What is still to do shows as a step, and renews the sign of life.
            file_format.convert(csv, cast("IO[bytes]", sink), contents, lambda _: on_progress(rows, rows))
    return BuildResult(rows=rows, size=sink.size, sha256=sink.hexdigest, as_of=as_of)


def _write_rows(
    report: Report,
    kind: Kind,
    columns: Sequence[Column],
    sink: Sink,
    on_step: OnStep,
    on_progress: OnProgress,
) -> tuple[int, datetime]:
    """Write header and rows as CSV. Return the number of rows, and the moment that they show."""
    attempts = attempts_in_report(report.scopes, read_filters(report.filters), course_zone(report.course_id))
    on_progress(0, None)
    sink.write(header([column.name for column in columns]))
    on_step(ReportStep.SORTING)
    as_of = timezone.now()
    finished = cells(kind, columns, attempts, several_courses=not report.course_id)
    with _counting(kind.rows(attempts)) as total:

        def on_batch(done: int) -> None:
            on_step(ReportStep.WRITING)
            on_progress(done, total(done))

        rows = write_rows(finished, connections[finished.db], sink, on_batch)
    on_progress(rows, rows)
    return rows, as_of


@contextmanager
def _counting(rows: QuerySet[Any]) -> Iterator[Callable[[int], int | None]]:
    """Count the rows on the side if writing them takes long.

    Yields a function that returns their number, or None while it is not known; at least the number of those done, as
    rows may have been added.
    """
    written = threading.Event()
    counted = in_thread(lambda: None if written.wait(SECONDS_BEFORE_COUNTING) else count_rows(rows))

    def total(done: int) -> int | None:
        # Without the number the report is as good.
        number = counted.result() if counted.done() and not counted.exception() else None
        return None if number is None else max(done, number)

    try:
        yield total
    finally:
        written.set()


def _reason_of(error: Exception, step: ReportStep) -> ReportFailure:
    if isinstance(error, ReportCannotBeBuilt):
        return error.failure
    hangs_before_storing = isinstance(error, NoProgress) and step is not ReportStep.STORING
    if isinstance(error, DatabaseError) or hangs_before_storing:
        return ReportFailure.DATABASE
    if isinstance(error, OSError) or step is ReportStep.STORING:
        return ReportFailure.STORAGE
    return ReportFailure.UNEXPECTED
