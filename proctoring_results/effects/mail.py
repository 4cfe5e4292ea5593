"""The learner's mails: a decision, the answer to an appeal, and receipts. A mail says "this happened"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from proctoring_results.choices import AttemptStatus, EffectKind, ResultWord
from proctoring_results.conf import conf
from proctoring_results.lms import strict_lms
from proctoring_results.models import Appeal
from proctoring_results.models.appeals import answer_day, last_day_to_appeal, may_still_appeal
from proctoring_results.models.withheld import in_effect_since
from proctoring_results.moments import DAY
from proctoring_results.people import email_of
from proctoring_results.rules import RESULT_WORDS

from . import templated_mail
from .base import Effect, PendingDecision
from .grade import grade_is_held, grade_is_held_by_another, wait_for_the_grade

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt, LmsEffect, StatusChange

TEMPLATES = {
    AttemptStatus.SUBMITTED: "submitted",
    AttemptStatus.VERIFIED: "satisfactory",
    AttemptStatus.REJECTED: "unsatisfactory",
}


def _deliver(effect: LmsEffect) -> None:
    """Write to the learner in the learner's language, if there is an address and the account is active."""
    attempt = effect.attempt
    if attempt is None:
        raise ValueError(f"Effect {effect.pk} ({effect.kind}) names no attempt.")
    address = email_of(attempt.user)
    if not (address and attempt.user.is_active):
        return
    with translation.override(strict_lms().learner_language(attempt.user)):
        if effect.appeal is not None:
            due_day = answer_day(effect.appeal.answer_due_at, attempt.exam.course_id)
            template, context = "appeal_received", {"answer_due_day": date_format(due_day, DAY)}
        elif effect.change is not None:
            template, context = _about_change(effect.change, attempt)
        else:
            raise ValueError(f"Effect {effect.pk} ({effect.kind}) names no change and no appeal.")
        templated_mail.send(effect, attempt, template, context, to=[address])


def _about_change(change: StatusChange, attempt: ExamAttempt) -> tuple[str, dict[str, Any]]:
    """Return the name of the template and what it needs."""
    to = AttemptStatus(change.to_status)
    answers_appeal = Appeal.objects.filter(answer=change).exists()
    last_day = last_day_to_appeal(in_effect_since(change), attempt.exam.course_id)
    context = {
        "grade_is_held": to is AttemptStatus.REJECTED and grade_is_held(attempt.user, attempt.exam),
        "another_holds_grade": grade_is_held_by_another(attempt),
        "is_upheld": to is AttemptStatus.VERIFIED,
        # Not for an answer, which is final.
        "appeal_url": _appeal_url(attempt),
        "appeal_until": date_format(last_day, DAY) if may_still_appeal(last_day, attempt.exam.course_id) else "",
    }
    return ("appeal_answer" if answers_appeal else TEMPLATES[to]), context


def _appeal_url(attempt: ExamAttempt) -> str:
    """Return the address of the learner's page; empty if ``SITE_URL`` is not set or the site leaves out the pages."""
    site = conf().SITE_URL
    try:
        return site + reverse("proctoring_results:appeal", args=[attempt.attempt_code]) if site else ""
    except NoReverseMatch:
        return ""


def _is_superseded(effect: LmsEffect) -> bool:
    """Return whether the attempt has changed since or was archived: the mail would no longer be true."""
    attempt, change = effect.attempt, effect.change
    if attempt is None or change is None:
        return False
    newer = attempt.changes.standing().filter(pk__gt=change.pk).exclude(to_status=change.to_status)
    # A decision that can still be undone has not superseded anything yet.
    is_superseded = newer.exclude(pk__in=attempt.changes.withheld(timezone.now())).exists()
    return attempt.archived_at is not None or is_superseded


def _wait(effect: LmsEffect) -> timedelta | None:
    """Write the grade first, if the mail says that it is 0."""
    attempt, change = effect.attempt, effect.change
    if attempt is None or change is None:
        return None
    names_the_grade = change.to_status == AttemptStatus.REJECTED or grade_is_held_by_another(attempt)
    return wait_for_the_grade(effect) if names_the_grade else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailStep:
    result: ResultWord
    names_the_zero: bool
    another_holds_grade: bool
    has_address: bool
    account_is_active: bool
    answers_appeal: bool = False

    @property
    def sentence(self) -> str:
        params = {"result": self.result.label}
        if not self.account_is_active:
            return _("No mail is sent: the learner's account is not active.")
        if not self.has_address:
            return _("No mail is sent: the learner has no address.")
        if self.answers_appeal:
            return _("The learner gets the answer to the appeal by mail: the result is “%(result)s”.") % params
        if self.names_the_zero:
            return _("The learner gets the mail “%(result)s”, which says that the grade was set to 0.") % params
        if self.another_holds_grade:
            sentence = _("The learner gets the mail “%(result)s”, which says that another attempt holds the grade.")
            return sentence % params
        return _("The learner gets the mail “%(result)s”.") % params


def _preview(decision: PendingDecision) -> MailStep:
    return MailStep(
        result=RESULT_WORDS[decision.to],
        names_the_zero=decision.to is AttemptStatus.REJECTED and decision.grade_is_held,
        another_holds_grade=decision.another_holds_grade,
        has_address=bool(email_of(decision.attempt.user)),
        account_is_active=decision.attempt.user.is_active,
        answers_appeal=decision.attempt.appeal_due_at is not None,
    )


EFFECT = Effect(
    kind=EffectKind.MAIL,
    deliver=_deliver,
    preview=_preview,
    # A slow mail must not arrive after the one that has superseded it.
    takes_turns=True,
    is_stale=_is_superseded,
    wait=_wait,
)
