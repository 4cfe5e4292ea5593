"""The doors of the instructor: each authorises, validates, calls one verb and answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse, HttpResponseForbidden, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST, require_safe

from proctoring_results import access, api
from proctoring_results.actions.texts import clean_key
from proctoring_results.http import address_of
from proctoring_results.lms import lms
from proctoring_results.reports.sending import send, send_for_excel

from . import numbers as numbers_page
from . import provider_dashboard
from .data_download import draw
from .doors import SeeOther, counted, page, private_file, signed_in
from .review_dashboard import places
from .saying import said_to, say
from .sentences import being_created, currently_being_created, link_lifetime

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from .doors import SignedIn


@require_safe
@page
@signed_in
def data_download(request: SignedIn, course_id: str) -> HttpResponse:
    """The Data Download page of a course."""
    course_id = clean_key("course_id", course_id)
    access.require(request.user, access.VIEW_REPORTS, course_id)
    context = {
        "course_id": course_id,
        "course_name": lms().course_name(course_id),
        "page": draw(course_id, request.user, request.GET),
        **said_to(request),
    }
    return render(request, "proctoring_results/data_download.html", context)


@require_safe
@page
@signed_in
def numbers(request: SignedIn, course_id: str) -> HttpResponse:
    """How the exams of a course went, or the one that ``?exam=`` names."""
    course_id = clean_key("course_id", course_id)
    access.require(request.user, access.VIEW_SESSIONS, course_id)
    exam = request.GET.get("exam", "")
    context = {
        "course_id": course_id,
        "course_name": lms().course_name(course_id),
        "places": places(course_id, "numbers"),
        "page": numbers_page.draw(course_id, clean_key("exam", exam) if exam else None),
        "may_view_reports": access.may(request.user, access.VIEW_REPORTS, course_id),
    }
    return render(request, "proctoring_results/special_exams/numbers.html", context)


@require_safe
@page
@signed_in
def review_dashboard(request: SignedIn, course_id: str) -> HttpResponse:
    """The dashboard of the course's proctoring service, inside the page; and beside it the way to our own."""
    course_id = clean_key("course_id", course_id)
    access.require(request.user, access.VIEW_SESSIONS, course_id)
    drawn = provider_dashboard.draw(course_id, request.GET.dict())
    context = {
        "course_id": course_id,
        "course_name": lms().course_name(course_id),
        "places": places(course_id, "review_dashboard"),
        "page": drawn,
    }
    response = render(request, "proctoring_results/special_exams/review_dashboard.html", context)
    if drawn.place is not None and (policy := provider_dashboard.policy_with(drawn.place)):
        response.headers["Content-Security-Policy"] = policy
    return response


@require_GET
@xframe_options_sameorigin
@private_file
@signed_in
def open_provider_dashboard(request: SignedIn, course_id: str) -> HttpResponseBase:
    """What the frame of that page loads: on to the service, with a token that is made now and lives a minute."""
    try:
        course_id = clean_key("course_id", course_id)
        access.require(request.user, access.VIEW_SESSIONS, course_id)
        place = provider_dashboard.find_place(course_id, request.GET.dict())
        return HttpResponseRedirect(place.address_for(request.user))
    except api.AccessDenied:
        return HttpResponseForbidden()
    except (api.NotFound, api.InvalidInput) as error:
        raise Http404 from error


@require_POST
@page
@signed_in
@counted
def generate(request: SignedIn, course_id: str) -> HttpResponse:
    course_id = clean_key("course_id", course_id)
    return _answer(request, course_id, lambda by: api.request_report(course_id, by=by))


@require_POST
@page
@signed_in
@counted
def cancel(request: SignedIn, task_id: UUID) -> HttpResponse:
    course_id = api.get_report(task_id).course_id
    return _answer(request, course_id, lambda by: api.cancel_report(task_id, by=by), _("The task was cancelled."))


@require_POST
@page
@signed_in
@counted
def retry(request: SignedIn, task_id: UUID) -> HttpResponse:
    course_id = api.get_report(task_id).course_id
    return _answer(request, course_id, lambda by: api.retry_report(task_id, by=by))


def _answer(
    request: SignedIn, course_id: str, verb: Callable[[AbstractBaseUser], api.Report], done: str | None = None
) -> HttpResponse:
    """Call the verb, say what became of it, and back to the page."""
    try:
        report = verb(request.user)
        level, sentence = messages.SUCCESS, done or being_created(report.kind)
    except api.ReportAlreadyRunning as refusal:
        level, sentence = messages.INFO, currently_being_created(refusal.report.kind)
    except api.ReportNotInState as refusal:
        level, sentence = messages.WARNING, str(refusal)
    say(request, level, sentence)
    return SeeOther(reverse("proctoring_results:data_download", args=[course_id]))


@transaction.non_atomic_requests
@require_GET
@private_file
@signed_in
@counted
def download(request: SignedIn, token: str) -> HttpResponseBase:
    """The file of a link. HEAD is refused: it would be written down as a download."""
    return _hand_out(request, token, for_excel=False)


@transaction.non_atomic_requests
@require_GET
@private_file
@signed_in
@counted
def download_excel(request: SignedIn, token: str) -> HttpResponseBase:
    return _hand_out(request, token, for_excel=True)


# What is written down about a refusal must outlive it: no transaction of the request may roll it back.
def _hand_out(request: SignedIn, token: str, *, for_excel: bool) -> HttpResponseBase:
    address = address_of(request)
    try:
        redeemed = api.redeem_download(token, request.user, address=address, for_excel=for_excel)
    except api.LinkInvalid:
        # Drawn without the request: the body must be the same whoever asks and whatever the reason.
        return HttpResponse(render_to_string("proctoring_results/link_invalid.html"), status=403)
    except api.LinkExpired as refusal:
        return _gone(request, refusal.report, "link_expired")
    except api.ReportGone as refusal:
        return _gone(request, refusal.report, "report_gone")
    return send_for_excel(redeemed) if for_excel else send(redeemed)


def _gone(request: SignedIn, report: api.Report, template: str) -> HttpResponse:
    context = {
        "course_id": report.course_id,
        "course_name": lms().course_name(report.course_id),
        "report": report,
        "today": timezone.now(),
        "link_lifetime": link_lifetime(),
    }
    return render(request, f"proctoring_results/{template}.html", context, status=410)
