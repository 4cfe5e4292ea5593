"""Schedules of reports: create, read, change, pause, resume and delete."""

from __future__ import annotations

import re
from datetime import time
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import permissions
from proctoring_results.choices import ReportFormat, ReportKind, ScheduleProblem, ScheduleRhythm, ScheduleState
from proctoring_results.exceptions import NotFound
from proctoring_results.lms import course_zone
from proctoring_results.models import ReportSchedule
from proctoring_results.models.schedules import MAX_DAYS_AFTER_DUE
from proctoring_results.queries.lookups import get_schedule, schedules_in_course
from proctoring_results.reports.formats import FORMAT_CHOICES
from proctoring_results.reports.rhythms import Rhythm, in_words
from proctoring_results.services.schedules import (
    change_schedule,
    create_schedule,
    delete_schedule,
    pause_schedule,
    resume_schedule,
)

from .filters import FilterFields
from .pagination import Order, PageQuery, page, serialize_all
from .params import CourseQuery, IdField, MomentField, StrictCharField, StrictChoiceField, StrictIntegerField
from .reports import ReportApiView

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# The order of the page.
OLDEST_FIRST = Order(("created_at", "pk"))


class SchedulesQuery(CourseQuery, PageQuery):
    pass


class ClockField(StrictCharField):
    """A time of day, such as ``06:00``."""

    pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$"

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data)
        # Not "$", which takes a line break, too.
        if not re.fullmatch(self.pattern[1:-1], text):
            raise serializers.ValidationError("must be a time of day such as 06:00.")
        return time.fromisoformat(text)

    def to_representation(self, value: Any) -> str:
        return f"{value:%H:%M}"


class ScheduleChange(serializers.Serializer[Any]):
    """A schedule as a whole: what is left out gets its default."""

    kind = IdField(default=ReportKind.EXAM_RESULTS.value, help_text="The name of a kind, see `reports/kinds/`.")
    filters = FilterFields(
        required=False,
        help_text="Those of `reports/`. After due dates, each report is narrowed to the exam as well.",
    )
    format = StrictChoiceField(FORMAT_CHOICES, default=ReportFormat.CSV)
    notify = serializers.BooleanField(default=False, help_text="Get a mail when a report is ready or has failed.")
    rhythm = StrictChoiceField(ScheduleRhythm.choices)
    weekday = StrictIntegerField(
        required=False, allow_null=True, min_value=0, max_value=6, help_text="0 is Monday; with `weekly` only."
    )
    month_day = StrictIntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=31,
        help_text="Or the last day of a shorter month; with `monthly` only.",
    )
    days_after_due = StrictIntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_DAYS_AFTER_DUE, help_text="With `after_due` only."
    )
    run_time = ClockField(help_text="Such as `06:00`, in the time zone of the course.")


class ScheduleBody(ScheduleChange):
    course_id = IdField(help_text="As the LMS writes it.")


class ScheduleSerializer(serializers.Serializer[Any]):
    """When which report of a course is requested, for its owner. What does not apply is null."""

    id = serializers.UUIDField(source="schedule_id")
    course_id = serializers.CharField()
    owner = serializers.CharField(source="owner.get_username", help_text="A username.")
    kind = serializers.CharField()
    filters = serializers.DictField(child=serializers.CharField(), help_text="Empty for the whole course.")
    format = serializers.ChoiceField(FORMAT_CHOICES)
    notify = serializers.BooleanField(help_text="Whether its owner gets mails.")
    rhythm = serializers.ChoiceField(ScheduleRhythm.choices)
    weekday = serializers.IntegerField(allow_null=True, help_text="0 is Monday.")
    month_day = serializers.IntegerField(allow_null=True)
    days_after_due = serializers.IntegerField(allow_null=True)
    run_time = ClockField(help_text="Such as `06:00`, in the time zone of the course.")
    when = serializers.SerializerMethodField(help_text="The rhythm in words.")
    created_at = MomentField()
    next_run_at = MomentField(
        allow_null=True, help_text="Null while it is not active, and while no exam has a due date to come."
    )
    last_run_at = MomentField(allow_null=True)
    failures = serializers.IntegerField(help_text="In a row; after five it is off.")
    state = serializers.ChoiceField(
        ScheduleState.choices, help_text="`refused`: its owner may not generate the report; `failed`: it is off."
    )
    state_since = MomentField()
    state_by = serializers.CharField(
        source="state_by.get_username", allow_null=True, help_text="A username; null for the system."
    )
    problem = serializers.ChoiceField([choice for choice in ScheduleProblem.choices if choice[0]], allow_null=True)
    reason = serializers.SerializerMethodField(help_text="`problem` as a sentence.")

    def get_when(self, schedule: ReportSchedule) -> str:
        return in_words(Rhythm.of(schedule), course_zone(schedule.course_id))

    def get_reason(self, schedule: ReportSchedule) -> str | None:
        return str(ScheduleProblem(schedule.problem).label) if schedule.problem else None

    def to_representation(self, schedule: ReportSchedule) -> dict[str, Any]:
        fields = super().to_representation(schedule)
        return {name: None if value == "" else value for name, value in fields.items()}


class SchedulesView(ReportApiView):
    def get(self, request: Request) -> Response:
        """The schedules of a course, oldest first."""
        params = self.query(SchedulesQuery)
        self.require(permissions.VIEW_REPORTS, params["course_id"])
        schedules = schedules_in_course(params["course_id"])
        return page(schedules, OLDEST_FIRST, params, serialize_all(ScheduleSerializer), list_name="schedules")

    def post(self, request: Request) -> Response:
        """Create a schedule, which you own.

        It requests its report for you, with the permissions that you have then. A course has at most twenty: one more
        is refused with 409.
        """
        body = self.body(ScheduleBody)
        schedule = create_schedule(body.pop("course_id"), _rhythm(body), by=self.caller, **_request(body))
        return _schedule_response(request, schedule, 201)


class ScheduleView(ReportApiView):
    def get(self, request: Request, schedule_id: str) -> Response:
        """One schedule."""
        return Response(ScheduleSerializer(_find_schedule(self.caller, schedule_id)).data)

    def put(self, request: Request, schedule_id: str) -> Response:
        """Change your schedule, as a whole. It stays paused if it is."""
        schedule = _find_schedule(self.caller, schedule_id)
        body = self.body(ScheduleChange)
        changed = change_schedule(schedule.schedule_id, _rhythm(body), by=self.caller, **_request(body))
        return _schedule_response(request, changed, 200)

    def delete(self, request: Request, schedule_id: str) -> Response:
        """Delete a schedule. Reports that it has requested stay."""
        schedule = _find_schedule(self.caller, schedule_id)
        return Response(ScheduleSerializer(delete_schedule(schedule.schedule_id, by=self.caller)).data)


class PauseView(ReportApiView):
    def post(self, request: Request, schedule_id: str) -> Response:
        """Pause an active schedule."""
        schedule = _find_schedule(self.caller, schedule_id)
        return _schedule_response(request, pause_schedule(schedule.schedule_id, by=self.caller), 200)


class ResumeView(ReportApiView):
    def post(self, request: Request, schedule_id: str) -> Response:
        """Resume a schedule that is paused or off. Runs that it has missed are not made."""
        schedule = _find_schedule(self.caller, schedule_id)
        return _schedule_response(request, resume_schedule(schedule.schedule_id, by=self.caller), 200)


def _rhythm(body: dict[str, Any]) -> Rhythm:
    names = ("rhythm", "run_time", "weekday", "month_day", "days_after_due")
    return Rhythm(**{name: body[name] for name in names if name in body})


def _request(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": body["kind"],
        "filters": body.get("filters"),
        "file_format": body["format"],
        "notify": body["notify"],
    }


def _find_schedule(caller: AbstractBaseUser, schedule_id: str) -> ReportSchedule:
    """Return the schedule. Raise ``NotFound`` if there is none, or none that the caller may view."""
    schedule = get_schedule(schedule_id)
    if not permissions.may(caller, permissions.VIEW_REPORTS, schedule.course_id):
        raise NotFound("schedule", schedule_id)
    return schedule


def _schedule_response(request: Request, schedule: ReportSchedule, status: int) -> Response:
    address = reverse("proctoring_api:v1_report_schedule", args=[schedule.schedule_id])
    data = ScheduleSerializer(schedule).data
    return Response(data, status, headers={"Location": request.build_absolute_uri(address)})
