"""The page of the service's own dashboard, and what its frame loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse, HttpResponseForbidden, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_safe

from proctoring_results import api, permissions
from proctoring_results.lms import lms
from proctoring_results.pages._shared.decorators import page, private_file, signed_in
from proctoring_results.pages._shared.navigation import places
from proctoring_results.validation import clean_key

from .page import draw, find_place, policy_with

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def service_dashboard(request: SignedIn, course_id: str) -> HttpResponse:
    """The dashboard of the course's proctoring service, inside the page; and beside it the way to our own."""
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
    drawn = draw(course_id, request.GET.dict())
    context = {
        "course_id": course_id,
        "course_name": lms().course_name(course_id),
        "places": places(course_id, "service_dashboard"),
        "page": drawn,
    }
    response = render(request, "proctoring_results/service_dashboard/page.html", context)
    if drawn.place is not None and (policy := policy_with(drawn.place)):
        response.headers["Content-Security-Policy"] = policy
    return response


@require_GET
@xframe_options_sameorigin
@private_file
@signed_in
def open_service_dashboard(request: SignedIn, course_id: str) -> HttpResponseBase:
    """What the frame of that page loads: on to the service, with a token that is made now and lives a minute."""
    try:
        course_id = clean_key("course_id", course_id)
        permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
        place = find_place(course_id, request.GET.dict())
        return HttpResponseRedirect(place.address_for(request.user))
    except api.AccessDenied:
        return HttpResponseForbidden()
    except (api.NotFound, api.InvalidInput) as error:
        raise Http404 from error
