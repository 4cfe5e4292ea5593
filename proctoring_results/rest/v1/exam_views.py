"""The exams of a course that have a result, as on the Quiz List."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import access, api
from proctoring_results.models import ProctoredExam

from .asking import CourseQuery
from .base import ApiView
from .paging import Order, PageQuery, page

# As the index of "the exams of a course" has them.
BY_CONTENT = Order(("content_id",))


class ExamsQuery(CourseQuery, PageQuery):
    pass


class ExamSerializer(serializers.Serializer[Any]):
    """A timed exam in a course."""

    id = serializers.IntegerField(source="pk")
    course_id = serializers.CharField()
    content_id = serializers.CharField(help_text="The id of the exam in the body of the course.")
    exam_name = serializers.CharField()
    time_limit_mins = serializers.IntegerField()
    due_date = serializers.DateTimeField(allow_null=True)
    is_proctored = serializers.BooleanField()
    is_practice_exam = serializers.BooleanField()
    is_active = serializers.BooleanField()
    provider = serializers.CharField()


class ExamsView(ApiView):
    def get(self, request: Request) -> Response:
        """The proctored and practice exams of a course, by their content ids."""
        asked = self.query(ExamsQuery)
        self.require(access.VIEW_SESSIONS, asked["course_id"])
        exams = ProctoredExam.objects.in_course(asked["course_id"]).with_result()
        return page(exams, BY_CONTENT, asked, lambda rows: ExamSerializer(rows, many=True).data, of="exams")


class ExamView(ApiView):
    def get(self, request: Request, exam_id: str) -> Response:
        """One exam."""
        # More digits than a key can have are nobody's.
        pk = int(exam_id) if exam_id.isascii() and exam_id.isdigit() and len(exam_id) <= 18 else 0
        exam = ProctoredExam.objects.with_result().filter(pk=pk).first()
        if exam is None or not access.may(request.user, access.VIEW_SESSIONS, exam.course_id):
            raise api.NotFound("exam", exam_id)
        return Response(ExamSerializer(exam).data)
