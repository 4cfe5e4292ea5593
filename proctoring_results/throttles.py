"""How often somebody may call, click and guess: pages and API alike.

The host's rates, in DRF's own settings, counted in the host's cache. While that is down nobody is counted, and nothing
fails.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

logger = logging.getLogger("proctoring_results.rest")


class _Throttle(SimpleRateThrottle):
    """A rate of ``REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]``."""

    usual_rate: str | None = None
    # Of the base class: of the rate, and of the last call that was looked at.
    rate: str | None
    num_requests: int
    duration: int
    now: float
    history: list[float]

    def get_rate(self) -> str | None:
        rates: Mapping[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        rate = rates.get(str(self.scope), self.usual_rate)
        return None if rate is None else str(rate)

    def allow_request(self, request: Request | HttpRequest, view: Any) -> bool:
        if self.rate is None:
            return True
        try:
            return self._is_allowed(request, view)
        except Exception as error:  # each cache has errors of its own
            self._say_that_nobody_counts(error)
            return True

    def _is_allowed(self, request: Request | HttpRequest, view: Any) -> bool:
        return super().allow_request(request, view)  # type: ignore[arg-type]  # Django's will do

    def _say_that_nobody_counts(self, error: Exception) -> None:
        # A review that is turned away may never come again; a secret that takes long to guess still does.
        logger.warning("The cache did not answer, so no call is counted: %s: %s", type(error).__name__, error)


class CallsThrottle(_Throttle):
    """All calls of the REST API by one person."""

    scope = "proctoring_results_calls"
    usual_rate = "600/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": f"user-{request.user.pk}"}


class ReportsThrottle(_Throttle):
    """What one person does with reports: clicks on the page and calls of the API, in all courses."""

    scope = "proctoring_results_reports"
    usual_rate = "60/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": f"user-{request.user.pk}"}

    def seconds_to_wait(self) -> int:
        """As ``Retry-After`` has it: whole, and never too few."""
        return int(self.wait() or 0) + 1


class ProviderThrottle(_Throttle):
    """Off, until the host sets a rate under this name."""

    scope = "proctoring_results"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": view.throttled_as()}


class GuessThrottle(_Throttle):
    """Slows down whoever guesses secrets or codes. Wrong guesses count, by door and address, and nothing else does."""

    scope = "proctoring_results_guesses"
    usual_rate = "60/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        # Hashed: what stands for the address may be a header, and so anything.
        address = self.get_ident(request)  # type: ignore[arg-type]  # Django's will do
        ident = hashlib.sha256(str(address).encode(errors="surrogateescape")).hexdigest()
        return self.cache_format % {"scope": f"{self.scope}_{view.endpoint_name}", "ident": ident}

    def _is_allowed(self, request: Request | HttpRequest, view: Any) -> bool:
        """Only looks, before anything is compared: of too many guesses not even the right one comes in."""
        self.now = self.timer()
        self.history = self._guesses(request, view)
        return len(self.history) < self.num_requests

    def count(self, request: Request | HttpRequest, view: Any) -> None:
        """A guess was wrong."""
        if self.rate is None:
            return
        try:
            guesses: list[float] = [self.timer(), *self._guesses(request, view)]
            self.cache.set(self.get_cache_key(request, view), guesses[: self.num_requests], self.duration)
        except Exception as error:
            self._say_that_nobody_counts(error)

    def wait(self) -> float:
        """Seconds until the oldest guess is forgotten."""
        return self.duration - (self.now - self.history[-1])

    def _guesses(self, request: Request | HttpRequest, view: Any) -> list[float]:
        """When somebody at this address has guessed wrong, newest first."""
        kept: list[float] = self.cache.get(self.get_cache_key(request, view), [])
        return [moment for moment in kept if moment > self.timer() - self.duration]
