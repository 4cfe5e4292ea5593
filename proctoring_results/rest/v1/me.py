"""A learner's own results, and nothing that hints at a suspicion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results.choices import NoResultWord, ResultWord
from proctoring_results.models import ExamAttempt
from proctoring_results.queries.learner import newest_attempts_of, result_of
from proctoring_results.services.appeals import MAX_APPEAL_LENGTH, appeal
from proctoring_results.validation import clean_key

from .base import ApiView
from .pagination import NEWEST_FIRST, PageQuery, page
from .params import DayField, IdField, MomentField, StrictCharField


class OwnQuery(PageQuery):
    course_id = IdField(required=False, help_text="Only results of this course.")


class OwnResultSerializer(serializers.Serializer[Any]):
    """What you may read about an exam. `result` and `no_result` are both null until the exam is over."""

    course_id = serializers.CharField()
    content_id = serializers.CharField()
    exam_name = serializers.CharField()
    attempt_code = serializers.CharField()
    result = serializers.ChoiceField(ResultWord.choices, allow_null=True)
    no_result = serializers.ChoiceField(NoResultWord.choices, allow_null=True, help_text="Why there is no result.")
    another_holds_grade = serializers.BooleanField(
        help_text="While another of your attempts at this exam is Unsatisfactory, your grade for this exam is 0."
    )
    usual_wait_mins = serializers.IntegerField(
        allow_null=True,
        help_text="While the result is pending: the median time from the end of an exam of this course to its result.",
    )
    appeal_until = DayField(allow_null=True, help_text="The last day on which you may appeal; null if you may not.")
    answer_due_at = MomentField(
        allow_null=True, help_text="By when you have the answer to your appeal, if one is open."
    )


class OwnAttemptsView(ApiView):
    def get(self, request: Request) -> Response:
        """Your own results, one for each exam, from the newest attempt that is not archived."""
        params = self.query(OwnQuery)
        attempts = newest_attempts_of(self.caller)
        if "course_id" in params:
            attempts = attempts.in_course(params["course_id"])
        return page(attempts, NEWEST_FIRST, params, _serialize, list_name="me")


def _serialize(attempts: Sequence[ExamAttempt]) -> Any:
    return OwnResultSerializer([_result_of(attempt) for attempt in attempts], many=True).data


def _result_of(attempt: ExamAttempt) -> dict[str, Any]:
    result = result_of(attempt)
    return {
        "course_id": attempt.exam.course_id,
        "content_id": attempt.exam.content_id,
        "exam_name": attempt.exam.exam_name,
        "attempt_code": attempt.attempt_code,
        "result": result.word if result else None,
        "no_result": result.no_word if result else None,
        "another_holds_grade": result is not None and result.another_holds_grade,
        "usual_wait_mins": result.usual_wait_mins if result else None,
        "appeal_until": result.appeal_until if result else None,
        "answer_due_at": result.answer_due_at if result else None,
    }


class AppealBody(serializers.Serializer[Any]):
    text = StrictCharField(max_length=MAX_APPEAL_LENGTH, help_text="Why the result is wrong.")


class OwnAppealSerializer(serializers.Serializer[Any]):
    """Your appeal. Whether it was upheld is the `result` of the attempt."""

    attempt_code = serializers.CharField(source="attempt.attempt_code")
    at = MomentField()
    text = serializers.CharField()
    answer_due_at = MomentField(help_text="You have the answer by then.")


class OwnAppealsView(ApiView):
    def post(self, request: Request, attempt_code: str) -> Response:
        """Appeal against your own Unsatisfactory result, once for each decision, while the time for it lasts."""
        body = self.body(AppealBody)
        made = appeal(clean_key("attempt_code", attempt_code), by=self.caller, text=body["text"])
        return Response(OwnAppealSerializer(made).data, 201)
