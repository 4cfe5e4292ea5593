"""Reports: request, progress, cancel, retry, and download by a link that lives five minutes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.transaction import non_atomic_requests
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from proctoring_results import permissions
from proctoring_results.choices import ReportFailure, ReportFormat, ReportState, ReportStep
from proctoring_results.conf import conf
from proctoring_results.exceptions import NotFound, ReportAlreadyRunning, ReportAlreadyThere
from proctoring_results.http import address_of, keep_private, streamed
from proctoring_results.models import Report
from proctoring_results.queries.downloads import Downloads, downloads_of
from proctoring_results.queries.lookups import get_report, reports_in_course, reports_of_all_courses
from proctoring_results.reports.readme import readme
from proctoring_results.reports.sending import send, send_for_excel
from proctoring_results.services.reports import (
    cancel_report,
    delete_report,
    download_link,
    redeem_download,
    request_report,
    request_report_of_all_courses,
    retry_report,
)
from proctoring_results.throttles import ReportsThrottle

from .base import ApiView
from .pagination import Order, PageQuery, page
from .params import IdField, MomentField, StrictChoiceField
from .report_requests import CourseOrAllQuery, ReportBody, course_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


# The order of the Data Download page.
NEWEST_FIRST = Order(("requested_at", "pk"), descending=True)


class ReportsQuery(CourseOrAllQuery, PageQuery):
    kind = IdField(required=False, help_text="Only reports of this kind.")
    state = StrictChoiceField(ReportState.choices, required=False, help_text="Only reports in this state.")


class TokenQuery(serializers.Serializer[Any]):
    """Not validated: every token that is no link of this site gets the same answer."""

    token = serializers.CharField(help_text="Part of the link.")


class DownloadsSerializer(serializers.Serializer[Any]):
    """How often the file was downloaded, and by whom last. Refused downloads do not count."""

    number = serializers.IntegerField()
    last_at = MomentField(allow_null=True)
    last_by = serializers.CharField(source="last_by.get_username", allow_null=True, help_text="A username.")

    def get_attribute(self, report: Any) -> Downloads | None:
        # Read for all reports of an answer at once.
        downloads: Mapping[int, Downloads] = self.context["downloads"]
        return downloads.get(report.pk)


class ReportSerializer(serializers.Serializer[Any]):
    """One requested file. What is unknown, or does not apply, is null."""

    id = serializers.UUIDField(source="task_id")
    course_id = serializers.CharField(allow_null=True, help_text="Null if it is about several courses.")
    kind = serializers.CharField()
    format = serializers.ChoiceField(ReportFormat.choices)
    filters = serializers.DictField(child=serializers.CharField(), help_text="Empty for the whole course.")
    state = serializers.ChoiceField(ReportState.choices)
    step = serializers.ChoiceField(
        [choice for choice in ReportStep.choices if choice[0]], allow_null=True, help_text="What the worker is doing."
    )
    requested_by = serializers.CharField(
        source="requested_by.get_username", allow_null=True, help_text="A username; null for the system."
    )
    requested_at = MomentField()
    started_at = MomentField(allow_null=True)
    finished_at = MomentField(allow_null=True)
    rows_done = serializers.IntegerField(help_text="Rows written so far.")
    rows_total = serializers.IntegerField(
        allow_null=True, help_text="Rows that the file will have; null while they are not counted."
    )
    last_sign_of_life_at = MomentField(source="heartbeat_at", allow_null=True)
    failure = serializers.ChoiceField(
        [choice for choice in ReportFailure.choices if choice[0]],
        allow_null=True,
        help_text="Why it failed, or why it is tried again.",
    )
    reason = serializers.SerializerMethodField(help_text="`failure` as a sentence.")
    reference = serializers.CharField(allow_null=True, help_text="The server's log has it beside the error.")
    file_name = serializers.CharField()
    rows = serializers.IntegerField(allow_null=True)
    size = serializers.IntegerField(allow_null=True, help_text="Bytes.")
    sha256 = serializers.CharField(allow_null=True, help_text="Of the file, in hexadecimal digits.")
    as_of = MomentField(allow_null=True, help_text="The time at which all rows were read.")
    expires_at = MomentField(allow_null=True, help_text="When the file is removed.")
    deleted_at = MomentField(allow_null=True, help_text="When it was deleted before its time.")
    deleted_by = serializers.CharField(
        source="deleted_by.get_username", allow_null=True, help_text="The username of who requested and deleted it."
    )
    downloads = DownloadsSerializer(allow_null=True, help_text="Null for people who may not download.")

    def get_reason(self, report: Report) -> str | None:
        return str(ReportFailure(report.failure).label) if report.failure else None

    def to_representation(self, report: Report) -> dict[str, Any]:
        fields = {name: None if value == "" else value for name, value in super().to_representation(report).items()}
        if report.state == ReportState.READY and report.is_over_its_lifetime:
            # The sweep has not come yet.
            fields["state"] = ReportState.EXPIRED.value
        return fields


class ReportDetailSerializer(ReportSerializer):
    """The same, with the courses."""

    courses = serializers.ListField(
        source="scopes", child=serializers.CharField(), help_text="The courses that it is about."
    )


class LinkSerializer(serializers.Serializer[Any]):
    """Two addresses of one file, for you alone: download either with the same sign-in."""

    url = serializers.URLField()
    excel_url = serializers.URLField(
        help_text="The same rows after a byte order mark, so that Excel reads UTF-8; cells that are too long are cut."
    )
    expires_at = MomentField()


class ReportApiView(ApiView):
    """Count each person's actions with reports together with their clicks on the Data Download page."""

    def get_throttles(self) -> list[BaseThrottle]:
        only_reads = self.request.method in ("GET", "HEAD", "OPTIONS")
        return super().get_throttles() if only_reads else [*super().get_throttles(), ReportsThrottle()]


class ReportsView(ReportApiView):
    def get(self, request: Request) -> Response:
        """The reports of a course, or about all courses, newest first.

        Reports about all courses are those that you requested; with the permission for every course, everybody's.
        """
        params = self.query(ReportsQuery)
        course_id = course_of(params)
        if course_id is None:
            reports = reports_of_all_courses(self.caller)
        else:
            self.require(permissions.VIEW_REPORTS, course_id)
            reports = reports_in_course(course_id)
        if "kind" in params:
            reports = reports.filter(kind=params["kind"])
        if "state" in params:
            reports = reports.in_state(ReportState(params["state"]), timezone.now())
        reports = reports.select_related("requested_by", "deleted_by")

        def serialize(reports: list[Report]) -> Any:
            return ReportSerializer(reports, many=True, context=downloads_context(reports, self.caller)).data

        return page(reports, NEWEST_FIRST, params, serialize, list_name="reports")

    def post(self, request: Request) -> Response:
        """Request a report.

        The answer is 202. While the same report (course, kind, filters and format) is being created, it is 200 with the
        id of that one.
        """
        body = self.body(ReportBody)
        try:
            report = self.request_report(body)
        except (ReportAlreadyRunning, ReportAlreadyThere) as refusal:
            return _report_response(self, refusal.report, 200)
        return _report_response(self, report, 202)

    def request_report(self, body: Mapping[str, Any]) -> Report:
        course_id = course_of(body)
        request = request_report_of_all_courses if course_id is None else partial(request_report, course_id)
        return request(
            body["kind"],
            filters=body.get("filters"),
            file_format=body["format"],
            by=self.caller,
            reuse=body["reuse"],
            notify=body["notify"],
        )


class ReportView(ApiView):
    def get(self, request: Request, report_id: str) -> Response:
        """One report, with its progress."""
        return Response(_fields(_find_report(self.caller, report_id), self.caller))


class ReadmeView(ApiView):
    def get(self, request: Request, report_id: str) -> HttpResponseBase:
        """What the file of a report is, and what its columns and their values mean.

        A text to keep beside the file, in your language.
        """
        report = _find_report(self.caller, report_id)
        if report.is_case_file:
            # It has one inside.
            raise NotFound("report", report_id)
        text = readme(report)
        return HttpResponse(text, content_type="text/plain; charset=utf-8")


class CancelView(ReportApiView):
    def post(self, request: Request, report_id: str) -> Response:
        """Cancel a report that is being created."""
        report = _find_report(self.caller, report_id)
        return _report_response(self, cancel_report(report.task_id, by=self.caller), 200)


class RetryView(ReportApiView):
    def post(self, request: Request, report_id: str) -> Response:
        """Request a report again that failed."""
        report = _find_report(self.caller, report_id)
        return _report_response(self, retry_report(report.task_id, by=self.caller), 202)


class DeleteView(ReportApiView):
    def post(self, request: Request, report_id: str) -> Response:
        """Delete a ready report before its time. Only who requested it may."""
        report = _find_report(self.caller, report_id)
        return _report_response(self, delete_report(report.task_id, by=self.caller), 200)


class LinkView(ReportApiView):
    def post(self, request: Request, report_id: str) -> Response:
        """A link to the file, for you alone.

        It lives five minutes, unless the site's settings differ, and ends when you lose the permission.
        """
        expires_at = timezone.now() + conf().DOWNLOAD_TTL
        token = download_link(_find_report(self.caller, report_id), self.caller)
        link = {
            "url": _download_url(request, "download", token),
            "excel_url": _download_url(request, "download_excel", token),
            "expires_at": expires_at,
        }
        return Response(LinkSerializer(link).data)


# Outside ``ATOMIC_REQUESTS``: the record of a refused download outlives the refusal.
@method_decorator([non_atomic_requests, streamed], name="dispatch")
class DownloadView(ReportApiView):
    http_method_names = ["get"]
    for_excel = False

    def get(self, request: Request) -> HttpResponseBase:
        """The file of a link.

        A storage that signs addresses sends it by a redirect. A link that is forged, altered, from the future or
        another person's, or whose owner has lost the permission, always gets the same 403. A link that is too old,
        or whose file was removed, gets 410.
        """
        token = request.query_params.get("token", "")
        download = redeem_download(token, self.caller, address=address_of(request), for_excel=self.for_excel)
        return send_for_excel(download) if self.for_excel else send(download)

    def get_throttles(self) -> list[BaseThrottle]:
        return [*super().get_throttles(), ReportsThrottle()]

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        return keep_private(super().finalize_response(request, response, *args, **kwargs))


class ExcelView(DownloadView):
    for_excel = True


def _find_report(caller: AbstractBaseUser, report_id: str) -> Report:
    """Return the report. Raise ``NotFound`` if there is none, or none that the caller may view."""
    report = get_report(report_id)
    if not permissions.may_view(caller, report):
        raise NotFound("report", report_id)
    return report


def downloads_context(reports: Sequence[Report], caller: AbstractBaseUser) -> dict[str, Any]:
    """Return the downloads of the reports whose downloads the caller may see."""
    may_see: dict[str | int, bool] = {}
    for report in reports:
        scope = report.course_id or report.pk
        if scope not in may_see:
            may_see[scope] = permissions.may_see_downloads(caller, report)
    visible = [report for report in reports if may_see[report.course_id or report.pk]]
    downloads = downloads_of(visible)
    return {"downloads": {report.pk: downloads.get(report.pk, Downloads(0)) for report in visible}}


def _fields(report: Report, caller: AbstractBaseUser) -> dict[str, Any]:
    return dict(ReportDetailSerializer(report, context=downloads_context([report], caller)).data)


def _report_response(view: ApiView, report: Report, status: int) -> Response:
    location = view.request.build_absolute_uri(reverse("proctoring_api:v1_report", args=[report.task_id]))
    return Response(_fields(report, view.caller), status, headers={"Location": location})


def _download_url(request: Request, name: str, token: str) -> str:
    return request.build_absolute_uri(f"{reverse(f'proctoring_api:v1_{name}')}?{urlencode({'token': token})}")
