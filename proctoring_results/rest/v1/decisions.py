"""A person, or a program in a person's name, decides Pass or Fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import api
from proctoring_results.models import StatusChange
from proctoring_results.services.decisions import MAX_REASON_LENGTH, VERDICTS

from .attempts import shown_alone
from .base import ApiView
from .history import ChangeSerializer
from .params import Text, Whole, Word

OVERTAKEN = (api.StaleDecision, api.IllegalTransition, api.AttemptIsArchived, api.AttemptIsErased)


class SeenField(serializers.Serializer[Any]):
    """The ``seen`` of the attempt, as it was when the person looked at it."""

    change = Whole(allow_null=True, min_value=1, max_value=2**63 - 1)
    review = Whole(allow_null=True, min_value=1, max_value=2**63 - 1)


class DecisionBody(serializers.Serializer[Any]):
    decision = Word(list(VERDICTS))
    reason = Text(max_length=MAX_REASON_LENGTH)
    seen = SeenField(help_text="The `seen` of the attempt, as it was looked at.")


class DecisionsView(ApiView):
    def post(self, request: Request, attempt_code: str) -> Response:
        """Decide Pass or Fail.

        The answer is the change. Where something has happened since the attempt was looked at, or where it cannot be
        decided, it is 409, with the attempt as it stands now.
        """
        attempt = self.find_attempt(attempt_code)
        asked = self.body(DecisionBody)
        seen = api.Seen(asked["seen"]["change"], asked["seen"]["review"])
        change = _decide(VERDICTS[asked["decision"]].decide, attempt.attempt_code, self.caller, asked["reason"], seen)
        return Response(ChangeSerializer(change).data, 201)

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, OVERTAKEN):
            response.data["attempt"] = shown_alone(api.get_attempt(exc.attempt.attempt_code))
        return response


@transaction.atomic
def _decide(
    verb: Callable[..., api.ExamAttempt], attempt_code: str, by: Any, reason: str, seen: api.Seen
) -> StatusChange:
    attempt = verb(attempt_code, by=by, reason=reason, seen=seen)
    # The attempt is locked until the end of this transaction, so the newest change is this decision.
    return attempt.changes.select_related("by").latest("pk")
