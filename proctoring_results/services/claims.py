"""A person says that they are looking at a session. It warns colleagues, and refuses no decision.

A decision removes the claim: see ``status.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils import timezone

from proctoring_results import permissions
from proctoring_results.conf import conf
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import AttemptIsArchived, AttemptIsErased, NotFound, SessionIsClaimed
from proctoring_results.jobs.lease import clock
from proctoring_results.models import ExamAttempt, SessionClaim
from proctoring_results.queries.teamwork import free_for

from .status import lock_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.queries.merged import MergedSessions


@in_transaction
def claim_session(attempt_code: str, *, by: AbstractBaseUser, take_over: bool = False) -> SessionClaim:
    """Claim a session for ``CLAIM_LIFETIME``, or renew one's claim.

    Raises ``AccessDenied`` (``OwnAttempt`` for the learner), ``SessionIsClaimed`` unless ``take_over``,
    ``AttemptIsArchived``, ``AttemptIsErased`` and ``NotFound``.
    """
    attempt = lock_attempt(attempt_code)
    permissions.require_decision(by, attempt)
    if attempt.archived_at is not None:
        raise AttemptIsArchived(attempt)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    return _claim(attempt, by, take_over=take_over)


@in_transaction
def release_session(attempt_code: str, *, by: AbstractBaseUser) -> None:
    """End one's own claim of a session, if there is one. Raises ``NotFound``."""
    attempt = lock_attempt(attempt_code)
    SessionClaim.objects.filter(attempt=attempt, user_id=by.pk).delete()


def claim_next(sessions: MergedSessions, *, by: AbstractBaseUser) -> ExamAttempt | None:
    """Claim the first session of a list that requires attention and that no colleague claims; return its attempt.

    None is left if the answer is None. However many people ask at once, each gets another session. One's own claims are
    passed over, too: *the next one* is another one. Raises ``AccessDenied``.
    """
    refused: list[int] = []
    while True:
        attempts = free_for(by, sessions.attempts.requiring_attention()).exclude(pk__in=refused)
        first = replace(sessions, attempts=attempts).first(1)
        if not first:
            return None
        attempt = first[0][0]
        if _claim_if_free(attempt.attempt_code, by):
            return attempt
        # Somebody was quicker. They may have left it since, so that the list has it again: it is not asked for twice.
        refused.append(attempt.pk)


@in_transaction
def _claim_if_free(attempt_code: str, by: AbstractBaseUser) -> bool:
    try:
        attempt = lock_attempt(attempt_code)
    except NotFound:
        return False
    permissions.require_decision(by, attempt)
    # Asked again, now that the attempt is locked.
    if not free_for(by, ExamAttempt.objects.filter(pk=attempt.pk).requiring_attention()).exists():
        return False
    _claim(attempt, by, take_over=False)
    return True


def _claim(attempt: ExamAttempt, by: AbstractBaseUser, *, take_over: bool) -> SessionClaim:
    """Write the claim of a locked attempt."""
    claims = SessionClaim.objects.filter(attempt=attempt).select_related("attempt", "user")
    standing = claims.standing().first()
    lease_until = clock() + conf().CLAIM_LIFETIME
    if standing is not None and standing.user_id == by.pk:
        claims.update(lease_until=lease_until)
    elif standing is not None and not take_over:
        raise SessionIsClaimed(standing)
    else:
        claims.delete()
        SessionClaim.objects.create(attempt=attempt, user_id=by.pk, claimed_at=timezone.now(), lease_until=lease_until)
    return claims.get()
