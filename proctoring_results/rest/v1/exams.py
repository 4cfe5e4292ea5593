"""The exams of a course that have a result, with the counts of the Quiz List."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import permissions
from proctoring_results.exceptions import NotFound
from proctoring_results.models import ProctoredExam
from proctoring_results.queries.counts import quiz_rows, with_last_activity

from .base import ApiView
from .pagination import Order, PageQuery, page
from .params import CourseQuery, MomentField, parse_pk

# There is an index in this order.
BY_CONTENT = Order(("content_id",))


class ExamsQuery(CourseQuery, PageQuery):
    pass


class ExamCountsSerializer(serializers.Serializer[Any]):
    """How many of its attempts stand where, archived ones included."""

    attempts = serializers.IntegerField()
    under_way = serializers.IntegerField()
    pending = serializers.IntegerField()
    requiring_attention = serializers.IntegerField()
    satisfactory = serializers.IntegerField()
    unsatisfactory = serializers.IntegerField()
    in_error = serializers.IntegerField()


class ExamSerializer(serializers.Serializer[Any]):
    """A timed exam in a course."""

    id = serializers.IntegerField(source="exam.pk")
    course_id = serializers.CharField(source="exam.course_id")
    content_id = serializers.CharField(source="exam.content_id", help_text="The id of the exam in the course.")
    exam_name = serializers.CharField(source="exam.exam_name")
    time_limit_mins = serializers.IntegerField(source="exam.time_limit_mins")
    due_date = MomentField(source="exam.due_date", allow_null=True)
    is_proctored = serializers.BooleanField(source="exam.is_proctored")
    is_practice_exam = serializers.BooleanField(source="exam.is_practice_exam")
    is_active = serializers.BooleanField(source="exam.is_active")
    provider = serializers.CharField(source="exam.provider")
    provider_reviews_again = serializers.BooleanField(help_text="Whether the provider does second reviews itself.")
    last_activity_at = MomentField(source="last_activity", allow_null=True)
    counts = ExamCountsSerializer(source="*")


class ExamsView(ApiView):
    def get(self, request: Request) -> Response:
        """The proctored and practice exams of a course, by their content ids."""
        params = self.query(ExamsQuery)
        self.require(permissions.VIEW_SESSIONS, params["course_id"])
        exams = with_last_activity(ProctoredExam.objects.in_course(params["course_id"]).with_result())
        return page(exams, BY_CONTENT, params, _serialize, list_name="exams")


class ExamView(ApiView):
    def get(self, request: Request, exam_id: str) -> Response:
        """One exam."""
        exam = with_last_activity(ProctoredExam.objects.with_result()).filter(pk=parse_pk(exam_id)).first()
        if exam is None or not permissions.may(self.caller, permissions.VIEW_SESSIONS, exam.course_id):
            raise NotFound("exam", exam_id)
        return Response(ExamSerializer(quiz_rows([exam])[0]).data)


def _serialize(exams: Sequence[ProctoredExam]) -> Any:
    return ExamSerializer(quiz_rows(exams), many=True).data
