"""Proctortrack, and every other service that speaks the REST protocol: its messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReviewStatus
from proctoring_results.providers.base import (
    MAX_COMMENT_LENGTH,
    IncidentData,
    ReviewData,
    clean_text,
    evidence,
    objects,
    optional_seconds,
    optional_text,
    refuse_too_much_evidence,
)

from .calls import RestCalls

if TYPE_CHECKING:
    from datetime import datetime

    from proctoring_results.models import ExamAttempt


class RestProvider(RestCalls):
    """Its messages come from an account that is signed in. How it is called: ``RestCalls``."""

    review_channel = "rest_review"
    ready_channel = "rest_ready"
    channel_labels = {"rest_review": _("review (REST)"), "rest_ready": _("ready (REST)")}
    review_statuses: ClassVar[Mapping[str, ReviewStatus]] = {
        "passed": ReviewStatus.CLEAN,
        "violation": ReviewStatus.RULES_VIOLATION,
        "suspicious": ReviewStatus.SUSPICIOUS,
        "not_reviewed": ReviewStatus.NOT_REVIEWED,
    }

    def read_review(self, body: Mapping[str, Any], attempt: ExamAttempt, received_at: datetime) -> ReviewData:
        comments = objects("comments", body.get("comments"))
        incidents = tuple(self._incident(f"comments[{number}]", item) for number, item in enumerate(comments))
        of_review = evidence("evidence", body.get("evidence"))
        refuse_too_much_evidence("evidence", of_review, incidents)
        return ReviewData(
            review_status=self.review_status("status", body.get("status")),
            incidents=incidents,
            evidence=of_review,
            reviewed_by=optional_text("reviewed_by", body.get("reviewed_by"), max_length=255),
            raw_data=body,
        )

    def is_ready(self, body: Mapping[str, Any]) -> bool:
        return clean_text("status", body.get("status"), min_length=1, max_length=64) == "ready"

    def _incident(self, place: str, item: Mapping[str, Any]) -> IncidentData:
        optional_seconds(f"{place}.duration", item.get("duration"))  # stored in the raw data
        return IncidentData(
            status=self.incident_status(f"{place}.status", item.get("status")),
            comment=clean_text(f"{place}.comment", item.get("comment"), min_length=1, max_length=MAX_COMMENT_LENGTH),
            start=optional_seconds(f"{place}.start", item.get("start")),
            stop=optional_seconds(f"{place}.stop", item.get("stop")),
            evidence=evidence(f"{place}.evidence", item.get("evidence")),
        )
