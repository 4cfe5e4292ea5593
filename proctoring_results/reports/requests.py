"""A request for a report, checked: by whoever wants the report, its number of rows, or its rows at the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.choices import ReportFormat
from proctoring_results.exceptions import AccessDenied, InvalidInput
from proctoring_results.filters import AttemptFilter
from proctoring_results.lms import course_zone
from proctoring_results.models import ProctoredExam, Report
from proctoring_results.validation import clean_key, not_one_of

from .formats import FORMATS, valid_format
from .kinds.base import Kind
from .kinds.registry import kinds
from .narrowing import check_number_of_rows, filter_params, number_of_rows, read_filters

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRequest:
    """What is requested. The person may, and kind, filters and format exist."""

    kind: Kind
    filters: AttemptFilter
    format: ReportFormat
    # None is the host itself.
    by: AbstractBaseUser | None
    # Empty if the report is about several courses.
    course_id: str = ""
    # Empty if it is about one.
    courses: list[str] = field(default_factory=list)
    # Of the exam to which it is narrowed.
    exam_name: str = ""

    @property
    def scopes(self) -> list[str]:
        """The courses that the report is about."""
        return self.courses or [self.course_id]

    def number_of_rows(self) -> int:
        """Return how many rows the report would have now. Raises ``InvalidInput`` if the format takes fewer."""
        rows = number_of_rows(self.kind, self.scopes, self.filters, course_zone(self.course_id))
        check_number_of_rows(self.format, rows)
        return rows

    def check_number_of_rows(self) -> None:
        """Raise ``InvalidInput`` if the format does not take so many rows."""
        if FORMATS[self.format].max_rows is not None:
            self.number_of_rows()

    def new_report(self, now: datetime) -> Report:
        """Return the report, which is not saved and has no name yet."""
        return Report(
            kind=self.kind.name,
            course_id=self.course_id,
            courses=self.courses,
            filters=filter_params(self.filters),
            format=self.format,
            permission=self.kind.permission,
            requested_by_id=self.by.pk if self.by else None,
            requested_at=now,
            next_try_at=now,
        )


def request_about_course(
    course_id: str,
    kind: str,
    *,
    filters: Mapping[str, Any] | None,
    file_format: ReportFormat | str,
    by: AbstractBaseUser | None,
) -> ReportRequest:
    """Return the request for a report about one course. Raises ``AccessDenied`` and ``InvalidInput``."""
    course_id = clean_key("course_id", course_id)
    report_kind = _valid_kind(kind)
    if by is not None:
        # Before the filters: a person who may not generate reports must not learn which exams exist.
        for permission in permissions_to_generate(report_kind):
            permissions.require(by, permission, course_id)
    report_filter = read_filters(filters or {})
    return ReportRequest(
        kind=report_kind,
        filters=report_filter,
        exam_name=_exam_name(course_id, report_filter.exam),
        format=valid_format(file_format),
        by=by,
        course_id=course_id,
    )


def request_about_all_courses(
    kind: str,
    *,
    filters: Mapping[str, Any] | None,
    file_format: ReportFormat | str,
    by: AbstractBaseUser | None,
) -> ReportRequest:
    """Return the request for a report about all courses in which the person may generate it.

    Raises ``AccessDenied`` if there is none, and ``InvalidInput``.
    """
    report_kind = _valid_kind(kind)
    courses = courses_with_results()
    if by is not None:
        courses = permissions.courses_where(by, permissions_to_generate(report_kind), courses)
    if not courses:
        raise InvalidInput("all_courses", _("No course has a proctored exam yet."))
    report_filter = read_filters(filters or {})
    if report_filter.exam:
        raise InvalidInput("filters.exam", _("is an exam of one course. Request a report of this course."))
    return ReportRequest(
        kind=report_kind, filters=report_filter, format=valid_format(file_format), by=by, courses=courses
    )


def kinds_in_course(user: AbstractBaseUser, course_id: str) -> list[Kind]:
    """Return the kinds that somebody who may generate reports in the course may generate."""
    return [
        kind for kind in kinds().values() if not kind.permission or permissions.may(user, kind.permission, course_id)
    ]


def courses_of_kinds(user: AbstractBaseUser) -> dict[str, list[str]]:
    """Return the kinds that the user may generate somewhere, each with the courses in which.

    Raises ``AccessDenied`` if the user may generate no report anywhere.
    """
    courses = permissions.courses_where(user, [permissions.GENERATE_REPORT], courses_with_results())
    by_kind = {kind.name: _where(user, kind.permission, courses) for kind in kinds().values()}
    return {name: where for name, where in by_kind.items() if where}


def _where(user: AbstractBaseUser, permission: str, course_ids: list[str]) -> list[str]:
    if not permission:
        return course_ids
    try:
        return permissions.courses_where(user, [permission], course_ids)
    except AccessDenied:
        return []


def permissions_to_generate(kind: Kind) -> list[str]:
    return [permissions.GENERATE_REPORT, *filter(None, [kind.permission])]


def courses_with_results() -> list[str]:
    """Return the courses that a report can be about. One query."""
    courses = ProctoredExam.objects.with_result().order_by("course_id").values_list("course_id", flat=True)
    return list(courses.distinct())


def _valid_kind(name: str) -> Kind:
    every = kinds()
    if not isinstance(name, str) or name not in every:
        raise not_one_of("kind", every)
    return every[name]


def _exam_name(course_id: str, content_id: str) -> str:
    """Return the name of the exam to which a report is narrowed. Raises ``InvalidInput`` if there is no such exam."""
    if not content_id:
        return ""
    exam = ProctoredExam.objects.filter(course_id=course_id, content_id=content_id).first()
    if exam is None:
        raise InvalidInput("filters.exam", _("There is no such exam in this course."))
    return str(exam.exam_name)
