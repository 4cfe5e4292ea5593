"""A learner's own results: the word, and nothing that hints at more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results.choices import NoResultWord, ResultWord
from proctoring_results.models import ExamAttempt
from proctoring_results.queries.learner import newest_attempts_of, result_of

from .base import ApiView
from .pagination import NEWEST_FIRST, PageQuery, page
from .params import Id


class OwnQuery(PageQuery):
    course_id = Id(required=False, help_text="Only of this course.")


class OwnResultSerializer(serializers.Serializer[Any]):
    """What you may read of an exam. Both null: it is not over."""

    course_id = serializers.CharField()
    content_id = serializers.CharField()
    exam_name = serializers.CharField()
    attempt_code = serializers.CharField()
    result = serializers.ChoiceField(ResultWord.choices, allow_null=True)
    no_result = serializers.ChoiceField(NoResultWord.choices, allow_null=True, help_text="Why there is none.")


class OwnAttemptsView(ApiView):
    def get(self, request: Request) -> Response:
        """Your own results, one an exam, by the newest attempt that is not archived."""
        asked = self.query(OwnQuery)
        mine = newest_attempts_of(self.caller)
        if "course_id" in asked:
            mine = mine.in_course(asked["course_id"])
        return page(mine, NEWEST_FIRST, asked, _shown, of="me")


def _shown(attempts: Sequence[ExamAttempt]) -> Any:
    return OwnResultSerializer([_own(attempt) for attempt in attempts], many=True).data


def _own(attempt: ExamAttempt) -> dict[str, Any]:
    result = result_of(attempt)
    return {
        "course_id": attempt.exam.course_id,
        "content_id": attempt.exam.content_id,
        "exam_name": attempt.exam.exam_name,
        "attempt_code": attempt.attempt_code,
        "result": result.word if result else None,
        "no_result": result.no_word if result else None,
    }
