"""What stands on the Data Download page, ready to be printed: a template asks no questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import api, permissions
from proctoring_results.choices import ReportKind, ReportState, ReportStep
from proctoring_results.conf import conf
from proctoring_results.links import REPORT_LINK
from proctoring_results.lms import lms
from proctoring_results.models import Report
from proctoring_results.pages._shared.paging import Pager, number, page_of, pager

from . import sentences

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# Links are renewed when four fifths of their life are over: every four minutes for five.
RENEWED_AFTER = 0.8
# A worker shows a sign of life each second; a shorter silence need not be mentioned by the second.
JUST_NOW = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class TaskRow:
    task_id: str
    state: str
    state_label: str
    kind: str
    inputs: str
    requester: str
    submitted: datetime
    duration: str
    status: str
    reference: str
    rows_done: int
    rows_total: int | None
    progress: str
    last_sign: str
    last_sign_at: datetime | None
    failed: bool
    news: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    task_id: str
    name: str
    # Broken where a line may end.
    name_parts: list[str]
    # Empty for the usual: exam results of the whole course.
    what: str
    # Empty for a person who may not download.
    token: str
    made: datetime
    made_by: str
    as_of: datetime | None
    rows: str
    size: int
    goes: datetime | None
    news: str


@dataclass(frozen=True, slots=True)
class DataDownload:
    drawn: datetime
    may_generate: bool
    may_download: bool
    missing: list[str]
    whom_to_ask: str
    counts: list[tuple[str, str]]
    under_way: bool
    tasks: list[TaskRow]
    tasks_pager: Pager
    reports: list[ReportRow]
    reports_pager: Pager
    link_lifetime: str
    report_lifetime: str
    renew_after: int


def draw(course_id: str, user: AbstractBaseUser, asked: Mapping[str, str]) -> DataDownload:
    """The page as this person may see it. ``asked`` may hold the page numbers ``tasks`` and ``reports``."""
    now = timezone.now()
    may_generate = permissions.may(user, permissions.GENERATE_REPORT, course_id)
    may_download = permissions.may(user, permissions.DOWNLOAD_REPORT, course_id)
    # Asked in this order: a report that gets ready meanwhile stands in both lists rather than in none, and a page that
    # has seen one under way looks again soon.
    under_way = Report.objects.in_course(course_id).unfinished().exists()
    tasks = page_of(_tasks(course_id, now), asked.get("tasks"))
    task_rows = [_task_row(report, now) for report in tasks]
    reports = page_of(_reports(course_id, now), asked.get("reports"))
    return DataDownload(
        drawn=now,
        may_generate=may_generate,
        may_download=may_download,
        missing=_missing(may_generate=may_generate, may_download=may_download),
        whom_to_ask=lms().whom_to_ask(course_id) if not (may_generate and may_download) else "",
        counts=_counts(course_id),
        under_way=under_way,
        tasks=task_rows,
        tasks_pager=pager(tasks, "tasks", reports=reports.number),
        reports=[_report_row(report, user if may_download else None, now) for report in reports],
        reports_pager=pager(reports, "reports", tasks=tasks.number),
        link_lifetime=sentences.link_lifetime(),
        report_lifetime=sentences.report_lifetime(),
        renew_after=max(1, int(conf().DOWNLOAD_TTL.total_seconds() * RENEWED_AFTER)),
    )


def _tasks(course_id: str, now: datetime) -> QuerySet[Report]:
    """What moves comes first, then what failed; each newest first. A failure goes when its report would have gone."""
    has_failed = Case(When(state=ReportState.FAILED, then=Value(1)), default=Value(0), output_field=IntegerField())
    listed = Report.objects.in_course(course_id).pending_or_failed(since=now - conf().REPORT_LIFETIME)
    return listed.select_related("requested_by").order_by(has_failed, "-requested_at", "-pk")


def _reports(course_id: str, now: datetime) -> QuerySet[Report]:
    return Report.objects.in_course(course_id).available(now).select_related("requested_by").newest_first()


def _missing(*, may_generate: bool, may_download: bool) -> list[str]:
    """The permissions that this person would need to do more than look."""
    needed = {permissions.GENERATE_REPORT: may_generate, permissions.DOWNLOAD_REPORT: may_download}
    return [permission for permission, granted in needed.items() if not granted]


def _counts(course_id: str) -> list[tuple[str, str]]:
    counts = api.course_counts(course_id)
    named = [
        (_("Attempts"), counts.attempts),
        (_("Under way"), counts.under_way),
        (_("Pending"), counts.pending),
        (_("Need attention"), counts.requiring_attention),
        (_("Satisfactory"), counts.satisfactory),
        (_("Unsatisfactory"), counts.unsatisfactory),
    ]
    return [(name, number(count)) for name, count in named]


def _task_row(report: Report, now: datetime) -> TaskRow:
    failed = report.state == ReportState.FAILED
    last_sign_at = report.heartbeat_at if report.state == ReportState.RUNNING else None
    return TaskRow(
        task_id=str(report.task_id),
        state=report.state,
        state_label=str(ReportState(report.state).label),
        kind=str(ReportKind(report.kind).label),
        inputs=_inputs(report),
        requester=_requester(report),
        submitted=report.requested_at,
        duration=_duration(report, now),
        status=sentences.task_status(report),
        reference=report.reference,
        rows_done=report.rows_done,
        # While it sorts, no row is done and nobody knows for how long: the bar only moves.
        rows_total=report.rows_total if report.step in (ReportStep.WRITING, ReportStep.STORING) else None,
        progress=_progress(report),
        last_sign=_how_long_ago(now - last_sign_at) if last_sign_at else "",
        last_sign_at=last_sign_at,
        failed=failed,
        news=sentences.news(report),
    )


def _report_row(report: Report, user: AbstractBaseUser | None, now: datetime) -> ReportRow:
    return ReportRow(
        task_id=str(report.task_id),
        name=report.file_name,
        name_parts=report.file_name.split("_"),
        what=_what(report),
        token=REPORT_LINK.make_token(report, user, now=now) if user else "",
        made=report.finished_at or report.requested_at,
        made_by=_requester(report),
        as_of=report.as_of,
        rows=number(report.rows or 0),
        size=report.size or 0,
        goes=report.expires_at,
        news=sentences.news(report),
    )


def _inputs(report: Report) -> str:
    if "content_id" in report.filters:
        return _("Exam %(content_id)s") % {"content_id": report.filters["content_id"]}
    return _("Whole course")


def _what(report: Report) -> str:
    if report.kind == ReportKind.EXAM_RESULTS and not report.filters:
        return ""
    return f"{ReportKind(report.kind).label} · {_inputs(report)}"


def _requester(report: Report) -> str:
    return report.requested_by.get_username() if report.requested_by else _("the system")


def _duration(report: Report, now: datetime) -> str:
    """Seconds since a worker began, or that it took."""
    if report.started_at is None or report.state == ReportState.QUEUED:
        return "–"
    return number(max(0, int(((report.finished_at or now) - report.started_at).total_seconds())))


def _progress(report: Report) -> str:
    if report.rows_total is None:
        return ""
    return _("%(done)s of %(total)s rows") % {"done": number(report.rows_done), "total": number(report.rows_total)}


def _how_long_ago(silence: timedelta) -> str:
    if silence < JUST_NOW:
        return _("Last sign of life just now")
    return _("Last sign of life %(seconds)s seconds ago") % {"seconds": number(int(silence.total_seconds()))}
