"""The numbers of an exam or a whole course: those of the page *Numbers* and of the report."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import TextChoices
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import permissions
from proctoring_results.choices import Archived, AttemptStatus, Practice, ResultWord, ReviewStatus, SessionPart
from proctoring_results.queries.numbers import ReviewTimes, course_numbers
from proctoring_results.queries.reviewers import ReviewerNumbers

from .base import ApiView
from .params import CourseQuery, DayField, IdField, StrictChoiceField


class NumbersQuery(CourseQuery):
    exam = IdField(required=False, help_text="The `content_id` of one exam; without it the whole course.")
    practice = StrictChoiceField(Practice.choices, required=False, help_text="Without it, all attempts.")
    archived = StrictChoiceField(Archived.choices, required=False, default=Archived.WITH.value)


class CountsSerializer(serializers.Serializer[Any]):
    """A number for each value, 0 included."""


def _counts_of(choices: type[TextChoices], name: str) -> Any:
    return type(name, (CountsSerializer,), {choice.value: serializers.IntegerField() for choice in choices})


StatusNumbers = _counts_of(AttemptStatus, "StatusNumbersSerializer")
ResultNumbers = _counts_of(ResultWord, "ResultNumbersSerializer")
ReviewNumbers = _counts_of(ReviewStatus, "ReviewNumbersSerializer")
PartNumbers = _counts_of(SessionPart, "PartNumbersSerializer")


class IncidentNumbersSerializer(serializers.Serializer[Any]):
    """Incidents of the current reviews."""

    suspicious = serializers.IntegerField()
    rules_violation = serializers.IntegerField()
    other = serializers.IntegerField(
        help_text="With other labels, used by the provider. The report does not count them."
    )


class DaySerializer(serializers.Serializer[Any]):
    day = DayField(help_text="In the time zone of the course.")
    handed_in = serializers.IntegerField()
    passed = serializers.IntegerField(help_text="Decisions by staff.")
    failed = serializers.IntegerField(help_text="Decisions by staff.")


class ReviewTimesSerializer(serializers.Serializer[Any]):
    """Whole minutes from the end of the exam until the first complete review; null if there is none."""

    reviews = serializers.IntegerField(help_text="The number of reviews that the two times are computed from.")
    median_mins = serializers.SerializerMethodField()
    percentile_90_mins = serializers.SerializerMethodField()

    def get_median_mins(self, times: ReviewTimes) -> int | None:
        return _minutes(times.median)

    def get_percentile_90_mins(self, times: ReviewTimes) -> int | None:
        return _minutes(times.percentile_90)


class ExamNumbersSerializer(serializers.Serializer[Any]):
    content_id = serializers.CharField()
    exam_name = serializers.CharField()
    attempts = serializers.IntegerField()
    results = ResultNumbers()
    requiring_attention = serializers.IntegerField()
    review_outcomes = ReviewNumbers()
    incidents = serializers.IntegerField()


class ReviewerSerializer(serializers.Serializer[Any]):
    user_id = serializers.CharField(help_text="For the filters `reviewer` and `decided_by`.")
    username = serializers.CharField()
    decisions = serializers.IntegerField()
    passed = serializers.IntegerField()
    failed = serializers.IntegerField()
    median_wait_mins = serializers.SerializerMethodField(
        help_text="From the end of the exam until the first decision, where this person made it; else null."
    )
    reversed = serializers.IntegerField(help_text="How many of them somebody later turned into the opposite.")

    def get_median_wait_mins(self, row: ReviewerNumbers) -> int | None:
        return _minutes(row.median_wait)


class NumbersSerializer(serializers.Serializer[Any]):
    """Totals over the rows of a report made now, archived and practice attempts included unless they are filtered."""

    attempts = serializers.IntegerField()
    requiring_attention = serializers.IntegerField(help_text="Attempts that require a person's attention.")
    archived = serializers.IntegerField()
    practice = serializers.IntegerField()
    results = ResultNumbers(help_text="Together with `under_way` and `without_result`, all attempts.")
    under_way = serializers.IntegerField()
    without_result = serializers.IntegerField(help_text="Declined, expired, or in error.")
    statuses = StatusNumbers()
    review_outcomes = ReviewNumbers(help_text="As the report prints it. Together with `without_review`, all attempts.")
    without_review = serializers.IntegerField()
    incidents = IncidentNumbersSerializer()
    incidents_by_part = PartNumbers(help_text="The same incidents, by the tab of the session page that shows them.")
    days = DaySerializer(many=True, help_text="Days on which an exam was handed in or a person decided, oldest first.")
    review_times = ReviewTimesSerializer()
    exams = ExamNumbersSerializer(many=True, help_text="Each exam beside the others, by name.")
    reviewers = ReviewerSerializer(
        many=True,
        allow_null=True,
        help_text="Who decided, the most first; null for a caller without the permission `decide_attempt`.",
    )


class NumbersView(ApiView):
    def get(self, request: Request) -> Response:
        """The numbers of an exam, or of a whole course."""
        params = self.query(NumbersQuery)
        self.require(permissions.VIEW_SESSIONS, params["course_id"])
        practice, archived = params.get("practice"), params["archived"]
        numbers = course_numbers(
            params["course_id"],
            params.get("exam"),
            practice=Practice(practice) if practice else None,
            archived=Archived(archived),
            by_reviewer=permissions.may(self.request.user, permissions.DECIDE_ATTEMPT, params["course_id"]),
        )
        return Response(NumbersSerializer(numbers).data)


def _minutes(duration: timedelta | None) -> int | None:
    return None if duration is None else duration // timedelta(minutes=1)
