"""A person dismisses an incident, or restores it: a new version of the review; no status changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.choices import Source
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import (
    AttemptIsArchived,
    AttemptIsErased,
    IncidentNotInState,
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


@in_transaction
def dismiss_incident(incident_id: int, *, by: AbstractBaseUser, reason: str, seen: Seen | None = None) -> ExamReview:
    """Dismiss an incident: it is shown, and no longer counted. Returns the new version of the review.

    The new version has incidents of its own. It becomes current if the one before was; no status changes.
    ``seen`` is as in ``pass_attempt``. Raises ``AccessDenied``, ``InvalidInput`` (no reason), ``StaleDecision`` (also
    for an incident of a review that has a newer version), ``IncidentNotInState``, ``AttemptIsArchived``,
    ``AttemptIsErased``, ``NotFound``.
    """
    attempt, incident = _locked(incident_id)
    reason = _check_allowed(attempt, incident, by, reason, seen)
    if incident.is_dismissed:
        raise IncidentNotInState(incident, _("The incident has been dismissed already."))
    return _new_version(attempt, incident, by, reason, dismissed=True)


@in_transaction
def restore_incident(incident_id: int, *, by: AbstractBaseUser, reason: str, seen: Seen | None = None) -> ExamReview:
    """Restore a dismissed incident: it counts again. Otherwise like ``dismiss_incident``."""
    attempt, incident = _locked(incident_id)
    reason = _check_allowed(attempt, incident, by, reason, seen)
    if not incident.is_dismissed:
        raise IncidentNotInState(incident, _("The incident has not been dismissed."))
    return _new_version(attempt, incident, by, reason, dismissed=False)


def _locked(incident_id: int) -> tuple[ExamAttempt, Incident]:
    codes = Incident.objects.filter(pk=incident_id).values_list("review__attempt__attempt_code", flat=True)
    code = codes.first()
    if code is None:
        raise NotFound("incident", str(incident_id))
    # Rows of a review are never changed: what is read after the lock is what there is.
    return lock_attempt(code), Incident.objects.select_related("review").get(pk=incident_id)


def _check_allowed(
    attempt: ExamAttempt, incident: Incident, by: AbstractBaseUser, reason: str, seen: Seen | None
) -> str:
    """Return the reason if this person may change this version of the review now, else raise."""
    permissions.require_decision(by, attempt)
    reason = clean_decision_reason(reason)
    refuse_if_stale(attempt, seen)
    if attempt.archived_at is not None:
        raise AttemptIsArchived(attempt)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    review = incident.review
    if review.versions.exists():
        raise StaleDecision(attempt)
    if not incidents_can_change(attempt, review, has_newer_version=False):
        raise IncidentNotInState(
            incident, _("Only incidents of the current review, or of new information after a decision, can be changed.")
        )
    return reason


def _new_version(
    attempt: ExamAttempt, incident: Incident, by: AbstractBaseUser, reason: str, *, dismissed: bool
) -> ExamReview:
    before, now = incident.review, timezone.now()
    rows = list(before.incidents.order_by("position"))
    for row in rows:
        if row.pk == incident.pk:
            row.dismissed_by_id = by.pk if dismissed else None
            row.dismissed_at = now if dismissed else None
            row.dismissal_reason = reason if dismissed else ""
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
