"""The addresses of the REST protocol. They are older than this app, and so are their paths, labels and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results.providers.base import Envelope
from proctoring_results.providers.webhooks import MessageView
from proctoring_results.rest.json_body import read_object
from proctoring_results.services import messages

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class RestView(MessageView):
    """The caller is signed in by the host's own authentication classes, and speaks for the providers it may."""

    kind: Literal["review", "ready"]
    permission_classes = [IsAuthenticated]
    # Once it is known. ``request.user`` would authenticate again after a failure.
    account: AbstractBaseUser | AnonymousUser | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.require_json()
        super().initial(request, *args, **kwargs)

    def perform_authentication(self, request: Request) -> None:
        self.account = request.user

    def throttled_as(self) -> str:
        return f"user-{self.request.user.pk}"

    def caller_name(self) -> str:
        return (self.account.get_username() if self.account else "") or "nobody"

    def post(self, request: Request, external_id: str) -> Response:
        provider, attempt = messages.attempt_of_account(external_id, request.user)
        envelope = Envelope(kind=self.kind, external_id=external_id)
        return self.receive(provider, attempt, envelope, read_object(self.raw_body()))


class ReviewView(RestView):
    endpoint_name = "rest_review"
    kind = "review"


class ReadyView(RestView):
    endpoint_name = "rest_ready"
    kind = "ready"
