"""What pages say about reports that are made, and about case files."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results.choices import CASE_FILE, ReportFailure, ReportState, ReportStep
from proctoring_results.conf import conf
from proctoring_results.models import Report
from proctoring_results.reports.claims import max_tries
from proctoring_results.reports.kinds.registry import kinds


def being_created(kind: str) -> str:
    if kind == CASE_FILE:
        return _("The case file is being made. You can leave this page while that goes on.")
    return _("The %(report)s is being created. To view the status of the report, see Pending Tasks below.") % {
        "report": _noun(kind)
    }


def currently_being_created(kind: str) -> str:
    if kind == CASE_FILE:
        return _("You have asked for this case file already. It is being made.")
    return _(
        "The %(report)s is currently being created. To view the status of the report, see Pending Tasks below. "
        "You will be able to download the report when it is complete."
    ) % {"report": _noun(kind)}


def already_there(report: Report) -> str:
    return _(
        "The same report was generated less than a minute ago. You can download it below: %(name)s. "
        "In a minute you can generate it again."
    ) % {"name": report.file_name}


def _noun(name: str) -> str:
    kind = kinds().get(name)
    return str(kind.noun) if kind else name


def task_status(report: Report) -> str:
    """Say what an unfinished task is doing, or why it failed."""
    match report.state:
        case ReportState.FAILED:
            return str(ReportFailure(report.failure).label)
        case ReportState.RUNNING:
            return str(ReportStep(report.step).label) or _("Starting")
        case _ if report.failure:
            return _("%(reason)s Next: try %(number)s of %(max)s.") % {
                "reason": ReportFailure(report.failure).label,
                "number": report.tries + 1,
                "max": max_tries(),
            }
    return _("Waiting for its turn")


def announcement(report: Report) -> str:
    """Say what the page announces when a task reaches this state while somebody watches."""
    if report.is_case_file:
        return _case_file_announcement(report)
    match report.state:
        case ReportState.READY:
            return _("The report %(name)s is ready. You can download it below.") % {"name": report.file_name}
        case ReportState.FAILED:
            return _("The report %(name)s failed. See Pending Tasks below.") % {"name": report.file_name}
        case ReportState.RUNNING:
            return currently_being_created(report.kind)
    return being_created(report.kind)


def _case_file_announcement(report: Report) -> str:
    match report.state:
        case ReportState.READY:
            return _("The case file is ready. You can download it below.")
        case ReportState.FAILED:
            return _("The case file could not be made. See below.")
    return being_created(report.kind)


def link_lifetime() -> str:
    seconds = int(conf().DOWNLOAD_TTL.total_seconds())
    if seconds % 60:
        return ngettext("%(number)s second", "%(number)s seconds", seconds) % {"number": seconds}
    return ngettext("%(number)s minute", "%(number)s minutes", seconds // 60) % {"number": seconds // 60}


def report_lifetime() -> str:
    days, rest = divmod(int(conf().REPORT_LIFETIME.total_seconds()), 24 * 60 * 60)
    if days:
        return ngettext("%(number)s day", "%(number)s days", days) % {"number": days}
    hours = max(1, rest // 3600)
    return ngettext("%(number)s hour", "%(number)s hours", hours) % {"number": hours}
