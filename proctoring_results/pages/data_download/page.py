"""The page Data Download, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from django.db.models import Case, IntegerField, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results import permissions
from proctoring_results.choices import ReportFormat, ReportKind, ReportState, ReportStep, ResultWord
from proctoring_results.conf import conf
from proctoring_results.filters import in_words
from proctoring_results.links import REPORT_LINK
from proctoring_results.lms import course_zone, lms
from proctoring_results.models import Report
from proctoring_results.pages._shared import report_sentences as sentences
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.links import renew_after
from proctoring_results.pages._shared.paging import Pager, page_of, pager
from proctoring_results.pages._shared.permission_names import MissingPermission, missing_permission
from proctoring_results.people import person
from proctoring_results.queries.counts import course_counts
from proctoring_results.queries.downloads import Downloads, downloads_of
from proctoring_results.queries.lookups import reports_of_all_courses
from proctoring_results.reports.kinds.registry import kind_label
from proctoring_results.reports.narrowing import exam_name_of, exam_names
from proctoring_results.rules import RESULT_LABELS

from .learners import LearnerSearch, learner_search
from .meanings import Meanings, meanings

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models.reports import ReportQuerySet

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
    may_download = permissions.may(user, permissions.DOWNLOAD_REPORT, course_id)
    has = cache(lambda permission: not permission or permissions.may(user, permission, course_id))
    reader = _Reader(
        user=user,
        sees_downloads=lambda report: may_download,
        may_download=lambda report: may_download and has(report.permission),
        may_generate=lambda report: may_generate and has(report.permission),
    )
    return DataDownloadPage(
        **_lists(Report.objects.in_course(course_id), reader, params, now),
        may_generate=may_generate,
        missing=_missing(may_generate=may_generate, may_download=may_download),
        whom_to_ask=lms().whom_to_ask(course_id) if not (may_generate and may_download) else "",
        policy=_policy(*lms().data_policy(course_id)),
        counts=_counts(course_id),
        learner_search=learner_search(course_id, user, params.get("learner", "")),
        time_zone=str(course_zone(course_id)),
    )


def all_courses_page(user: AbstractBaseUser, params: Mapping[str, str], *, may_generate: bool) -> DataDownloadPage:
    """Return the page about reports of all courses, with those that this person may view."""

    # The reports of a person are mostly about the same courses.
    @cache
    def may(permission: str, courses: tuple[str, ...], requester: Any) -> bool:
        report = Report(courses=list(courses), requested_by_id=requester)
        return not permission or permissions.may_with_report(user, permission, report)

    def may_both(report: Report, permission: str) -> bool:
        return all(may(one, tuple(report.courses), report.requested_by_id) for one in (permission, report.permission))

    reader = _Reader(
        user=user,
        sees_downloads=lambda report: may_both(report, permissions.DOWNLOAD_REPORT),
        may_download=lambda report: may_both(report, permissions.DOWNLOAD_REPORT),
        may_generate=lambda report: may_both(report, permissions.GENERATE_REPORT),
    )
    return DataDownloadPage(
        **_lists(reports_of_all_courses(user), reader, params, timezone.now()),
        may_generate=may_generate,
        missing=[],
        whom_to_ask="",
        policy=_policy("", ""),
        time_zone=str(course_zone("")),
        counts=[],
        learner_search=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """The person who reads the list of reports, and what they may do with each."""

    user: AbstractBaseUser
    sees_downloads: Callable[[Report], bool]
    may_download: Callable[[Report], bool]
    may_generate: Callable[[Report], bool]


def _lists(listed: ReportQuerySet, reader: _Reader, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return the tasks and the reports, and what both pages need for them."""
    # In this order: a report that becomes ready in between is in both lists rather than in none, and a page that has
    # seen a task under way refreshes soon.
    under_way = listed.unfinished().exists()
    tasks = page_of(_tasks(listed, now), params.get("tasks"))
    reports = page_of(_reports(listed, now), params.get("reports"))
    names = exam_names([*tasks, *reports])
    downloads = downloads_of([report for report in reports if reader.sees_downloads(report)])
    return {
        "rendered_at": now,
        "under_way": under_way,
        "tasks": [_task_row(report, exam_name_of(report, names), now) for report in tasks],
        "tasks_pager": pager(tasks, "tasks", reports=reports.number),
        "reports": [
            _report_row(report, exam_name_of(report, names), reader, downloads.get(report.pk, Downloads(0)), now)
            for report in reports
        ],
        "reports_pager": pager(reports, "reports", tasks=tasks.number),
        "link_lifetime": sentences.link_lifetime(),
        "report_lifetime": sentences.report_lifetime(),
        "renew_after": renew_after(),
        "meanings": meanings(),
    }


def _tasks(listed: ReportQuerySet, now: datetime) -> QuerySet[Report]:
    """Unfinished tasks first, then failed ones, each newest first. A failure stays as long as its report would have."""
    has_failed = Case(When(state=ReportState.FAILED, then=Value(1)), default=Value(0), output_field=IntegerField())
    tasks = listed.pending_or_failed(since=now - conf().REPORT_LIFETIME)
    return tasks.select_related("requested_by").order_by(has_failed, "-requested_at", "-pk")


def _reports(listed: ReportQuerySet, now: datetime) -> QuerySet[Report]:
    return listed.available(now).select_related("requested_by").newest_first()


def _missing(*, may_generate: bool, may_download: bool) -> list[MissingPermission]:
    """Return the permissions that this person lacks to do more than look."""
    granted = {permissions.GENERATE_REPORT: may_generate, permissions.DOWNLOAD_REPORT: may_download}
    return [missing_permission(permission) for permission, is_granted in granted.items() if not is_granted]


def _policy(name: str, url: str) -> DataPolicy:
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


def _report_row(report: Report, exam_name: str, reader: _Reader, downloads: Downloads, now: datetime) -> ReportRow:
    return ReportRow(
        task_id=str(report.task_id),
        name=report.file_name,
        name_parts=report.file_name.split("_"),
        scope=_scope(report, exam_name),
        token=REPORT_LINK.make_token(report, reader.user, now=now) if reader.may_download(report) else "",
        is_csv=report.format == ReportFormat.CSV,
        downloads=downloads if reader.sees_downloads(report) else None,
        may_delete=report.requested_by_id == reader.user.pk and reader.may_generate(report),
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
    narrowed = ", ".join(in_words(report.filters, exam_name))
    about = ", ".join(filter(None, [_courses(report), narrowed])) or _("Whole course")
    return about if report.format == ReportFormat.CSV else f"{about} · {report.get_format_display()}"


def _courses(report: Report) -> str:
    """Return how many courses a report about several has."""
    if report.course_id:
        return ""
    return ngettext("%(number)s course", "%(number)s courses", len(report.courses)) % {
        "number": number(len(report.courses))
    }


def _scope(report: Report, exam_name: str) -> str:
    is_usual = report.kind == ReportKind.EXAM_RESULTS and not report.filters and report.format == ReportFormat.CSV
    if is_usual and report.course_id:
        return ""
    return f"{kind_label(report.kind)} · {_inputs(report, exam_name)}"


def _requester(report: Report) -> str:
    name = person(report.requested_by).label if report.requested_by else _("the system")
    return _("a schedule of %(name)s") % {"name": name} if report.schedule_id else name


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
