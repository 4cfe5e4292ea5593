"""The whole API in one table: the parameters of each operation, its answers, and the refusals that not all have.

``openapi.py`` turns it into OpenAPI. The summary of an operation is the docstring of its method.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers
from rest_framework.serializers import Serializer

from . import (
    attempts,
    case_files,
    decisions,
    exams,
    history,
    me,
    numbers,
    own_data,
    report_requests,
    reports,
    schedules,
    teamwork,
)
from .attempts import AttemptDetailSerializer, AttemptSerializer
from .base import ApiView
from .exams import ExamSerializer
from .history import AppealSerializer, ChangeSerializer, IncidentSerializer, ReviewSerializer
from .me import OwnResultSerializer
from .pagination import PageQuery
from .report_requests import KindsSerializer, PreviewSerializer, ReportBody
from .reports import LinkSerializer, ReportDetailSerializer, ReportSerializer
from .schedules import ScheduleSerializer
from .teamwork import ClaimSerializer, ClaimStateSerializer, LookSerializer, NextAttemptSerializer, NoteSerializer

SerializerClass = type[Serializer[Any]]


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page of a list, with the cursor of the next."""

    row: SerializerClass


@dataclass(frozen=True, slots=True)
class FileOf:
    """Bytes of this media type."""

    media_type: str


# None is an answer without a body.
Answer = SerializerClass | PageOf | FileOf | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    answers: Mapping[int, Answer]
    query: SerializerClass | None = None
    body: SerializerClass | None = None
    refuses: tuple[int, ...] = ()
    # Answers with a ``Location`` header.
    located: tuple[int, ...] = ()


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="For people; it may be translated.")
    code = serializers.CharField(help_text="For programs; it is stable.")
    field = serializers.CharField(required=False, help_text="What was wrong.")


class ConflictSerializer(ProblemSerializer):
    """A refusal, with the attempt as it stands now."""

    attempt = AttemptDetailSerializer(required=False)


class ClaimedSerializer(ProblemSerializer):
    """A refusal. If a colleague is looking at the session, it has their claim."""

    claim = ClaimSerializer(required=False)


FILE = Operation(query=reports.TokenQuery, answers={200: FileOf("text/csv"), 302: None}, refuses=(410,), located=(302,))

OPERATIONS: Mapping[tuple[type[ApiView], str], Operation] = {
    (exams.ExamsView, "GET"): Operation(query=exams.ExamsQuery, answers={200: PageOf(ExamSerializer)}),
    (exams.ExamView, "GET"): Operation(answers={200: ExamSerializer}),
    # 404: the exam in the filters.
    (attempts.AttemptsView, "GET"): Operation(
        query=attempts.AttemptsQuery, answers={200: PageOf(AttemptSerializer)}, refuses=(404,)
    ),
    (attempts.AttemptsSearchView, "POST"): Operation(
        body=attempts.AttemptsSearch, answers={200: PageOf(AttemptSerializer)}, refuses=(404,)
    ),
    (attempts.AttemptView, "GET"): Operation(answers={200: AttemptDetailSerializer}),
    (history.ChangesView, "GET"): Operation(query=PageQuery, answers={200: PageOf(ChangeSerializer)}),
    (history.ReviewsView, "GET"): Operation(query=PageQuery, answers={200: PageOf(ReviewSerializer)}),
    (history.IncidentsView, "GET"): Operation(query=PageQuery, answers={200: PageOf(IncidentSerializer)}),
    (history.AppealsView, "GET"): Operation(query=PageQuery, answers={200: PageOf(AppealSerializer)}),
    (decisions.DecisionsView, "POST"): Operation(
        body=decisions.DecisionBody, answers={201: ChangeSerializer, 409: ConflictSerializer}
    ),
    (decisions.DismissView, "POST"): Operation(
        body=decisions.IncidentsBody, answers={201: ReviewSerializer, 409: ConflictSerializer}
    ),
    (decisions.RestoreView, "POST"): Operation(
        body=decisions.IncidentsBody, answers={201: ReviewSerializer, 409: ConflictSerializer}
    ),
    (teamwork.ClaimsView, "GET"): Operation(query=teamwork.ClaimsQuery, answers={200: PageOf(ClaimSerializer)}),
    (teamwork.ClaimView, "GET"): Operation(answers={200: ClaimStateSerializer}),
    (teamwork.ClaimView, "POST"): Operation(
        body=teamwork.ClaimBody, answers={200: ClaimStateSerializer, 409: ClaimedSerializer}
    ),
    (teamwork.ClaimView, "DELETE"): Operation(answers={200: ClaimStateSerializer}),
    # 404: the exam in the filters.
    (teamwork.ClaimNextView, "POST"): Operation(
        body=teamwork.ClaimNextBody, answers={200: NextAttemptSerializer}, refuses=(404,)
    ),
    (teamwork.LooksView, "GET"): Operation(query=PageQuery, answers={200: PageOf(LookSerializer)}),
    (teamwork.LooksView, "POST"): Operation(answers={200: LookSerializer}, refuses=(409,)),
    (teamwork.NotesView, "GET"): Operation(query=PageQuery, answers={200: PageOf(NoteSerializer)}),
    (teamwork.NotesView, "POST"): Operation(body=teamwork.NoteBody, answers={201: NoteSerializer}, refuses=(409,)),
    (teamwork.NoteView, "DELETE"): Operation(answers={200: NoteSerializer}),
    (case_files.CaseFilesView, "GET"): Operation(query=PageQuery, answers={200: PageOf(case_files.CaseFileSerializer)}),
    (case_files.CaseFilesView, "POST"): Operation(
        body=case_files.CaseFileBody,
        answers={200: case_files.CaseFileSerializer, 202: case_files.CaseFileSerializer},
        refuses=(409,),
        located=(200, 202),
    ),
    (case_files.CaseFileView, "GET"): Operation(answers={200: case_files.CaseFileSerializer}),
    (decisions.UndoView, "POST"): Operation(
        body=decisions.UndoBody, answers={201: ChangeSerializer, 409: ConflictSerializer}
    ),
    (numbers.NumbersView, "GET"): Operation(
        query=numbers.NumbersQuery, answers={200: numbers.NumbersSerializer}, refuses=(404,)
    ),
    (me.OwnAttemptsView, "GET"): Operation(query=me.OwnQuery, answers={200: PageOf(OwnResultSerializer)}),
    (me.OwnAppealsView, "POST"): Operation(body=me.AppealBody, answers={201: me.OwnAppealSerializer}, refuses=(409,)),
    (own_data.OwnDataView, "GET"): Operation(answers={200: own_data.OwnDataSerializer}),
    (reports.ReportsView, "GET"): Operation(query=reports.ReportsQuery, answers={200: PageOf(ReportSerializer)}),
    (reports.ReportsView, "POST"): Operation(
        body=ReportBody,
        answers={200: ReportDetailSerializer, 202: ReportDetailSerializer},
        located=(200, 202),
    ),
    (report_requests.KindsView, "GET"): Operation(
        query=report_requests.CourseOrAllQuery, answers={200: KindsSerializer}
    ),
    (report_requests.PreviewView, "POST"): Operation(body=ReportBody, answers={200: PreviewSerializer}),
    (reports.ReportView, "GET"): Operation(answers={200: ReportDetailSerializer}),
    (reports.ReadmeView, "GET"): Operation(answers={200: FileOf("text/plain")}),
    (reports.CancelView, "POST"): Operation(answers={200: ReportDetailSerializer}, refuses=(409,), located=(200,)),
    (reports.DeleteView, "POST"): Operation(answers={200: ReportDetailSerializer}, refuses=(409,), located=(200,)),
    (reports.RetryView, "POST"): Operation(answers={202: ReportDetailSerializer}, refuses=(409,), located=(202,)),
    (reports.LinkView, "POST"): Operation(answers={200: LinkSerializer}, refuses=(409, 410)),
    (reports.DownloadView, "GET"): FILE,
    (reports.ExcelView, "GET"): FILE,
    (schedules.SchedulesView, "GET"): Operation(
        query=schedules.SchedulesQuery, answers={200: PageOf(ScheduleSerializer)}
    ),
    (schedules.SchedulesView, "POST"): Operation(
        body=schedules.ScheduleBody, answers={201: ScheduleSerializer}, refuses=(409,), located=(201,)
    ),
    (schedules.ScheduleView, "GET"): Operation(answers={200: ScheduleSerializer}),
    (schedules.ScheduleView, "PUT"): Operation(
        body=schedules.ScheduleChange, answers={200: ScheduleSerializer}, located=(200,)
    ),
    (schedules.ScheduleView, "DELETE"): Operation(answers={200: ScheduleSerializer}),
    (schedules.PauseView, "POST"): Operation(answers={200: ScheduleSerializer}, refuses=(409,), located=(200,)),
    (schedules.ResumeView, "POST"): Operation(answers={200: ScheduleSerializer}, refuses=(409,), located=(200,)),
}
