"""Reviews: stored as they arrive, applied as the provider's policy says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from proctoring_results import crypto, permissions
from proctoring_results.choices import (
    OPEN_STATUSES,
    EffectKind,
    EvidenceKind,
    ReviewStanding,
    ReviewStatus,
    SessionPart,
    Source,
)
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import AttemptIsArchived, AttemptIsErased, IllegalTransition
from proctoring_results.guard import guarded_text
from proctoring_results.models import Evidence, ExamAttempt, ExamReview, Incident
from proctoring_results.models.reviews import ROWS_AT_ONCE
from proctoring_results.providers.base import EvidenceData, IncidentData, ReviewData, ScoreData
from proctoring_results.providers.mending import mended, rank_of
from proctoring_results.providers.policy import Policy
from proctoring_results.providers.registry import provider_named
from proctoring_results.rules import is_outranked, part_of_incident
from proctoring_results.signals import review_recorded
from proctoring_results.validation import clean_json

from .effects import queue_effects
from .status import change_status, lock_attempt, make_current, save_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@in_transaction
def record_review(
    attempt_code: str,
    review_status: ReviewStatus | str,
    *,
    incidents: Iterable[IncidentData] = (),
    reviewed_by: AbstractBaseUser | None = None,
    claimed_name: str = "",
    raw_data: Mapping[str, Any] | None = None,
    evidence: Iterable[EvidenceData] = (),
    sent_at: datetime | None = None,
    score: ScoreData | None = None,
) -> ExamReview:
    """Store a provider's review and change the attempt's status as the provider's policy says.

    ``reviewed_by`` is a person who may decide in the course and who, the provider says, has decided: above the
    provider's other reviews, and below a decision that is made here. ``claimed_name`` is only stored. The URLs of the
    evidence are stored encrypted, and removed from ``raw_data``. A review whose ``sent_at``, by the provider's clock,
    is before that of a stored one does not replace it. The ``score`` is shown, and decides nothing. Odd details of
    incidents, evidence and score are stored as well as can be. The review's ``standing`` says what became of it: a
    review that arrives before the exam is over waits, and one that cannot change the attempt is kept beside the current
    one.
    Raises ``InvalidInput`` (``review_status``, ``raw_data``), ``AccessDenied`` (``reviewed_by`` may not decide, or is
    the learner), ``AttemptIsErased`` and ``NotFound``; then nothing is stored.
    """
    data = mended(
        ReviewData(
            review_status=review_status,
            incidents=tuple(incidents),
            evidence=tuple(evidence),
            reviewed_by=claimed_name,
            sent_at=sent_at,
            score=score,
            raw_data=clean_json("raw_data", raw_data or {}),
        )
    )
    attempt = lock_attempt(attempt_code)
    if reviewed_by is not None:
        permissions.require_decision(reviewed_by, attempt)
    return record_mended_review(attempt, data, provider_named(attempt.provider).policy, reviewed_by)


def record_mended_review(
    attempt: ExamAttempt, data: ReviewData, policy: Policy, reviewed_by: AbstractBaseUser | None = None
) -> ExamReview:
    """Store and apply a review of a locked attempt that is ``mended``.

    ``reviewed_by`` may decide. The caller's transaction must roll back on what it raises.
    """
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    review = ExamReview(
        attempt=attempt,
        review_status=ReviewStatus(data.review_status),
        reviewed_by_id=reviewed_by.pk if reviewed_by else None,
        claimed_name=data.reviewed_by,
        source=Source.REPORTED if reviewed_by else Source.PROVIDER,
        raw_data=data.raw_data,
        received_at=timezone.now(),
        sent_at=data.sent_at,
        **score_columns(data.score),
        **report_columns(data.incidents),
    )
    review.standing = _standing(attempt, review, policy)
    review.save()
    _write_evidence(review, data, _write_incidents(review, data.incidents))
    if review.is_complete and attempt.reviewed_at is None:
        attempt.reviewed_at = review.received_at
    _apply(attempt, review, policy)
    code = attempt.attempt_code
    transaction.on_commit(lambda: review_recorded.send_robust(ExamReview, attempt_code=code, review=review))
    return review


def apply_waiting_reviews(attempt: ExamAttempt) -> None:
    """Apply the reviews that arrived before the exam of a locked attempt was over, in the order they arrived."""
    policy = provider_named(attempt.provider).policy
    for review in attempt.reviews.filter(standing=ReviewStanding.WAITING).defer("raw_data").order_by("pk"):
        _apply_again(attempt, review, policy)


def apply_if_possible_by_now(attempt: ExamAttempt, review: ExamReview, policy: Policy) -> None:
    """Apply the newest review of a locked attempt if it was stored without an effect and the attempt has moved on."""
    could_not_be_applied = review.standing in (ReviewStanding.WAITING, ReviewStanding.ILLEGAL_TRANSITION)
    if could_not_be_applied and not attempt.reviews.filter(pk__gt=review.pk).exists():
        _apply_again(attempt, review, policy)


def _apply_again(attempt: ExamAttempt, review: ExamReview, policy: Policy) -> None:
    review.standing = _standing(attempt, review, policy)
    review.save(update_fields=["standing"])
    _apply(attempt, review, policy)


def _standing(attempt: ExamAttempt, review: ExamReview, policy: Policy) -> ReviewStanding:
    """Return what becomes of the review, before the table of transitions is asked."""
    if attempt.archived_at is not None:
        return ReviewStanding.ARCHIVED
    if attempt.status in OPEN_STATUSES:
        return ReviewStanding.WAITING
    older = attempt.current_review
    has_complete_review = older is not None and older.is_complete
    if not review.is_complete:
        return ReviewStanding.INCOMPLETE if has_complete_review else ReviewStanding.APPLIED
    if _is_outdated(attempt, review):
        return ReviewStanding.OUTDATED
    if is_outranked(attempt, Source(review.source)):
        return ReviewStanding.AFTER_DECISION
    if has_complete_review and not policy.newer_replaces_older:
        return ReviewStanding.BARRED
    return ReviewStanding.APPLIED


def _is_outdated(attempt: ExamAttempt, review: ExamReview) -> bool:
    """Return whether a complete review that the provider sent after this one has arrived before it.

    One with a person's decision is outdated by another such one only: none of the provider alone would replace it.
    """
    if review.sent_at is None:
        return False
    later = attempt.reviews.filter(sent_at__gt=review.sent_at)
    if review.source == Source.REPORTED:
        later = later.filter(source=Source.REPORTED)
    return later.exclude(review_status=ReviewStatus.NOT_REVIEWED).exists()


def _apply(attempt: ExamAttempt, review: ExamReview, policy: Policy) -> None:
    """Let a stored review, whose standing is known, have its effect on a locked attempt."""
    waits = review.standing == ReviewStanding.WAITING
    attempt.review_waits_since = (attempt.review_waits_since or review.received_at) if waits else None
    if review.standing == ReviewStanding.APPLIED and _change_status_by(attempt, review, policy):
        return
    if review.standing == ReviewStanding.AFTER_DECISION:
        queue_effects([EffectKind.NOTICE], attempt, review=review)
    save_attempt(attempt)


def _change_status_by(attempt: ExamAttempt, review: ExamReview, policy: Policy) -> bool:
    """Make the review current, with the status that it leads to. Return whether the attempt was saved."""
    source = Source(review.source)
    to = policy.status_after(ReviewStatus(review.review_status), decided_by_a_person=source is Source.REPORTED)
    change = None
    if to is not None:
        try:
            change = change_status(attempt, to, source=source, reason=f"Review: {review.review_status}", review=review)
        except (IllegalTransition, AttemptIsArchived):
            review.standing = ReviewStanding.ILLEGAL_TRANSITION
            review.save(update_fields=["standing"])
            return False
    make_current(attempt, review)
    return change is not None


def _write_incidents(review: ExamReview, incidents: Sequence[IncidentData]) -> list[Incident]:
    return Incident.objects.bulk_create_in_order(
        Incident(
            review=review,
            position=number,
            status=incident.status,
            kind=incident.kind,
            severity=incident.severity,
            comment=incident.comment,
            start=incident.start,
            stop=incident.stop,
        )
        for number, incident in enumerate(incidents)
    )


def _write_evidence(review: ExamReview, data: ReviewData, incidents: Sequence[Incident]) -> None:
    """Write the evidence of the whole session, then that of each incident, with its URLs encrypted."""

    def in_order() -> Iterator[tuple[Incident | None, EvidenceData]]:
        yield from ((None, item) for item in data.evidence)
        yield from ((row, item) for row, one in zip(incidents, data.incidents, strict=True) for item in one.evidence)

    Evidence.objects.bulk_create(
        (
            Evidence(
                review=review,
                incident=incident,
                position=number,
                kind=EvidenceKind(item.kind),
                url=crypto.encrypt(item.url),
                start=item.start,
                stop=item.stop,
            )
            for number, (incident, item) in enumerate(in_order())
        ),
        batch_size=ROWS_AT_ONCE,
    )


def score_columns(score: ScoreData | None) -> dict[str, Any]:
    """Return the columns of a review that hold the provider's score, which is ``mended``."""
    if score is None:
        return {}
    return {
        "score": score.value,
        "score_label": score.label,
        "score_scale": {
            "lowest": score.lowest,
            "highest": score.highest,
            "higher_is_worse": score.higher_is_worse,
            "thresholds": dict(score.thresholds),
        },
        "score_rank": rank_of(score),
    }


def report_columns(incidents: Sequence[IncidentData | Incident]) -> dict[str, Any]:
    """Return the columns of a review that are computed from its incidents.

    The report prints four of them; the others count the incidents that it leaves out, and on which tab all stand.
    """
    comments: dict[str, list[str]] = {ReviewStatus.SUSPICIOUS: [], ReviewStatus.RULES_VIOLATION: []}
    for incident in incidents:
        if incident.status in comments:
            comments[incident.status].append(report_comment(incident.comment))
    suspicious, violations = comments[ReviewStatus.SUSPICIOUS], comments[ReviewStatus.RULES_VIOLATION]
    parts = Counter(part_of_incident(incident.kind) for incident in incidents)
    return {
        "suspicious_count": len(suspicious),
        "suspicious_comments": "; ".join(suspicious),
        "rules_violation_count": len(violations),
        "rules_violation_comments": "; ".join(violations),
        "other_count": len(incidents) - len(suspicious) - len(violations),
        "video_count": parts[SessionPart.VIDEO],
        "online_count": parts[SessionPart.ONLINE],
        "verification_count": parts[SessionPart.VERIFICATION],
        "onboarding_count": parts[SessionPart.ONBOARDING],
    }


def report_comment(comment: str) -> str:
    """Return a comment as it stands in a joined cell: with LF line ends, and guarded on its own."""
    return guarded_text(comment.replace("\r\n", "\n").replace("\r", "\n"))
