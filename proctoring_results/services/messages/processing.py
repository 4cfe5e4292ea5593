"""What follows from a message that is stored: once, however many processes try, and until it succeeds."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, transaction
from django.utils import timezone

from proctoring_results import crypto, permissions
from proctoring_results.choices import AttemptStatus, MessageState, ReviewStanding, Source
from proctoring_results.conf import conf
from proctoring_results.database import in_own_transaction
from proctoring_results.exceptions import (
    AttemptIsArchived,
    AttemptIsErased,
    IllegalTransition,
    MessageQueued,
    NotFound,
)
from proctoring_results.jobs.backoff import pause_after
from proctoring_results.models import ExamAttempt, ExamReview, ProviderMessage
from proctoring_results.people import email_field
from proctoring_results.providers.base import Provider, ReviewData
from proctoring_results.providers.guarded import guarded
from proctoring_results.providers.mending import mended
from proctoring_results.providers.policy import Policy
from proctoring_results.providers.registry import provider_named
from proctoring_results.services.reviews import apply_if_possible_by_now, record_mended_review
from proctoring_results.services.status import change_status, lock_attempt
from proctoring_results.validation import clean_json

logger = logging.getLogger("proctoring_results.inbox")

# What is sent back to the provider, as JSON.
Answer = dict[str, Any]
# A review, or whether the learner's computer is ready.
Content = ReviewData | bool

# The request that stored a message processes it at once; the sweep leaves it alone for this long.
HEAD_START = timedelta(minutes=1)
FIRST_PAUSE, MAX_PAUSE = timedelta(seconds=10), timedelta(hours=1)
BEFORE_READY = (AttemptStatus.CREATED, AttemptStatus.DOWNLOAD_SOFTWARE_CLICKED)


def read_message(
    provider: Provider, channel: str, body: Mapping[str, Any], attempt: ExamAttempt, received_at: datetime
) -> Content:
    """Return what a message contains, as the provider's class reads it, and as it can be stored.

    Raises ``InvalidInput`` for a message that cannot be read, and ``ProviderClassFailed``.
    """
    with guarded(provider):
        if channel == provider.ready_channel:
            return provider.is_ready(body)
        review = mended(provider.read_review(body, attempt, received_at))
    # The body itself was checked as it was parsed.
    if review.raw_data is not body:
        clean_json("raw_data", review.raw_data)
    return review


def process_message(message: ProviderMessage, provider: Provider, content: Content | None = None) -> Answer:
    """Do what a stored message asks for, and return the answer. Raise ``MessageQueued`` if it could not be done.

    ``content`` is what the message contains, if the caller has just read and stored it.
    """
    try:
        with suppress(_ProcessedByAnother):
            return _process(message, provider, content)
        return _process(message, provider, None)
    except Exception as error:
        reference = secrets.token_hex(4).upper()
        logger.exception("Message %d could not be processed, reference %s.", message.pk, reference)
        # If this fails, too, the head start ends, and the sweep finds the message all the same.
        with suppress(DatabaseError):
            _reschedule(message, f"{type(error).__name__}, reference {reference}")
        raise MessageQueued from error


class _ProcessedByAnother(Exception):
    """Since it was stored. What was done here is rolled back."""


@in_own_transaction
def _process(message: ProviderMessage, provider: Provider, content: Content | None) -> Answer:
    # Before anything else: some databases show what there was at the transaction's first query.
    attempt = lock_attempt(message.attempt.attempt_code)
    # A message that was just stored need not be read again: only a repeat or a replay could come in between.
    if content is None or attempt.erased_at is not None:
        message = ProviderMessage.objects.select_related("review").defer("review__raw_data").get(pk=message.pk)
        if message.state == MessageState.DONE:
            return _answer_again(message, provider, attempt)
        body = json.loads(crypto.decrypt(message.body))
        content = read_message(provider, message.channel, body, attempt, _received_at(message))
    review = None
    if isinstance(content, ReviewData):
        review, answer = _record(attempt, content, provider.policy)
    else:
        answer = _make_ready(attempt, content)
    is_first = ProviderMessage.objects.filter(pk=message.pk, state=MessageState.RECEIVED).update(
        answer=answer,
        review=review,
        state=MessageState.DONE,
        finished_at=timezone.now(),
        problem="",
        next_try_at=None,
        lease_until=None,
    )
    if not is_first:
        raise _ProcessedByAnother
    return answer


def _answer_again(message: ProviderMessage, provider: Provider, attempt: ExamAttempt) -> Answer:
    """Return the first answer to a repeat; a new one if something has become of its review since, or does now."""
    answer: Answer = message.answer
    review, before = message.review, attempt.status
    if review is None or attempt.erased_at is not None:
        return answer
    apply_if_possible_by_now(attempt, review, provider.policy)
    if review.standing == answer["standing"]:
        return answer
    message.answer = answer = _answer(attempt, review, before, answer.get("notes", ()))
    message.save(update_fields=["answer"])
    return answer


def _received_at(message: ProviderMessage) -> datetime:
    """Return when the provider sent it, also for a copy that a person has replayed."""
    return _received_at(message.replay_of) if message.replay_of else message.received_at


# ------------------------------------------------------------------------------------------------------------- a review


def _record(attempt: ExamAttempt, data: ReviewData, policy: Policy) -> tuple[ExamReview, Answer]:
    before = attempt.status
    person = _person_named(data.reviewed_by, attempt) if policy.accepts_reviewed_by else None
    review = record_mended_review(attempt, data, policy, reviewed_by=person)
    return review, _answer(attempt, review, before, data.notes)


def _answer(attempt: ExamAttempt, review: ExamReview, status_before: str, notes: Sequence[str]) -> Answer:
    answer: Answer = {
        "attempt_code": attempt.attempt_code,
        "status": str(attempt.status),
        "review_status": str(review.review_status),
        "status_changed": attempt.status != status_before,
        "standing": str(review.standing),
    }
    if review.standing != ReviewStanding.APPLIED:
        answer["why"] = str(ReviewStanding(review.standing).label)
    if notes:
        answer["notes"] = list(notes)
    return answer


def _person_named(claimed_address: str, attempt: ExamAttempt) -> AbstractBaseUser | None:
    """Return the only account with this address, if it may decide about the attempt."""
    address = claimed_address.strip()
    field = email_field() if address else ""
    if not field:
        return None
    users = get_user_model()
    # Some databases compare more loosely than we do: "müller" equals "muller" there.
    people = [
        user
        for user in users._default_manager.filter(**{f"{field}__iexact": address, "is_active": True})[:10]
        if getattr(user, field).casefold() == address.casefold()
    ]
    return people[0] if len(people) == 1 and permissions.may_decide(people[0], attempt) else None


# ---------------------------------------------------------------------------------------------------------------- ready


def _make_ready(attempt: ExamAttempt, is_ready: bool) -> Answer:
    status_changed = is_ready and _ready_to_start(attempt)
    return {"attempt_code": attempt.attempt_code, "status": str(attempt.status), "status_changed": status_changed}


def _ready_to_start(attempt: ExamAttempt) -> bool:
    """Make a locked attempt ready if it waits for its provider's software. Return whether it did."""
    if attempt.status not in BEFORE_READY:
        return False
    try:
        change_status(attempt, AttemptStatus.READY_TO_START, source=Source.PROVIDER)
    except (IllegalTransition, AttemptIsArchived, AttemptIsErased):
        return False
    return True


def launch(attempt_code: str) -> ExamAttempt:
    """Make an attempt ready to start because its secured browser opened the launch address. Raise ``NotFound``."""
    attempts = ExamAttempt.objects.identified_by(attempt_code=attempt_code)
    provider = attempts.values_list("provider", flat=True).first()
    if provider is None or not provider_named(provider).has_launch:
        raise NotFound("attempt", attempt_code)
    with transaction.atomic():
        attempt = lock_attempt(attempt_code)
        _ready_to_start(attempt)
    return attempt


# ---------------------------------------------------------------------------------------------------------------- sweep


@dataclass(frozen=True, slots=True)
class SweptInbox:
    """How many messages a sweep has finished, and how many were rescheduled."""

    finished: int
    rescheduled: int


def sweep_inbox() -> SweptInbox:
    """Process the messages that were stored and not finished. Harmless to run at any time, also twice at once."""
    finished = rescheduled = 0
    for pk in list(ProviderMessage.objects.due(timezone.now()).order_by("pk").values_list("pk", flat=True)):
        if ProviderMessage.objects.claim(pk, now=timezone.now(), lease=conf().LEASE) is None:
            continue
        try:
            message = ProviderMessage.objects.select_related("attempt").defer("body").get(pk=pk)
            process_message(message, provider_named(message.provider))
            finished += 1
        except MessageQueued:
            rescheduled += 1
    return SweptInbox(finished, rescheduled)


def _reschedule(message: ProviderMessage, problem: str) -> None:
    # With growing pauses, and for ever: an accepted message is never lost.
    pause = pause_after(message.tries + 1, first=FIRST_PAUSE, limit=MAX_PAUSE)
    ProviderMessage.objects.filter(pk=message.pk, state=MessageState.RECEIVED).update(
        lease_until=None, next_try_at=timezone.now() + pause, problem=problem
    )
