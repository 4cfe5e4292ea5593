from __future__ import annotations

from django.contrib import admin

from proctoring_results.models import (
    Disclosure,
    Evidence,
    ExamAttempt,
    ExamReview,
    Incident,
    LmsEffect,
    ProctoredExam,
    StatusChange,
)

from .reading import ReadOnlyAdmin, ReadOnlyInline


class Changes(ReadOnlyInline):
    model = StatusChange
    fields = ["at", "from_status", "to_status", "source", "by", "reason"]
    ordering = ["pk"]
    verbose_name_plural = "status changes"
    show_change_link = False


class Reviews(ReadOnlyInline):
    model = ExamReview
    fields = ["received_at", "review_status", "standing", "reviewed_by", "claimed_name", "version_of", "version_reason"]
    ordering = ["pk"]


class Effects(ReadOnlyInline):
    model = LmsEffect
    fields = ["queued_at", "kind", "state", "tries", "next_try_at", "done_at", "problem"]
    ordering = ["pk"]


class Incidents(ReadOnlyInline):
    model = Incident
    fields = ["position", "status", "kind", "comment", "start", "stop", "dismissed_by", "dismissal_reason"]
    show_change_link = False


class Pieces(ReadOnlyInline):
    model = Evidence
    # Not where it can be seen: that is opened from the session page, and written down.
    fields = ["position", "kind", "incident", "start", "stop"]
    show_change_link = False


class Disclosures(ReadOnlyInline):
    model = Disclosure
    fields = ["at", "user", "what", "evidence", "address"]
    ordering = ["-pk"]
    show_change_link = False


@admin.register(ProctoredExam)
class ProctoredExamAdmin(ReadOnlyAdmin):
    list_display = ["exam_name", "course_id", "provider", "is_proctored", "is_practice_exam", "is_active", "due_date"]
    list_filter = ["provider", "is_practice_exam", "is_active"]
    search_fields = ["exam_name", "course_id", "content_id"]


@admin.register(ExamAttempt)
class ExamAttemptAdmin(ReadOnlyAdmin):
    list_display = ["attempt_code", "user", "exam", "status", "provider", "started_at", "completed_at", "archived_at"]
    list_select_related = ["user", "exam"]
    list_filter = [
        "status",
        "current_review__review_status",
        "provider",
        "is_sample_attempt",
        ("archived_at", admin.EmptyFieldListFilter),
    ]
    search_fields = ["attempt_code", "user__username", "user__email", "exam__course_id"]
    # Within what the search finds; an index serves it.
    ordering = ["-pk"]
    inlines = [Changes, Reviews, Effects, Disclosures]


@admin.register(ExamReview)
class ExamReviewAdmin(ReadOnlyAdmin):
    list_display = ["attempt", "review_status", "standing", "source", "received_at"]
    list_select_related = ["attempt"]
    list_filter = ["review_status", "standing", "source"]
    search_fields = ["attempt__attempt_code"]
    ordering = ["-pk"]
    # What the provider sent may name people; it is kept, and not shown in passing.
    exclude = ["raw_data"]
    inlines = [Incidents, Pieces]
