"""A person dismisses incidents, or restores them: a new version of the review; no status changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results import permissions
from proctoring_results.choices import Source
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import (
    AttemptIsArchived,
    AttemptIsErased,
    IncidentNotInState,
    InvalidInput,
    NotFound,
    StaleDecision,
)
from proctoring_results.models import Evidence, ExamAttempt, ExamReview, Incident
from proctoring_results.queries.preview import Seen
from proctoring_results.rules import incidents_can_change
from proctoring_results.signals import review_recorded

from .decisions import clean_decision_reason, refuse_if_stale
from .reviews import report_columns
from .status import lock_attempt, make_current, save_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def dismiss_incident(incident_id: int, *, by: AbstractBaseUser, reason: str, seen: Seen | None = None) -> ExamReview:
    """Dismiss one incident. Raises ``NotFound`` if there is none; otherwise like ``dismiss_incidents``."""
    return dismiss_incidents(_review_of(incident_id), [incident_id], by=by, reason=reason, seen=seen)


def restore_incident(incident_id: int, *, by: AbstractBaseUser, reason: str, seen: Seen | None = None) -> ExamReview:
    """Restore one dismissed incident: it counts again. Otherwise like ``dismiss_incident``."""
    return restore_incidents(_review_of(incident_id), [incident_id], by=by, reason=reason, seen=seen)


@in_transaction
def dismiss_incidents(
    review_id: int, incident_ids: Collection[int], *, by: AbstractBaseUser, reason: str, seen: Seen | None = None
) -> ExamReview:
    """Dismiss incidents of a review: they are shown, and no longer counted. Returns the new version of the review.

    All of them, or none if one cannot be dismissed. The new version has incidents of its own. It becomes current if the
    one before was; no status changes. ``seen`` is as in ``pass_attempt``. Raises ``AccessDenied``, ``InvalidInput`` (no
    reason, no incident, or some of another review), ``StaleDecision`` (also if the review has a newer version),
    ``IncidentNotInState``, ``AttemptIsArchived``, ``AttemptIsErased``, ``NotFound``.
    """
    attempt, review = _locked(review_id)
    reason = _check_allowed(attempt, review, by, reason, seen)
    incidents = list(review.incidents.order_by("position"))
    chosen = _chosen(incidents, incident_ids)
    dismissed = [incident for incident in chosen if incident.is_dismissed]
    if dismissed:
        sentence = ngettext(
            "Incident %(numbers)s has been dismissed already.",
            "Incidents %(numbers)s have been dismissed already.",
            len(dismissed),
        )
        raise IncidentNotInState(attempt, sentence % {"numbers": _numbers(dismissed)})
    now = timezone.now()
    for incident in chosen:
        incident.dismissed_by_id, incident.dismissed_at, incident.dismissal_reason = by.pk, now, reason
    return _new_version(attempt, review, incidents, by, reason, now)


@in_transaction
def restore_incidents(
    review_id: int, incident_ids: Collection[int], *, by: AbstractBaseUser, reason: str, seen: Seen | None = None
) -> ExamReview:
    """Restore dismissed incidents of a review: they count again. Otherwise like ``dismiss_incidents``."""
    attempt, review = _locked(review_id)
    reason = _check_allowed(attempt, review, by, reason, seen)
    incidents = list(review.incidents.order_by("position"))
    chosen = _chosen(incidents, incident_ids)
    counted = [incident for incident in chosen if not incident.is_dismissed]
    if counted:
        sentence = ngettext(
            "Incident %(numbers)s has not been dismissed.",
            "Incidents %(numbers)s have not been dismissed.",
            len(counted),
        )
        raise IncidentNotInState(attempt, sentence % {"numbers": _numbers(counted)})
    for incident in chosen:
        incident.dismissed_by_id, incident.dismissed_at, incident.dismissal_reason = None, None, ""
    return _new_version(attempt, review, incidents, by, reason, timezone.now())


def _review_of(incident_id: int) -> int:
    review_id = Incident.objects.filter(pk=incident_id).values_list("review_id", flat=True).first()
    if review_id is None:
        raise NotFound("incident", str(incident_id))
    return review_id


def _locked(review_id: int) -> tuple[ExamAttempt, ExamReview]:
    codes = ExamReview.objects.filter(pk=review_id).values_list("attempt__attempt_code", flat=True)
    code = codes.first()
    if code is None:
        raise NotFound("review", str(review_id))
    # Rows of a review are never changed: what is read after the lock is what there is.
    return lock_attempt(code), ExamReview.objects.defer("raw_data").get(pk=review_id)


def _chosen(incidents: Sequence[Incident], incident_ids: Collection[int]) -> list[Incident]:
    """Return the incidents with these ids. Raise ``InvalidInput`` for none, and for those of other reviews."""
    own = {incident.pk: incident for incident in incidents}
    others = [str(pk) for pk in dict.fromkeys(incident_ids) if pk not in own]
    if others:
        sentence = _("must be incidents of this review, and these are not: %(ids)s.")
        raise InvalidInput("incidents", sentence % {"ids": ", ".join(others)})
    if not incident_ids:
        raise InvalidInput("incidents", _("must not be empty."))
    return [own[pk] for pk in dict.fromkeys(incident_ids)]


def _numbers(incidents: Sequence[Incident]) -> str:
    """Return the numbers that people see."""
    return ", ".join(str(number) for number in sorted(incident.position + 1 for incident in incidents))


def _check_allowed(
    attempt: ExamAttempt, review: ExamReview, by: AbstractBaseUser, reason: str, seen: Seen | None
) -> str:
    """Return the reason if this person may change this version of the review now, else raise."""
    permissions.require_decision(by, attempt)
    reason = clean_decision_reason(reason)
    refuse_if_stale(attempt, seen)
    if attempt.archived_at is not None:
        raise AttemptIsArchived(attempt)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    if review.versions.exists():
        raise StaleDecision(attempt)
    if not incidents_can_change(attempt, review, has_newer_version=False):
        raise IncidentNotInState(
            attempt, _("Only incidents of the current review, or of new information after a decision, can be changed.")
        )
    return reason


def _new_version(
    attempt: ExamAttempt, before: ExamReview, rows: list[Incident], by: AbstractBaseUser, reason: str, now: datetime
) -> ExamReview:
    """Store the review with these incidents, which are those of the version before as somebody has changed them."""
    review = ExamReview.objects.create(
        attempt=attempt,
        review_status=before.review_status,
        reviewed_by_id=by.pk,
        claimed_name=before.claimed_name,
        source=Source.PERSON,
        received_at=now,
        standing=before.standing,
        version_of=before,
        version_reason=reason,
        score=before.score,
        score_label=before.score_label,
        score_scale=before.score_scale,
        score_rank=before.score_rank,
        **report_columns([row for row in rows if not row.is_dismissed]),
    )
    _copy(before, review, rows)
    if attempt.current_review_id == before.pk:
        make_current(attempt, review)
    save_attempt(attempt)
    code = attempt.attempt_code
    transaction.on_commit(lambda: review_recorded.send_robust(ExamReview, attempt_code=code, review=review))
    return review


def _copy(before: ExamReview, review: ExamReview, rows: list[Incident]) -> None:
    """Copy incidents and evidence of the version before to the new one."""
    evidence = list(before.evidence.order_by("position"))
    numbers = {row.pk: number for number, row in enumerate(rows)}
    for row in rows:
        row.pk, row.review, row._state.adding = None, review, True
    copies = Incident.objects.bulk_create_in_order(rows)
    for item in evidence:
        item.incident = None if item.incident_id is None else copies[numbers[item.incident_id]]
        item.pk, item.review, item._state.adding = None, review, True
    Evidence.objects.bulk_create(evidence)
