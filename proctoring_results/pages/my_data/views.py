"""The page on which learners read what is stored about their own attempts, and take it with them."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from proctoring_results.lms import lms
from proctoring_results.pages._shared.decorators import page, signed_in
from proctoring_results.queries.own_data import own_data

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def my_data(request: SignedIn) -> HttpResponse:
    own = own_data(request.user)
    names = {course_id: lms().course_name(course_id) for course_id in {one.course_id for one in own.attempts}}
    attempts = [{"course_name": names[one.course_id], "own": one} for one in own.attempts]
    return render(request, "proctoring_results/my_data/page.html", {"attempts": attempts})


@require_safe
@page
@signed_in
def my_data_json(request: SignedIn) -> HttpResponse:
    """Download what ``me/data/`` of the REST API answers, which a site may leave out."""
    text = json.dumps(asdict(own_data(request.user)), default=_in_utc, ensure_ascii=False, indent=2)
    name = f"proctoring_data_{timezone.now():%Y-%m-%d-%H%M%S}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="application/json", headers=headers)


def _in_utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
