"""Providers' messages: kept first, in a transaction of their own; then taken up; by upkeep, where that failed."""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from proctoring_results import crypto, permissions
from proctoring_results.choices import AttemptStatus, MessageChannel, MessageState, ReviewStanding, Source
from proctoring_results.conf import conf
from proctoring_results.exceptions import (
    AccessDenied,
    AttemptIsAmbiguous,
    AttemptIsArchived,
    AttemptIsErased,
    IllegalTransition,
    LocatorMismatch,
    MessageQueued,
    NotFound,
)
from proctoring_results.jobs.backoff import pause_after
from proctoring_results.models import ExamAttempt, ExamReview, ProviderMessage
from proctoring_results.providers.base import ReviewData, text
from proctoring_results.providers.registry import known_providers, provider_named
from proctoring_results.providers.rpnow import Ids, RPNowProvider

from .reviews import record_review_of
from .status import change_status, lock_attempt

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

logger = logging.getLogger("proctoring_results.inbox")

Answer = dict[str, Any]
# A review, or the word that tells that the learner's computer is ready.
Said = ReviewData | str

# The request processes a message at once; upkeep leaves it alone for so long.
HEAD_START = timedelta(minutes=1)
FIRST_PAUSE, MAX_PAUSE = timedelta(seconds=10), timedelta(hours=1)
BEFORE_READY = (AttemptStatus.CREATED, AttemptStatus.DOWNLOAD_SOFTWARE_CLICKED)
LOCATOR = "examMetaData.ssiRecordLocator"


# ---------------------------------------------------------------------------------------- whose attempt a message means


def attempt_of_caller(external_id: str, caller: AbstractBaseUser | AnonymousUser) -> ExamAttempt:
    """The attempt that one of the caller's providers (not RPNow) knows by this id.

    Raises ``AccessDenied`` where the caller may speak for no provider, ``NotFound`` and ``AttemptIsAmbiguous``.
    """

    def may_speak_for(name: str) -> bool:
        return not _is_rpnow(name) and permissions.may(caller, permissions.SUBMIT_REVIEW, name)

    known = {provider.name for provider in known_providers()}
    mine = {name for name in known if may_speak_for(name)}
    # An id with NUL in it is nobody's, and PostgreSQL would not even look.
    named = [] if "\0" in external_id else list(_known_as(external_id))
    found = [
        one for one in named if one.provider in mine or (one.provider not in known and may_speak_for(one.provider))
    ]
    if not found and not mine:
        raise AccessDenied(permissions.SUBMIT_REVIEW, "")
    if len(found) > 1:
        raise AttemptIsAmbiguous(external_id)
    if not found:
        raise NotFound("attempt", external_id)
    return found[0]


def _known_as(external_id: str) -> QuerySet[ExamAttempt]:
    # The rest is read under the lock.
    return ExamAttempt.objects.filter(external_id=external_id).only("attempt_code", "provider")


def rpnow_attempt(attempt_code: str, names: set[str] | None = None) -> ExamAttempt:
    """The attempt of RPNow (of those of its names) with this code. Raises ``NotFound``."""
    attempt = None if "\0" in attempt_code else ExamAttempt.objects.filter(attempt_code=attempt_code).first()
    if attempt is None or not (_is_rpnow(attempt.provider) and (names is None or attempt.provider in names)):
        raise NotFound("attempt", attempt_code)
    return attempt


def _is_rpnow(provider: str) -> bool:
    return isinstance(provider_named(provider), RPNowProvider)


# ------------------------------------------------------------------------------------------------------------- messages


def receive(
    attempt: ExamAttempt, channel: MessageChannel, body: Mapping[str, Any], *, caller: str, ids: Ids | None = None
) -> Answer:
    """Read a message, keep it where it is well said, and take it up; says what became of it.

    The same as the provider's last one of this kind: nothing new, the same answer. Not inside a transaction.
    Raises ``InvalidInput`` and ``LocatorMismatch``, and ``MessageQueued`` where it is kept and upkeep has to finish it.
    """
    said = _read(attempt.provider, channel, body)
    message, is_new = _keep(attempt, channel, body, caller, ids)
    return take_up(message, said if is_new else None)


def _read(provider: str, channel: str, body: Mapping[str, Any]) -> Said:
    """Raises ``InvalidInput``."""
    if channel == MessageChannel.REST_READY:
        return text("status", body.get("status"), least=1, most=64)
    return provider_named(provider).read_review(body)


@transaction.atomic(durable=True)
def _keep(
    attempt: ExamAttempt, channel: MessageChannel, body: Mapping[str, Any], caller: str, ids: Ids | None
) -> tuple[ProviderMessage, bool]:
    """The message that stands for this one, and whether it is new."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    sha256 = hashlib.sha256(canonical.encode()).hexdigest()
    # Two at once take turns here, so that the second finds the first one's message.
    attempt = _locked(attempt.pk).get()
    is_erased = attempt.erased_at is not None
    if ids is not None and not is_erased:
        _agree_on_external_id(attempt, ids.external_id)
    newest = _newest_of(attempt.pk, attempt.provider, channel).first()
    if newest is not None and newest.sha256 == sha256:
        newest.attempt = attempt
        return newest, False
    now = timezone.now()
    message = ProviderMessage(
        provider=attempt.provider,
        channel=channel,
        attempt=attempt,
        sha256=sha256,
        received_at=now,
        caller=caller[:255],
        **(without_content(attempt, now) if is_erased else _with_content(canonical, now)),
    )
    message.save()
    return message, True


def _locked(attempt_pk: int) -> QuerySet[ExamAttempt]:
    looked_at = ("attempt_code", "provider", "external_id", "status", "erased_at")
    return ExamAttempt.objects.select_for_update().filter(pk=attempt_pk).only(*looked_at)


def _newest_of(attempt_pk: int, provider: str, channel: str) -> QuerySet[ProviderMessage]:
    """What a new message is compared with: the last one of its kind. By its hash, so nothing else is read.

    The provider's own: it knows nothing of a replay, and may send again what it sent last.
    """
    own = ProviderMessage.objects.filter(attempt=attempt_pk, provider=provider, channel=channel, replay_of=None)
    return own.only("sha256").order_by("-pk")


def _with_content(canonical: str, now: datetime) -> dict[str, Any]:
    return {"body": crypto.encrypt(canonical), "next_try_at": now + HEAD_START}


def without_content(attempt: ExamAttempt, now: datetime) -> dict[str, Any]:
    """What is left of a message about an erased learner: that it came, and that nothing follows from it."""
    return {
        "body": crypto.encrypt("{}"),
        "answer": {
            "attempt_code": attempt.attempt_code,
            "status": str(attempt.status),
            "status_changed": False,
            "why": "The learner's data was erased; what was sent is not kept.",
        },
        "state": MessageState.DONE,
        "problem": "",
        "finished_at": now,
        "next_try_at": None,
        "lease_until": None,
    }


def _agree_on_external_id(attempt: ExamAttempt, external_id: str) -> None:
    """RPNow names its own id, too. Where we do not know it yet, the registration's answer was lost: now we do."""
    if attempt.external_id is None:
        attempt.external_id = external_id
        try:
            with transaction.atomic():
                attempt.save(update_fields=["external_id"])
        except IntegrityError:  # another attempt has this id
            raise LocatorMismatch(LOCATOR) from None
    elif attempt.external_id.casefold() != external_id.casefold():
        raise LocatorMismatch(LOCATOR)


def take_up(message: ProviderMessage, said: Said | None = None) -> Answer:
    """Do what a kept message says; once, however many try. Raises ``MessageQueued`` where it could not be done.

    ``said`` is what was read of it, by whoever has just kept it.
    """
    try:
        with suppress(_TakenUpByAnother):
            return _finish(message, said)
        return _finish(message, None)
    except Exception as error:
        reference = secrets.token_hex(4).upper()
        logger.exception("Message %d could not be taken up, reference %s.", message.pk, reference)
        # Without it the head start ends, and upkeep finds the message all the same.
        with suppress(DatabaseError):
            _put_off(message, f"{type(error).__name__}, reference {reference}")
        raise MessageQueued from error


class _TakenUpByAnother(Exception):
    """Since it was kept; what was done here is taken back."""


@transaction.atomic(durable=True)
def _finish(message: ProviderMessage, said: Said | None) -> Answer:
    # First of all, also where the database shows what was there at a transaction's first look.
    attempt = lock_attempt(message.attempt.attempt_code)
    # What has just been kept need not be read again: nobody but a repeat or a replay comes in between.
    if said is None or attempt.erased_at is not None:
        message = ProviderMessage.objects.get(pk=message.pk)
        if message.state == MessageState.DONE:
            before: Answer = message.answer
            return before
        said = _read(message.provider, message.channel, json.loads(crypto.decrypt(message.body)))
    review = None
    if isinstance(said, ReviewData):
        review, answer = _record(attempt, said)
    else:
        answer = _make_ready(attempt, said)
    finished = ProviderMessage.objects.filter(pk=message.pk, state=MessageState.RECEIVED).update(
        answer=answer,
        review=review,
        state=MessageState.DONE,
        finished_at=timezone.now(),
        problem="",
        next_try_at=None,
        lease_until=None,
    )
    if not finished:
        raise _TakenUpByAnother
    return answer


def replay_message(pk: int, *, by: AbstractBaseUser) -> ProviderMessage:
    """Take a kept message up once more: one that was not finished as it is, one that is done as a copy of it.

    The copy says who had it replayed, and does not count as sent by the provider. Returns the message that was taken
    up, with its ``answer``. Not inside a transaction.
    Raises ``NotFound``, ``AccessDenied``, ``AttemptIsErased``, ``CannotDecrypt`` and ``InvalidInput`` (the provider's
    class does not take what it took then), with nothing written; and ``MessageQueued`` where upkeep has to finish it.
    """
    message = ProviderMessage.objects.select_related("attempt").filter(pk=pk).first()
    if message is None:
        raise NotFound("message", str(pk))
    permissions.require(by, permissions.REPLAY_MESSAGE, message.provider)
    if message.attempt.erased_at is not None:
        raise AttemptIsErased(message.attempt)
    if message.state == MessageState.DONE:
        message = _copy(message, by)
    take_up(message)
    message.refresh_from_db()
    return message


@transaction.atomic(durable=True)
def _copy(message: ProviderMessage, by: AbstractBaseUser) -> ProviderMessage:
    canonical = crypto.decrypt(message.body)
    _read(message.provider, message.channel, json.loads(canonical))
    now = timezone.now()
    return ProviderMessage.objects.create(
        provider=message.provider,
        channel=message.channel,
        attempt=message.attempt,
        sha256=message.sha256,
        body=crypto.encrypt(canonical),
        received_at=now,
        caller=by.get_username()[:255],
        replay_of=message,
        next_try_at=now + HEAD_START,
    )


def _record(attempt: ExamAttempt, data: ReviewData) -> tuple[ExamReview, Answer]:
    before = attempt.status
    review = record_review_of(
        attempt,
        data.review_status,
        incidents=data.incidents,
        reviewed_by=_person_behind(data.reviewed_by, attempt.exam.course_id),
        claimed_name=data.reviewed_by,
        raw_data=data.raw_data,
        evidence=data.evidence,
    )
    answer: Answer = {
        "attempt_code": attempt.attempt_code,
        "status": str(attempt.status),
        "review_status": str(review.review_status),
        "status_changed": attempt.status != before,
        "standing": str(review.standing),
    }
    if review.standing != ReviewStanding.APPLIED:
        answer["why"] = str(ReviewStanding(review.standing).label)
    return review, answer


def _person_behind(claim: str, course_id: str) -> AbstractBaseUser | None:
    """The one account that has this address, if it may decide in the course."""
    address = claim.strip()
    if not address:
        return None
    users = get_user_model()
    field = users.get_email_field_name()
    # Some databases take more for the same than we do: "müller" for "muller".
    found = [
        user
        for user in users._default_manager.filter(**{f"{field}__iexact": address, "is_active": True})[:10]
        if getattr(user, field).casefold() == address.casefold()
    ]
    return found[0] if len(found) == 1 and permissions.may(found[0], permissions.DECIDE_ATTEMPT, course_id) else None


def _make_ready(attempt: ExamAttempt, said: str) -> Answer:
    has_moved = said == "ready" and _ready_to_start(attempt)
    return {"attempt_code": attempt.attempt_code, "status": str(attempt.status), "status_changed": has_moved}


def _ready_to_start(attempt: ExamAttempt) -> bool:
    """Move a locked attempt that waits for its provider's software; any other stays where it is."""
    if attempt.status not in BEFORE_READY:
        return False
    try:
        change_status(attempt, AttemptStatus.READY_TO_START, source=Source.PROVIDER)
    except (IllegalTransition, AttemptIsArchived, AttemptIsErased):
        return False
    return True


def launch(attempt_code: str) -> ExamAttempt:
    """RPNow's secured browser is there: its attempt is ready to start, if it waited for that. Raises ``NotFound``."""
    found = rpnow_attempt(attempt_code)
    with transaction.atomic():
        attempt = lock_attempt(found.attempt_code)
        _ready_to_start(attempt)
    return attempt


# --------------------------------------------------------------------------------------------------------------- upkeep


@dataclass(frozen=True, slots=True)
class SweptInbox:
    """How many messages a sweep has finished, and how many have to wait for another."""

    finished: int
    put_off: int


def sweep_inbox() -> SweptInbox:
    """Take up what was kept and not finished. Harmless to run at any time, also twice at once."""
    finished = put_off = 0
    for pk in list(ProviderMessage.objects.due(timezone.now()).order_by("pk").values_list("pk", flat=True)):
        if ProviderMessage.objects.claim(pk, now=timezone.now(), lease=conf().LEASE) is None:
            continue
        try:
            take_up(ProviderMessage.objects.select_related("attempt").defer("body").get(pk=pk))
            finished += 1
        except MessageQueued:
            put_off += 1
    return SweptInbox(finished, put_off)


def _put_off(message: ProviderMessage, problem: str) -> None:
    """Try again after a growing pause, and for ever: an accepted message is never lost."""
    # The request that received the message made the first try, which is not counted.
    pause = pause_after(message.tries + 1, first=FIRST_PAUSE, maximum=MAX_PAUSE)
    ProviderMessage.objects.filter(pk=message.pk, state=MessageState.RECEIVED).update(
        lease_until=None, next_try_at=timezone.now() + pause, problem=problem
    )
