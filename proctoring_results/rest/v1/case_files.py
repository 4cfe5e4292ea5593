"""The case files of a session. Each is a report: it is cancelled, retried, deleted and downloaded as one."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import permissions
from proctoring_results.exceptions import NotFound, ReportAlreadyRunning
from proctoring_results.http import address_of
from proctoring_results.models import ExamAttempt, Report
from proctoring_results.models.reports import ReportQuerySet
from proctoring_results.services.case_files import MAX_PURPOSE_LENGTH, request_case_file

from .pagination import PageQuery, page
from .params import StrictCharField
from .reports import NEWEST_FIRST, ReportApiView, ReportSerializer, downloads_context


class CaseFileBody(serializers.Serializer[Any]):
    purpose = StrictCharField(max_length=MAX_PURPOSE_LENGTH, help_text="What it is for. Kept with your name.")


class CaseFileSerializer(ReportSerializer):
    """One requested case file. Beside the fields of a report it says what it is for, and of which session it is."""

    attempt_code = serializers.CharField(source="disclosure.attempt.attempt_code")
    purpose = serializers.CharField(source="disclosure.purpose")
    manifest_sha256 = serializers.CharField(
        allow_null=True, help_text="Of the entry `SHA256SUMS`, in hexadecimal digits."
    )


class CaseFilesApiView(ReportApiView):
    def attempt_to_export(self, attempt_code: str) -> ExamAttempt:
        """Return the attempt. Raise ``NotFound``, or ``AccessDenied`` for somebody who may not export it."""
        attempt = self.find_attempt(attempt_code)
        permissions.require_export(self.caller, attempt)
        return attempt

    def files_of(self, attempt: ExamAttempt) -> ReportQuerySet:
        return Report.objects.case_files_of([attempt]).select_related(
            "requested_by", "deleted_by", "disclosure__attempt"
        )

    def serialize(self, reports: list[Report]) -> Any:
        return CaseFileSerializer(reports, many=True, context=downloads_context(reports, self.caller)).data

    def answer(self, report: Report, attempt: ExamAttempt, status: int) -> Response:
        path = reverse("proctoring_api:v1_case_file", args=[attempt.attempt_code, report.task_id])
        fields = self.serialize([self.files_of(attempt).get(pk=report.pk)])[0]
        return Response(fields, status, headers={"Location": self.request.build_absolute_uri(path)})


class CaseFilesView(CaseFilesApiView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """The case files of a session, newest first: who has requested them, when and what for."""
        params = self.query(PageQuery)
        attempt = self.attempt_to_export(attempt_code)
        return page(self.files_of(attempt), NEWEST_FIRST, params, self.serialize, list_name=f"case files {attempt.pk}")

    def post(self, request: Request, attempt_code: str) -> Response:
        """Request the case file of a session.

        The answer is 202. While your file for the same purpose is being made, it is 200 with the id of that one. Only
        you can download it: by `reports/{report_id}/link/`.
        """
        attempt = self.attempt_to_export(attempt_code)
        body = self.body(CaseFileBody)
        try:
            report = request_case_file(
                attempt.attempt_code, purpose=body["purpose"], by=self.caller, address=address_of(request)
            )
        except ReportAlreadyRunning as refusal:
            return self.answer(refusal.report, attempt, 200)
        return self.answer(report, attempt, 202)


class CaseFileView(CaseFilesApiView):
    def get(self, request: Request, attempt_code: str, report_id: str) -> Response:
        """One case file, with its progress."""
        attempt = self.attempt_to_export(attempt_code)
        report = self.files_of(attempt).with_task_id(report_id).first()
        if report is None:
            raise NotFound("case file", report_id)
        return Response(self.serialize([report])[0])
