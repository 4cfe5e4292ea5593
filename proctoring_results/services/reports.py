"""Reports: requested, cancelled, retried and downloaded."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import permissions, tasks
from proctoring_results.choices import (
    CASE_FILE,
    DownloadOutcome,
    ReportFailure,
    ReportFormat,
    ReportKind,
    ReportState,
    ReportStep,
)
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import (
    AttemptIsErased,
    LinkExpired,
    LinkInvalid,
    NotFound,
    ReportAlreadyRunning,
    ReportAlreadyThere,
    ReportGone,
    ReportNotInState,
    StorageUnavailable,
)
from proctoring_results.jobs.enqueue import enqueue_after_commit
from proctoring_results.links import REPORT_LINK
from proctoring_results.models import (
    Disclosure,
    ExamAttempt,
    Report,
    ReportDownload,
    ReportNotification,
    ReportPreference,
)
from proctoring_results.models.reports import UNFINISHED
from proctoring_results.reports import files
from proctoring_results.reports.files import Download
from proctoring_results.reports.formats import valid_format
from proctoring_results.reports.narrowing import file_name, filter_params
from proctoring_results.reports.requests import (
    ReportRequest,
    request_about_all_courses,
    request_about_course,
)

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

logger = logging.getLogger("proctoring_results.downloads")

# How long a finished report is offered in place of a new one that would be the same.
REUSED_FOR = timedelta(minutes=1)
# Reports that have the same name; each takes the name of the next second.
MAX_NAMES = 100


def request_report(
    course_id: str,
    kind: str = ReportKind.EXAM_RESULTS,
    *,
    filters: Mapping[str, Any] | None = None,
    file_format: ReportFormat | str = ReportFormat.CSV,
    by: AbstractBaseUser | None = None,
    reuse: bool = False,
    notify: bool = False,
    enqueue: bool = True,
) -> Report:
    """Request a report. A worker builds it after the commit; with ``enqueue=False`` the caller has to build it.

    A report that is still queued is enqueued again: the broker may have lost the first task.

    ``filters`` are those of ``AttemptFilter`` by name; without ``archived``, archived attempts are in the report, too.
    ``by`` needs ``generate_report`` and the permission of the kind; None is the host itself. With ``notify=True`` they
    get a mail when the report is ready or has failed, also if somebody else has requested the same before. Raises
    ``ReportAlreadyRunning`` (with the report) while the same report is being created, with ``reuse=True`` also
    ``ReportAlreadyThere`` if it was finished within a minute; ``AccessDenied`` and ``InvalidInput``.
    """
    request = request_about_course(course_id, kind, filters=filters, file_format=file_format, by=by)
    return _request(request, reuse=reuse, notify=notify, enqueue=enqueue)


def request_report_of_all_courses(
    kind: str = ReportKind.EXAM_RESULTS,
    *,
    filters: Mapping[str, Any] | None = None,
    file_format: ReportFormat | str = ReportFormat.CSV,
    by: AbstractBaseUser | None = None,
    reuse: bool = False,
    notify: bool = False,
    enqueue: bool = True,
) -> Report:
    """Request one report about all courses with exams in which the person may generate it, as ``request_report`` does.

    It is only for who requests it, and for people with the permissions for every course. No filter is by exam. Raises
    what ``request_report`` raises; ``AccessDenied`` also if the person may in none of the courses.
    """
    request = request_about_all_courses(kind, filters=filters, file_format=file_format, by=by)
    return _request(request, reuse=reuse, notify=notify, enqueue=enqueue)


def _request(request: ReportRequest, *, reuse: bool, notify: bool, enqueue: bool) -> Report:
    request.check_number_of_rows()
    now = timezone.now()
    report = request.new_report(now)
    report.unfinished_key = _key_of(report)
    if reuse:
        _raise_if_already_there(report, now)
    names = partial(file_name, report, request.exam_name)
    return save_and_enqueue(report, names, notified=request.by if notify else None, enqueue=enqueue)


def save_and_enqueue(
    report: Report,
    name_at: Callable[[datetime], str],
    *,
    notified: AbstractBaseUser | None = None,
    enqueue: bool = True,
) -> Report:
    """Save a report that has its ``unfinished_key``, and have it built after the commit.

    Raises ``ReportAlreadyRunning`` with the report that has the same key: it is enqueued again if it is queued.
    """
    try:
        _save_under_a_free_name(report, name_at, notified=notified)
    except ReportAlreadyRunning as refusal:
        if enqueue and refusal.report.state == ReportState.QUEUED:
            enqueue_after_commit(tasks.build_report, refusal.report.pk)
        raise
    if enqueue:
        enqueue_after_commit(tasks.build_report, report.pk)
    return report


@in_transaction
def cancel_report(task_id: UUID | str, *, by: AbstractBaseUser | None = None) -> Report:
    """Stop an unfinished report. Its worker notices, and leaves nothing behind.

    Raises ``ReportNotInState`` if it is finished, ``AccessDenied`` and ``NotFound``.
    """
    report = _locked_report(task_id, by)
    if not report.is_unfinished:
        raise ReportNotInState(report, _("The report is already finished, so it cannot be cancelled."))
    report.state, report.step = ReportState.CANCELLED, ReportStep.NONE
    report.unfinished_key = report.next_try_at = report.lease_until = None
    report.finished_at = timezone.now()
    report.save(
        update_fields=["state", "step", "unfinished_key", "next_try_at", "lease_until", "finished_at"],
    )
    return report


@in_transaction
def retry_report(task_id: UUID | str, *, by: AbstractBaseUser | None = None) -> Report:
    """Queue a failed report again, with all its tries.

    Raises ``ReportAlreadyRunning`` if the same report is being created, ``ReportNotInState`` if it has not failed,
    ``AttemptIsErased`` for the case file of a learner who was erased, ``AccessDenied`` and ``NotFound``.
    """
    report = _locked_report(task_id, by)
    if report.state != ReportState.FAILED:
        raise ReportNotInState(report, _("Only a failed report can be retried."))
    if report.is_case_file and report.disclosure.attempt.erased_at is not None:
        raise AttemptIsErased(report.disclosure.attempt)
    report.state, report.tries = ReportState.QUEUED, 0
    report.next_try_at, report.lease_until, report.finished_at = timezone.now(), None, None
    report.rows_done, report.rows_total = 0, None
    report.failure, report.reference = ReportFailure.NONE, ""
    report.unfinished_key = case_file_key(report.disclosure) if report.is_case_file else _key_of(report)
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError:
        _raise_if_running(report)
        raise
    enqueue_after_commit(tasks.build_report, report.pk)
    return report


@in_transaction
def delete_report(task_id: UUID | str, *, by: AbstractBaseUser) -> Report:
    """Withdraw a ready report before its time. Only who requested it may, and it is recorded. Upkeep removes the file.

    Raises ``ReportNotInState`` unless it is ready, ``AccessDenied`` and ``NotFound``.
    """
    report = _locked_report(task_id, by)
    permissions.require_delete(by, report)
    if report.state != ReportState.READY:
        raise ReportNotInState(report, _("Only a report that is ready can be deleted."))
    report.state, report.deleted_by_id, report.deleted_at = ReportState.EXPIRED, by.pk, timezone.now()
    report.save(update_fields=["state", "deleted_by", "deleted_at"])
    return report


def recall_reports(course_ids: Collection[str]) -> None:
    """Withdraw the reports of these courses, and restart those that are being built: their rows are no longer true.

    Upkeep removes the files. Case files are left alone: each is about one session.
    """
    now = timezone.now()
    # Only these have a file, or will have one.
    unfinished_or_ready = Report.objects.filter(state__in=[ReportState.READY, *UNFINISHED])
    reports = unfinished_or_ready.exclude(kind=CASE_FILE).about(course_ids)
    reports.filter(state=ReportState.READY).update(state=ReportState.EXPIRED, expires_at=now)
    # After a new fencing number no worker that has a claim, or is just acquiring one, can publish.
    reports.unfinished().update(
        state=ReportState.QUEUED, step=ReportStep.NONE, fence=F("fence") + 1, tries=0, lease_until=None, next_try_at=now
    )


def recall_case_files(attempts: Collection[ExamAttempt]) -> None:
    """Withdraw the case files of these attempts for good, also those that are being built or have failed."""
    now = timezone.now()
    pks = list(Report.objects.case_files_of(attempts).values_list("pk", flat=True))
    files = Report.objects.filter(pk__in=pks)
    files.filter(state=ReportState.READY).update(state=ReportState.EXPIRED, expires_at=now)
    files.filter(state__in=[*UNFINISHED, ReportState.FAILED]).update(
        state=ReportState.CANCELLED,
        step=ReportStep.NONE,
        fence=F("fence") + 1,
        unfinished_key=None,
        lease_until=None,
        next_try_at=None,
        finished_at=now,
    )


def case_file_key(export: Disclosure) -> str:
    """Return what is the same for two requests of the same case file: a person, a session and a purpose."""
    request = [str(export.user_id), str(export.attempt_id), export.purpose]
    return hashlib.sha256(json.dumps([CASE_FILE, *request]).encode()).hexdigest()


def preference_of(user: AbstractBaseUser) -> ReportPreference:
    """Return what the person chose last; of a person who has chosen nothing, an unsaved one with the defaults."""
    return ReportPreference.objects.filter(user_id=user.pk).first() or ReportPreference(user_id=user.pk)


def save_preference(user: AbstractBaseUser, *, file_format: ReportFormat | str, notify: bool) -> None:
    """Remember what the person has chosen. Raises ``InvalidInput`` for an unknown format."""
    chosen = {"file_format": valid_format(file_format), "notify": notify}
    ReportPreference.objects.update_or_create(user_id=user.pk, defaults=chosen)


def download_link(report: Report, user: AbstractBaseUser) -> str:
    """Return a token for the person's own download, valid for ``DOWNLOAD_TTL`` from now. Never store or mail it.

    Raises ``AccessDenied``, ``ReportGone`` if the report's lifetime is over, and ``ReportNotInState`` unless it is
    ready.
    """
    permissions.require_download(user, report)
    if report.state == ReportState.EXPIRED or report.is_over_its_lifetime:
        raise ReportGone(report)
    if report.state != ReportState.READY:
        raise ReportNotInState(report, _("The report is not ready."))
    return REPORT_LINK.make_token(report, user, now=timezone.now())


def redeem_download(
    token: str, user: AbstractBaseUser, *, address: str | None = None, for_excel: bool = False
) -> Download:
    """Return the file of a link, and record who took it.

    Refusals of links with a right signature are recorded, too; forged and altered links only go to the log. Raises
    ``LinkInvalid``, ``LinkExpired``, ``ReportGone`` and ``StorageUnavailable``. Do not call it inside a transaction
    that these roll back.
    """
    now = timezone.now()

    def record(report: Report, outcome: str) -> None:
        ReportDownload.objects.create(
            report=report, user_id=user.pk, at=now, address=address, outcome=outcome, for_excel=for_excel
        )

    report, refusal = REPORT_LINK.verify(token, user, now=now)
    if report is None:
        logger.warning("User %s presented a forged or altered download link.", user.pk)
        raise LinkInvalid
    if refusal is not None:
        record(report, refusal)
        raise LinkExpired(report) if refusal is DownloadOutcome.LINK_EXPIRED else LinkInvalid
    try:
        if report.state != ReportState.READY or report.is_over_its_lifetime:
            raise FileNotFoundError(report.file_name)
        file = files.open_file(report)
    except FileNotFoundError:
        record(report, DownloadOutcome.FILE_GONE)
        raise ReportGone(report) from None
    except Exception as error:
        # Each storage has its own errors for "not now".
        logger.exception("The storage did not open the file of report %s.", report.task_id)
        record(report, DownloadOutcome.UNAVAILABLE)
        raise StorageUnavailable(report) from error
    record(report, DownloadOutcome.DOWNLOADED)
    return Download(report, file)


def check_request(
    course_id: str, kind: str, *, filters: Mapping[str, Any], file_format: str, by: AbstractBaseUser
) -> tuple[str, dict[str, str], ReportFormat]:
    """Return kind, filters and format as a report stores them, without a request: a schedule makes it later.

    Raises ``AccessDenied`` and ``InvalidInput`` as ``request_report`` does, but not for the number of rows.
    """
    request = request_about_course(course_id, kind, filters=filters, file_format=file_format, by=by)
    return request.kind.name, filter_params(request.filters), request.format


def _key_of(report: Report) -> str:
    """Return what is the same for two requests of the same report.

    A report about several courses is the person's own: no two people have the same.
    """
    whose = str(report.requested_by_id) if report.courses else ""
    request = [report.course_id, report.courses, whose, report.kind, report.filters, report.format]
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def _raise_if_already_there(report: Report, now: datetime) -> None:
    """Raise ``ReportAlreadyThere`` if the same report was finished a moment ago."""
    recent = Report.objects.in_course(report.course_id).available(now).filter(finished_at__gt=now - REUSED_FOR)
    same = recent.filter(kind=report.kind, format=report.format).newest_first()
    for other in same:
        if _key_of(other) == report.unfinished_key:
            raise ReportAlreadyThere(other)


def _save_under_a_free_name(
    report: Report, name_at: Callable[[datetime], str], *, notified: AbstractBaseUser | None
) -> None:
    """Save the report, with the person who is to be notified of its end.

    Names have whole seconds: a second report within one second is named by the next.
    """
    for seconds in range(MAX_NAMES):
        report.file_name = name_at(report.requested_at + timedelta(seconds=seconds))
        try:
            with transaction.atomic():
                report.save(force_insert=True)
                _add_notification(report, notified)
        except IntegrityError:
            _raise_if_running(report, notified=notified)
        else:
            return
    raise RuntimeError(f"No free file name within {MAX_NAMES} seconds of {report.file_name}.")


def _raise_if_running(report: Report, *, notified: AbstractBaseUser | None = None) -> None:
    """Raise ``ReportAlreadyRunning`` if the same report is being created. The person is notified of its end, too."""
    running = _running(report.unfinished_key, notified)
    if running is not None:
        raise ReportAlreadyRunning(running)


@in_transaction
def _running(unfinished_key: str | None, notified: AbstractBaseUser | None) -> Report | None:
    # A locking read sees what others have committed, also under MariaDB's repeatable read. A worker that is about to
    # publish waits for the lock, and then finds the person.
    running = Report.objects.select_for_update().filter(unfinished_key=unfinished_key).first()
    if running is not None:
        _add_notification(running, notified)
    return running


def _add_notification(report: Report, user: AbstractBaseUser | None) -> None:
    if user is not None:
        ReportNotification.objects.get_or_create(report=report, user_id=user.pk)


def _locked_report(task_id: UUID | str, by: AbstractBaseUser | None) -> Report:
    report = Report.objects.with_task_id(task_id).select_for_update().first()
    if report is None:
        raise NotFound("report", str(task_id))
    if by is not None:
        permissions.require_generate(by, report)
    return report
