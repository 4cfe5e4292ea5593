"""The views of the service's own dashboard: the page, and what its frame loads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse, HttpResponseForbidden, HttpResponseNotFound, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_safe

from proctoring_results import permissions
from proctoring_results.exceptions import AccessDenied, InvalidInput, NotFound, ProviderClassFailed
from proctoring_results.lms import course_name
from proctoring_results.pages._shared.decorators import page, private_file, signed_in
from proctoring_results.pages._shared.navigation import navigation
from proctoring_results.validation import clean_key

from .page import dashboard_page, find_target, policy_with

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def service_dashboard(request: SignedIn, course_id: str) -> HttpResponse:
    """Show the dashboard of the course's proctoring service in a frame."""
    course_id = clean_key("course_id", course_id)
    permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
    page_data = dashboard_page(course_id, request.GET.dict())
    context = {
        "course_id": course_id,
        "course_name": course_name(course_id),
        "navigation": navigation(course_id, "service_dashboard"),
        "page": page_data,
    }
    response = render(request, "proctoring_results/service_dashboard/page.html", context)
    if page_data.target is not None and (policy := policy_with(page_data.target)):
        response.headers["Content-Security-Policy"] = policy
    return response


@require_GET
@xframe_options_sameorigin
@private_file
@signed_in
def open_service_dashboard(request: SignedIn, course_id: str) -> HttpResponseBase:
    """Redirect the frame to the service, with a token that is made now and valid for a minute."""
    try:
        course_id = clean_key("course_id", course_id)
        permissions.require(request.user, permissions.VIEW_SESSIONS, course_id)
        target = find_target(course_id, request.GET.dict())
        return HttpResponseRedirect(target.address_for(request.user))
    except AccessDenied:
        return HttpResponseForbidden()
    except (NotFound, InvalidInput):
        # Not raised: Django would answer, and let caches keep it.
        return HttpResponseNotFound()
    except ProviderClassFailed as error:
        return HttpResponse(
            str(error), status=503, content_type="text/plain; charset=utf-8", headers={"Retry-After": error.wait}
        )
