"""The guard around what a request asks a provider's class: a host may have written it."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from proctoring_results.database import is_passing
from proctoring_results.exceptions import ProctoringResultsError, ProviderClassFailed

from .base import Provider

logger = logging.getLogger("proctoring_results.providers")


@contextmanager
def guarded(provider: Provider) -> Iterator[None]:
    """Log an exception that the class does not raise on purpose, and raise ``ProviderClassFailed`` in its place.

    A database that is only busy is no mistake of the class: its error passes.
    """
    try:
        yield
    except ProctoringResultsError:
        raise
    except Exception as error:
        if is_passing(error):
            raise
        # Neither its words nor it as a cause: it may repeat what was sent about a person.
        logger.error(
            "The class of provider %s raised %s.\n%s",
            provider.name,
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        raise ProviderClassFailed from None


def takes_calls(provider: Provider) -> bool:
    """Return whether it wants to be called. If the class cannot say, a call is queued, where the failure is seen."""
    try:
        with guarded(provider):
            return provider.takes_calls
    except ProviderClassFailed:
        return True


def has_dashboard(provider: Provider) -> bool:
    """Return whether the course team can open a dashboard of the service: not, if the class cannot say."""
    try:
        with guarded(provider):
            return provider.has_dashboard
    except ProviderClassFailed:
        return False


def channel_label(provider: Provider, channel: str) -> str:
    """Return what pages call a channel: its name, if the class cannot say."""
    try:
        with guarded(provider):
            return provider.channel_label(channel)
    except ProviderClassFailed:
        return channel


def rules_of(provider: Provider) -> dict[str, Any]:
    """Return the rules that the service is sent with every exam: none, if the class cannot say."""
    try:
        with guarded(provider):
            rules: dict[str, Any] = json.loads(json.dumps(dict(provider.rules)))
            return rules
    except ProviderClassFailed:
        return {}
