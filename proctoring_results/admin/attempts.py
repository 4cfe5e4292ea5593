from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from proctoring_results.models import Disclosure, Erasure, Evidence, ExamAttempt, ExamReview, Incident, ProctoredExam

from .decisions import DecisionPages
from .filters import ArchivedFilter, PracticeFilter, ProviderFilter, StatusFilter, course_filter
from .people import PeopleAdmin, person_column
from .read_only import ReadOnlyAdmin, ReadOnlyInline
from .timeline import lines_of, list_url


class DisclosureInline(ReadOnlyInline):
    model = Disclosure
    fields = ["at", "user", "kind", "evidence", "purpose", "report", "address"]
    ordering = ["-pk"]
    show_change_link = False


@admin.register(ProctoredExam)
class ProctoredExamAdmin(ReadOnlyAdmin):
    list_display = ["exam_name", "course_id", "provider", "is_proctored", "is_practice_exam", "is_active", "due_date"]
    list_filter = [course_filter("course_id"), "provider", "is_practice_exam", "is_active"]
    search_fields = ["exam_name", "course_id", "content_id"]


@admin.register(ExamAttempt)
class ExamAttemptAdmin(DecisionPages):
    list_display = [
        "attempt_code",
        person_column("user", _("learner")),
        "labelled_status",
        "review_status",
        "exam",
        "provider",
        "started_at",
        "completed_at",
        "archived_at",
    ]
    list_select_related = ["user", "exam", "current_review"]
    list_filter = [
        course_filter("exam__course_id"),
        StatusFilter,
        "current_review__review_status",
        ProviderFilter,
        PracticeFilter,
        ArchivedFilter,
    ]
    search_fields = ["attempt_code"]
    # There is an index in this order.
    ordering = ["-pk"]
    inlines = [DisclosureInline]

    @admin.display(description=_("status"), ordering="status")
    def labelled_status(self, attempt: ExamAttempt) -> str:
        return attempt.status_label

    @admin.display(description=_("review status"))
    def review_status(self, attempt: ExamAttempt) -> str:
        review = attempt.current_review
        return review.get_review_status_display() if review else ""

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Fold the stored columns: the page begins with the timeline."""
        return [(_("All columns"), {"fields": self.get_fields(request, obj), "classes": ["collapse"]})]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        attempt = kwargs["obj"]
        context |= {
            "attempt": attempt,
            "verdicts": self.verdicts_for(request, attempt),
            "lines": lines_of(self.admin_site, request, attempt),
        }
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(ExamReview)
class ExamReviewAdmin(PeopleAdmin):
    person_path = "attempt__user"
    list_display = ["attempt", "review_status", "standing", "source", "received_at"]
    list_select_related = ["attempt"]
    list_filter = [course_filter("attempt__exam__course_id"), "review_status", "standing", "source"]
    search_fields = ["attempt__attempt_code"]
    ordering = ["-pk"]
    # The provider's message may name people. Reading it takes a permission of its own.
    # The joined comments are those of the incidents: thousands of them have a list of their own.
    exclude = ["raw_data", "suspicious_comments", "rules_violation_comments"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExamReview]:
        return super().get_queryset(request).defer(*self.exclude)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        review = kwargs["obj"]
        context |= {
            "incidents_url": list_url(self.admin_site, request, Incident, review),
            "evidence_url": list_url(self.admin_site, request, Evidence, review),
        }
        return super().render_change_form(request, context, *args, **kwargs)


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """The incidents of all reviews; the page of a review leads to its own."""

    list_display = ["number", "review", "status", "kind", "short_comment", "start", "stop", "dismissed_by"]
    list_select_related = ["review", "dismissed_by"]
    list_filter = ["status"]
    ordering = ["-review", "position"]

    @admin.display(description=_("number"), ordering="position")
    def number(self, incident: Incident) -> int:
        return incident.position + 1

    @admin.display(description=_("comment"))
    def short_comment(self, incident: Incident) -> str:
        return Truncator(incident.comment).chars(200)


@admin.register(Evidence)
class EvidenceAdmin(ReadOnlyAdmin):
    """Without the addresses: evidence is opened from the session page, which records who opened it."""

    list_display = ["number", "review", "kind", "incident_number", "start", "stop"]
    list_select_related = ["review", "incident"]
    list_filter = ["kind"]
    ordering = ["-review", "position"]
    exclude = ["url"]

    @admin.display(description=_("number"), ordering="position")
    def number(self, evidence: Evidence) -> int:
        return evidence.position + 1

    @admin.display(description=_("incident"))
    def incident_number(self, evidence: Evidence) -> int | None:
        return evidence.incident.position + 1 if evidence.incident else None


@admin.register(Erasure)
class ErasureAdmin(PeopleAdmin):
    list_display = ["at", person_column("user", _("learner")), person_column("by", _("by")), "reason", "attempts"]
    list_select_related = ["user", "by"]
    search_fields = ["reason"]
    ordering = ["-pk"]
