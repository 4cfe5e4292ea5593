"""The case files of a session, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results.choices import ReportState, ReportStep
from proctoring_results.links import REPORT_LINK
from proctoring_results.models import Report
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.links import renew_after
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.paging import Pager, page_of, pager
from proctoring_results.pages._shared.report_sentences import (
    announcement,
    link_lifetime,
    report_lifetime,
    task_status,
)
from proctoring_results.people import Person, person
from proctoring_results.queries.downloads import Downloads, downloads_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt


@dataclass(frozen=True, slots=True)
class CaseFileRow:
    task_id: str
    state: str
    requested_at: datetime
    requester: str
    purpose: str
    # What is happening, or what became of it; empty for a file that this person can download.
    sentence: str
    reference: str
    # Of pictures; without a total the work is under way, and nobody knows how long it takes.
    done: int
    total: int | None
    progress: str
    announcement: str
    file_name: str
    finished_at: datetime | None
    expires_at: datetime | None
    size: int
    sha256: str
    manifest_sha256: str
    # For the one person who requested it.
    token: str
    downloads: Downloads
    may_cancel: bool
    may_retry: bool
    may_delete: bool


@dataclass(frozen=True, slots=True)
class CaseFilesPage:
    attempt: ExamAttempt
    learner: Person
    session_url: str
    is_erased: bool
    rendered_at: datetime
    under_way: bool
    files: list[CaseFileRow]
    pager: Pager
    link_lifetime: str
    report_lifetime: str
    renew_after: int


def case_files_page(attempt: ExamAttempt, user: AbstractBaseUser, params: Mapping[str, str]) -> CaseFilesPage:
    """Return the page for somebody who may export the session. ``params`` may hold the page number ``files``."""
    now = timezone.now()
    reports = Report.objects.case_files_of([attempt]).select_related("requested_by", "disclosure").newest_first()
    under_way = reports.unfinished().exists()
    files = page_of(reports, params.get("files"))
    downloads = downloads_of(files)
    return CaseFilesPage(
        attempt=attempt,
        learner=attempt.learner,
        session_url=session_url(attempt),
        is_erased=attempt.erased_at is not None,
        rendered_at=now,
        under_way=under_way,
        files=[_row(report, user, downloads.get(report.pk, Downloads(0)), now) for report in files],
        pager=pager(files, "files"),
        link_lifetime=link_lifetime(),
        report_lifetime=report_lifetime(),
        renew_after=renew_after(),
    )


def _row(report: Report, user: AbstractBaseUser, downloads: Downloads, now: datetime) -> CaseFileRow:
    is_mine = report.requested_by_id == user.pk
    state = ReportState.EXPIRED if report.is_over_its_lifetime else ReportState(report.state)
    is_fetching = report.state == ReportState.RUNNING and report.step == ReportStep.FETCHING
    total = report.rows_total if is_fetching else None
    return CaseFileRow(
        task_id=str(report.task_id),
        state=state,
        requested_at=report.requested_at,
        requester=person(report.requested_by).label if report.requested_by else "",
        purpose=report.disclosure.purpose,
        sentence=_sentence(report, state, is_mine=is_mine),
        reference=report.reference if state in (ReportState.FAILED, ReportState.QUEUED) else "",
        done=report.rows_done,
        total=total or None,
        progress=_progress(report.rows_done, total) if total else "",
        announcement=announcement(report),
        file_name=report.file_name,
        finished_at=report.finished_at if state == ReportState.READY else None,
        expires_at=report.expires_at if state == ReportState.READY else None,
        size=report.size or 0,
        sha256=report.sha256,
        manifest_sha256=report.manifest_sha256,
        token=REPORT_LINK.make_token(report, user, now=now) if is_mine and state == ReportState.READY else "",
        downloads=downloads,
        may_cancel=is_mine and report.is_unfinished,
        may_retry=is_mine and state == ReportState.FAILED,
        may_delete=is_mine and state == ReportState.READY,
    )


def _sentence(report: Report, state: ReportState, *, is_mine: bool) -> str:
    match state:
        case ReportState.READY:
            return "" if is_mine else _("Only who requested it can download it.")
        case ReportState.EXPIRED:
            return _("The file was removed.")
        case ReportState.CANCELLED:
            return _("Cancelled.")
    return task_status(report)


def _progress(done: int, total: int) -> str:
    return _("%(done)s of %(total)s pictures") % {"done": number(done), "total": number(total)}
