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
from proctoring_results.models.withheld import in_effect_since
from proctoring_results.moments import DAY
from proctoring_results.rules import affects_lms, effective_status, is_withheld


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
    now = timezone.now()
    if attempt.appeals.open_for_learners(now).exists():
        raise AppealRefused(_("You have appealed already. You will receive an email with the answer."))
    decision = unsatisfactory_decisions().in_effect(now).filter(attempt=attempt).select_related("withheld").first()
    is_unsatisfactory = effective_status(attempt, now) == AttemptStatus.REJECTED and affects_lms(attempt)
    if decision is None or not is_unsatisfactory:
        raise AppealRefused(_("There is no result that you could appeal against."))
    if is_withheld(attempt, now):
        raise AppealRefused(_("A new decision is being made about this result. Please try again in a few minutes."))
    if hasattr(decision, "appeal"):
        raise AppealRefused(_("Your appeal against this result was answered. The answer is final."))
    last_day = last_day_to_appeal(in_effect_since(decision), attempt.exam.course_id)
    if not may_still_appeal(last_day, attempt.exam.course_id):
        raise AppealRefused(_("The time to appeal is over. It ended on %(day)s.") % {"day": date_format(last_day, DAY)})
    return decision
