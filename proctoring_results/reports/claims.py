"""A worker's claim on a report: acquired by a fencing number, kept by a lease, ended by publishing or failing."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self, TypeVar

from django.db import DatabaseError, connection, transaction
from django.dispatch import Signal
from django.utils import timezone

from proctoring_results.choices import ReportFailure, ReportState, ReportStep
from proctoring_results.conf import conf
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import ClaimLost, ReportCannotBeBuilt
from proctoring_results.jobs.threads import in_thread
from proctoring_results.models import LmsEffect, Report, ReportFile
from proctoring_results.models.reports import ReportQuerySet
from proctoring_results.signals import report_failed, report_ready

from . import files

ResultT = TypeVar("ResultT")

logger = logging.getLogger("proctoring_results.reports")

# How long a builder whose claim is lost has to finish its batch and remove its file, before nobody waits for it.
SECONDS_TO_STOP = 5.0


def max_tries() -> int:
    return len(conf().RETRY_PAUSES) + 1


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What is in the file: rows without the header, size in bytes, checksum, and the time that the rows show.

    A case file has no rows but entries, one of which is the list of their checksums.
    """

    rows: int
    size: int
    sha256: str
    as_of: datetime
    manifest_sha256: str = ""


@dataclass(slots=True)
class Claim:
    """A worker's claim on a report. The builder's thread writes its progress, the heartbeat reads it."""

    report: Report
    fence: int
    file: ReportFile
    step: ReportStep = ReportStep.NONE
    rows_done: int = 0
    rows_total: int | None = None
    progressed_at: float = field(default_factory=time.monotonic)
    lost: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def acquire(cls, report_pk: int) -> Self | None:
        """Return the claim, or None if the report is not due or another worker was quicker."""
        now = timezone.now()
        fail_exhausted_reports(now)
        fence = Report.objects.claim(
            report_pk,
            now=now,
            lease=conf().LEASE,
            state=ReportState.RUNNING,
            step=ReportStep.NONE,
            started_at=now,
            heartbeat_at=now,
            rows_done=0,
            rows_total=None,
        )
        if fence is None:
            return None
        report = Report.objects.get(pk=report_pk)
        return cls(report, fence, files.reserve(report, fence, now))

    def set_step(self, step: ReportStep) -> None:
        self.step, self.progressed_at = step, time.monotonic()

    def set_progress(self, done: int, total: int | None) -> None:
        self.rows_done, self.rows_total, self.progressed_at = done, total, time.monotonic()
        self.check()

    def check(self) -> None:
        """Raise ``ClaimLost`` once the heartbeat has found the lease lost or the report cancelled."""
        if self.lost.is_set():
            raise ClaimLost

    def renew(self) -> bool:
        """Write the progress and extend the lease. Return False if the lease is no longer ours."""
        return Report.objects.renew(
            self.report.pk,
            self.fence,
            lease=conf().LEASE,
            step=self.step,
            rows_done=self.rows_done,
            rows_total=self.rows_total,
            heartbeat_at=timezone.now(),
        )

    def publish(self, result: BuildResult) -> None:
        """Make the report appear, in one update. Raises ``ClaimLost``."""
        now = timezone.now()
        published = _end(
            self.report,
            self._held(),
            report_ready,
            now,
            state=ReportState.READY,
            step=ReportStep.NONE,
            unfinished_key=None,
            next_try_at=None,
            lease_until=None,
            rows_done=result.rows,
            rows_total=result.rows,
            file=self.file,
            rows=result.rows,
            size=result.size,
            sha256=result.sha256,
            manifest_sha256=result.manifest_sha256,
            as_of=result.as_of,
            heartbeat_at=now,
            finished_at=now,
            expires_at=now + conf().REPORT_LIFETIME,
            failure=ReportFailure.NONE,
            reference="",
        )
        if not published:
            raise ClaimLost

    def record_failure(self, failure: ReportFailure, error: Exception) -> None:
        """Queue the next try; after the last one, or where none can succeed, the report has failed."""
        now, reference = timezone.now(), new_reference()
        logger.error(
            "Report %s failed (%s, try %d of %d), reference %s.",
            self.report.task_id,
            failure.value,
            self.report.tries,
            max_tries(),
            reference,
            exc_info=error,
        )
        pauses = conf().RETRY_PAUSES
        if self.report.tries <= len(pauses) and not isinstance(error, ReportCannotBeBuilt):
            self._held().update(
                state=ReportState.QUEUED,
                step=ReportStep.NONE,
                lease_until=None,
                next_try_at=now + pauses[self.report.tries - 1],
                failure=failure,
                reference=reference,
            )
        else:
            _end(self.report, self._held(), report_failed, now, **_failed(failure, reference, now))

    def _held(self) -> ReportQuerySet:
        return Report.objects.held(self.report.pk, self.fence)


@in_transaction
def _end(report: Report, held: ReportQuerySet, signal: Signal, now: datetime, **changes: object) -> bool:
    """Write how the report ended, and queue the mails about it. Return False if it is no longer ours."""
    # The update locks the row: who wants a mail is among the notifications now, or finds the report finished.
    if not held.update(**changes):
        return False
    LmsEffect.objects.queue_mails_about(report, now=now)
    report.refresh_from_db()
    transaction.on_commit(lambda: signal.send_robust(Report, report=report))
    return True


def fail_exhausted_reports(now: datetime) -> int:
    """Fail the reports whose worker was lost at the last try, and return how many there were."""
    exhausted = Report.objects.due(now).unfinished().filter(tries__gte=max_tries())
    failed = 0
    for report in exhausted:
        reference = new_reference()
        untouched = Report.objects.due(now).filter(pk=report.pk, fence=report.fence)
        if _end(report, untouched, report_failed, now, **_failed(ReportFailure.WORKER_LOST, reference, now)):
            failed += 1
            logger.error("Report %s failed: its worker was lost, reference %s.", report.task_id, reference)
    return failed


def _failed(failure: ReportFailure, reference: str, now: datetime) -> dict[str, object]:
    return {
        "state": ReportState.FAILED,
        "step": ReportStep.NONE,
        "unfinished_key": None,
        "next_try_at": None,
        "lease_until": None,
        "failure": failure,
        "reference": reference,
        "finished_at": now,
    }


def new_reference() -> str:
    """Return a code that a person can quote to the operator, who finds it in the log."""
    return secrets.token_hex(4).upper()


class NoProgress(RuntimeError):
    """A step of the build has made no progress for ``REPORT_STEP_LIMIT``."""


def run_with_heartbeat(claim: Claim, work: Callable[[], ResultT]) -> ResultT:
    """Run the work in a thread of its own, and renew the claim meanwhile. Return or raise what the work does.

    Raises ``ClaimLost``, and ``NoProgress`` once the work hangs. Then its thread is left behind, which frees the
    worker: the thread ends with the call that hangs, and finds the claim lost.
    """
    future = in_thread(work)
    try:
        _renew_until_done(claim, future)
    finally:
        claim.lost.set()
    return future.result(timeout=0)


def _renew_until_done(claim: Claim, future: Future[ResultT]) -> None:
    lease, limit = conf().LEASE.total_seconds(), conf().REPORT_STEP_LIMIT.total_seconds()
    renewed_at = time.monotonic()
    while not wait([future], timeout=min(1.0, lease / 4, limit / 4)).done:
        if time.monotonic() - claim.progressed_at >= limit:
            raise NoProgress(f"No progress for {limit:.0f} seconds ({claim.step.label}).")
        try:
            is_ours = claim.renew()
            renewed_at = time.monotonic() if is_ours else renewed_at
        except DatabaseError:
            # The database may be back before the lease is over; after that another worker has the report.
            connection.close()
            is_ours = time.monotonic() - renewed_at < lease
        if not is_ours:
            claim.lost.set()
            if not wait([future], timeout=SECONDS_TO_STOP).done:
                raise ClaimLost
            return
