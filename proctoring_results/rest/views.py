"""The base of every REST view: JSON in, JSON out, refusals in one shape, and a line in the log for each."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from django.db.transaction import non_atomic_requests
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from rest_framework.exceptions import Throttled, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, set_rollback

from proctoring_results.throttles import GuessThrottle, ProviderThrottle

from . import problem
from .json_body import RawBody


class AlwaysJSON(BaseContentNegotiation):
    """Answer with JSON whatever the ``Accept`` header: providers send all kinds of it."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


JSON = "application/json"


class OurJSON(JSONRenderer):
    """JSON that is the same on every site: DRF's settings about it are for the host's own API."""

    compact = True
    ensure_ascii = False
    strict = True


class JsonView(APIView):
    """JSON in, JSON out, refusals in one shape. The caller is authenticated before the body is read."""

    # ``WWW-Authenticate`` of a 401, if none of the host's authentication classes has one.
    challenge = 'Bearer realm="proctoring"'

    content_negotiation_class = AlwaysJSON
    parser_classes = [RawBody]
    renderer_classes = [OurJSON]
    throttle_classes = []
    versioning_class = None
    metadata_class = None

    # The body, once it was read.
    raw: bytes | None = None

    def get_authenticate_header(self, request: Request) -> str:
        """Return the first header that there is. DRF asks the first class only, and answers 403 if that has none."""
        headers = (authentication.authenticate_header(request) for authentication in self.get_authenticators())
        return next((header for header in headers if header), self.challenge)

    def require_json(self) -> None:
        """Raise ``UnsupportedMediaType`` for a body that is not JSON. Call it before the caller is authenticated.

        Of a person with a session Django wants a CSRF token, which DRF would look for in a form's fields.
        """
        content_type = self.request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if content_type == JSON or self.request.META.get("CONTENT_LENGTH") in (None, "", "0"):
            return
        if self.request.method not in self.allowed_methods:
            self.http_method_not_allowed(self.request)
        raise UnsupportedMediaType(content_type or "none", _("The media type must be “%(type)s”.") % {"type": JSON})

    def raw_body(self) -> bytes:
        """Return the body. Raise ``MessageTooLarge``."""
        data = self.request.data
        self.raw = data if isinstance(data, bytes) else b""
        return self.raw

    def handle_exception(self, exc: Exception) -> Response:
        response = problem.problem_response(exc, self.get_authenticate_header(self.request))
        if response is None:
            raise exc
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            # Under ATOMIC_REQUESTS nothing may be left of a request that is going to be sent again.
            set_rollback()
        response.exception = True
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers["Cache-Control"] = "no-store"
        return final


# Outside ``ATOMIC_REQUESTS``: what was recorded outlives the refusal of the request.
@method_decorator(non_atomic_requests, name="dispatch")
class ProviderView(JsonView):
    """The base of the endpoints that providers call. A subclass authenticates the caller, and does one thing."""

    # For the log.
    endpoint_name = ""
    # Errors that count as a wrong guess, at an endpoint without sign-in. After too many they are answered with 429.
    wrong_guess: tuple[type[Exception], ...] = ()

    throttle_classes = [ProviderThrottle]

    def throttled_as(self) -> str:
        """Return the name under which calls are counted together."""
        raise NotImplementedError

    def caller_name(self) -> str:
        """Return a name for the log and the inbox, without a query: a request that failed early is logged, too."""
        raise NotImplementedError

    def handle_exception(self, exc: Exception) -> Response:
        guesses = GuessThrottle()
        if isinstance(exc, self.wrong_guess) and not guesses.allow_request(self.request, self):
            exc = Throttled(guesses.wait())
        response = super().handle_exception(exc)
        if self.request.method == "POST":
            self._log(response)
        return response

    def _log(self, response: Response) -> None:
        # Only what was read before: the refusal may be about reading the body.
        raw = self.raw
        size = str(len(raw)) if raw is not None else self.request.META.get("CONTENT_LENGTH") or "0"
        problem.refusals.write(self.endpoint_name, self.caller_name(), response.data["code"], raw, size)
