"""The whole API in one table: what each operation takes, what it answers, and what it refuses besides what all refuse.

``openapi.py`` turns it into OpenAPI; what an operation does stands in the docstring of its method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.serializers import Serializer

from . import exam_views, report_views
from .base import ApiView
from .exam_views import ExamSerializer
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


FILE = Operation(
    query=report_views.TokenQuery, answers={200: FileOf("text/csv"), 302: None}, refuses=(410,), located=(302,)
)

OPERATIONS: Mapping[tuple[type[ApiView], str], Operation] = {
    (exam_views.ExamsView, "GET"): Operation(query=exam_views.ExamsQuery, answers={200: PageOf(ExamSerializer)}),
    (exam_views.ExamView, "GET"): Operation(answers={200: ExamSerializer}),
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
