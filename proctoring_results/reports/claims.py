"""A worker's hold on a report: taken by a fencing number, kept by a lease, given up by publishing or failing."""

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
class Written:
    """What was written: rows without the header, bytes, checksum, and the moment the rows show."""

    rows: int
    size: int
    sha256: str
    as_of: datetime


@dataclass(slots=True)
class Claim:
    """A worker's hold on a report. Its progress is read by the heartbeat's thread."""

    report: Report
    fence: int
    file: ReportFile
    step: ReportStep = ReportStep.NONE
    rows_done: int = 0
    rows_total: int | None = None
    lost: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def take(cls, report_pk: int) -> Self | None:
        now = timezone.now()
        fail_tired_reports(now)
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

    def show_step(self, step: ReportStep) -> None:
        self.step = step

    def show_progress(self, done: int, total: int) -> None:
        self.rows_done, self.rows_total = done, total
        self.check()

    def check(self) -> None:
        """Raise ``ClaimLost`` once the heartbeat found the lease gone or the report cancelled."""
        if self.lost.is_set():
            raise ClaimLost

    def renew(self) -> bool:
        """Write progress and a sign of life, and lengthen the lease; False when it is no longer ours."""
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

    def publish(self, written: Written) -> None:
        """The one update by which a report appears. Raises ``ClaimLost``."""
        now = timezone.now()
        published = Report.objects.held(self.report.pk, self.fence, now).update(
            state=ReportState.READY,
            step=ReportStep.NONE,
            unfinished_key=None,
            next_try_at=None,
            lease_until=None,
            rows_done=written.rows,
            rows_total=written.rows,
            file=self.file,
            rows=written.rows,
            size=written.size,
            sha256=written.sha256,
            as_of=written.as_of,
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

    def give_up(self, failure: ReportFailure, error: Exception) -> None:
        """Queue the next try, or let the report fail after the last."""
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
            held.update(**_as_failed(failure, reference, now))


def fail_tired_reports(now: datetime) -> int:
    """Reports whose worker was lost at the last try have failed; says how many."""
    tired = Report.objects.due(now).unfinished().filter(tries__gte=max_tries())
    failed = 0
    for report in tired:
        reference = new_reference()
        if (
            Report.objects.due(now)
            .filter(pk=report.pk, fence=report.fence)
            .update(**_as_failed(ReportFailure.WORKER_LOST, reference, now))
        ):
            failed += 1
            logger.error("Report %s failed: its worker was lost, reference %s.", report.task_id, reference)
    return failed


def _as_failed(failure: ReportFailure, reference: str, now: datetime) -> dict[str, object]:
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
    """What a person reads out to the operator, who finds it in the log."""
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
        good_until = timezone.now() + lease
        try:
            while not self._over.wait(pause):
                try:
                    if not self._claim.renew():
                        break
                    good_until = timezone.now() + lease
                except DatabaseError:
                    # It may be back before the lease is over; after that another worker has the report.
                    connection.close()
                    if timezone.now() >= good_until:
                        break
            else:
                return
            self._claim.lost.set()
        finally:
            connection.close()
