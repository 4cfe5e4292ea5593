"""The addresses that proctoring services call. They are older than we are: their paths, words and answers stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.http import HttpResponseRedirect
from rest_framework.exceptions import NotAuthenticated, UnsupportedMediaType
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results.choices import MessageChannel
from proctoring_results.exceptions import MessageQueued, NotFound
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt
from proctoring_results.providers.registry import known_providers
from proctoring_results.providers.rpnow.messages import Ids, Proof, RPNowProvider
from proctoring_results.rest.json_body import read_object
from proctoring_results.rest.views import ProviderView
from proctoring_results.services.messages import processing as messages


class MessageView(ProviderView):
    """A provider's POST: who, about which attempt; then one verb."""

    http_method_names = ["post"]
    channel: MessageChannel

    @property
    def endpoint_name(self) -> str:  # type: ignore[override]
        return self.channel.value

    def answer(self, attempt: ExamAttempt, body: Mapping[str, Any], ids: Ids | None = None) -> Response:
        try:
            told = messages.receive(attempt, self.channel, body, caller=self.caller_name(), ids=ids)
        except MessageQueued:
            told = {"attempt_code": attempt.attempt_code, "status_changed": False, "queued": True}
        # In one order: what was kept and is told again comes out of each database in an order of its own.
        return Response(dict(sorted(told.items())))


class RestView(MessageView):
    """The caller is signed in by the host's own authentication classes, and speaks for the providers it may."""

    permission_classes = [IsAuthenticated]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before anybody looks for a form in it.
        content_type = request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if request.method == "POST" and content_type != "application/json":
            raise UnsupportedMediaType(content_type or "none", 'Unsupported media type; "application/json" is needed.')
        super().initial(request, *args, **kwargs)

    def throttled_as(self) -> str:
        return f"user-{self.request.user.pk}"

    def caller_name(self) -> str:
        user = getattr(self.request, "_user", None)
        return user.get_username() or "nobody" if user is not None else "nobody"

    def post(self, request: Request, external_id: str) -> Response:
        attempt = messages.attempt_of_caller(external_id, request.user)
        return self.answer(attempt, read_object(self.raw_body()))


class ReviewView(RestView):
    channel = MessageChannel.REST_REVIEW


class ReadyView(RestView):
    channel = MessageChannel.REST_READY


class RPNowReviewView(MessageView):
    """The caller proves itself by a secret of the settings, and speaks for the RPNow whose secret it is."""

    channel = MessageChannel.RPNOW_REVIEW
    authentication_classes = []
    permission_classes = []
    challenge = 'Basic realm="proctoring", charset="UTF-8"'
    wrong_guess = (NotAuthenticated,)

    _speaks_for: tuple[RPNowProvider, ...] = ()

    def perform_authentication(self, request: Request) -> None:
        proof = Proof(
            authorization=request.headers.get("Authorization", ""),
            secret=request.headers.get("X-Proctoring-Secret", ""),
            signature=request.headers.get("X-Proctoring-Signature", ""),
            body=self.raw_body(),
        )
        rpnows = [provider for provider in known_providers() if isinstance(provider, RPNowProvider)]
        self._speaks_for = tuple(provider for provider in rpnows if provider.is_proved_by(proof))
        if not self._speaks_for:
            raise NotAuthenticated

    def throttled_as(self) -> str:
        # Not every cache takes every name for a key.
        return f"provider-{quote(self.caller_name(), safe='')}"

    def caller_name(self) -> str:
        return ", ".join(provider.name for provider in self._speaks_for) or "nobody"

    def post(self, request: Request) -> Response:
        body = read_object(self.raw_body())
        ids = self._speaks_for[0].read_ids(body)
        attempt = messages.rpnow_attempt(ids.attempt_code, {provider.name for provider in self._speaks_for})
        return self.answer(attempt, body, ids)


class RPNowLaunchView(ProviderView):
    """Opened by RPNow's secured browser, which has no session: whoever has the code comes in."""

    http_method_names = ["get"]
    endpoint_name = "rpnow_launch"
    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    wrong_guess = (NotFound,)

    def caller_name(self) -> str:
        return "nobody"

    def get(self, request: Request, attempt_code: str) -> HttpResponseRedirect:
        exam = messages.launch(attempt_code).exam
        response = HttpResponseRedirect(lms().exam_url(exam.course_id, exam.content_id) or "/")
        # The address of this page holds the code.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
