"""A worker's claim on a report: acquired by a fencing number, kept by a lease, ended by publishing or failing."""

from __future__ import annotations

import logging
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Self

from django.db import DatabaseError, connection
from django.utils import timezone

from proctoring_results.choices import ReportFailure, ReportState, ReportStep
from proctoring_results.conf import conf
from proctoring_results.exceptions import ClaimLost
from proctoring_results.models import Report, ReportFile
from proctoring_results.signals import report_ready

from . import files

logger = logging.getLogger("proctoring_results.reports")


def max_tries() -> int:
    return len(conf().RETRY_PAUSES) + 1


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What is in the file: rows without the header, size in bytes, checksum, and the time that the rows show."""

    rows: int
    size: int
    sha256: str
    as_of: datetime


@dataclass(slots=True)
class Claim:
    """A worker's claim on a report. The heartbeat's thread reads its progress."""

    report: Report
    fence: int
    file: ReportFile
    step: ReportStep = ReportStep.NONE
    rows_done: int = 0
    rows_total: int | None = None
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
        self.step = step

    def set_progress(self, done: int, total: int) -> None:
        self.rows_done, self.rows_total = done, total
        self.check()

    def check(self) -> None:
        """Raise ``ClaimLost`` once the heartbeat has found the lease lost or the report cancelled."""
        if self.lost.is_set():
            raise ClaimLost

    def renew(self) -> bool:
        """Write the progress and extend the lease. Return False if the lease is no longer ours."""
        now = timezone.now()
        return bool(
            Report.objects.held(self.report.pk, self.fence, now).update(
                step=self.step,
                rows_done=self.rows_done,
                rows_total=self.rows_total,
                heartbeat_at=now,
                lease_until=now + conf().LEASE,
            )
        )

    def publish(self, result: BuildResult) -> None:
        """Make the report appear, in one update. Raises ``ClaimLost``."""
        now = timezone.now()
        published = Report.objects.held(self.report.pk, self.fence, now).update(
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
            as_of=result.as_of,
            heartbeat_at=now,
            finished_at=now,
            expires_at=now + conf().REPORT_LIFETIME,
            failure=ReportFailure.NONE,
            reference="",
        )
        if not published:
            raise ClaimLost
        self.report.refresh_from_db()
        report_ready.send_robust(Report, report=self.report)

    def record_failure(self, failure: ReportFailure, error: Exception) -> None:
        """Queue the next try; after the last one the report has failed."""
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
        held = Report.objects.held(self.report.pk, self.fence, now)
        pauses = conf().RETRY_PAUSES
        if self.report.tries <= len(pauses):
            held.update(
                state=ReportState.QUEUED,
                step=ReportStep.NONE,
                lease_until=None,
                next_try_at=now + pauses[self.report.tries - 1],
                failure=failure,
                reference=reference,
            )
        else:
            held.update(**_failed(failure, reference, now))


def fail_exhausted_reports(now: datetime) -> int:
    """Fail the reports whose worker was lost at the last try, and return how many there were."""
    exhausted = Report.objects.due(now).unfinished().filter(tries__gte=max_tries())
    failed = 0
    for report in exhausted:
        reference = new_reference()
        if (
            Report.objects.due(now)
            .filter(pk=report.pk, fence=report.fence)
            .update(**_failed(ReportFailure.WORKER_LOST, reference, now))
        ):
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


class Heartbeat:
    """Renews a claim from a thread of its own, with a connection of its own, while the builder is busy."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="report-heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        lease = conf().LEASE
        pause = min(timedelta(seconds=1), lease / 4).total_seconds()
        lease_until = timezone.now() + lease
        try:
            while not self._over.wait(pause):
                try:
                    if not self._claim.renew():
                        break
                    lease_until = timezone.now() + lease
                except DatabaseError:
                    # The database may be back before the lease is over; after that another worker has the report.
                    connection.close()
                    if timezone.now() >= lease_until:
                        break
            else:
                return
            self._claim.lost.set()
        finally:
            connection.close()
