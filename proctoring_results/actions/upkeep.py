"""What must happen although nobody asks: run by Celery beat, or by ``proctoring_upkeep`` from cron."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from proctoring_results import tasks
from proctoring_results.models import Report, ReportFile
from proctoring_results.reports import files
from proctoring_results.reports.claims import fail_tired_reports
from proctoring_results.statuses import ReportState

logger = logging.getLogger("proctoring_results.upkeep")


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep did."""

    failed: int
    expired: int
    rung: int
    cleared: int


def sweep_reports(*, ring: bool = True) -> Swept:
    """Fail what has no tries left, ring for what is due, and remove files that are expired or were never published.

    With ``ring=False`` due reports are left to the caller. Harmless to run at any time, also twice at once.
    Raises an ``ExceptionGroup`` of what the storage refused, after everything else is done.
    """
    now = timezone.now()
    failed = fail_tired_reports(now)
    expired = Report.objects.filter(state=ReportState.READY, expires_at__lte=now).update(state=ReportState.EXPIRED)
    rung = _ring_for_due_reports(now) if ring else 0
    return Swept(failed=failed, expired=expired, rung=rung, cleared=_clear_files(now))


def due_reports(now: datetime) -> list[int]:
    """Keys of the reports that wait for a worker, longest first."""
    return list(Report.objects.due(now).order_by("next_try_at").values_list("pk", flat=True))


def _ring_for_due_reports(now: datetime) -> int:
    rung = 0
    for pk in due_reports(now):
        # One that fails says that the broker is down: the rest would only wait for the same answer.
        if not tasks.ring(tasks.build_report, pk):
            break
        rung += 1
    return rung


def _clear_files(now: datetime) -> int:
    """Remove what stands under keys that no ready report and no try under way is using; says how many keys."""
    in_use = Q(report__file=F("pk"), report__state=ReportState.READY) | Q(
        report__fence=F("fence"), report__lease_until__gt=now
    )
    refused: list[Exception] = []
    cleared = 0
    for file in ReportFile.objects.filter(removed_at=None).exclude(in_use):
        try:
            files.remove(file, now)
            cleared += 1
        except Exception as error:
            # One refusal must not keep the rest; it is raised with the others below.
            logger.exception("The storage did not remove %s.", file.storage_key)
            refused.append(error)
    if refused:
        raise ExceptionGroup("The storage refused to remove report files.", refused)
    return cleared
