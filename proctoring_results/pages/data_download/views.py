"""The views of Data Download: the page, its buttons, and the downloads."""

from __future__ import annotations

from collections.abc import Callable
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
    InvalidInput,
    LinkExpired,
    LinkInvalid,
    ReportAlreadyRunning,
    ReportAlreadyThere,
    ReportGone,
    ReportNotInState,
    StorageUnavailable,
)
from proctoring_results.http import address_of, streamed
from proctoring_results.lms import course_name, lms
from proctoring_results.models import Report
from proctoring_results.pages._shared.decorators import SeeOther, page, private_file, signed_in, throttled
from proctoring_results.pages._shared.drafts import posted_fields
from proctoring_results.pages._shared.flash import flash, flash_context
from proctoring_results.pages._shared.search import LEARNERS, make_token
from proctoring_results.queries.lookups import get_report
from proctoring_results.reports.sending import send, send_for_excel
from proctoring_results.services.reports import (
    cancel_report,
    delete_report,
    redeem_download,
    request_report,
    retry_report,
    save_preference,
)
from proctoring_results.validation import clean_key

from .choose import PARAMS, choice, usual
from .learners import may_ask
from .page import data_download_page
from .sentences import already_there, being_created, currently_being_created, link_lifetime

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
    chosen = choice(course_id, request.user, params, last.format) if last else None
    context = {
        "course_id": course_id,
        "course_name": course_name(course_id),
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
    params = {name: request.POST[name] for name in PARAMS if request.POST.get(name)}
    kind, file_format = params.pop("kind", ReportKind.EXAM_RESULTS), params.pop("format", ReportFormat.CSV)
    notify = "notify" in request.POST

    def request_it(by: AbstractBaseUser) -> Report:
        save_preference(by, file_format=file_format, notify=notify)
        return request_report(
            course_id, kind, filters=params, file_format=file_format, by=by, reuse=True, notify=notify
        )

    try:
        return _report_changed(request, course_id, request_it)
    except InvalidInput:
        # The exam was renamed, or the report has grown: the page says what is wrong, and what was chosen stands.
        response = _show(request, course_id, request.POST)
        response.status_code = 400
        return response


@require_POST
@page
@signed_in
@throttled
def cancel(request: SignedIn, task_id: UUID) -> HttpResponse:
    course_id = get_report(task_id).course_id
    return _report_changed(request, course_id, lambda by: cancel_report(task_id, by=by), _("The task was cancelled."))


@require_POST
@page
@signed_in
@throttled
def retry(request: SignedIn, task_id: UUID) -> HttpResponse:
    course_id = get_report(task_id).course_id
    return _report_changed(request, course_id, lambda by: retry_report(task_id, by=by))


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
@throttled
def delete(request: SignedIn, task_id: UUID) -> HttpResponse:
    """Ask once more, on a page that needs no JavaScript; then delete."""
    report = get_report(task_id)
    if request.method == "POST":
        return _report_changed(
            request, report.course_id, lambda by: delete_report(task_id, by=by), _("The report was deleted.")
        )
    permissions.require_delete(request.user, report)
    back = reverse("proctoring_results:data_download", args=[report.course_id])
    if report.state != ReportState.READY:
        # Deleted in another tab, for example.
        flash(request, messages.WARNING, _("Only a report that is ready can be deleted."))
        return SeeOther(back)
    context = {"report": report, "course_name": course_name(report.course_id), "back": back}
    return render(request, "proctoring_results/data_download/delete.html", context)


def _report_changed(
    request: SignedIn, course_id: str, change: Callable[[AbstractBaseUser], Report], done: str | None = None
) -> HttpResponse:
    """Call ``change``, and go back to the page with a flash message."""
    try:
        report = change(request.user)
        level, sentence = messages.SUCCESS, done or being_created(report.kind)
    except ReportAlreadyRunning as refusal:
        level, sentence = messages.INFO, currently_being_created(refusal.report.kind)
    except ReportAlreadyThere as refusal:
        level, sentence = messages.INFO, already_there(refusal.report)
    except ReportNotInState as refusal:
        level, sentence = messages.WARNING, str(refusal)
    flash(request, level, sentence)
    return SeeOther(reverse("proctoring_results:data_download", args=[course_id]))


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
        "course_id": report.course_id,
        "course_name": lms().course_name(report.course_id),
        "report": report,
        "today": timezone.now(),
        "link_lifetime": link_lifetime(),
    }
    return render(request, f"proctoring_results/data_download/{template}.html", context, status=status)
