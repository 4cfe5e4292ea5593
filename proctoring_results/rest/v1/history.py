"""What happened to one attempt: its changes, its reviews and their incidents, each in the order it happened."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, ReviewStanding, ReviewStatus, Source

from .base import ApiView
from .pagination import BY_KEY, Order, PageQuery, page
from .params import key_of

BY_POSITION = Order(("position",))
# Kept as it arrived: it may hold links to recordings, which are for the session's page alone.
LONG = ("raw_data", "suspicious_comments", "rules_violation_comments")


class ChangeSerializer(serializers.Serializer[Any]):
    """One move of an attempt, or a person's decision that left it where it was."""

    id = serializers.IntegerField(source="pk")
    from_status = serializers.ChoiceField(AttemptStatus.choices)
    to_status = serializers.ChoiceField(AttemptStatus.choices)
    at = serializers.DateTimeField()
    source = serializers.ChoiceField(  # type: ignore[assignment]  # a field, and no attribute of one
        Source.choices, help_text="`person`: a decision."
    )
    by = serializers.CharField(source="by.get_username", default=None, allow_null=True, help_text="A user name.")
    reason = serializers.CharField()
    review = serializers.IntegerField(source="review_id", allow_null=True, help_text="The id of the review.")


class ReviewSerializer(serializers.Serializer[Any]):
    """One verdict, kept as it arrived. Its incidents are a list of their own."""

    id = serializers.IntegerField(source="pk")
    review_status = serializers.ChoiceField(ReviewStatus.choices)
    source = serializers.ChoiceField(Source.choices)  # type: ignore[assignment]  # a field, and no attribute of one
    reviewed_by = serializers.CharField(
        source="reviewed_by.get_username", default=None, allow_null=True, help_text="A user name."
    )
    claimed_name = serializers.CharField(help_text="Who the provider says reviewed it.")
    received_at = serializers.DateTimeField()
    standing = serializers.ChoiceField(ReviewStanding.choices, help_text="What became of it.")
    version_of = serializers.IntegerField(
        source="version_of_id",
        allow_null=True,
        help_text="Where an incident was dismissed, or taken back: the review before.",
    )
    version_reason = serializers.CharField()
    suspicious_count = serializers.IntegerField()
    rules_violation_count = serializers.IntegerField()
    other_count = serializers.IntegerField(help_text="Under the provider's own words.")


class IncidentSerializer(serializers.Serializer[Any]):
    """One thing that a reviewer marked. ``start`` and ``stop`` are seconds of the recording."""

    id = serializers.IntegerField(source="pk")
    position = serializers.IntegerField()
    status = serializers.CharField(help_text="`Suspicious`, `Rules Violation`, or the provider's own word.")
    kind = serializers.CharField()
    comment = serializers.CharField()
    start = serializers.FloatField(allow_null=True)
    stop = serializers.FloatField(allow_null=True)
    dismissed_by = serializers.CharField(
        source="dismissed_by.get_username", default=None, allow_null=True, help_text="A user name."
    )
    dismissed_at = serializers.DateTimeField(allow_null=True, help_text="From then on it is not counted.")
    dismissal_reason = serializers.CharField()


class ChangesView(ApiView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """The changes of an attempt's status, and the decisions."""
        asked = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        rows = attempt.changes.select_related("by")
        return page(
            rows, BY_KEY, asked, lambda found: ChangeSerializer(found, many=True).data, of=f"changes {attempt.pk}"
        )


class ReviewsView(ApiView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """The reviews of an attempt."""
        asked = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        rows = attempt.reviews.select_related("reviewed_by").defer(*LONG)
        return page(
            rows, BY_KEY, asked, lambda found: ReviewSerializer(found, many=True).data, of=f"reviews {attempt.pk}"
        )


class IncidentsView(ApiView):
    def get(self, request: Request, attempt_code: str, review_id: str) -> Response:
        """The incidents of a review, as the reviewer has put them, dismissed ones too."""
        asked = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        review = attempt.reviews.defer(*LONG).filter(pk=key_of(review_id)).first()
        if review is None:
            raise api.NotFound("review", review_id)
        rows = review.incidents.select_related("dismissed_by")
        return page(
            rows,
            BY_POSITION,
            asked,
            lambda found: IncidentSerializer(found, many=True).data,
            of=f"incidents {review.pk}",
        )
