"""What somebody had written when their sign-in turned out to be over: it is there again after they have signed in.

It stays in the web session, encrypted, since it may name people, until its page has shown it.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from django.http import QueryDict

from proctoring_results import crypto
from proctoring_results.exceptions import CannotDecrypt

if TYPE_CHECKING:
    from django.http import HttpRequest

KEY = "proctoring_results_draft"
MAX_AGE = 30 * 60  # seconds
MAX_LENGTH = 40_000  # characters: a reason, and fifty sessions
# A form with one of these is worth keeping. The address that it is posted to shows it again, by GET.
FIELDS = ("reason", "text", "attempt", "search", "purpose")


def keep_draft(request: HttpRequest) -> bool:
    """Return whether there was something to keep."""
    if request.method != "POST" or not any(request.POST.get(name, "").strip() for name in FIELDS):
        return False
    fields = request.POST.copy()
    fields.pop("csrfmiddlewaretoken", None)
    text = json.dumps([request.path, int(time.time()), _user_key(request), fields.urlencode()])
    if len(text) > MAX_LENGTH:
        return False
    request.session[KEY] = crypto.encrypt(text).decode()
    return True


def take_draft(request: HttpRequest, under: str) -> tuple[str, QueryDict] | None:
    """Return the path that a form was posted to and its fields, if that is ``under`` a path; only once.

    What a signed-in person wrote is shown to nobody else.
    """
    if KEY not in request.session:
        return None
    try:
        path, at, user, fields = json.loads(crypto.decrypt(request.session[KEY].encode()))
    except (CannotDecrypt, ValueError):
        path, at, user, fields = "", 0, "", ""
    if path and not path.startswith(under):
        return None
    del request.session[KEY]
    if not path or time.time() - at > MAX_AGE or user not in ("", _user_key(request)):
        return None
    return path, QueryDict(fields)


def posted_fields(request: HttpRequest) -> QueryDict:
    """Return what was posted, or by GET what was posted when the sign-in was over."""
    if request.method == "POST":
        return request.POST
    draft = take_draft(request, request.path)
    return draft[1] if draft else QueryDict()


def _user_key(request: HttpRequest) -> str:
    return str(request.user.pk) if request.user.is_authenticated else ""
