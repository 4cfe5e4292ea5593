"""The page Data Download, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.choices import ReportFormat, ReportKind, ReportState, ReportStep, ResultWord
from proctoring_results.conf import conf
from proctoring_results.filters import in_words
from proctoring_results.links import REPORT_LINK
from proctoring_results.lms import lms
from proctoring_results.models import Report
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.paging import Pager, page_of, pager
from proctoring_results.pages._shared.permission_names import MissingPermission, missing_permission
from proctoring_results.people import person
from proctoring_results.queries.counts import course_counts
from proctoring_results.queries.downloads import Downloads, downloads_of
from proctoring_results.reports.kinds.registry import kind_label
from proctoring_results.reports.narrowing import exam_name_of, exam_names
from proctoring_results.rules import RESULT_LABELS

from . import sentences
from .learners import LearnerSearch, learner_search
from .meanings import Meanings, meanings

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# Links are renewed after four fifths of their lifetime: after four minutes of five.
RENEWED_AFTER = 0.8
# A worker shows a sign of life each second; a shorter silence is not worth a number.
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
    announcement: str


@dataclass(frozen=True, slots=True)
class ReportRow:
    task_id: str
    name: str
    # Cut where a line may break.
    name_parts: list[str]
    # Kind and filters; empty for the usual report, of all exam results of the course.
    scope: str
    # Empty for a person who may not download.
    token: str
    # Can be downloaded for Excel, too.
    is_csv: bool
    # None for a person who may not download.
    downloads: Downloads | None
    may_delete: bool
    finished_at: datetime
    requester: str
    as_of: datetime | None
    rows: str
    size: int
    expires_at: datetime | None
    announcement: str


@dataclass(frozen=True, slots=True)
class DataPolicy:
    """What the institution calls its policy for learners' data."""

    name: str
    # Empty if it has no page.
    url: str


@dataclass(frozen=True, slots=True)
class DataDownloadPage:
    rendered_at: datetime
    may_generate: bool
    missing: list[MissingPermission]
    whom_to_ask: str
    policy: DataPolicy
    counts: list[tuple[str, str]]
    under_way: bool
    tasks: list[TaskRow]
    tasks_pager: Pager
    reports: list[ReportRow]
    reports_pager: Pager
    link_lifetime: str
    report_lifetime: str
    renew_after: int
    # None for somebody who may not ask.
    learner_search: LearnerSearch | None
    meanings: Meanings
    # In which the days of the filters are.
    time_zone: str


def data_download_page(course_id: str, user: AbstractBaseUser, params: Mapping[str, str]) -> DataDownloadPage:
    """Return the page as this person may see it.

    ``params`` may hold the page numbers ``tasks`` and ``reports``, and a search for a ``learner``.
    """
    now = timezone.now()
    may_generate = permissions.may(user, permissions.GENERATE_REPORT, course_id)
    # In this order: a report that becomes ready in between is in both lists rather than in none, and a page that has
    # seen a task under way refreshes soon.
    under_way = Report.objects.in_course(course_id).unfinished().exists()
    tasks = page_of(_tasks(course_id, now), params.get("tasks"))
    reports = page_of(_reports(course_id, now), params.get("reports"))
    names = exam_names([*tasks, *reports])
    reader = _reader(course_id, user, list(reports), may_generate=may_generate)
    task_rows = [_task_row(report, exam_name_of(report, names), now) for report in tasks]
    return DataDownloadPage(
        rendered_at=now,
        may_generate=may_generate,
        missing=_missing(may_generate=may_generate, may_download=reader.may_download),
        whom_to_ask=lms().whom_to_ask(course_id) if not (may_generate and reader.may_download) else "",
        policy=_policy(course_id),
        counts=_counts(course_id),
        under_way=under_way,
        tasks=task_rows,
        tasks_pager=pager(tasks, "tasks", reports=reports.number),
        reports=[_report_row(report, exam_name_of(report, names), reader, now) for report in reports],
        reports_pager=pager(reports, "reports", tasks=tasks.number),
        link_lifetime=sentences.link_lifetime(),
        report_lifetime=sentences.report_lifetime(),
        renew_after=max(1, int(conf().DOWNLOAD_TTL.total_seconds() * RENEWED_AFTER)),
        learner_search=learner_search(course_id, user, params.get("learner", "")),
        meanings=meanings(),
        time_zone=timezone.get_default_timezone_name(),
    )


def _granted(course_id: str, user: AbstractBaseUser, of_kinds: Iterable[str]) -> set[str]:
    """Return those of the permissions of kinds that the person has; a kind without one of its own has an empty one."""
    return {permission for permission in of_kinds if not permission or permissions.may(user, permission, course_id)}


def _tasks(course_id: str, now: datetime) -> QuerySet[Report]:
    """Unfinished tasks first, then failed ones, each newest first. A failure stays as long as its report would have."""
    has_failed = Case(When(state=ReportState.FAILED, then=Value(1)), default=Value(0), output_field=IntegerField())
    listed = Report.objects.in_course(course_id).pending_or_failed(since=now - conf().REPORT_LIFETIME)
    return listed.select_related("requested_by").order_by(has_failed, "-requested_at", "-pk")


def _reports(course_id: str, now: datetime) -> QuerySet[Report]:
    return Report.objects.in_course(course_id).available(now).select_related("requested_by").newest_first()


def _missing(*, may_generate: bool, may_download: bool) -> list[MissingPermission]:
    """Return the permissions that this person lacks to do more than look."""
    granted = {permissions.GENERATE_REPORT: may_generate, permissions.DOWNLOAD_REPORT: may_download}
    return [missing_permission(permission) for permission, is_granted in granted.items() if not is_granted]


def _policy(course_id: str) -> DataPolicy:
    name, url = lms().data_policy(course_id)
    return DataPolicy(str(name or _("your institution’s data stewardship policies")), url)


def _counts(course_id: str) -> list[tuple[str, str]]:
    counts = course_counts(course_id)
    by_name = [
        (_("Attempts"), counts.attempts),
        (_("Under way"), counts.under_way),
        (str(RESULT_LABELS[ResultWord.PENDING]), counts.pending),
        (_("Require Attention"), counts.requiring_attention),
        (str(RESULT_LABELS[ResultWord.SATISFACTORY]), counts.satisfactory),
        (str(RESULT_LABELS[ResultWord.UNSATISFACTORY]), counts.unsatisfactory),
    ]
    return [(name, number(count)) for name, count in by_name]


def _task_row(report: Report, exam_name: str, now: datetime) -> TaskRow:
    failed = report.state == ReportState.FAILED
    last_sign_at = report.heartbeat_at if report.state == ReportState.RUNNING else None
    return TaskRow(
        task_id=str(report.task_id),
        state=report.state,
        state_label=str(ReportState(report.state).label),
        kind=kind_label(report.kind),
        inputs=_inputs(report, exam_name),
        requester=_requester(report),
        submitted=report.requested_at,
        duration=_duration(report, now),
        status=sentences.task_status(report),
        reference=report.reference,
        rows_done=report.rows_done,
        # While the database sorts, no row is done and the remaining time is unknown: the bar has no value.
        rows_total=report.rows_total if report.step in (ReportStep.WRITING, ReportStep.STORING) else None,
        progress=_progress(report),
        last_sign=_how_long_ago(now - last_sign_at) if last_sign_at else "",
        last_sign_at=last_sign_at,
        failed=failed,
        announcement=sentences.announcement(report),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """The person who reads the list of reports, and what they may do with a report by its own permission."""

    user: AbstractBaseUser
    may_generate: bool
    may_download: bool
    # The permissions of kinds that the person has.
    granted: Collection[str]
    downloads: Mapping[int, Downloads]


def _reader(course_id: str, user: AbstractBaseUser, reports: Sequence[Report], *, may_generate: bool) -> _Reader:
    may_download = permissions.may(user, permissions.DOWNLOAD_REPORT, course_id)
    return _Reader(
        user=user,
        may_generate=may_generate,
        may_download=may_download,
        granted=_granted(course_id, user, {report.permission for report in reports}),
        downloads=downloads_of(reports) if may_download else {},
    )


def _report_row(report: Report, exam_name: str, reader: _Reader, now: datetime) -> ReportRow:
    is_granted = report.permission in reader.granted
    return ReportRow(
        task_id=str(report.task_id),
        name=report.file_name,
        name_parts=report.file_name.split("_"),
        scope=_scope(report, exam_name),
        token=REPORT_LINK.make_token(report, reader.user, now=now) if reader.may_download and is_granted else "",
        is_csv=report.format == ReportFormat.CSV,
        downloads=reader.downloads.get(report.pk, Downloads(0)) if reader.may_download else None,
        may_delete=reader.may_generate and is_granted and report.requested_by_id == reader.user.pk,
        finished_at=report.finished_at or report.requested_at,
        requester=_requester(report),
        as_of=report.as_of,
        rows=number(report.rows or 0),
        size=report.size or 0,
        expires_at=report.expires_at,
        announcement=sentences.announcement(report),
    )


def _inputs(report: Report, exam_name: str) -> str:
    """Return what the report is narrowed to, and its format unless it is the usual one."""
    narrowed = ", ".join(in_words(report.filters, exam_name)) or _("Whole course")
    return narrowed if report.format == ReportFormat.CSV else f"{narrowed} · {report.get_format_display()}"


def _scope(report: Report, exam_name: str) -> str:
    if report.kind == ReportKind.EXAM_RESULTS and not report.filters and report.format == ReportFormat.CSV:
        return ""
    return f"{kind_label(report.kind)} · {_inputs(report, exam_name)}"


def _requester(report: Report) -> str:
    return person(report.requested_by).label if report.requested_by else _("the system")


def _duration(report: Report, now: datetime) -> str:
    """Return the seconds since a worker began, or that it took."""
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
