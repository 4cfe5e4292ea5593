"""The attempts of a course, as the page *Sessions* lists them, and one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import permissions
from proctoring_results.choices import AttemptStatus, AttentionReason, ResultWord, ReviewStatus
from proctoring_results.models import ExamAttempt
from proctoring_results.models.attempts import ExamAttemptQuerySet
from proctoring_results.models.attention import attention_reasons
from proctoring_results.people import email_of, person
from proctoring_results.queries.lookups import get_exam
from proctoring_results.queries.merged import SortKey, with_rows
from proctoring_results.queries.preview import seen_now
from proctoring_results.queries.sessions import in_order
from proctoring_results.rules import RESULT_WORDS, effective_status

from .base import ApiView
from .filters import FilterFields, read_filter
from .pagination import Order, PageQuery, page
from .params import CourseQuery, MomentField, StrictCharField, StrictChoiceField

MAX_SEARCH_LENGTH = 255
# Those of the page Sessions.
ORDERS: Mapping[str, Order] = {
    "newest": Order(("last_activity_at", "pk"), descending=True),
    "oldest": Order(("last_activity_at", "pk")),
}


class FilterQuery(FilterFields, CourseQuery):
    """Which attempts. Archived ones are left out, unless ``archived`` asks for them."""


class AttemptsQuery(FilterQuery, PageQuery):
    order = StrictChoiceField(list(ORDERS), default="newest", help_text="By the time of the last activity.")


class AttemptsSearch(AttemptsQuery):
    search = StrictCharField(
        required=False,
        allow_blank=True,
        max_length=MAX_SEARCH_LENGTH,
        help_text="Parts of a name, username or email address, in any order, whatever the case or accent; "
        "a student number, if the LMS searches its own; or the beginning of an attempt code.",
    )


class AttemptExamSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="pk")
    content_id = serializers.CharField()
    exam_name = serializers.CharField()


class LearnerSerializer(serializers.Serializer[Any]):
    name = serializers.SerializerMethodField(help_text="The full name, else the username, else the email address.")
    username = serializers.CharField(source="get_username")
    email = serializers.SerializerMethodField()

    def get_name(self, user: Any) -> str:
        return person(user).name

    def get_email(self, user: Any) -> str:
        return email_of(user)


class AttemptSerializer(serializers.Serializer[Any]):
    """One learner's attempt at one exam. What is unknown, or does not apply, is null."""

    attempt_code = serializers.CharField()
    course_id = serializers.CharField(source="exam.course_id")
    exam = AttemptExamSerializer()
    learner = LearnerSerializer(source="user")
    provider = serializers.CharField()
    track = serializers.CharField()
    external_id = serializers.CharField(allow_null=True, help_text="The provider's id.")
    status = serializers.ChoiceField(AttemptStatus.choices)
    result = serializers.SerializerMethodField(help_text="What the learner reads.")
    review_status = serializers.ChoiceField(
        ReviewStatus.choices,
        source="current_review.review_status",
        default=None,
        allow_null=True,
        help_text="What the current review says.",
    )
    current_review = serializers.IntegerField(source="current_review_id", allow_null=True, help_text="Its id.")
    suspicious_count = serializers.IntegerField(source="current_review.suspicious_count", default=0)
    rules_violation_count = serializers.IntegerField(source="current_review.rules_violation_count", default=0)
    other_count = serializers.IntegerField(
        source="current_review.other_count", default=0, help_text="Incidents with other labels, used by the provider."
    )
    attention_since = MomentField(allow_null=True, help_text="Since when it requires attention.")
    attention_reasons = serializers.SerializerMethodField()
    appeal_due_at = MomentField(allow_null=True, help_text="By when the learner's open appeal has to be answered.")
    undo_until = MomentField(
        allow_null=True,
        help_text="Until when who made the newest decision can undo it. The learner reads it only after that.",
    )
    is_sample_attempt = serializers.BooleanField(help_text="It is an attempt at a practice exam.")
    taking_as_proctored = serializers.BooleanField()
    allowed_time_limit_mins = serializers.IntegerField(allow_null=True)
    extra_time_mins = serializers.IntegerField()
    created_at = MomentField()
    started_at = MomentField(allow_null=True)
    completed_at = MomentField(allow_null=True)
    reviewed_at = MomentField(allow_null=True, help_text="When the first complete review arrived.")
    last_activity_at = MomentField(help_text="The time of the last activity.")
    archived_at = MomentField(allow_null=True)
    erased_at = MomentField(allow_null=True, help_text="When the learner's data was erased.")

    def get_result(self, attempt: ExamAttempt) -> ResultWord | None:
        return RESULT_WORDS.get(effective_status(attempt, timezone.now()))

    def get_attention_reasons(self, attempt: ExamAttempt) -> list[AttentionReason]:
        reasons: Mapping[int, list[AttentionReason]] = self.context["reasons"]
        return reasons.get(attempt.pk, [])


class SeenSerializer(serializers.Serializer[Any]):
    """The newest change and review of an attempt, and its open appeal, or null. A decision repeats what was seen."""

    change = serializers.IntegerField(source="change_id", allow_null=True)
    review = serializers.IntegerField(source="review_id", allow_null=True)
    appeal = serializers.IntegerField(source="appeal_id", allow_null=True)


class AttemptDetailSerializer(AttemptSerializer):
    """One attempt, with what a decision must repeat."""

    seen = serializers.SerializerMethodField(help_text="A decision must repeat it.")

    def get_seen(self, attempt: ExamAttempt) -> dict[str, Any]:
        return dict(SeenSerializer(self.context["seen"]).data)


class AttemptsView(ApiView):
    def get(self, request: Request) -> Response:
        """The attempts of a course that have a result."""
        return self.answer(self.query(AttemptsQuery))

    def answer(self, params: Mapping[str, Any]) -> Response:
        course_id = params["course_id"]
        self.require(permissions.VIEW_SESSIONS, course_id)
        if "exam" in params:
            get_exam(course_id, params["exam"])  # an unknown one is a 404
        order = ORDERS[params["order"]]
        sessions = in_order(course_id, read_filter(params), order.names, params.get("search", "").strip())

        def first(attempts: ExamAttemptQuerySet, number: int) -> list[tuple[ExamAttempt, SortKey]]:
            return replace(sessions, attempts=attempts).first(number)

        return page(sessions.attempts, order, params, serialize_attempts, list_name="attempts", first=first)


class AttemptsSearchView(AttemptsView):
    """By POST, so that no learner's name stands in an address, and hence in a log."""

    http_method_names = ["post", "options"]
    only_reads = True

    def post(self, request: Request) -> Response:
        """The same, with a search by name, username, email address, student number or attempt code."""
        return self.answer(self.body(AttemptsSearch))


class AttemptView(ApiView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """One attempt."""
        return Response(serialize_attempt(self.find_attempt(attempt_code)))


def serialize_attempts(attempts: Sequence[ExamAttempt]) -> Any:
    return AttemptSerializer(attempts, many=True, context=_context(attempts)).data


def serialize_attempt(attempt: ExamAttempt) -> dict[str, Any]:
    """Return the attempt, read anew."""
    # ``seen`` is read first, so that a change in between makes a decision stale.
    seen = seen_now(attempt)
    fresh = with_rows(ExamAttempt.objects.filter(pk=attempt.pk)).get()
    return dict(AttemptDetailSerializer(fresh, context={**_context([fresh]), "seen": seen}).data)


def _context(attempts: Sequence[ExamAttempt]) -> dict[str, Any]:
    waiting = [attempt for attempt in attempts if attempt.attention_since is not None]
    return {"reasons": attention_reasons(waiting)}
