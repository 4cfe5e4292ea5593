from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import SAFE_METHODS

from .viewing import READ_ONLY, current

# What a person may do while viewing: stop, view as another learner, search, and sign out.
ALLOWED = frozenset(
    {"campus:stop_viewing", "campus:view_as", "proctoring_results:search_sessions", "login", "logout", "admin:logout"}
)


class ContentSecurityPolicyMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", settings.CONTENT_SECURITY_POLICY)
        return response


class ReadOnlyViewingMiddleware:
    """Refuse changes on every page, of apps too, while a person views a course as a learner.

    It comes after ``AuthenticationMiddleware``. The REST APIs are left to ``viewing.SessionAuthentication``, which
    refuses in their own format.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> None:
        is_api = hasattr(view, "cls")
        name = request.resolver_match.view_name if request.resolver_match else ""
        if request.method in SAFE_METHODS or is_api or name in ALLOWED:
            return
        if current(request):
            raise PermissionDenied(READ_ONLY)
