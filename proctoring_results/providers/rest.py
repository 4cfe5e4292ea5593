"""Proctortrack, and whoever else speaks the REST protocol."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from proctoring_results.statuses import ReviewStatus

from .base import (
    LONGEST_COMMENT,
    IncidentData,
    Provider,
    ReviewData,
    evidence,
    objects,
    optional_seconds,
    optional_text,
    refuse_too_much_evidence,
    text,
)


class RestProvider(Provider):
    review_words: ClassVar[Mapping[str, ReviewStatus]] = {
        "passed": ReviewStatus.CLEAN,
        "violation": ReviewStatus.RULES_VIOLATION,
        "suspicious": ReviewStatus.SUSPICIOUS,
        "not_reviewed": ReviewStatus.NOT_REVIEWED,
    }

    def read_review(self, body: Mapping[str, Any]) -> ReviewData:
        comments = objects("comments", body.get("comments"))
        incidents = tuple(self._incident(f"comments[{number}]", item) for number, item in enumerate(comments))
        seen = evidence("evidence", body.get("evidence"))
        refuse_too_much_evidence("evidence", seen, incidents)
        return ReviewData(
            review_status=self.review_status("status", body.get("status")),
            incidents=incidents,
            evidence=seen,
            reviewed_by=optional_text("reviewed_by", body.get("reviewed_by"), most=255),
            raw_data=body,
        )

    def _incident(self, place: str, item: Mapping[str, Any]) -> IncidentData:
        optional_seconds(f"{place}.duration", item.get("duration"))  # kept in the raw data
        return IncidentData(
            status=self.incident_status(f"{place}.status", item.get("status")),
            comment=text(f"{place}.comment", item.get("comment"), least=1, most=LONGEST_COMMENT),
            start=optional_seconds(f"{place}.start", item.get("start")),
            stop=optional_seconds(f"{place}.stop", item.get("stop")),
            evidence=evidence(f"{place}.evidence", item.get("evidence")),
        )
