"""What is stored about a learner, as the learner may have it. Reads only.

It has nothing of the team, and nothing of a decision until that takes effect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Prefetch
from django.utils import timezone

from proctoring_results.choices import DECIDED_STATUSES, EffectKind, EffectState, NoResultWord, ResultWord
from proctoring_results.models import Appeal, ExamAttempt, LmsEffect, StatusChange
from proctoring_results.models.withheld import in_effect_since
from proctoring_results.rules import RESULT_WORDS, has_result

from .learner import words_of

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser


@dataclass(frozen=True, slots=True)
class OwnDecision:
    """A result that was decided, by the service or by a person, and since when it holds."""

    result: ResultWord
    at: datetime


@dataclass(frozen=True, slots=True)
class OwnAppeal:
    at: datetime
    text: str
    answer_due_at: datetime
    # None until it is answered.
    answer: OwnDecision | None


@dataclass(frozen=True, slots=True)
class OwnMessage:
    """A mail that was sent to the learner."""

    at: datetime
    subject: str


@dataclass(frozen=True, slots=True)
class OwnAttempt:
    course_id: str
    content_id: str
    exam_name: str
    attempt_code: str
    provider: str
    is_sample_attempt: bool
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    allowed_time_limit_mins: int | None
    extra_time_mins: int
    result: ResultWord | None
    no_result: NoResultWord | None
    archived_at: datetime | None
    erased_at: datetime | None
    decisions: list[OwnDecision]
    appeals: list[OwnAppeal]
    messages: list[OwnMessage]


@dataclass(frozen=True, slots=True)
class OwnData:
    username: str
    as_of: datetime
    # Newest first; archived ones, and those at exams without proctoring, too.
    attempts: list[OwnAttempt]


def own_data(user: AbstractBaseUser) -> OwnData:
    """Return what the learner may have of their attempts, in all courses. Four queries."""
    now = timezone.now()
    changes = StatusChange.objects.standing().select_related("withheld").order_by("pk")
    mails = LmsEffect.objects.filter(kind=EffectKind.MAIL, state=EffectState.DONE).exclude(subject="")
    attempts = ExamAttempt.objects.filter(user_id=user.pk).select_related("exam").order_by("-pk")
    attempts = attempts.prefetch_related(
        Prefetch("changes", changes),
        Prefetch("appeals", Appeal.objects.select_related("answer__withheld").order_by("pk")),
        Prefetch("effects", mails.order_by("done_at", "pk")),
    )
    return OwnData(user.get_username(), now, [_own_attempt(attempt, now) for attempt in attempts])


def _own_attempt(attempt: ExamAttempt, now: datetime) -> OwnAttempt:
    result, no_result = words_of(attempt, now) if has_result(attempt) else (None, None)
    appeals = [_own_appeal(appeal, now) for appeal in attempt.appeals.all()]
    answers = {appeal.answer_id for appeal in attempt.appeals.all()}
    return OwnAttempt(
        course_id=attempt.exam.course_id,
        content_id=attempt.exam.content_id,
        exam_name=attempt.exam.exam_name,
        attempt_code=attempt.attempt_code,
        provider=attempt.provider,
        is_sample_attempt=attempt.is_sample_attempt,
        created_at=attempt.created_at,
        started_at=attempt.started_at,
        completed_at=attempt.completed_at,
        allowed_time_limit_mins=attempt.allowed_time_limit_mins,
        extra_time_mins=attempt.extra_time_mins,
        result=result,
        no_result=no_result,
        archived_at=attempt.archived_at,
        erased_at=attempt.erased_at,
        decisions=list(_decisions(attempt.changes.all(), answers, now)) if has_result(attempt) else [],
        appeals=appeals,
        messages=[OwnMessage(mail.done_at, mail.subject) for mail in attempt.effects.all() if mail.done_at],
    )


def _own_appeal(appeal: Appeal, now: datetime) -> OwnAppeal:
    answer = appeal.answer_in_effect(now)
    return OwnAppeal(appeal.at, appeal.text, appeal.answer_due_at, _own_decision(answer) if answer else None)


def _decisions(
    changes: Iterable[StatusChange], answers: Collection[int | None], now: datetime
) -> Iterator[OwnDecision]:
    """Yield the decisions that changed what the learner reads, or answered an appeal. Others were not told either."""
    changes = list(changes)
    # A decision that was replaced while it could be undone has never taken effect.
    replaced = {change.withheld.replaces_id for change in changes if hasattr(change, "withheld")}
    result = None
    for change in changes:
        if change.pk in replaced or in_effect_since(change) > now:
            continue
        before, result = result, RESULT_WORDS.get(change.to_status)
        if change.to_status in DECIDED_STATUSES and (result != before or change.pk in answers):
            yield _own_decision(change)


def _own_decision(change: StatusChange) -> OwnDecision:
    return OwnDecision(RESULT_WORDS[change.to_status], in_effect_since(change))
