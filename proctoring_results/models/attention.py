"""Whether a person has to look at an attempt: the facts that the rule asks for, and its answer, kept on the attempt."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, OuterRef, Prefetch, Q, prefetch_related_objects
from django.utils import timezone

from proctoring_results import rules
from proctoring_results.choices import AttentionReason, ReviewStanding
from proctoring_results.conf import conf

from .attempts import ExamAttempt
from .effects import LmsEffect
from .reviews import ExamReview


def load_current_reviews(attempts: Collection[ExamAttempt]) -> None:
    """Read the current reviews of attempts that have not read theirs yet, in one query and without their raw data."""
    prefetch_related_objects(list(attempts), Prefetch("current_review", ExamReview.objects.defer("raw_data")))


def attention_reasons(attempts: Collection[ExamAttempt]) -> dict[int, list[AttentionReason]]:
    """Return why each attempt requires attention, by its key, without those that do not. One query.

    The rest of an attempt, its current review included, is taken as it stands in memory.
    """
    facts = ExamAttempt.objects.filter(pk__in=[attempt.pk for attempt in attempts]).values_list(
        "pk",
        Exists(ExamReview.objects.filter(attempt=OuterRef("pk"), standing=ReviewStanding.AFTER_DECISION)),
        Exists(LmsEffect.objects.parked().filter(attempt=OuterRef("pk"))),
    )
    facts_of = {pk: (news, parked) for pk, news, parked in facts}
    limit = review_wait_limit()
    reasons = {}
    for attempt in attempts:
        news, parked = facts_of[attempt.pk]
        reasons[attempt.pk] = rules.attention_reasons(
            attempt, has_new_information=news, has_parked_effect=parked, review_wait_limit=limit
        )
    return {pk: attempt_reasons for pk, attempt_reasons in reasons.items() if attempt_reasons}


def has_reason(reason: AttentionReason) -> Q:
    """Return the condition of attempts that require attention for this reason."""
    news = ExamReview.objects.filter(attempt=OuterRef("pk"), standing=ReviewStanding.AFTER_DECISION)
    parked = LmsEffect.objects.parked().filter(attempt=OuterRef("pk"))
    return rules.REQUIRES_ATTENTION & rules.attention_reason_q(
        reason,
        has_new_information=Q(Exists(news)),
        has_parked_effect=Q(Exists(parked)),
        limit=review_wait_limit(),
    )


def review_wait_limit() -> datetime:
    """Return the moment before which a review must have come to have waited too long now."""
    return timezone.now() - conf().MAX_REVIEW_WAIT


def update_attention(attempt: ExamAttempt) -> None:
    """Set since when a locked attempt requires attention. The caller saves it."""
    # The database is asked only if nothing in memory requires attention already.
    is_required = bool(
        rules.attention_reasons(
            attempt,
            has_new_information=False,
            has_parked_effect=False,
            review_wait_limit=review_wait_limit(),
        )
        or attention_reasons([attempt])
    )
    attempt.attention_since = (attempt.attention_since or timezone.now()) if is_required else None


def save_attention(attempts: Collection[ExamAttempt]) -> None:
    """Update and save since when locked attempts require attention, after their effects have changed."""
    load_current_reviews(attempts)
    for attempt in attempts:
        update_attention(attempt)
        attempt.save(update_fields=["attention_since"])
