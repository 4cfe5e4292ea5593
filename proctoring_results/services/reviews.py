"""Reviews: stored as they arrive, applied as the provider's policy says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from proctoring_results import permissions
from proctoring_results.choices import OPEN_STATUSES, EffectKind, ReviewStanding, ReviewStatus, SessionPart, Source
from proctoring_results.exceptions import AttemptIsArchived, AttemptIsErased, IllegalTransition, InvalidInput
from proctoring_results.guard import guarded_text
from proctoring_results.models import ExamAttempt, ExamReview, Incident
from proctoring_results.models.compiled import insert
from proctoring_results.providers.base import MAX_COMMENT_LENGTH, MAX_INCIDENTS, EvidenceData, IncidentData
from proctoring_results.providers.policy import policy_of
from proctoring_results.rules import part_of_incident
from proctoring_results.signals import review_recorded
from proctoring_results.validation import clean_json, clean_key, clean_text

from .evidence import check_evidence, check_seconds, rows_with_keys, without_addresses, write_evidence
from .status import lock_attempt, make_move, note_activity, queue_effects

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@transaction.atomic
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
    """Keep a provider's review and move the attempt as the provider's policy says.

    ``reviewed_by`` is a person who may decide in the course: the review is then that person's decision, too.
    ``claimed_name`` is only kept. The addresses of ``evidence``, and of that of the incidents, are kept encrypted, and
    taken out of ``raw_data``. A review whose ``sent_at``, by the provider's clock, is before that of one that is
    stored already does not replace it. The review's ``standing`` says what became of it: a review that comes before the
    exam is over waits, and one that cannot move the attempt is kept beside the current one.
    Raises ``InvalidInput``, ``AccessDenied`` (``reviewed_by`` may not decide), ``AttemptIsErased`` and ``NotFound``;
    nothing is kept then.
    """
    return record_review_of(
        lock_attempt(attempt_code),
        review_status,
        incidents=incidents,
        reviewed_by=reviewed_by,
        claimed_name=claimed_name,
        raw_data=clean_json("raw_data", raw_data or {}),
        evidence=evidence,
        sent_at=sent_at,
    )


def record_review_of(
    attempt: ExamAttempt,
    review_status: ReviewStatus | str,
    *,
    incidents: Iterable[IncidentData] = (),
    reviewed_by: AbstractBaseUser | None = None,
    claimed_name: str = "",
    raw_data: object,
    evidence: Iterable[EvidenceData] = (),
    sent_at: datetime | None = None,
) -> ExamReview:
    """Do ``record_review`` for a locked attempt, in a transaction that every exception must end.

    ``raw_data`` is JSON that was checked: a database takes all of its text.
    """
    status = _known_status(review_status)
    checked = [_checked(number, incident) for number, incident in enumerate(incidents)]
    if len(checked) > MAX_INCIDENTS:
        raise InvalidInput("incidents", f"must be at most {MAX_INCIDENTS}.")
    claimed_name = clean_text("claimed_name", claimed_name, most=255)
    evidence = tuple(evidence)
    check_evidence(evidence, checked)
    raw = without_addresses(raw_data, evidence, checked)
    if sent_at is not None and timezone.is_naive(sent_at):
        raise InvalidInput("sent_at", "must have a time zone.")
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    if reviewed_by is not None:
        permissions.require(reviewed_by, permissions.DECIDE_ATTEMPT, attempt.exam.course_id)
    review = ExamReview(
        attempt=attempt,
        review_status=status,
        reviewed_by_id=reviewed_by.pk if reviewed_by else None,
        claimed_name=claimed_name,
        source=Source.PERSON if reviewed_by else Source.PROVIDER,
        raw_data=raw,
        received_at=timezone.now(),
        sent_at=sent_at,
        **report_columns(checked),
    )
    review.standing = _standing(attempt, review)
    insert(review)
    rows = [_incident(review, number, data) for number, data in enumerate(checked)]
    insert(*rows)
    write_evidence(review, evidence, checked, rows_with_keys(review, rows))
    if review.is_complete and attempt.reviewed_at is None:
        attempt.reviewed_at = review.received_at
    _take_effect(attempt, review)
    code = attempt.attempt_code
    transaction.on_commit(lambda: review_recorded.send_robust(ExamReview, attempt_code=code, review=review))
    return review


def apply_waiting_reviews(attempt: ExamAttempt) -> None:
    """The exam of a locked attempt is over: apply what came early, in the order it came."""
    for review in attempt.reviews.filter(standing=ReviewStanding.WAITING).order_by("pk"):
        review.standing = _standing(attempt, review)
        review.save(update_fields=["standing"])
        _take_effect(attempt, review)


def _take_effect(attempt: ExamAttempt, review: ExamReview) -> None:
    """Let a kept review, whose standing is known, have its effect on a locked attempt."""
    if review.standing == ReviewStanding.APPLIED:
        _move_by(attempt, review)
    elif review.standing == ReviewStanding.AFTER_DECISION:
        queue_effects([EffectKind.NOTICE], attempt, review=review)
    note_activity(attempt)


def _standing(attempt: ExamAttempt, review: ExamReview) -> ReviewStanding:
    """What becomes of the review, before the table of moves is asked."""
    if attempt.archived_at is not None:
        return ReviewStanding.ARCHIVED
    if attempt.status in OPEN_STATUSES:
        return ReviewStanding.WAITING
    older = attempt.current_review
    if not review.is_complete:
        only_one = older is None or not older.is_complete
        return ReviewStanding.APPLIED if only_one else ReviewStanding.INCOMPLETE
    if review.source != Source.PERSON:
        if _is_outdated(attempt, review):
            return ReviewStanding.OUTDATED
        if attempt.decided_at is not None:
            return ReviewStanding.AFTER_DECISION
        if older is not None and older.is_complete and not policy_of(attempt.provider).newer_replaces_older:
            return ReviewStanding.BARRED
    return ReviewStanding.APPLIED


def _is_outdated(attempt: ExamAttempt, review: ExamReview) -> bool:
    """Return whether the provider sent a complete review after this one, which arrived before it."""
    if review.sent_at is None:
        return False
    later = attempt.reviews.filter(sent_at__gt=review.sent_at)
    return later.exclude(review_status=ReviewStatus.NOT_REVIEWED).exists()


def _move_by(attempt: ExamAttempt, review: ExamReview) -> None:
    source = Source(review.source)
    to = policy_of(attempt.provider).status_after(
        ReviewStatus(review.review_status), decided_by_a_person=source is Source.PERSON
    )
    if to is not None:
        try:
            make_move(
                attempt,
                to,
                source=source,
                by=review.reviewed_by,
                reason=f"Review: {review.review_status}",
                review=review,
            )
        except (IllegalTransition, AttemptIsArchived):
            review.standing = ReviewStanding.ILLEGAL_TRANSITION
            review.save(update_fields=["standing"])
            return
    attempt.current_review = review


def _known_status(value: ReviewStatus | str) -> ReviewStatus:
    try:
        return ReviewStatus(value)
    except ValueError:
        raise InvalidInput("review_status", f"must be one of {', '.join(ReviewStatus.values)}.") from None


def _checked(number: int, incident: IncidentData) -> IncidentData:
    place = f"incidents[{number}]"
    clean_text(f"{place}.status", incident.status, most=255)
    clean_text(f"{place}.kind", incident.kind, most=64)
    clean_key(f"{place}.comment", incident.comment, most=MAX_COMMENT_LENGTH)
    check_seconds(place, incident.start, incident.stop)
    return incident


def _incident(review: ExamReview, number: int, data: IncidentData) -> Incident:
    return Incident(
        review=review,
        position=number,
        status=data.status,
        kind=data.kind,
        comment=data.comment,
        start=data.start,
        stop=data.stop,
    )


def report_columns(incidents: Sequence[IncidentData | Incident]) -> dict[str, Any]:
    """The four columns that the report takes from a review, how many more it leaves out, and where all were seen."""
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
    """A comment as it stands in a joined cell: LF line ends, and guarded on its own."""
    return guarded_text(comment.replace("\r\n", "\n").replace("\r", "\n"))
