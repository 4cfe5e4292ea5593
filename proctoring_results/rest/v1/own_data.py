"""What is stored about the caller's own attempts, as the page *My exam data* shows it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results.choices import NoResultWord, ResultWord
from proctoring_results.queries.own_data import own_data

from .base import ApiView
from .params import MomentField


class OwnDecisionSerializer(serializers.Serializer[Any]):
    """A result that was decided, by the service or by a person."""

    result = serializers.ChoiceField(ResultWord.choices)
    at = MomentField(help_text="Since when it holds.")


class OwnAppealDataSerializer(serializers.Serializer[Any]):
    at = MomentField()
    text = serializers.CharField()
    answer_due_at = MomentField()
    answer = OwnDecisionSerializer(allow_null=True, help_text="Null until the appeal is answered.")


class OwnMessageSerializer(serializers.Serializer[Any]):
    """A mail that was sent to you."""

    at = MomentField()
    subject = serializers.CharField()


class OwnAttemptSerializer(serializers.Serializer[Any]):
    """One attempt of yours. What is unknown, or does not apply, is null."""

    course_id = serializers.CharField()
    content_id = serializers.CharField()
    exam_name = serializers.CharField()
    attempt_code = serializers.CharField()
    provider = serializers.CharField()
    is_sample_attempt = serializers.BooleanField(help_text="It is an attempt at a practice exam.")
    created_at = MomentField()
    started_at = MomentField(allow_null=True)
    completed_at = MomentField(allow_null=True)
    allowed_time_limit_mins = serializers.IntegerField(allow_null=True)
    extra_time_mins = serializers.IntegerField()
    result = serializers.ChoiceField(ResultWord.choices, allow_null=True)
    no_result = serializers.ChoiceField(NoResultWord.choices, allow_null=True, help_text="Why there is no result.")
    archived_at = MomentField(allow_null=True, help_text="Since when it no longer counts.")
    erased_at = MomentField(allow_null=True, help_text="When what described you in it was erased.")
    decisions = OwnDecisionSerializer(many=True)
    appeals = OwnAppealDataSerializer(many=True)
    messages = OwnMessageSerializer(many=True)


class OwnDataSerializer(serializers.Serializer[Any]):
    """Your attempts in all courses, newest first."""

    username = serializers.CharField()
    as_of = MomentField()
    attempts = OwnAttemptSerializer(many=True)


class OwnDataView(ApiView):
    def get(self, request: Request) -> Response:
        """What is stored about your own attempts: results, decisions, appeals, and the mails that you were sent."""
        return Response(OwnDataSerializer(own_data(self.caller)).data)
