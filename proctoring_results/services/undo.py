"""A person takes back a decision of their own before it takes effect, as if it had never been made."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import permissions, tasks
from proctoring_results.choices import AttemptStatus, EffectState, ReviewStanding, Source
from proctoring_results.conf import conf
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import AttemptIsArchived, AttemptIsErased, UndoRefused
from proctoring_results.jobs.enqueue import enqueue_after_commit
from proctoring_results.models import Appeal, ExamAttempt, ExamReview, LmsEffect, StatusChange, WithheldDecision
from proctoring_results.rules import CLOCK_TOLERANCE, effective_status

from .status import change_status, lock_attempt, make_current

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@in_transaction
def undo_decision(attempt_code: str, *, by: AbstractBaseUser, change_id: int | None = None) -> ExamAttempt:
    """Take back the newest decision about an attempt: the one with the id ``change_id``, if it is given.

    Status, current review and all else become what they were before, and nothing that waited is carried out. The
    history keeps the decision, and that it was undone. Only who decided may do so, while they may still decide.
    Raises ``AccessDenied``, ``UndoRefused`` (too late, another's decision, something has happened since),
    ``AttemptIsArchived``, ``AttemptIsErased`` and ``NotFound``.
    """
    attempt = lock_attempt(attempt_code)
    permissions.require_decision(by, attempt)
    decision = _decision_to_undo(attempt, by, change_id)
    _end_effects(attempt, decision.change)
    _restore(attempt, decision)
    change_status(
        attempt,
        AttemptStatus(decision.change.from_status),
        source=Source.UNDO,
        by=by,
        undoes=decision.change,
    )
    _withhold_again(attempt, decision.replaces)
    return attempt


def _decision_to_undo(attempt: ExamAttempt, by: AbstractBaseUser, change_id: int | None) -> WithheldDecision:
    if attempt.archived_at is not None:
        raise AttemptIsArchived(attempt)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    now = timezone.now()
    newest = attempt.changes.standing().order_by("-pk").first()
    rows = WithheldDecision.objects.select_related("change", "replaces", "review_before")
    decision = rows.defer("review_before__raw_data").filter(change=newest).first()
    if change_id is not None and (newest is None or newest.pk != change_id):
        raise UndoRefused(attempt, _("Something has happened since; the decision can no longer be undone."))
    if decision is None or now >= decision.undo_until:
        raise UndoRefused(attempt, _("It is too late to undo the decision. You can reverse it with a new decision."))
    if decision.change.by_id != by.pk:
        raise UndoRefused(attempt, _("Only the person who decided can undo the decision."))
    if attempt.reviews.filter(pk__gt=decision.newest_review_id or 0).exists():
        raise UndoRefused(attempt, _("A review has come since; the decision can no longer be undone."))
    return decision


def _end_effects(attempt: ExamAttempt, change: StatusChange) -> None:
    """End the effects that wait. Raises ``UndoRefused`` if one was tried already: another server's clock is ahead."""
    now = timezone.now()
    effects = LmsEffect.objects.filter(change=change)
    effects.waiting().filter(fence=0).update(state=EffectState.UNDONE, queued_at=now, next_try_at=None, done_at=now)
    if effects.exclude(state=EffectState.UNDONE).exists():
        raise UndoRefused(attempt, _("It is too late to undo the decision. You can reverse it with a new decision."))


def _restore(attempt: ExamAttempt, decision: WithheldDecision) -> None:
    """Make the attempt what it was before, but for its status."""
    applied = decision.applied_reviews.values("pk")
    attempt.reviews.filter(pk__in=list(applied.values_list("pk", flat=True))).update(
        standing=ReviewStanding.AFTER_DECISION
    )
    make_current(attempt, decision.review_before)
    appeals = Appeal.objects.filter(answer=decision.change)
    attempt.appeal_due_at = appeals.values_list("answer_due_at", flat=True).first()
    appeals.update(answer=None)
    attempt.decided_at = decision.decided_at_before
    attempt.decided_by_id = decision.decided_by_before_id
    attempt.attention_since = decision.attention_since_before


def _withhold_again(attempt: ExamAttempt, before: WithheldDecision | None) -> None:
    """Let the decision that was replaced, if any, take effect when it would have done so."""
    attempt.withheld_until = before.undo_until + CLOCK_TOLERANCE if before else None
    if before is None:
        attempt.status_until_then = ""
    attempt.save(update_fields=["withheld_until", "status_until_then"])
    if attempt.withheld_until is not None:
        _postpone(attempt, attempt.withheld_until)


# ----------------------------------------------------------------------------------------- when a person decides


def withhold(attempt: ExamAttempt) -> WithheldDecision | None:
    """Let the decision that is about to be made about a locked attempt wait, and return what Undo needs, unsaved.

    Returns None if the site does not let people undo decisions.
    """
    if not conf().DECISION_UNDO_TIME:
        attempt.withheld_until, attempt.status_until_then = None, ""
        return None
    now = timezone.now()
    undo_until = now + conf().DECISION_UNDO_TIME
    takes_effect_at = undo_until + CLOCK_TOLERANCE
    waiting = WithheldDecision.objects.waiting(attempt, now).order_by("pk").last()
    decision = WithheldDecision(
        undo_until=undo_until,
        takes_effect_at=takes_effect_at,
        replaces=waiting,
        newest_review=attempt.reviews.defer("raw_data").order_by("-pk").first(),
        review_before=attempt.current_review,
        decided_at_before=attempt.decided_at,
        decided_by_before_id=attempt.decided_by_id,
        attention_since_before=attempt.attention_since,
    )
    if waiting is not None:
        _postpone(attempt, takes_effect_at)
    attempt.status_until_then = effective_status(attempt, now)
    attempt.withheld_until = takes_effect_at
    return decision


def keep(decision: WithheldDecision, change: StatusChange, applied: list[ExamReview]) -> None:
    """Store what Undo needs, once the decision is made."""
    decision.change = change
    decision.save(force_insert=True)
    decision.applied_reviews.set(applied)


def _postpone(attempt: ExamAttempt, to: datetime) -> None:
    """Let the decisions that have not taken effect yet take effect at this moment, which may be over."""
    waiting = WithheldDecision.objects.waiting(attempt, timezone.now())
    changes = list(waiting.values_list("pk", flat=True))
    WithheldDecision.objects.filter(pk__in=changes).update(takes_effect_at=to)
    LmsEffect.objects.waiting().filter(change__in=changes, fence=0).update(queued_at=to, next_try_at=to)
    enqueue_after_commit(tasks.deliver_effects, at=to)
