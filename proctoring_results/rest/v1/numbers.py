"""How an exam, or a whole course, went: the numbers of the page, which are those of the report."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import api, permissions
from proctoring_results.choices import AttemptStatus, ResultWord, ReviewStatus, SessionPart

from .base import ApiView
from .params import CourseQuery, Id


class NumbersQuery(CourseQuery):
    exam = Id(required=False, help_text="The `content_id` of one exam; without it the whole course.")


class Counted(serializers.Serializer[Any]):
    """Every word with its number, also 0."""

    @classmethod
    def of(cls, name: str, words: Any) -> Any:
        return type(name, (cls,), {word.value: serializers.IntegerField() for word in words})


StatusNumbers: Any = Counted.of("StatusNumbersSerializer", AttemptStatus)
ResultNumbers: Any = Counted.of("ResultNumbersSerializer", ResultWord)
ReviewNumbers: Any = Counted.of("ReviewNumbersSerializer", ReviewStatus)
PartNumbers: Any = Counted.of("PartNumbersSerializer", SessionPart)


class IncidentNumbersSerializer(serializers.Serializer[Any]):
    """Incidents of the current reviews."""

    suspicious = serializers.IntegerField()
    rules_violation = serializers.IntegerField()
    other = serializers.IntegerField(help_text="Under the provider's own words: in neither count of the report.")


class DaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="In UTC.")
    handed_in = serializers.IntegerField()
    passed = serializers.IntegerField(help_text="Decisions of people.")
    failed = serializers.IntegerField(help_text="Decisions of people.")


class ReviewTimesSerializer(serializers.Serializer[Any]):
    """From the end of the exam until the first complete review, in whole minutes; null where there is none."""

    reviews = serializers.IntegerField(help_text="How many the two rest on.")
    median_mins = serializers.SerializerMethodField()
    percentile_90_mins = serializers.SerializerMethodField()

    def get_median_mins(self, times: api.ReviewTimes) -> int | None:
        return _minutes(times.median)

    def get_percentile_90_mins(self, times: api.ReviewTimes) -> int | None:
        return _minutes(times.percentile_90)


class NumbersSerializer(serializers.Serializer[Any]):
    """Totals over the rows that the report would have now, archived and practice attempts among them."""

    attempts = serializers.IntegerField()
    archived = serializers.IntegerField()
    practice = serializers.IntegerField()
    results = ResultNumbers(help_text="With `under_way` and `without_result`, all attempts.")
    under_way = serializers.IntegerField()
    without_result = serializers.IntegerField(help_text="Declined, expired, or in error.")
    statuses = StatusNumbers()
    review_outcomes = ReviewNumbers(help_text="As the report prints it. With `without_review`, all attempts.")
    without_review = serializers.IntegerField()
    incidents = IncidentNumbersSerializer()
    incidents_by_part = PartNumbers(help_text="The same incidents, by where they were seen: the tabs of a session.")
    days = DaySerializer(many=True, help_text="On which an exam was handed in or a person decided, oldest first.")
    review_times = ReviewTimesSerializer()


class NumbersView(ApiView):
    def get(self, request: Request) -> Response:
        """How an exam, or a whole course, went."""
        asked = self.query(NumbersQuery)
        self.require(permissions.VIEW_SESSIONS, asked["course_id"])
        return Response(NumbersSerializer(api.course_numbers(asked["course_id"], asked.get("exam"))).data)


def _minutes(time: timedelta | None) -> int | None:
    return None if time is None else time // timedelta(minutes=1)
