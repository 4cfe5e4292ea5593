"""The views of Schedules: the list, the form to create and to change one, and the buttons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from proctoring_results import permissions
from proctoring_results.exceptions import AccessDenied, InvalidInput, ScheduleNotInState, TooManySchedules
from proctoring_results.lms import course_name, course_zone
from proctoring_results.models import ReportSchedule
from proctoring_results.pages._shared.decorators import SeeOther, page, signed_in, throttled
from proctoring_results.pages._shared.flash import flash, flash_context
from proctoring_results.queries.lookups import get_schedule
from proctoring_results.services import schedules as verbs
from proctoring_results.validation import clean_key

from .forms import NEW, ScheduleForm, params_of, schedule_form
from .page import schedules_page

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def schedules(request: SignedIn, course_id: str) -> HttpResponse:
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_REPORTS, course_id)
    context = {**_context(request, course_id), "page": schedules_page(course_id, request.user)}
    return render(request, "proctoring_results/schedules/page.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
@throttled
def add_schedule(request: SignedIn, course_id: str) -> HttpResponse:
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.GENERATE_REPORT, course_id)

    def create(form: ScheduleForm) -> ReportSchedule:
        return verbs.create_schedule(course_id, form.rhythm(), by=request.user, **form.request())

    return _form(request, course_id, NEW, create, _("The schedule was created."))


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
@throttled
def change_schedule(request: SignedIn, schedule_id: UUID) -> HttpResponse:
    schedule = get_schedule(schedule_id)
    permissions.require(request.user, permissions.GENERATE_REPORT, schedule.course_id)
    if schedule.owner_id != request.user.pk:
        raise AccessDenied(permissions.GENERATE_REPORT, schedule.course_id)

    def change(form: ScheduleForm) -> ReportSchedule:
        return verbs.change_schedule(schedule_id, form.rhythm(), by=request.user, **form.request())

    return _form(request, schedule.course_id, params_of(schedule), change, _("The schedule was changed."))


@require_POST
@page
@signed_in
@throttled
def pause_schedule(request: SignedIn, schedule_id: UUID) -> HttpResponse:
    return _changed(request, schedule_id, verbs.pause_schedule, _("The schedule is paused."))


@require_POST
@page
@signed_in
@throttled
def resume_schedule(request: SignedIn, schedule_id: UUID) -> HttpResponse:
    return _changed(request, schedule_id, verbs.resume_schedule, _("The schedule is active again."))


@require_POST
@page
@signed_in
@throttled
def delete_schedule(request: SignedIn, schedule_id: UUID) -> HttpResponse:
    return _changed(request, schedule_id, verbs.delete_schedule, _("The schedule was deleted. Its reports stay."))


def _changed(request: SignedIn, schedule_id: UUID, verb: Callable[..., ReportSchedule], sentence: str) -> HttpResponse:
    """Call the verb, and go back to the list with a flash message."""
    course_id = get_schedule(schedule_id).course_id
    try:
        verb(schedule_id, by=request.user)
        flash(request, messages.SUCCESS, sentence)
    except ScheduleNotInState as refusal:
        flash(request, messages.WARNING, str(refusal))
    return SeeOther(reverse("proctoring_results:schedules", args=[course_id]))


def _form(
    request: SignedIn,
    course_id: str,
    params: Mapping[str, Any],
    save: Callable[[ScheduleForm], ReportSchedule],
    sentence: str,
) -> HttpResponse:
    """Show the form, or save what was sent. What is wrong stands beside its field, with what was typed."""
    is_sent = request.method == "POST"
    form = schedule_form(course_id, request.user, request.POST if is_sent else params)
    if is_sent and form.is_valid():
        try:
            save(form)
        except InvalidInput as refusal:
            form.refuse(refusal)
        except TooManySchedules as refusal:
            form.add_error(None, str(refusal))
        else:
            flash(request, messages.SUCCESS, sentence)
            return SeeOther(reverse("proctoring_results:schedules", args=[course_id]))
    context = {
        **_context(request, course_id),
        "form": form,
        "is_new": params is NEW,
        "time_zone": str(course_zone(course_id)),
    }
    return render(request, "proctoring_results/schedules/form.html", context, status=400 if is_sent else 200)


def _context(request: SignedIn, course_id: str) -> dict[str, Any]:
    return {"course_id": course_id, "course_name": course_name(course_id), **flash_context(request)}
