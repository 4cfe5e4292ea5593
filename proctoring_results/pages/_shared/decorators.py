"""Decorators that every page shares: sign-in, refusals, throttling, and headers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from rest_framework.views import set_rollback

from proctoring_results import permissions
from proctoring_results.database import is_passing
from proctoring_results.exceptions import AccessDenied, DatabaseBusy, InvalidInput, NotFound
from proctoring_results.http import keep_private, with_policy
from proctoring_results.lms import lms
from proctoring_results.people import person
from proctoring_results.throttles import ReportsThrottle

from .drafts import keep_draft
from .permission_names import PERMISSION_NAMES

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    class SignedIn(HttpRequest):
        """A request of a person who has signed in."""

        user: AbstractBaseUser  # type: ignore[assignment]


logger = logging.getLogger("proctoring_results.pages")

P = ParamSpec("P")
RequestT = TypeVar("RequestT", bound=HttpRequest)

View = Callable[Concatenate[RequestT, P], HttpResponseBase]
# What a URL pattern calls. Django keeps marks (CSRF, ATOMIC_REQUESTS) on it, which ``wraps`` hands on.
ViewFunction = Callable[..., HttpResponseBase]


def signed_in(view: View[SignedIn, P]) -> ViewFunction:
    """Send anonymous visitors to the sign-in page, and back after it."""

    @wraps(view)
    def wrapper(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(_way_back(request, is_kept=keep_draft(request)))
        return view(request, *args, **kwargs)

    return wrapper


def _way_back(request: HttpRequest, *, is_kept: bool) -> str:
    # The address of a form whose draft is kept shows it again.
    if request.method != "POST" or is_kept:
        return request.get_full_path()
    # Another POST cannot be repeated after signing in, so back to the page with the button.
    return _page_before(request) or resolve_url(settings.LOGIN_REDIRECT_URL)


def _page_before(request: HttpRequest) -> str:
    """Return the page that the person came from, if it is one of this site."""
    page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if is_ours else ""


def _csrf_checked(view: View[HttpRequest, P]) -> ViewFunction:
    """Check the CSRF token here, and not in the middleware, so that the refusal is a page of ours with a way on."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        is_accepted = False

        @csrf_protect
        def accepted(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            nonlocal is_accepted
            is_accepted = True
            return view(request, *args, **kwargs)

        response = accepted(request, *args, **kwargs)
        return response if is_accepted else _page_is_old(request)

    return wrapper


def _page_is_old(request: HttpRequest) -> HttpResponseBase:
    # Another site may have sent the form: what it wrote is not kept.
    is_kept = bool(_page_before(request)) and keep_draft(request)
    context = {"way_back": _way_back(request, is_kept=is_kept), "is_kept": is_kept}
    return render(request, "proctoring_results/_shared/page_is_old.html", context, status=403)


def page(view: View[HttpRequest, P]) -> ViewFunction:
    """Turn refusals into pages that name nothing, forbid caching, and add the Content-Security-Policy."""
    checked = _csrf_checked(view)

    @csrf_exempt
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            response = checked(request, *args, **kwargs)
        except AccessDenied as refusal:
            context = _missing_permission(request, refusal)
            response = render(request, "proctoring_results/_shared/not_allowed.html", context, status=403)
        except (NotFound, InvalidInput) as error:
            raise Http404 from error
        except (DatabaseBusy, Error) as error:
            response = _busy_page(request, error)
        add_never_cache_headers(response)
        return with_policy(response)

    return wrapper


def _busy_page(request: HttpRequest, error: Exception) -> HttpResponseBase:
    """Return the page "try again", or raise the error if trying again will not help."""
    if not isinstance(error, DatabaseBusy) and not is_passing(error):
        raise error
    logger.warning("The database did not answer.", exc_info=error)
    template = "proctoring_results/_shared/busy.html"
    try:
        page = render_to_string(template, request=request)
    except Error:
        # The host's parts of the page may query the database, too.
        page = render_to_string(template)
    # Under ATOMIC_REQUESTS nothing may be left of a request that is going to be sent again.
    set_rollback()
    return HttpResponse(page, status=503, headers={"Retry-After": DatabaseBusy.wait + 1})


def _missing_permission(request: HttpRequest, refusal: AccessDenied) -> dict[str, str]:
    """Say what is not allowed, and the ways on; name the permission and whom to ask to members of the course only."""
    back = _page_before(request)
    context = {
        "permission_name": str(PERMISSION_NAMES.get(refusal.permission, "")),
        "signed_in_as": person(request.user).label if request.user.is_authenticated else "",
        # Not to this page again.
        "way_back": back if urlsplit(back).path not in ("", request.path) else resolve_url(settings.LOGIN_REDIRECT_URL),
        "sign_in_url": f"{resolve_url(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}",
    }
    others = [permission for permission in PERMISSION_NAMES if permission != refusal.permission]
    if any(permissions.may(request.user, permission, refusal.scope) for permission in others):
        context |= {"permission": refusal.permission, "whom_to_ask": lms().whom_to_ask(refusal.scope)}
    return context


def throttled(view: View[SignedIn, P]) -> ViewFunction:
    """Throttle clicks on reports and exports, together with the same person's calls of the API."""

    @wraps(view)
    def wrapper(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        throttle = ReportsThrottle()
        if throttle.allow_request(request, view):
            return view(request, *args, **kwargs)
        wait = throttle.seconds_to_wait()
        response = render(request, "proctoring_results/_shared/too_many.html", {"wait": wait}, status=429)
        response.headers["Retry-After"] = str(wait)
        return response

    return wrapper


def private_file(view: View[HttpRequest, P]) -> ViewFunction:
    """Forbid caching of the response, and keep its address from other sites."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            return keep_private(view(request, *args, **kwargs))
        except (DatabaseBusy, Error) as error:
            return keep_private(_busy_page(request, error))

    return wrapper


class SeeOther(HttpResponseRedirect):
    """Redirect after a POST. 303, so that no client posts again."""

    status_code = 303
