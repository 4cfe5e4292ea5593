"""A host's page with a learner's result asks here whether it has changed: see ``_shared/result.js``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from proctoring_results.exceptions import NotFound
from proctoring_results.pages._shared.decorators import page, signed_in
from proctoring_results.pages._shared.live import not_modified
from proctoring_results.queries.learner import own_result
from proctoring_results.validation import clean_key

if TYPE_CHECKING:
    from proctoring_results.pages._shared.decorators import SignedIn


@require_safe
@page
@signed_in
def result_changed(request: SignedIn, attempt_code: str) -> HttpResponse:
    """Answer 304 to a page that shows the learner's own result as it is, and else 204."""
    result = own_result(request.user, clean_key("attempt_code", attempt_code))
    if result is None:
        raise NotFound("attempt", attempt_code)
    return not_modified(request, result.stamp) or HttpResponse(status=204)
