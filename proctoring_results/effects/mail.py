"""Effects that say "this happened": the learner's mails and the notices to the course team."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import select_template
from django.urls import NoReverseMatch, reverse
from django.utils import translation

from proctoring_results.choices import AttemptStatus, EffectKind
from proctoring_results.conf import conf
from proctoring_results.lms import lms
from proctoring_results.models import StatusChange

from .levels import grade_is_held

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt, LmsEffect

MAILS = {
    AttemptStatus.SUBMITTED: "submitted",
    AttemptStatus.VERIFIED: "satisfactory",
    AttemptStatus.REJECTED: "unsatisfactory",
}


def is_superseded(effect: LmsEffect) -> bool:
    """Whether something newer has happened to the attempt, or it was put aside: the mail would no longer be true."""
    attempt, change = effect.attempt, effect.change
    if attempt is None or change is None:
        return False
    moves = StatusChange.objects.filter(attempt=attempt, pk__gt=change.pk).exclude(to_status=change.to_status)
    return attempt.archived_at is not None or moves.exists()


def mail_learner(effect: LmsEffect) -> None:
    """The mail of a decision, in the learner's language. A learner without an address gets none."""
    attempt, change = effect.attempt, effect.change
    if attempt is None or change is None:
        return
    address = getattr(attempt.user, attempt.user.get_email_field_name(), "")
    if not address:
        return
    with translation.override(lms().learner_language(attempt.user)):
        held = change.to_status == AttemptStatus.REJECTED and grade_is_held(attempt.user, attempt.exam)
        context = {**_about(attempt), "grade_is_held": held}
        _send(effect, MAILS[AttemptStatus(change.to_status)], attempt, context, [address])


def notify_team(effect: LmsEffect) -> None:
    """A second review is required, or a review came after a person's decision."""
    attempt = effect.attempt
    if attempt is None:
        return
    team = list(lms().course_team(attempt.exam.course_id))
    if not team:
        return
    context = {
        **_about(attempt),
        "is_new_information": effect.change is None,
        "learner": attempt.user.get_username(),
        "session_url": _session_url(attempt),
    }
    _send(effect, "notice", attempt, context, team)


def _about(attempt: ExamAttempt) -> dict[str, Any]:
    host, exam = lms(), attempt.exam
    return {
        "name": host.learner_name(attempt.user),
        "course_name": host.course_name(exam.course_id),
        "exam_name": exam.exam_name,
        "exam_url": host.exam_url(exam.course_id, exam.content_id),
        "whom_to_ask": host.whom_to_ask(exam.course_id),
        "how_to_appeal": host.how_to_appeal(exam.course_id),
        "attempt_code": attempt.attempt_code,
    }


def _session_url(attempt: ExamAttempt) -> str:
    """Whoever opens it is asked to sign in; empty where the site has not said where it is."""
    site = conf().SITE_URL
    try:
        return site + reverse("proctoring_results:session", args=[attempt.attempt_code]) if site else ""
    except NoReverseMatch:  # a site that leaves out the pages
        return ""


def _send(effect: LmsEffect, name: str, attempt: ExamAttempt, context: dict[str, Any], to: list[str]) -> None:
    text = _template(name, "txt", attempt).render(context)
    # The first line of the text is the subject: one file to translate and override, and never two lines.
    subject, _, body = text.strip().partition("\n")
    message = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=f"{body.strip()}\n",
        to=to if effect.kind == EffectKind.MAIL else None,
        # The team's addresses are nobody else's business.
        bcc=to if effect.kind == EffectKind.NOTICE else None,
        # The same for every try of an effect, so that a mail sent twice after a crash is shown once.
        headers={"Message-ID": f"<proctoring-results-effect-{effect.pk}@{_host()}>"},
    )
    message.attach_alternative(_template(name, "html", attempt).render({**context, "subject": subject}), "text/html")
    message.send()


def _template(name: str, ending: str, attempt: ExamAttempt) -> Any:
    """A host may put its own beside ours: for a course, for a provider, or for all."""
    course = re.sub(r"[^\w.+-]", "_", attempt.exam.course_id)
    root = "proctoring_results/mail"
    places = (f"{root}/course/{course}", f"{root}/provider/{attempt.provider}", root)
    return select_template([f"{place}/{name}.{ending}" for place in places])


def _host() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
