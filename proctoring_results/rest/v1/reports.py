"""Reports: asked for, watched, cancelled, asked for again, and downloaded by a link that lives five minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from proctoring_results import api, permissions
from proctoring_results.choices import ReportFailure, ReportKind, ReportState, ReportStep
from proctoring_results.conf import conf
from proctoring_results.http import address_of, keep_private
from proctoring_results.models import Report
from proctoring_results.reports.sending import send, send_for_excel
from proctoring_results.throttles import ReportsThrottle

from .base import ApiView
from .pagination import Order, PageQuery, page
from .params import CourseQuery, Id

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


# As the page lists them.
NEWEST = Order(("requested_at", "pk"), descending=True)


class ReportsQuery(CourseQuery, PageQuery):
    pass


class FiltersBody(serializers.Serializer[Any]):
    content_id = Id(required=False, help_text="One exam, by its content id.")


class ReportBody(serializers.Serializer[Any]):
    course_id = Id(help_text="As the LMS writes it.")
    kind = serializers.ChoiceField(ReportKind.choices, default=ReportKind.EXAM_RESULTS)
    filters = FiltersBody(required=False, help_text="Without any: the whole course.")


class TokenQuery(serializers.Serializer[Any]):
    """Never refused as such: whatever is no link of ours gets the one answer that all of them get."""

    token = serializers.CharField(help_text="As the link has it.")


class ReportSerializer(serializers.Serializer[Any]):
    """One requested file. What is not known, or not the case, is null."""

    id = serializers.UUIDField(source="task_id")
    course_id = serializers.CharField()
    kind = serializers.ChoiceField(ReportKind.choices)
    filters = serializers.DictField(child=serializers.CharField(), help_text="Empty: the whole course.")
    state = serializers.ChoiceField(ReportState.choices)
    step = serializers.ChoiceField(
        [choice for choice in ReportStep.choices if choice[0]], allow_null=True, help_text="What a worker is doing."
    )
    requested_by = serializers.CharField(
        source="requested_by.get_username", allow_null=True, help_text="A user name; null for the system."
    )
    requested_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    rows_done = serializers.IntegerField(help_text="Progress: so many rows …")
    rows_total = serializers.IntegerField(allow_null=True, help_text="… of so many.")
    last_sign_of_life_at = serializers.DateTimeField(source="heartbeat_at", allow_null=True)
    failure = serializers.ChoiceField(
        [choice for choice in ReportFailure.choices if choice[0]],
        allow_null=True,
        help_text="Why it failed, or why it is tried again.",
    )
    reason = serializers.SerializerMethodField(help_text="The same in words.")
    reference = serializers.CharField(allow_null=True, help_text="Stands in the log beside the error.")
    file_name = serializers.CharField()
    rows = serializers.IntegerField(allow_null=True)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    sha256 = serializers.CharField(allow_null=True, help_text="Of the file, as hexadecimal digits.")
    as_of = serializers.DateTimeField(allow_null=True, help_text="The moment that the rows show.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When the file is removed.")

    def get_reason(self, report: Report) -> str | None:
        return str(ReportFailure(report.failure).label) if report.failure else None

    def to_representation(self, report: Report) -> dict[str, Any]:
        shown = {name: None if value == "" else value for name, value in super().to_representation(report).items()}
        if report.state == ReportState.READY and report.is_over_its_lifetime:
            # The sweep may be late.
            shown["state"] = ReportState.EXPIRED.value
        return shown


class LinkSerializer(serializers.Serializer[Any]):
    """Two addresses of one file, for you alone: fetch either with the same sign-in."""

    url = serializers.URLField()
    excel_url = serializers.URLField(help_text="The same bytes after a byte order mark, by which Excel knows UTF-8.")
    expires_at = serializers.DateTimeField()


class CountedWithClicks(ApiView):
    """What is done with reports is counted by person, together with the clicks on the Data Download page."""

    def get_throttles(self) -> list[BaseThrottle]:
        looks = self.request.method in ("GET", "HEAD", "OPTIONS")
        return super().get_throttles() if looks else [*super().get_throttles(), ReportsThrottle()]


class ReportsView(CountedWithClicks):
    def get(self, request: Request) -> Response:
        """The reports of a course, newest first."""
        asked = self.query(ReportsQuery)
        self.require(permissions.VIEW_REPORTS, asked["course_id"])
        rows = Report.objects.in_course(asked["course_id"]).select_related("requested_by")
        return page(rows, NEWEST, asked, lambda found: ReportSerializer(found, many=True).data, of="reports")

    def post(self, request: Request) -> Response:
        """Ask for a report.

        The same report (course, kind and filters) is made once: while it is being made, the answer is 200 with its id
        instead of 202. An exam that the filters name and that there is not is a 404.
        """
        asked = self.body(ReportBody)
        try:
            report = api.request_report(asked["course_id"], asked["kind"], filters=asked.get("filters"), by=self.caller)
        except api.ReportAlreadyRunning as refusal:
            return _told(request, refusal.report, 200)
        return _told(request, report, 202)


class ReportView(ApiView):
    def get(self, request: Request, report_id: str) -> Response:
        """How a report is getting on."""
        return Response(ReportSerializer(_visible(self.caller, report_id)).data)


class CancelView(CountedWithClicks):
    def post(self, request: Request, report_id: str) -> Response:
        """Stop a report that is being made."""
        report = _visible(self.caller, report_id)
        return _told(request, api.cancel_report(report.task_id, by=self.caller), 200)


class RetryView(CountedWithClicks):
    def post(self, request: Request, report_id: str) -> Response:
        """Ask again for a report that failed."""
        report = _visible(self.caller, report_id)
        return _told(request, api.retry_report(report.task_id, by=self.caller), 202)


class LinkView(CountedWithClicks):
    def post(self, request: Request, report_id: str) -> Response:
        """A link to the file, for you alone.

        It lives five minutes, unless the site says otherwise, and dies when you lose the permission.
        """
        expires_at = timezone.now() + conf().DOWNLOAD_TTL
        token = api.download_link(_visible(self.caller, report_id), self.caller)
        link = {
            "url": _address(request, "download", token),
            "excel_url": _address(request, "download_excel", token),
            "expires_at": expires_at,
        }
        return Response(LinkSerializer(link).data)


class DownloadView(CountedWithClicks):
    http_method_names = ["get"]
    for_excel = False

    def get(self, request: Request) -> HttpResponseBase:
        """The file of a link.

        From storages that sign addresses, by a redirect. A link that is forged, altered, from the future or another
        person's, and one whose owner has lost the permission: all get one and the same 403. What is too old, or has
        been removed, gets 410.
        """
        token = request.query_params.get("token", "")
        redeemed = api.redeem_download(token, self.caller, address=address_of(request), for_excel=self.for_excel)
        return send_for_excel(redeemed) if self.for_excel else send(redeemed)

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), ReportsThrottle()]

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        return keep_private(super().finalize_response(request, response, *args, **kwargs))


class ExcelView(DownloadView):
    for_excel = True


def _visible(caller: AbstractBaseUser, report_id: str) -> Report:
    """The report; of a course that the caller may not see there is none."""
    report = api.get_report(report_id)
    if not permissions.may(caller, permissions.VIEW_REPORTS, report.course_id):
        raise api.NotFound("report", report_id)
    return report


def _told(request: Request, report: Report, status: int) -> Response:
    where = request.build_absolute_uri(reverse("proctoring_api:v1_report", args=[report.task_id]))
    return Response(ReportSerializer(report).data, status, headers={"Location": where})


def _address(request: Request, name: str, token: str) -> str:
    return request.build_absolute_uri(f"{reverse(f'proctoring_api:v1_{name}')}?{urlencode({'token': token})}")
