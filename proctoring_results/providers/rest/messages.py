"""Proctortrack, and every other service that speaks the REST protocol: its messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReviewStatus
from proctoring_results.providers.base import IncidentData, ReviewData, clean_text, evidence, objects, score

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
        return ReviewData(
            review_status=self.review_status("status", body.get("status")),
            incidents=tuple(
                IncidentData(
                    place=f"comments[{number}]",
                    status=self.incident_status(item.get("status")),
                    comment=item.get("comment", ""),
                    severity=item.get("severity", ""),
                    start=item.get("start"),
                    stop=item.get("stop"),
                    evidence=evidence(item.get("evidence")),
                )
                for number, item in enumerate(objects("comments", body.get("comments")))
            ),
            evidence=evidence(body.get("evidence")),
            score=score(body.get("score")),
            reviewed_by=body.get("reviewed_by", ""),
            raw_data=body,
        )

    def is_ready(self, body: Mapping[str, Any]) -> bool:
        return clean_text("status", body.get("status"), min_length=1, max_length=64) == "ready"
