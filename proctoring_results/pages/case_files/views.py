"""The page from which a session is exported: for which purpose, and who has done so before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from proctoring_results import permissions
from proctoring_results.choices import CASE_FILE
from proctoring_results.exceptions import AttemptIsErased, InvalidInput, ReportAlreadyRunning
from proctoring_results.http import address_of
from proctoring_results.lms import course_name
from proctoring_results.pages._shared.decorators import SeeOther, page, signed_in, throttled
from proctoring_results.pages._shared.drafts import posted_fields
from proctoring_results.pages._shared.flash import flash, flash_context
from proctoring_results.pages._shared.lookups import attempt_to_view
from proctoring_results.pages._shared.navigation import export_url, navigation
from proctoring_results.pages._shared.report_sentences import being_created, currently_being_created
from proctoring_results.services.case_files import MAX_PURPOSE_LENGTH, request_case_file

from .page import case_files_page

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt
    from proctoring_results.pages._shared.decorators import SignedIn


@require_http_methods(["GET", "HEAD", "POST"])
@page
@signed_in
def export_session(request: SignedIn, attempt_code: str) -> HttpResponseBase:
    """Show the case files of the session and the form for another one; by POST request it."""
    attempt = attempt_to_view(request.user, attempt_code)
    permissions.require_export(request.user, attempt)
    # The page renews itself, and is not counted.
    return _request(request, attempt) if request.method == "POST" else _show(request, attempt)


@throttled
def _request(request: SignedIn, attempt: ExamAttempt) -> HttpResponse:
    purpose = request.POST.get("purpose", "")
    try:
        request_case_file(attempt.attempt_code, purpose=purpose, by=request.user, address=address_of(request))
    except InvalidInput as refusal:
        return _show(request, attempt, problem=refusal.problem, status=400)
    except AttemptIsErased as refusal:
        flash(request, messages.WARNING, str(refusal))
    except ReportAlreadyRunning:
        flash(request, messages.INFO, currently_being_created(CASE_FILE))
    else:
        flash(request, messages.SUCCESS, being_created(CASE_FILE))
    return SeeOther(export_url(attempt))


def _show(request: SignedIn, attempt: ExamAttempt, *, problem: str = "", status: int = 200) -> HttpResponse:
    purpose = posted_fields(request).get("purpose", "")
    if purpose and not problem and request.method != "POST":
        problem = _("Nothing was requested, because you had to sign in again. Your text is still here.")
    context = {
        "course_id": attempt.exam.course_id,
        "course_name": course_name(attempt.exam.course_id),
        "navigation": navigation(attempt.exam.course_id, "sessions"),
        "page": case_files_page(attempt, request.user, request.GET),
        "purpose": purpose,
        "problem": problem,
        "max_purpose_length": MAX_PURPOSE_LENGTH,
        **flash_context(request),
    }
    return render(request, "proctoring_results/case_files/page.html", context, status=status)
