"""Pass or Fail, and dismissed incidents, decided by a person or by a program in a person's name."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results.database import in_transaction
from proctoring_results.exceptions import (
    AttemptIsArchived,
    AttemptIsErased,
    IllegalTransition,
    IncidentNotInState,
    NotFound,
    StaleDecision,
    UndoRefused,
)
from proctoring_results.models import StatusChange
from proctoring_results.queries.lookups import get_attempt
from proctoring_results.queries.preview import Seen
from proctoring_results.services.decisions import MAX_REASON_LENGTH, VERDICTS
from proctoring_results.services.incidents import dismiss_incidents, restore_incidents
from proctoring_results.services.undo import undo_decision

from .attempts import serialize_attempt
from .base import ApiView
from .history import ChangeSerializer, ReviewSerializer
from .params import StrictCharField, StrictChoiceField, StrictIntegerField, parse_pk

# As many as a review may have.
MAX_INCIDENTS = 1_000
# The attempt has changed since the caller looked at it: the answer has the attempt, too.
CONFLICTS = (StaleDecision, UndoRefused, IllegalTransition, IncidentNotInState, AttemptIsArchived, AttemptIsErased)


class SeenField(serializers.Serializer[Any]):
    """The ``seen`` of the attempt at the time when the person looked at it."""

    change = StrictIntegerField(allow_null=True, min_value=1, max_value=2**63 - 1)
    review = StrictIntegerField(allow_null=True, min_value=1, max_value=2**63 - 1)
    appeal = StrictIntegerField(allow_null=True, min_value=1, max_value=2**63 - 1, default=None)


class DecisionBody(serializers.Serializer[Any]):
    decision = StrictChoiceField(list(VERDICTS))
    reason = StrictCharField(max_length=MAX_REASON_LENGTH)
    category = StrictCharField(
        max_length=64, default="", allow_blank=True, help_text="A key of the site’s list of categories, or empty."
    )
    seen = SeenField(help_text="The `seen` of the attempt at the time when the person looked at it.")


class UndoBody(serializers.Serializer[Any]):
    change = StrictIntegerField(min_value=1, max_value=2**63 - 1, help_text="The id of the decision.")


class IncidentsBody(serializers.Serializer[Any]):
    incidents = serializers.ListField(
        child=StrictIntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MAX_INCIDENTS,
        help_text="The ids of the incidents.",
    )
    reason = StrictCharField(max_length=MAX_REASON_LENGTH)
    seen = SeenField(help_text="The `seen` of the attempt at the time when the person looked at it.")


class ConflictView(ApiView):
    """A 409 has the attempt as it stands now."""

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, CONFLICTS):
            response.data["attempt"] = serialize_attempt(get_attempt(exc.attempt.attempt_code))
        return response


class DecisionsView(ConflictView):
    def post(self, request: Request, attempt_code: str) -> Response:
        """Decide Pass or Fail.

        The answer is the status change. If something has happened since the person looked at the attempt, or if it
        cannot be decided, the answer is 409, with the attempt as it stands now.
        """
        attempt = self.find_attempt(attempt_code)
        body = self.body(DecisionBody)
        change = self._decide(attempt.attempt_code, body)
        return Response(ChangeSerializer(change).data, 201)

    @in_transaction
    def _decide(self, attempt_code: str, body: dict[str, Any]) -> StatusChange:
        decide = VERDICTS[body["decision"]].decide
        attempt = decide(
            attempt_code, by=self.caller, reason=body["reason"], category=body["category"], seen=_seen(body)
        )
        # The attempt is locked until the end of this transaction, so its newest change is this decision.
        return attempt.changes.select_related("by").latest("pk")


class UndoView(ConflictView):
    def post(self, request: Request, attempt_code: str) -> Response:
        """Undo the newest decision.

        Only who made it can, until `undo_until` of the attempt. The answer is the status change that takes it back.
        """
        attempt = self.find_attempt(attempt_code)
        body = self.body(UndoBody)
        return Response(ChangeSerializer(self._undo(attempt.attempt_code, body["change"])).data, 201)

    @in_transaction
    def _undo(self, attempt_code: str, change_id: int) -> StatusChange:
        attempt = undo_decision(attempt_code, by=self.caller, change_id=change_id)
        return attempt.changes.select_related("by").latest("pk")


class DismissView(ConflictView):
    change = staticmethod(dismiss_incidents)

    def post(self, request: Request, attempt_code: str, review_id: str) -> Response:
        """Dismiss incidents of a review with one reason: they are shown, and no longer counted.

        All of them, or none. The answer is the new version of the review, whose incidents have ids of their own. No
        status changes. If something has happened since the person looked at the attempt, or if one of them cannot be
        dismissed, the answer is 409, with the attempt as it stands now.
        """
        return self._change(attempt_code, review_id)

    def _change(self, attempt_code: str, review_id: str) -> Response:
        attempt = self.find_attempt(attempt_code)
        body = self.body(IncidentsBody)
        key = parse_pk(review_id)
        if not attempt.reviews.filter(pk=key).exists():
            raise NotFound("review", review_id)
        review = self.change(key, body["incidents"], by=self.caller, reason=body["reason"], seen=_seen(body))
        return Response(ReviewSerializer(review).data, 201)


class RestoreView(DismissView):
    change = staticmethod(restore_incidents)

    def post(self, request: Request, attempt_code: str, review_id: str) -> Response:
        """Restore dismissed incidents of a review with one reason: they count again.

        Otherwise as dismissing them.
        """
        return self._change(attempt_code, review_id)


def _seen(body: dict[str, Any]) -> Seen:
    return Seen(*(body["seen"][name] for name in ("change", "review", "appeal")))
