"""The views that services call: what they have in common, and the one for services that sign what they send.

They are views, wherever their folder is: nothing but URLs imports them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from django.utils import timezone
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results.exceptions import MessageQueued, NotFound, ProviderClassFailed
from proctoring_results.models import ExamAttempt
from proctoring_results.rest.json_body import read_object
from proctoring_results.rest.views import ProviderView
from proctoring_results.services import messages

from .base import Delivery, Envelope, Provider
from .guarded import guarded
from .registry import known_names, provider_named


class MessageView(ProviderView):
    """A provider's POST: a child finds out who sent it, and about which attempt."""

    http_method_names = ["post"]

    def receive(
        self, provider: Provider, attempt: ExamAttempt, envelope: Envelope, body: Mapping[str, Any]
    ) -> Response:
        try:
            answer = messages.receive(provider, attempt, envelope, body, caller=self.caller_name())
        except MessageQueued:
            answer = {"attempt_code": attempt.attempt_code, "status_changed": False, "queued": True}
        # Sorted: an answer that was stored comes out of each database in an order of its own.
        return Response(dict(sorted(answer.items())))


class SignedMessageView(MessageView):
    """The sender needs no account: it proves to the provider's class that it is the service."""

    endpoint_name = "provider_messages"
    authentication_classes = []
    permission_classes = []
    challenge = 'Signature realm="proctoring"'
    wrong_guess = (NotAuthenticated,)

    senders: Sequence[Provider] = ()

    def candidates(self) -> Sequence[Provider]:
        """Return the providers that may have sent this. Raise ``NotFound``."""
        name = self.kwargs["name"]
        if name not in known_names():
            raise NotFound("provider", name)
        return [provider_named(name)]

    def perform_authentication(self, request: Request) -> None:
        self.delivery = Delivery(headers=request.headers, body=self.raw_body(), received_at=timezone.now())
        senders, failure = [], None
        for provider in self.candidates():
            # A class that fails keeps no other service out.
            try:
                with guarded(provider):
                    if provider.is_sender(self.delivery):
                        senders.append(provider)
            except ProviderClassFailed as error:
                failure = error
        if not senders:
            raise failure or NotAuthenticated
        self.senders = senders

    def throttled_as(self) -> str:
        # Not every cache takes every name for a key.
        return f"provider-{quote(self.caller_name(), safe='')}"

    def caller_name(self) -> str:
        return ", ".join(provider.name for provider in self.senders) or "nobody"

    def post(self, request: Request, **kwargs: Any) -> Response:
        body = read_object(self.delivery.body)
        with guarded(self.senders[0]):
            envelope = self.senders[0].read_envelope(body, self.delivery)
            if not isinstance(envelope, Envelope | None):
                raise TypeError("read_envelope returns an Envelope or None.")
        if envelope is None:
            return Response({"ignored": True})
        provider, attempt = messages.attempt_of_envelope(envelope, self.senders)
        with guarded(provider):
            envelope = replace(envelope, signed_sha256=provider.signed_digest(self.delivery))
        return self.receive(provider, attempt, envelope, body)
