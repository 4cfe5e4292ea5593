"""Pages that renew themselves when somebody else has done something: see ``_shared/review_dashboard.js``.

The script asks for the page again and again with the stamp that it has (``If-None-Match``), and as long as nothing has
happened the answer is 304, before anything of the page is read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


def not_modified(request: HttpRequest, stamp: str) -> HttpResponse | None:
    """Return 304 to a script that has this stamp already; else None, and the page has to be drawn."""
    return get_conditional_response(request, etag=quote_etag(stamp))
