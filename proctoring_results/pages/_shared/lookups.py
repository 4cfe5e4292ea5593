"""The session that an address names, for somebody who may look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from proctoring_results import permissions
from proctoring_results.exceptions import NotFound
from proctoring_results.queries.lookups import get_attempt
from proctoring_results.rules import has_result
from proctoring_results.validation import clean_key

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt


def attempt_to_view(user: AbstractBaseUser, attempt_code: str) -> ExamAttempt:
    """Raises ``InvalidInput``, ``NotFound`` and ``AccessDenied``."""
    attempt = get_attempt(clean_key("attempt_code", attempt_code))
    require_view(user, attempt)
    return attempt


def require_view(user: AbstractBaseUser, attempt: ExamAttempt) -> None:
    """Raise ``AccessDenied``, or ``NotFound`` for an attempt that has no session."""
    permissions.require(user, permissions.VIEW_SESSIONS, attempt.exam.course_id)
    if not has_result(attempt):
        raise NotFound("session", attempt.attempt_code)
