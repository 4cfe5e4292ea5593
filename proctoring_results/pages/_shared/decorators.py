"""Decorators that every page shares: sign-in, refusals, throttling, and headers."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render, resolve_url
from django.utils.cache import add_never_cache_headers
from django.utils.http import url_has_allowed_host_and_scheme

from proctoring_results import permissions
from proctoring_results.exceptions import AccessDenied, InvalidInput, NotFound
from proctoring_results.http import keep_private, with_policy
from proctoring_results.lms import lms
from proctoring_results.throttles import ReportsThrottle

from .permission_names import PERMISSION_NAMES

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    class SignedIn(HttpRequest):
        """A request of a person who has signed in."""

        user: AbstractBaseUser  # type: ignore[assignment]


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
            return redirect_to_login(_way_back(request))
        return view(request, *args, **kwargs)

    return wrapper


def _way_back(request: HttpRequest) -> str:
    if request.method != "POST":
        return request.get_full_path()
    # A POST cannot be repeated after signing in, so back to the page with the button.
    page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def page(view: View[HttpRequest, P]) -> ViewFunction:
    """Turn refusals into pages that name nothing, forbid caching, and add the Content-Security-Policy."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except AccessDenied as refusal:
            context = _missing_permission(request, refusal)
            response = render(request, "proctoring_results/_shared/not_allowed.html", context, status=403)
        except (NotFound, InvalidInput) as error:
            raise Http404 from error
        add_never_cache_headers(response)
        return with_policy(response)

    return wrapper


def _missing_permission(request: HttpRequest, refusal: AccessDenied) -> dict[str, str]:
    """Name the permission, and whom to ask, to somebody who belongs to the course; tell others nothing."""
    others = [permission for permission in PERMISSION_NAMES if permission != refusal.permission]
    if not any(permissions.may(request.user, permission, refusal.scope) for permission in others):
        return {}
    return {
        "permission": refusal.permission,
        "permission_name": str(PERMISSION_NAMES[refusal.permission]),
        "whom_to_ask": lms().whom_to_ask(refusal.scope),
    }


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
        return keep_private(view(request, *args, **kwargs))

    return wrapper


class SeeOther(HttpResponseRedirect):
    """Redirect after a POST. 303, so that no client posts again."""

    status_code = 303
