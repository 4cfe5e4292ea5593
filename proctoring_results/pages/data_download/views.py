"""The views of Data Download: the page, its buttons, and the downloads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from proctoring_results import permissions
from proctoring_results.choices import ReportFormat, ReportKind, ReportState
from proctoring_results.exceptions import (
    AccessDenied,
    AttemptIsErased,
    InvalidInput,
    LinkExpired,
    LinkInvalid,
    NotFound,
    ReportAlreadyRunning,
    ReportAlreadyThere,
    ReportGone,
    ReportNotInState,
    StorageUnavailable,
)
from proctoring_results.http import address_of, streamed
from proctoring_results.lms import course_name, course_zone
from proctoring_results.models import Report
from proctoring_results.pages._shared.decorators import SeeOther, page, private_file, signed_in, throttled
from proctoring_results.pages._shared.drafts import posted_fields
from proctoring_results.pages._shared.flash import flash, flash_context
from proctoring_results.pages._shared.navigation import page_of_report, page_of_reports
from proctoring_results.pages._shared.report_sentences import (
    already_there,
    being_created,
    currently_being_created,
    link_lifetime,
)
from proctoring_results.pages._shared.search import LEARNERS, make_token
from proctoring_results.queries.lookups import exams_elsewhere, get_report, reports_of_all_courses
from proctoring_results.reports.readme import readme
from proctoring_results.reports.requests import courses_of_kinds
from proctoring_results.reports.sending import send, send_for_excel
from proctoring_results.services.reports import (
    cancel_report,
    delete_report,
    redeem_download,
    request_report,
    request_report_of_all_courses,
    retry_report,
    save_preference,
)
from proctoring_results.validation import clean_key

from .choose import PARAMS, choice, choice_in_course, usual
from .learners import may_ask
from .page import all_courses_page, data_download_page

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def data_download(request: SignedIn, course_id: str) -> HttpResponse:
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_REPORTS, course_id)
    return _show(request, course_id, request.GET)


def _show(request: SignedIn, course_id: str, params: QueryDict) -> HttpResponse:
    """Show the page, with what the parameters choose; 400 if they choose something that there is not."""
    page_data = data_download_page(course_id, request.user, params)
    last = usual(request.user) if page_data.may_generate else None
    chosen = choice_in_course(course_id, request.user, params, last.format) if last else None
    context = {
        "course_id": course_id,
        "course_name": course_name(course_id),
        "address": page_of_reports(course_id),
        "generate_address": reverse("proctoring_results:generate_report", args=[course_id]),
        # Courses beside this one: whether the person may there costs a question for each of them.
        "all_reports": page_data.may_generate and exams_elsewhere(course_id),
        "page": page_data,
        "choice": chosen,
        "usual": last,
        **flash_context(request),
    }
    status = 400 if chosen and chosen.is_refused else 200
    return render(request, "proctoring_results/data_download/page.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def search_learners(request: SignedIn, course_id: str) -> HttpResponse:
    """Lead to the page with the answers. By POST: no name may stand in an address."""
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_REPORTS, course_id)
    if not may_ask(request.user, course_id):
        raise AccessDenied(permissions.DOWNLOAD_REPORT, course_id)
    text = posted_fields(request).get("search", "").strip()
    address = reverse("proctoring_results:data_download", args=[course_id])
    if not text:
        return SeeOther(f"{address}#pr-learner")
    query = urlencode({"learner": make_token(LEARNERS, text, request.user, course_id)})
    return SeeOther(f"{address}?{query}#pr-learner")


@require_POST
@page
@signed_in
@throttled
def generate(request: SignedIn, course_id: str) -> HttpResponse:
    """Generate the usual report, or what was chosen."""
    course_id = clean_key("course_id", course_id)
    return _generate(request, course_id, partial(request_report, course_id), partial(_show, request, course_id))


@require_safe
@page
@signed_in
def all_reports(request: SignedIn) -> HttpResponse:
    """Show the reports about all courses of the person, and what can be requested."""
    return _show_all(request, request.GET)


def _show_all(request: SignedIn, params: QueryDict) -> HttpResponse:
    courses_of = _courses_of_kinds(request.user)
    last = usual(request.user) if courses_of else None
    chosen = choice(courses_of, None, params, last.format, course_zone("")) if last else None
    context = {
        "address": page_of_reports(""),
        "generate_address": reverse("proctoring_results:generate_all_reports"),
        "courses": sorted({course for courses in courses_of.values() for course in courses}),
        "page": all_courses_page(request.user, params, may_generate=bool(courses_of)),
        "choice": chosen,
        "usual": last,
        **flash_context(request),
    }
    status = 400 if chosen and chosen.is_refused else 200
    return render(request, "proctoring_results/data_download/all_courses.html", context, status=status)


def _courses_of_kinds(user: AbstractBaseUser) -> dict[str, list[str]]:
    """Return what the person may generate. Raise ``AccessDenied`` for somebody to whom the page has nothing to show."""
    try:
        return courses_of_kinds(user)
    except AccessDenied:
        if permissions.may_everywhere(user, permissions.VIEW_REPORTS) or reports_of_all_courses(user).exists():
            return {}
        raise


@require_POST
@page
@signed_in
@throttled
def generate_all_reports(request: SignedIn) -> HttpResponse:
    """Generate one report about all courses in which the person may."""
    return _generate(request, "", request_report_of_all_courses, partial(_show_all, request))


def _generate(
    request: SignedIn,
    course_id: str,
    request_it: Callable[..., Report],
    show: Callable[[QueryDict], HttpResponse],
) -> HttpResponse:
    params = {name: request.POST[name] for name in PARAMS if request.POST.get(name)}
    kind, file_format = params.pop("kind", ReportKind.EXAM_RESULTS), params.pop("format", ReportFormat.CSV)
    notify = "notify" in request.POST

    def change(by: AbstractBaseUser) -> Report:
        save_preference(by, file_format=file_format, notify=notify)
        return request_it(kind, filters=params, file_format=file_format, by=by, reuse=True, notify=notify)

    try:
        return _report_changed(request, page_of_reports(course_id), change)
    except InvalidInput:
        # The exam was renamed, or the report has grown: the page says what is wrong, and what was chosen stands.
        response = show(request.POST)
        response.status_code = 400
        return response


@require_POST
@page
@signed_in
@throttled
def cancel(request: SignedIn, task_id: UUID) -> HttpResponse:
    back = page_of_report(get_report(task_id))
    return _report_changed(request, back, lambda by: cancel_report(task_id, by=by), _("The task was cancelled."))


@require_POST
@page
@signed_in
@throttled
def retry(request: SignedIn, task_id: UUID) -> HttpResponse:
    back = page_of_report(get_report(task_id))
    return _report_changed(request, back, lambda by: retry_report(task_id, by=by))


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
@throttled
def delete(request: SignedIn, task_id: UUID) -> HttpResponse:
    """Ask once more, on a page that needs no JavaScript; then delete."""
    report = get_report(task_id)
    back = page_of_report(report)
    if request.method == "POST":
        return _report_changed(request, back, lambda by: delete_report(task_id, by=by), _("The report was deleted."))
    permissions.require_delete(request.user, report)
    if report.state != ReportState.READY:
        # Deleted in another tab, for example.
        flash(request, messages.WARNING, _("Only a report that is ready can be deleted."))
        return SeeOther(back)
    name = course_name(report.course_id) if report.course_id else _("Reports over all courses")
    # By the id the site's own layout knows the course.
    context = {"report": report, "course_id": report.course_id, "course_name": name, "back": back}
    return render(request, "proctoring_results/data_download/delete.html", context)


@require_safe
@page
@signed_in
def report_readme(request: SignedIn, task_id: UUID) -> HttpResponse:
    """Show what the file is and what its columns mean: a text to keep beside the file. Nothing personal is in it."""
    report = get_report(task_id)
    if report.is_case_file:
        # It has one inside.
        raise NotFound("report", str(task_id))
    if not permissions.may_view(request.user, report):
        raise AccessDenied(permissions.VIEW_REPORTS, report.course_id)
    return HttpResponse(readme(report), content_type="text/plain; charset=utf-8")


def _report_changed(
    request: SignedIn, back: str, change: Callable[[AbstractBaseUser], Report], done: str | None = None
) -> HttpResponse:
    """Call ``change``, and go back to the page with the report and a flash message."""
    try:
        report = change(request.user)
        level, sentence = messages.SUCCESS, done or being_created(report.kind)
    except ReportAlreadyRunning as refusal:
        level, sentence = messages.INFO, currently_being_created(refusal.report.kind)
    except ReportAlreadyThere as refusal:
        level, sentence = messages.INFO, already_there(refusal.report)
    except (ReportNotInState, AttemptIsErased) as refusal:
        level, sentence = messages.WARNING, str(refusal)
    flash(request, level, sentence)
    return SeeOther(back)


@transaction.non_atomic_requests
@require_GET
@streamed
@private_file
@signed_in
@throttled
def download(request: SignedIn, token: str) -> HttpResponseBase:
    """Send the file of a link. HEAD is refused: it would be recorded as a download."""
    return _download(request, token, for_excel=False)


@transaction.non_atomic_requests
@require_GET
@streamed
@private_file
@signed_in
@throttled
def download_excel(request: SignedIn, token: str) -> HttpResponseBase:
    return _download(request, token, for_excel=True)


# The record of a refusal must outlive it: no transaction of the request may roll it back.
def _download(request: SignedIn, token: str, *, for_excel: bool) -> HttpResponseBase:
    address = address_of(request)
    try:
        redeemed = redeem_download(token, request.user, address=address, for_excel=for_excel)
    except LinkInvalid:
        # Rendered without the request: the body must be the same whoever asks and whatever the reason.
        return HttpResponse(render_to_string("proctoring_results/data_download/link_invalid.html"), status=403)
    except LinkExpired as refusal:
        return _no_file(request, refusal.report, "link_expired")
    except ReportGone as refusal:
        return _no_file(request, refusal.report, "report_gone")
    except StorageUnavailable as refusal:
        response = _no_file(request, refusal.report, "storage_unavailable", status=503)
        response.headers["Retry-After"] = str(refusal.wait)
        return response
    return send_for_excel(redeemed) if for_excel else send(redeemed)


def _no_file(request: SignedIn, report: Report, template: str, *, status: int = 410) -> HttpResponse:
    context = {
        "address": page_of_report(report),
        "report": report,
        "today": timezone.now(),
        "link_lifetime": link_lifetime(),
    }
    return render(request, f"proctoring_results/data_download/{template}.html", context, status=status)
