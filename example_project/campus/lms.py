"""The LMS interface of proctoring_results, implemented for Campus."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

from proctoring_results.lms import NullLMS

from . import gradebook
from .models import Course, CourseRole, CreditRequirement, Enrolment, ExamContent, Grade, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.api import CreditState


class CampusLMS(NullLMS):
    def course_name(self, course_id: str) -> str:
        course = _course(course_id)
        return course.name if course else course_id

    def course_end(self, course_id: str) -> datetime | None:
        course = _course(course_id)
        return course.end if course else None

    def whom_to_ask(self, course_id: str) -> str:
        contacts = [f"{role.user.get_full_name()} ({role.user.email})" for role in _instructors(course_id)[:3]]
        return " or ".join(contacts) or "the administrators of Campus"

    def course_team(self, course_id: str) -> list[str]:
        return [role.user.email for role in _instructors(course_id) if role.user.email]

    def exam_url(self, course_id: str, content_id: str) -> str:
        return settings.SITE_URL + reverse("campus:exam", args=[course_id, content_id])

    def data_policy(self, course_id: str) -> tuple[str, str]:
        return "the data stewardship policy of Campus", settings.SITE_URL + reverse("campus:data_policy")

    def search(self, course_id: str, text: str) -> Iterable[int]:
        enrolments = Enrolment.objects.filter(course__course_id=course_id, student_number=text)
        return enrolments.values_list("user", flat=True)

    def own_grade(self, user: AbstractBaseUser, course_id: str, content_id: str) -> str:
        content = _content(course_id, content_id)
        grade = Grade.objects.filter(user=user.pk, content=content).first() if content else None
        return f"{grade.earned} of {grade.possible}" if grade else ""

    def hold_at_zero(self, user: AbstractBaseUser, course_id: str, content_id: str) -> None:
        if content := _content(course_id, content_id):
            gradebook.hold(user, content)

    def release(self, user: AbstractBaseUser, course_id: str, content_id: str) -> None:
        if content := _content(course_id, content_id):
            gradebook.release(user, content)

    def set_credit(self, user: AbstractBaseUser, course_id: str, content_id: str, state: CreditState) -> None:
        if content := _content(course_id, content_id):
            CreditRequirement.objects.update_or_create(
                user_id=user.pk, content=content, defaults={"state": state.value}
            )

    def invalidate_certificate(self, user: AbstractBaseUser, course_id: str) -> None:
        if course := _course(course_id):
            gradebook.invalidate_certificate(user, course)

    def evaluate_certificate(self, user: AbstractBaseUser, course_id: str) -> None:
        if course := _course(course_id):
            gradebook.evaluate_certificate(user, course)


def _course(course_id: str) -> Course | None:
    return Course.objects.filter(course_id=course_id).first()


def _content(course_id: str, content_id: str) -> ExamContent | None:
    return ExamContent.objects.filter(course__course_id=course_id, content_id=content_id).first()


def _instructors(course_id: str) -> list[CourseRole]:
    roles = CourseRole.objects.filter(course__course_id=course_id, role=Role.INSTRUCTOR)
    return list(roles.select_related("user").order_by("pk"))
