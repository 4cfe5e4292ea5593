from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

from .models import AnswerSheet, Course, CourseRole, Enrolment, ExamContent, Grade, Viewing

if TYPE_CHECKING:
    # Generic for the type checker only.
    RoleInlineBase = admin.TabularInline[CourseRole, Course]
    CourseBase = admin.ModelAdmin[Course]
    EnrolmentBase = admin.ModelAdmin[Enrolment]
    ExamContentBase = admin.ModelAdmin[ExamContent]
    AnswerSheetBase = admin.ModelAdmin[AnswerSheet]
    GradeBase = admin.ModelAdmin[Grade]
    ViewingBase = admin.ModelAdmin[Viewing]
else:
    RoleInlineBase = admin.TabularInline
    CourseBase = EnrolmentBase = ExamContentBase = AnswerSheetBase = GradeBase = ViewingBase = admin.ModelAdmin


class RoleInline(RoleInlineBase):
    model = CourseRole
    raw_id_fields = ["user"]
    extra = 0


@admin.register(Course)
class CourseAdmin(CourseBase):
    list_display = ["name", "course_id", "start", "end"]
    search_fields = ["name", "course_id"]
    inlines = [RoleInline]


@admin.register(Enrolment)
class EnrolmentAdmin(EnrolmentBase):
    list_display = ["user", "course", "track", "student_number"]
    list_select_related = ["user", "course"]
    list_filter = ["course", "track"]
    search_fields = ["user__username", "user__email", "student_number"]
    raw_id_fields = ["user"]


@admin.register(ExamContent)
class ExamContentAdmin(ExamContentBase):
    list_display = ["content_id", "course"]
    list_select_related = ["course"]
    list_filter = ["course"]


@admin.register(AnswerSheet)
class AnswerSheetAdmin(AnswerSheetBase):
    list_display = ["attempt_code", "saved_at", "closed_at"]
    search_fields = ["attempt_code"]


@admin.register(Grade)
class GradeAdmin(GradeBase):
    list_display = ["user", "content", "earned", "possible", "updated_at"]
    list_select_related = ["user", "content"]
    list_filter = ["content__course"]
    search_fields = ["user__username", "user__email"]
    raw_id_fields = ["user"]


@admin.register(Viewing)
class ViewingAdmin(ViewingBase):
    """Read-only: the record of who viewed the course as whom."""

    list_display = ["began_at", "viewer", "learner", "course", "ended_at"]
    list_select_related = ["viewer", "learner", "course"]
    list_filter = ["course"]
    search_fields = ["viewer__username", "learner__username", "learner__email"]
    ordering = ["-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
