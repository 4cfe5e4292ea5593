"""Which decision a learner may appeal against. Reads only."""

from __future__ import annotations

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from proctoring_results.choices import AttemptStatus
from proctoring_results.conf import conf
from proctoring_results.exceptions import AppealRefused, AttemptIsArchived, AttemptIsErased
from proctoring_results.models import ExamAttempt, StatusChange
from proctoring_results.models.appeals import last_day_to_appeal, may_still_appeal, unsatisfactory_decisions
from proctoring_results.moments import DAY
from proctoring_results.rules import affects_lms, is_withheld


def decision_to_appeal(attempt: ExamAttempt) -> StatusChange:
    """Return the decision against which the learner may appeal now.

    Raises ``AppealRefused``, ``AttemptIsArchived`` and ``AttemptIsErased``, which say why there is none.
    """
    if attempt.archived_at is not None:
        raise AttemptIsArchived(attempt)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    if not conf().APPEAL_DAYS:
        raise AppealRefused(_("Appeals are not made here."))
    if attempt.appeal_due_at is not None:
        raise AppealRefused(_("You have appealed already. You will receive an email with the answer."))
    if is_withheld(attempt, timezone.now()):
        raise AppealRefused(_("The result is being decided on. Try again in a few minutes."))
    decision = unsatisfactory_decisions().filter(attempt=attempt).first()
    if decision is None or attempt.status != AttemptStatus.REJECTED or not affects_lms(attempt):
        raise AppealRefused(_("There is no result that you could appeal against."))
    if hasattr(decision, "appeal"):
        raise AppealRefused(_("Your appeal against this result was answered. The answer is final."))
    last_day = last_day_to_appeal(decision.at, attempt.exam.course_id)
    if not may_still_appeal(last_day, attempt.exam.course_id):
        raise AppealRefused(_("The time to appeal is over. It ended on %(day)s.") % {"day": date_format(last_day, DAY)})
    return decision
