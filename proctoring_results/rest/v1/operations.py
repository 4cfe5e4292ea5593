"""The whole API in one table: what each operation takes, what it answers, and what it refuses besides what all refuse.

``openapi.py`` turns it into OpenAPI; what an operation does stands in the docstring of its method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.serializers import Serializer

from . import attempt_views, decision_views, exam_views, history_views, number_views, own_views, report_views
from .attempt_views import AttemptDetailSerializer, AttemptSerializer
from .base import ApiView
from .exam_views import ExamSerializer
from .history_views import ChangeSerializer, IncidentSerializer, ReviewSerializer
from .own_views import OwnResultSerializer
from .paging import PageQuery
from .report_views import LinkSerializer, ReportSerializer

Form = type[Serializer[Any]]


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page of a list, with the way to the next."""

    row: Form


@dataclass(frozen=True, slots=True)
class FileOf:
    """Bytes of this media type."""

    media_type: str


# None is an answer without a body.
Answer = Form | PageOf | FileOf | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    answers: Mapping[int, Answer]
    query: Form | None = None
    body: Form | None = None
    refuses: tuple[int, ...] = ()
    # Answers that carry ``Location``.
    located: tuple[int, ...] = ()


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="For people; may be translated.")
    code = serializers.CharField(help_text="For programs; stable.")
    field = serializers.CharField(required=False, help_text="What was wrong.")


class OvertakenSerializer(ProblemSerializer):
    """A refusal, with the attempt as it stands now."""

    attempt = AttemptDetailSerializer(required=False)


FILE = Operation(
    query=report_views.TokenQuery, answers={200: FileOf("text/csv"), 302: None}, refuses=(410,), located=(302,)
)

OPERATIONS: Mapping[tuple[type[ApiView], str], Operation] = {
    (exam_views.ExamsView, "GET"): Operation(query=exam_views.ExamsQuery, answers={200: PageOf(ExamSerializer)}),
    (exam_views.ExamView, "GET"): Operation(answers={200: ExamSerializer}),
    # 404: the exam that is named.
    (attempt_views.AttemptsView, "GET"): Operation(
        query=attempt_views.AttemptsQuery, answers={200: PageOf(AttemptSerializer)}, refuses=(404,)
    ),
    (attempt_views.AttemptsSearchView, "POST"): Operation(
        body=attempt_views.AttemptsSearch, answers={200: PageOf(AttemptSerializer)}, refuses=(404,)
    ),
    (attempt_views.AttemptView, "GET"): Operation(answers={200: AttemptDetailSerializer}),
    (history_views.ChangesView, "GET"): Operation(query=PageQuery, answers={200: PageOf(ChangeSerializer)}),
    (history_views.ReviewsView, "GET"): Operation(query=PageQuery, answers={200: PageOf(ReviewSerializer)}),
    (history_views.IncidentsView, "GET"): Operation(query=PageQuery, answers={200: PageOf(IncidentSerializer)}),
    (decision_views.DecisionsView, "POST"): Operation(
        body=decision_views.DecisionBody, answers={201: ChangeSerializer, 409: OvertakenSerializer}
    ),
    (number_views.NumbersView, "GET"): Operation(
        query=number_views.NumbersQuery, answers={200: number_views.NumbersSerializer}, refuses=(404,)
    ),
    (own_views.OwnAttemptsView, "GET"): Operation(query=own_views.OwnQuery, answers={200: PageOf(OwnResultSerializer)}),
    (report_views.ReportsView, "GET"): Operation(
        query=report_views.ReportsQuery, answers={200: PageOf(ReportSerializer)}
    ),
    # 404: the exam that the filters name.
    (report_views.ReportsView, "POST"): Operation(
        body=report_views.ReportBody,
        answers={200: ReportSerializer, 202: ReportSerializer},
        refuses=(404,),
        located=(200, 202),
    ),
    (report_views.ReportView, "GET"): Operation(answers={200: ReportSerializer}),
    (report_views.CancelView, "POST"): Operation(answers={200: ReportSerializer}, refuses=(409,), located=(200,)),
    (report_views.RetryView, "POST"): Operation(answers={202: ReportSerializer}, refuses=(409,), located=(202,)),
    (report_views.LinkView, "POST"): Operation(answers={200: LinkSerializer}, refuses=(409, 410)),
    (report_views.DownloadView, "GET"): FILE,
    (report_views.ExcelView, "GET"): FILE,
}
