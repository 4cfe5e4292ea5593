from typing import TYPE_CHECKING

from django.contrib import admin

from .models import AnswerSheet, Course, CourseRole, Enrolment, ExamContent, Grade

if TYPE_CHECKING:
    # Generic for the type checker only.
    RoleInlineBase = admin.TabularInline[CourseRole, Course]
    CourseBase = admin.ModelAdmin[Course]
    EnrolmentBase = admin.ModelAdmin[Enrolment]
    ExamContentBase = admin.ModelAdmin[ExamContent]
    AnswerSheetBase = admin.ModelAdmin[AnswerSheet]
    GradeBase = admin.ModelAdmin[Grade]
else:
    RoleInlineBase = admin.TabularInline
    CourseBase = EnrolmentBase = ExamContentBase = AnswerSheetBase = GradeBase = admin.ModelAdmin


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
    list_display = ["user", "course", "track"]
    list_select_related = ["user", "course"]
    list_filter = ["course", "track"]
    search_fields = ["user__username", "user__email"]
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
