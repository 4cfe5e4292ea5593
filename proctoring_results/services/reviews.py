"""Reviews: stored as they arrive, applied as the provider's policy says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.choices import (
    OPEN_STATUSES,
    EffectKind,
    ReviewStanding,
    ReviewStatus,
    SessionPart,
    Source,
)
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import AttemptIsArchived, AttemptIsErased, IllegalTransition, InvalidInput
from proctoring_results.guard import guarded_text
from proctoring_results.models import ExamAttempt, ExamReview, Incident
from proctoring_results.providers.base import (
    MAX_COMMENT_LENGTH,
    MAX_INCIDENTS,
    EvidenceData,
    IncidentData,
    ReviewData,
    optional_seconds,
)
from proctoring_results.providers.policy import policy_of
from proctoring_results.rules import part_of_incident
from proctoring_results.signals import review_recorded
from proctoring_results.validation import clean_json, clean_text, not_one_of

from .effects import queue_effects
from .evidence import check_evidence, without_urls, write_evidence
from .status import change_status, lock_attempt, save_attempt

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
) -> ExamReview:
    """Store a provider's review and change the attempt's status as the provider's policy says.

    ``reviewed_by`` is a person who may decide in the course: the review is then that person's decision, too.
    ``claimed_name`` is only stored. The URLs of the evidence are stored encrypted, and removed from ``raw_data``. A
    review whose ``sent_at``, by the provider's clock, is before that of a stored one does not replace it. The review's
    ``standing`` says what became of it: a review that arrives before the exam is over waits, and one that cannot change
    the attempt is kept beside the current one.
    Raises ``InvalidInput``, ``AccessDenied`` (``reviewed_by`` may not decide), ``AttemptIsErased`` and ``NotFound``;
    then nothing is stored.
    """
    data = ReviewData(
        review_status=review_status,
        incidents=tuple(incidents),
        evidence=tuple(evidence),
        reviewed_by=claimed_name,
        sent_at=sent_at,
        raw_data=clean_json("raw_data", raw_data or {}),
    )
    check_review(data)
    return record_checked_review(lock_attempt(attempt_code), data, reviewed_by)


def record_checked_review(
    attempt: ExamAttempt, data: ReviewData, reviewed_by: AbstractBaseUser | None = None
) -> ExamReview:
    """Store and apply a review of a locked attempt, as ``record_review`` does, after ``check_review``.

    The caller's transaction must roll back on what it raises.
    """
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    if reviewed_by is not None:
        permissions.require(reviewed_by, permissions.DECIDE_ATTEMPT, attempt.exam.course_id)
    review = ExamReview(
        attempt=attempt,
        review_status=ReviewStatus(data.review_status),
        reviewed_by_id=reviewed_by.pk if reviewed_by else None,
        claimed_name=data.reviewed_by,
        source=Source.PERSON if reviewed_by else Source.PROVIDER,
        raw_data=without_urls(data.raw_data, data.evidence, data.incidents),
        received_at=timezone.now(),
        sent_at=data.sent_at,
        **report_columns(data.incidents),
    )
    review.standing = _standing(attempt, review)
    review.save()
    rows = _write_incidents(review, data.incidents)
    write_evidence(review, data.evidence, data.incidents, rows)
    if review.is_complete and attempt.reviewed_at is None:
        attempt.reviewed_at = review.received_at
    _apply(attempt, review)
    code = attempt.attempt_code
    transaction.on_commit(lambda: review_recorded.send_robust(ExamReview, attempt_code=code, review=review))
    return review


def apply_waiting_reviews(attempt: ExamAttempt) -> None:
    """Apply the reviews that arrived before the exam of a locked attempt was over, in the order they arrived."""
    for review in attempt.reviews.filter(standing=ReviewStanding.WAITING).defer("raw_data").order_by("pk"):
        review.standing = _standing(attempt, review)
        review.save(update_fields=["standing"])
        _apply(attempt, review)


def _standing(attempt: ExamAttempt, review: ExamReview) -> ReviewStanding:
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
    if review.source != Source.PERSON:
        if attempt.decided_at is not None:
            return ReviewStanding.AFTER_DECISION
        if has_complete_review and not policy_of(attempt.provider).newer_replaces_older:
            return ReviewStanding.BARRED
    return ReviewStanding.APPLIED


def _is_outdated(attempt: ExamAttempt, review: ExamReview) -> bool:
    """Return whether a complete review that the provider sent after this one has arrived before it.

    A person's review is outdated by a later one of a person only: no review of the provider alone would replace it.
    """
    if review.sent_at is None:
        return False
    later = attempt.reviews.filter(sent_at__gt=review.sent_at)
    if review.source == Source.PERSON:
        later = later.filter(source=Source.PERSON)
    return later.exclude(review_status=ReviewStatus.NOT_REVIEWED).exists()


def _apply(attempt: ExamAttempt, review: ExamReview) -> None:
    """Let a stored review, whose standing is known, have its effect on a locked attempt."""
    if review.standing == ReviewStanding.APPLIED and _change_status_by(attempt, review):
        return
    if review.standing == ReviewStanding.AFTER_DECISION:
        queue_effects([EffectKind.NOTICE], attempt, review=review)
    save_attempt(attempt)


def _change_status_by(attempt: ExamAttempt, review: ExamReview) -> bool:
    """Make the review current, with the status that it leads to. Return whether the attempt was saved."""
    source = Source(review.source)
    to = policy_of(attempt.provider).status_after(
        ReviewStatus(review.review_status), decided_by_a_person=source is Source.PERSON
    )
    change = None
    if to is not None:
        reason = f"Review: {review.review_status}"
        try:
            change = change_status(attempt, to, source=source, by=review.reviewed_by, reason=reason, review=review)
        except (IllegalTransition, AttemptIsArchived):
            review.standing = ReviewStanding.ILLEGAL_TRANSITION
            review.save(update_fields=["standing"])
            return False
    attempt.current_review = review
    return change is not None


def check_review(data: ReviewData) -> None:
    """Raise ``InvalidInput``, naming the field, for what cannot be stored. ``raw_data`` is JSON that was checked."""
    if data.review_status not in ReviewStatus:
        raise not_one_of("review_status", ReviewStatus.values)
    _check_incidents(data.incidents)
    check_evidence(data.evidence, data.incidents)
    clean_text("claimed_name", data.reviewed_by, max_length=255)
    if data.sent_at is not None and timezone.is_naive(data.sent_at):
        raise InvalidInput("sent_at", _("must have a time zone."))


def _check_incidents(incidents: Sequence[IncidentData]) -> None:
    if len(incidents) > MAX_INCIDENTS:
        raise InvalidInput("incidents", _("must be at most %(limit)d.") % {"limit": MAX_INCIDENTS})
    for number, incident in enumerate(incidents):
        field = f"incidents[{number}]"
        clean_text(f"{field}.status", incident.status, max_length=255)
        clean_text(f"{field}.kind", incident.kind, max_length=64)
        clean_text(f"{field}.comment", incident.comment, min_length=1, max_length=MAX_COMMENT_LENGTH)
        optional_seconds(f"{field}.start", incident.start)
        optional_seconds(f"{field}.stop", incident.stop)


def _write_incidents(review: ExamReview, incidents: Sequence[IncidentData]) -> list[Incident]:
    return Incident.objects.bulk_create_in_order(
        Incident(
            review=review,
            position=number,
            status=incident.status,
            kind=incident.kind,
            comment=incident.comment,
            start=incident.start,
            stop=incident.stop,
        )
        for number, incident in enumerate(incidents)
    )


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
