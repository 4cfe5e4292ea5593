"""Which attempt a message is about, and how it is stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import crypto, permissions
from proctoring_results.choices import MessageState
from proctoring_results.database import in_own_transaction
from proctoring_results.exceptions import (
    AccessDenied,
    AttemptIsAmbiguous,
    LocatorMismatch,
    NotFound,
    ProviderClassFailed,
)
from proctoring_results.models import ExamAttempt, ProviderMessage
from proctoring_results.providers.base import Envelope, Provider
from proctoring_results.providers.registry import known_providers, provider_named

from .processing import HEAD_START, Answer, process_message, read_message

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser

MAX_ID_LENGTH = 255  # characters
# The rest of an attempt is read under the lock.
IDENTITY = ("attempt_code", "provider")


def attempt_of_account(external_id: str, caller: AbstractBaseUser | AnonymousUser) -> tuple[Provider, ExamAttempt]:
    """Return the attempt that one of the caller's providers knows by this id, and the provider.

    Raise ``AccessDenied`` if the caller may send messages for no provider, ``NotFound``, and ``AttemptIsAmbiguous``.
    """

    def may_send_for(provider: Provider) -> bool:
        return provider.accepts_accounts and permissions.may(caller, permissions.SUBMIT_REVIEW, provider.name)

    matches = _known_by(provider_named, external_id=external_id)
    matches = [(provider, attempt) for provider, attempt in matches if may_send_for(provider)]
    if not matches and not any(map(may_send_for, known_providers())):
        raise AccessDenied(permissions.SUBMIT_REVIEW, "")
    return _the_one(matches, external_id)


def attempt_of_envelope(envelope: Envelope, senders: Collection[Provider]) -> tuple[Provider, ExamAttempt]:
    """Return the attempt of one of these providers, and the provider. Raise ``NotFound`` and ``AttemptIsAmbiguous``."""
    by_name = {provider.name: provider for provider in senders}
    if envelope.attempt_code:
        matches = _known_by(by_name.get, attempt_code=envelope.attempt_code)
    else:
        matches = _known_by(by_name.get, external_id=envelope.external_id)
    return _the_one(matches, envelope.attempt_code or envelope.external_id)


def _known_by(provider_of: Callable[[str], Provider | None], **ids: str) -> list[tuple[Provider, ExamAttempt]]:
    attempts = ExamAttempt.objects.identified_by(**ids).only(*IDENTITY)
    return [(provider, attempt) for attempt in attempts if (provider := provider_of(attempt.provider))]


def _the_one(matches: list[tuple[Provider, ExamAttempt]], key: str) -> tuple[Provider, ExamAttempt]:
    if len(matches) > 1:
        raise AttemptIsAmbiguous(key)
    if not matches:
        raise NotFound("attempt", key)
    return matches[0]


def receive(
    provider: Provider, attempt: ExamAttempt, envelope: Envelope, body: Mapping[str, Any], *, caller: str
) -> Answer:
    """Read a message, store it, process it, and return the answer to send back.

    A repeat gets the first one's answer. ``body`` is JSON that every database can store. Not inside a transaction.
    Raise ``InvalidInput`` and ``LocatorMismatch``, and ``MessageQueued`` if it is stored but not processed yet.
    """
    received_at = timezone.now()
    channel = provider.ready_channel if envelope.kind == "ready" else provider.review_channel
    # One that is refused is not stored. A mistake in the provider's class loses no message: the sweep reads it once the
    # mistake is mended.
    try:
        content = read_message(provider, channel, body, attempt, received_at)
    except ProviderClassFailed:
        content = None
    message, is_new = store_message(attempt, channel, envelope, body, caller=caller, received_at=received_at)
    return process_message(message, provider, content if is_new else None)


@in_own_transaction
def store_message(
    attempt: ExamAttempt,
    channel: str,
    envelope: Envelope,
    body: Mapping[str, Any],
    *,
    caller: str,
    received_at: datetime,
) -> tuple[ProviderMessage, bool]:
    """Return the message, and whether it is new. For a repeat return the message that it repeats."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    sha256 = hashlib.sha256(canonical.encode()).hexdigest()
    # Two at once take turns here, so that the second finds the first one's message.
    attempt = (
        ExamAttempt.objects.select_for_update().only(*IDENTITY, "external_id", "status", "erased_at").get(pk=attempt.pk)
    )
    if envelope.attempt_code and envelope.external_id and attempt.erased_at is None:
        _agree_on_external_id(attempt, envelope)
    message_id = _stored_id(envelope.message_id)
    repeated = _repeated_by(attempt, channel, message_id, sha256, envelope.signed_sha256)
    if repeated is not None:
        repeated.attempt = attempt
        return repeated, False
    content = {
        "body": crypto.encrypt(canonical),
        "message_id": message_id,
        "next_try_at": received_at + HEAD_START,
    }
    message = ProviderMessage.objects.create(
        provider=attempt.provider,
        channel=channel,
        attempt=attempt,
        sha256=sha256,
        signed_sha256=envelope.signed_sha256,
        received_at=received_at,
        caller=caller[:255],
        **(content if attempt.erased_at is None else without_content(attempt, received_at)),
    )
    return message, True


def _stored_id(message_id: str) -> str:
    """Return the id, or a hash of one that is too long: if it was cut, another message could be taken for a repeat."""
    return message_id if len(message_id) <= MAX_ID_LENGTH else hashlib.sha256(message_id.encode()).hexdigest()


def _repeated_by(
    attempt: ExamAttempt, channel: str, message_id: str, sha256: str, signed_sha256: str
) -> ProviderMessage | None:
    """Return the message that this one repeats.

    It is the provider's newest one through this channel if that is equal, or any with the same id, or of the same
    signed bytes: a signature proves who has signed, not who sends. A replay by a person is no message of the provider,
    which may send again what it sent last.
    """
    earlier = ProviderMessage.objects.filter(
        attempt=attempt, provider=attempt.provider, channel=channel, replay_of=None
    ).only("sha256")
    newest = earlier.order_by("-pk").first()
    if newest is None or newest.sha256 == sha256:
        return newest
    ids = {"message_id": message_id, "signed_sha256": signed_sha256}
    repeated = (earlier.filter(**{name: value}).order_by("pk").first() for name, value in ids.items() if value)
    return next(filter(None, repeated), None)


def without_content(attempt: ExamAttempt, now: datetime) -> dict[str, Any]:
    """Return what is left of a message about an erased learner: that it came, and that nothing follows from it."""
    return {
        "body": crypto.encrypt("{}"),
        "message_id": "",
        "answer": {
            "attempt_code": attempt.attempt_code,
            "status": str(attempt.status),
            "status_changed": False,
            "why": _("The learner's data was erased; what was sent is not stored."),
        },
        "state": MessageState.DONE,
        "problem": "",
        "finished_at": now,
        "next_try_at": None,
        "lease_until": None,
    }


def _agree_on_external_id(attempt: ExamAttempt, envelope: Envelope) -> None:
    """Raise ``LocatorMismatch`` if the second id is another attempt's.

    An attempt without an external id takes this one: the answer to its registration was lost.
    """
    if attempt.external_id is None:
        attempt.external_id = envelope.external_id
        try:
            with transaction.atomic():
                attempt.save(update_fields=["external_id"])
        except IntegrityError:  # another attempt has this id
            raise LocatorMismatch(envelope.external_id_field) from None
    elif attempt.external_id.casefold() != envelope.external_id.casefold():
        raise LocatorMismatch(envelope.external_id_field)
