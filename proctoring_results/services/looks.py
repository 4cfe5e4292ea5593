"""A person says that they have looked at a session, without deciding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from proctoring_results import permissions
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import AttemptIsErased
from proctoring_results.models import SessionLook
from proctoring_results.queries.preview import seen_now

from .status import lock_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


@in_transaction
def record_look(attempt_code: str, *, by: AbstractBaseUser) -> SessionLook:
    """Record that a person has looked at a session. A second time before the next review, it is the same look.

    Raises ``AccessDenied`` (``OwnAttempt`` for the learner), ``AttemptIsErased`` and ``NotFound``.
    """
    attempt = lock_attempt(attempt_code)
    permissions.require_decision(by, attempt)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    review_id = seen_now(attempt).review_id
    looks = SessionLook.objects.select_related("user")
    earlier = looks.filter(attempt=attempt, user_id=by.pk, review_id=review_id).first()
    if earlier is not None:
        return earlier
    look = SessionLook.objects.create(attempt=attempt, user_id=by.pk, at=timezone.now(), review_id=review_id)
    return looks.get(pk=look.pk)
