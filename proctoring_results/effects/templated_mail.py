"""Mails from templates that a host may replace for a course, for a provider, or for all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from unicodedata import category
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import select_template
from django.utils.functional import Promise

from proctoring_results.conf import conf
from proctoring_results.lms import strict_lms

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt, LmsEffect

ROOT = "proctoring_results/mail"


def send(
    effect: LmsEffect,
    attempt: ExamAttempt,
    template: str,
    context: dict[str, Any],
    *,
    to: Sequence[str] = (),
    bcc: Sequence[str] = (),
) -> None:
    """Send the mail ``template`` about an attempt, and note its subject in the effect, which the caller saves.

    Raises whatever the mail server's backend raises.
    """
    folders = [_course_folder(attempt.exam.course_id), f"{ROOT}/provider/{attempt.provider}"]
    effect.subject = _send(effect, template, {**_context(attempt), **context}, folders, to=to, bcc=bcc)


def send_about_course(
    effect: LmsEffect, course_id: str, template: str, context: dict[str, Any], *, to: Sequence[str]
) -> None:
    """Send a mail about no attempt. ``course_id`` may be empty. Raises as ``send`` does."""
    _send(effect, template, context, [_course_folder(course_id)] if course_id else [], to=to)


def _send(
    effect: LmsEffect,
    template: str,
    context: dict[str, Any],
    folders: Sequence[str],
    *,
    to: Sequence[str],
    bcc: Sequence[str] = (),
) -> str:
    """Return the subject."""
    context = {name: _readable(value) for name, value in context.items()}
    text = _load(template, "txt", folders).render(context)
    # The first line of the text is the subject: one file to translate and override, and never two lines.
    subject, _, body = text.strip().partition("\n")
    subject = " ".join(subject.split())
    message = EmailMultiAlternatives(
        subject=subject,
        body=f"{body.strip()}\n",
        to=to,
        bcc=bcc,
        # The same for every try of an effect, so that mail programs show a mail once if it is sent twice after a crash.
        headers={"Message-ID": f"<proctoring-results-effect-{effect.pk}@{_domain()}>"},
    )
    message.attach_alternative(_load(template, "html", folders).render({**context, "subject": subject}), "text/html")
    message.send()
    return subject


def _readable(value: Any) -> Any:
    """Return a text on one line, without what no mail can carry: a name with a line break must not end the subject."""
    if not isinstance(value, str | Promise):
        return value
    # Control characters and halves of surrogate pairs; not all that is invisible, which some scripts are spelt with.
    return "".join(char for char in " ".join(str(value).split()) if category(char) not in ("Cc", "Cs"))


def _context(attempt: ExamAttempt) -> dict[str, Any]:
    host, exam = strict_lms(), attempt.exam
    exam_url = host.exam_url(exam.course_id, exam.content_id)
    return {
        "name": host.learner_name(attempt.user),
        "course_name": host.course_name(exam.course_id),
        "exam_name": exam.exam_name,
        # A path leads nowhere from a mail. It is one only while SITE_URL is not set.
        "exam_url": exam_url if urlsplit(exam_url).netloc else "",
        "whom_to_ask": host.whom_to_ask(exam.course_id),
        # Where learners appeal here, a mail of an Unsatisfactory result says so.
        "how_to_appeal": "" if conf().APPEAL_DAYS else host.how_to_appeal(exam.course_id),
        "attempt_code": attempt.attempt_code,
    }


def _course_folder(course_id: str) -> str:
    name = re.sub(r"[^\w.+-]", "_", course_id)
    return f"{ROOT}/course/{name}"


def _load(template: str, ending: str, folders: Sequence[str]) -> Any:
    return select_template([f"{folder}/{template}.{ending}" for folder in [*folders, ROOT]])


def _domain() -> str:
    return settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip("> ") or "localhost"
