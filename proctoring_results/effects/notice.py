"""The notice to the course team: a second review is required, a review came after a decision, or a learner appealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format

from proctoring_results.choices import EffectKind
from proctoring_results.conf import conf
from proctoring_results.lms import strict_lms
from proctoring_results.models.appeals import answer_day
from proctoring_results.moments import DAY

from . import templated_mail
from .base import Effect

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt, LmsEffect


def _deliver(effect: LmsEffect) -> None:
    attempt = effect.attempt
    if attempt is None:
        raise ValueError(f"Effect {effect.pk} ({effect.kind}) names no attempt.")
    team = list(strict_lms().course_team(attempt.exam.course_id))
    if not team:
        return
    appeal = effect.appeal
    due_day = date_format(answer_day(appeal.answer_due_at, attempt.exam.course_id), DAY) if appeal else ""
    context = {
        "is_appeal": appeal is not None,
        "answer_due_day": due_day,
        "is_new_information": effect.review is not None,
        "learner": attempt.learner.label,
        "session_url": _session_url(attempt),
    }
    # The team's addresses are nobody else's business.
    templated_mail.send(effect, attempt, "notice", context, bcc=team)


def _session_url(attempt: ExamAttempt) -> str:
    """Return the address of the session's page; empty if ``SITE_URL`` is not set or the site leaves out the pages."""
    site = conf().SITE_URL
    try:
        return site + reverse("proctoring_results:session", args=[attempt.attempt_code]) if site else ""
    except NoReverseMatch:
        return ""


EFFECT = Effect(kind=EffectKind.NOTICE, deliver=_deliver, preview=None)
