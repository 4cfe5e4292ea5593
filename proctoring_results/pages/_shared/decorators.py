"""What every page of ours has in common: who comes in, what a refusal looks like, which headers go out."""

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

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    class SignedIn(HttpRequest):
        """A request of a person who has signed in."""

        user: AbstractBaseUser  # type: ignore[assignment]


OF_A_COURSE = (
    permissions.VIEW_REPORTS,
    permissions.GENERATE_REPORT,
    permissions.DOWNLOAD_REPORT,
    permissions.VIEW_SESSIONS,
    permissions.DECIDE_ATTEMPT,
)

P = ParamSpec("P")
RequestT = TypeVar("RequestT", bound=HttpRequest)

View = Callable[Concatenate[RequestT, P], HttpResponseBase]
# What a URL pattern calls. Django keeps marks (CSRF, ATOMIC_REQUESTS) on it, which ``wraps`` hands on.
ViewFunction = Callable[..., HttpResponseBase]


def signed_in(view: View[SignedIn, P]) -> ViewFunction:
    """To the sign-in page, and back after it."""

    @wraps(view)
    def wrapper(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(_way_back(request))
        return view(request, *args, **kwargs)

    return wrapper


def _way_back(request: HttpRequest) -> str:
    if request.method != "POST":
        return request.get_full_path()
    # What was posted cannot be sent again after signing in, so back to the page with the button.
    page = request.headers.get("Referer", "")
    is_ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def page(view: View[HttpRequest, P]) -> ViewFunction:
    """Refusals become pages that name nothing; nothing is kept by a cache; the policy goes along."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except AccessDenied as refusal:
            response = render(
                request, "proctoring_results/_shared/not_allowed.html", _what_is_missing(request, refusal), status=403
            )
        except (NotFound, InvalidInput) as error:
            raise Http404 from error
        add_never_cache_headers(response)
        return with_policy(response)

    return wrapper


def _what_is_missing(request: HttpRequest, refusal: AccessDenied) -> dict[str, str]:
    """Whoever belongs to the course may know which permission it needs, and whom to ask; others learn nothing."""
    others = [permission for permission in OF_A_COURSE if permission != refusal.permission]
    if not any(permissions.may(request.user, permission, refusal.scope) for permission in others):
        return {}
    return {"permission": refusal.permission, "whom_to_ask": lms().whom_to_ask(refusal.scope)}


def counted(view: View[SignedIn, P]) -> ViewFunction:
    """Clicks on reports, counted with the same person's calls of the API; too many of them have to wait."""

    @wraps(view)
    def wrapper(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        throttle = ReportsThrottle()
        if throttle.allow_request(request, view):
            return view(request, *args, **kwargs)
        wait = throttle.seconds_to_wait()
        answer = render(request, "proctoring_results/data_download/too_many.html", {"wait": wait}, status=429)
        answer.headers["Retry-After"] = str(wait)
        return answer

    return wrapper


def private_file(view: View[HttpRequest, P]) -> ViewFunction:
    """The answer, whatever it is, belongs to one person and its address to nobody else."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return keep_private(view(request, *args, **kwargs))

    return wrapper


class SeeOther(HttpResponseRedirect):
    """After a POST: look there. 303, so that no client posts again."""

    status_code = 303
