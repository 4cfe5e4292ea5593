"""A person has a stored message processed once more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from django.utils import timezone

from proctoring_results import crypto, permissions
from proctoring_results.choices import MessageState
from proctoring_results.database import in_own_transaction
from proctoring_results.exceptions import AttemptIsErased, NotFound
from proctoring_results.models import ProviderMessage
from proctoring_results.providers.registry import provider_named

from .processing import HEAD_START, process_message, read_message

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


def replay_message(pk: int, *, by: AbstractBaseUser) -> ProviderMessage:
    """Process a stored message once more: an unfinished one itself, one that is done as a copy of it.

    The copy names who had it replayed, and does not count as sent by the provider. Return the message that was
    processed, with its ``answer``. Not inside a transaction.
    Raise ``NotFound``, ``AccessDenied`` (``OwnAttempt`` for the learner), ``AttemptIsErased``, ``CannotDecrypt``,
    ``InvalidInput`` (the provider's class no longer accepts it) and ``ProviderClassFailed``, with nothing written; and
    ``MessageQueued`` if the sweep has to finish it.
    """
    message = ProviderMessage.objects.select_related("attempt").filter(pk=pk).first()
    if message is None:
        raise NotFound("message", str(pk))
    permissions.require(by, permissions.REPLAY_MESSAGE, message.provider)
    # An older review that is replayed becomes the current one.
    permissions.refuse_own_attempt(by, message.attempt)
    if message.attempt.erased_at is not None:
        raise AttemptIsErased(message.attempt)
    if message.state == MessageState.DONE:
        message = _copy(message, by)
    process_message(message, provider_named(message.provider))
    message.refresh_from_db()
    return message


@in_own_transaction
def _copy(message: ProviderMessage, by: AbstractBaseUser) -> ProviderMessage:
    canonical, now = crypto.decrypt(message.body), timezone.now()
    provider, body = provider_named(message.provider), json.loads(canonical)
    read_message(provider, message.channel, body, message.attempt, message.received_at)
    return ProviderMessage.objects.create(
        provider=message.provider,
        channel=message.channel,
        attempt=message.attempt,
        message_id=message.message_id,
        sha256=message.sha256,
        body=crypto.encrypt(canonical),
        received_at=now,
        caller=by.get_username()[:255],
        replay_of=message,
        next_try_at=now + HEAD_START,
    )
