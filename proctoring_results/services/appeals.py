"""A learner appeals against an Unsatisfactory result. A decision answers the appeal (``status.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results.choices import EffectKind
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import NotFound
from proctoring_results.models import Appeal
from proctoring_results.models.appeals import end_of_answer_time
from proctoring_results.queries.appeals import decision_to_appeal
from proctoring_results.rules import is_own_attempt
from proctoring_results.validation import clean_reason

from .effects import queue_effects
from .status import lock_attempt, save_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

MAX_APPEAL_LENGTH = 10_000  # characters


@in_transaction
def appeal(attempt_code: str, *, by: AbstractBaseUser, text: str) -> Appeal:
    """Appeal against the decision that made the learner's own result Unsatisfactory: once, and in time.

    The session requires attention until a person who has not decided about it before decides. The status, and so the
    grade, stays until then. The learner gets a receipt, and the course team a notice.
    Raises ``NotFound`` (another's attempt, too), ``InvalidInput`` (``text``), ``AppealRefused``, ``AttemptIsArchived``
    and ``AttemptIsErased``.
    """
    attempt = lock_attempt(attempt_code)
    if not is_own_attempt(attempt, by):
        raise NotFound("attempt", attempt_code)
    decision = decision_to_appeal(attempt)
    missing = _("An appeal needs a text that says why the result is wrong.")
    text = clean_reason(text, missing=missing, max_length=MAX_APPEAL_LENGTH, field="text")
    now = timezone.now()
    due_at = end_of_answer_time(now, attempt.exam.course_id)
    appeal = Appeal.objects.create(attempt=attempt, decision=decision, at=now, text=text, answer_due_at=due_at)
    attempt.appeal_due_at = due_at
    save_attempt(attempt)
    queue_effects([EffectKind.MAIL, EffectKind.NOTICE], attempt, appeal=appeal)
    return appeal
