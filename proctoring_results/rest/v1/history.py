"""The history of one attempt: its status changes, its reviews with their incidents, its appeals, oldest first."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results.choices import AttemptStatus, ReviewStanding, ReviewStatus, Source
from proctoring_results.exceptions import NotFound

from .base import ApiView
from .pagination import BY_KEY, Order, PageQuery, page, serialize_all
from .params import MomentField, parse_pk

BY_POSITION = Order(("position",))
# Not part of the answer, and long.
DEFERRED = ("raw_data", "suspicious_comments", "rules_violation_comments")


class ChangeSerializer(serializers.Serializer[Any]):
    """One change of an attempt's status, or a person's decision that confirmed it."""

    id = serializers.IntegerField(source="pk")
    from_status = serializers.ChoiceField(AttemptStatus.choices)
    to_status = serializers.ChoiceField(AttemptStatus.choices)
    at = MomentField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field, and no attribute of one
        Source.choices, help_text="`person`: a decision. `undo`: a decision was undone."
    )
    by = serializers.CharField(source="by.get_username", default=None, allow_null=True, help_text="A username.")
    reason = serializers.CharField()
    category = serializers.CharField(
        help_text="The category of a person's reason by its key in the site's list; empty if none was chosen."
    )
    review = serializers.IntegerField(source="review_id", allow_null=True, help_text="The id of the review.")
    undoes = serializers.IntegerField(
        source="undoes_id", allow_null=True, help_text="The id of the decision that was undone by it."
    )


class ReviewSerializer(serializers.Serializer[Any]):
    """One verdict, kept as it arrived. Its incidents are a resource of their own."""

    id = serializers.IntegerField(source="pk")
    review_status = serializers.ChoiceField(ReviewStatus.choices)
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment]  # a field, and no attribute of one
    reviewed_by = serializers.CharField(
        source="reviewed_by.get_username", default=None, allow_null=True, help_text="A username."
    )
    claimed_name = serializers.CharField(help_text="Who the provider says reviewed it.")
    received_at = MomentField()
    standing = serializers.ChoiceField(ReviewStanding.choices, help_text="Whether it was applied, or why not.")
    version_of = serializers.IntegerField(
        source="version_of_id",
        allow_null=True,
        help_text="The review before, if a person has dismissed or restored an incident.",
    )
    version_reason = serializers.CharField()
    suspicious_count = serializers.IntegerField()
    rules_violation_count = serializers.IntegerField()
    other_count = serializers.IntegerField(help_text="Incidents with other labels, used by the provider.")
    score = serializers.FloatField(
        allow_null=True, help_text="The provider's own number: a signal of the service, not a finding."
    )
    score_label = serializers.CharField(help_text="The provider's own word for it.")
    score_scale = serializers.DictField(
        help_text="`lowest`, `highest`, `higher_is_worse`, and `thresholds` by name; empty without a score."
    )
    score_rank = serializers.FloatField(
        allow_null=True, help_text="From 0 to 1, the most suspicious: lists sort by it, and nothing is decided by it."
    )


class IncidentSerializer(serializers.Serializer[Any]):
    """One thing that a reviewer marked. ``start`` and ``stop`` are seconds from the start of the recording."""

    id = serializers.IntegerField(source="pk")
    position = serializers.IntegerField()
    status = serializers.CharField(help_text="`Suspicious`, `Rules Violation`, or the provider's own label.")
    kind = serializers.CharField()
    severity = serializers.CharField(help_text="As the provider says it: a signal of the service, not a finding.")
    comment = serializers.CharField()
    start = serializers.FloatField(allow_null=True)
    stop = serializers.FloatField(allow_null=True)
    dismissed_by = serializers.CharField(
        source="dismissed_by.get_username", default=None, allow_null=True, help_text="A username."
    )
    dismissed_at = MomentField(allow_null=True, help_text="A dismissed incident is not counted.")
    dismissal_reason = serializers.CharField()


class AppealSerializer(serializers.Serializer[Any]):
    """What the learner wrote against a decision. The newest one without an answer is open."""

    id = serializers.IntegerField(source="pk")
    decision = serializers.IntegerField(source="decision_id", help_text="The id of the change appealed against.")
    at = MomentField()
    text = serializers.CharField()
    answer_due_at = MomentField(help_text="The learner was promised an answer by then.")
    answer = serializers.IntegerField(
        source="answer_id", allow_null=True, help_text="The id of the decision that answered it."
    )


class ChangesView(ApiView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """The status changes of an attempt, and the decisions."""
        params = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        rows = attempt.changes.select_related("by")
        return page(rows, BY_KEY, params, serialize_all(ChangeSerializer), list_name=f"changes {attempt.pk}")


class ReviewsView(ApiView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """The reviews of an attempt."""
        params = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        rows = attempt.reviews.select_related("reviewed_by").defer(*DEFERRED)
        return page(rows, BY_KEY, params, serialize_all(ReviewSerializer), list_name=f"reviews {attempt.pk}")


class AppealsView(ApiView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """The learner's appeals about an attempt. The next decision answers the open one."""
        params = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        rows = attempt.appeals.all()
        return page(rows, BY_KEY, params, serialize_all(AppealSerializer), list_name=f"appeals {attempt.pk}")


class IncidentsView(ApiView):
    def get(self, request: Request, attempt_code: str, review_id: str) -> Response:
        """The incidents of a review in the order of the recording, dismissed ones included."""
        params = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        review = attempt.reviews.defer(*DEFERRED).filter(pk=parse_pk(review_id)).first()
        if review is None:
            raise NotFound("review", review_id)
        rows = review.incidents.select_related("dismissed_by")
        return page(rows, BY_POSITION, params, serialize_all(IncidentSerializer), list_name=f"incidents {review.pk}")
