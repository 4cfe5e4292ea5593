"""Does a person have to look at an attempt? Worked out from the facts here, and kept on the attempt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from proctoring_results.choices import AttemptStatus, AttentionReason, ReviewStanding, ReviewStatus

from .attempts import ExamAttempt
from .effects import LmsEffect
from .reviews import ExamReview

if TYPE_CHECKING:
    from datetime import datetime

NEW_INFORMATION = Exists(ExamReview.objects.filter(attempt=OuterRef("pk"), standing=ReviewStanding.AFTER_DECISION))
PARKED = Exists(LmsEffect.objects.parked().filter(attempt=OuterRef("pk")))

# An archived attempt can be neither decided nor changed: nobody has to look.
REASONS = {
    AttentionReason.SECOND_REVIEW: Q(status=AttemptStatus.SECOND_REVIEW_REQUIRED),
    # Once a person has decided, they have seen it.
    AttentionReason.CONTRADICTION: Q(
        decided_at=None, current_review__review_status=ReviewStatus.CLEAN, current_review__suspicious_count__gt=0
    ),
    AttentionReason.NEW_INFORMATION: Q(NEW_INFORMATION),
    AttentionReason.PARKED_EFFECT: Q(PARKED),
}


def attention_reasons(attempt_pks: Collection[int]) -> dict[int, list[AttentionReason]]:
    """Why each of these has to be looked at; those that need not be are left out. One query."""
    found: dict[int, list[AttentionReason]] = defaultdict(list)
    marked = {f"is_{reason}": condition for reason, condition in REASONS.items()}
    rows = ExamAttempt.objects.not_archived().filter(pk__in=attempt_pks).annotate(**marked).values("pk", *marked)
    for row in rows:
        if reasons := [reason for reason in AttentionReason if row[f"is_{reason}"]]:
            found[row["pk"]] = reasons
    return dict(found)


def attention_since(attempt: ExamAttempt, now: datetime) -> datetime | None:
    """For a locked attempt, whose row need not be written yet: since when a person has to look at it."""
    return attempt.attention_since or now if _requires_attention(attempt) else None


def _requires_attention(attempt: ExamAttempt) -> bool:
    """Whether any of the ``REASONS`` holds. Asks for no more than it must: most often nothing."""
    if attempt.archived_at is not None:
        return False
    if attempt.status == AttemptStatus.SECOND_REVIEW_REQUIRED:
        return True
    review = attempt.current_review
    contradicts_itself = (
        review is not None and review.review_status == ReviewStatus.CLEAN and review.suspicious_count > 0
    )
    if contradicts_itself and attempt.decided_at is None:
        return True
    has_new_information = attempt.reviews.filter(standing=ReviewStanding.AFTER_DECISION).exists()
    return has_new_information or LmsEffect.objects.parked().filter(attempt=attempt).exists()


def renew_attention(attempts: Collection[ExamAttempt]) -> None:
    """Keep anew whether locked attempts, as they are written, have to be looked at."""
    now = timezone.now()
    looked_at = attention_reasons([attempt.pk for attempt in attempts])
    for attempt in attempts:
        attempt.attention_since = (attempt.attention_since or now) if attempt.pk in looked_at else None
        attempt.save(update_fields=["attention_since"])
