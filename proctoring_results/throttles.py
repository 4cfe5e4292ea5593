"""How often somebody may call, click and guess: on pages and by the APIs.

The rates are the host's, in DRF's own settings, and are counted in the host's cache. While that is down nothing is
counted, and nothing fails.
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

    default_rate: str | None = None
    # Set by the base class: from the rate, and from the last call that was checked.
    rate: str | None
    num_requests: int
    duration: int
    now: float
    history: list[float]

    def get_rate(self) -> str | None:
        rates: Mapping[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        rate = rates.get(str(self.scope), self.default_rate)
        return None if rate is None else str(rate)

    def allow_request(self, request: Request | HttpRequest, view: Any) -> bool:
        if self.rate is None:
            return True
        try:
            return self._is_allowed(request, view)
        except Exception as error:  # each cache has errors of its own
            self._log_cache_error(error)
            return True

    def _is_allowed(self, request: Request | HttpRequest, view: Any) -> bool:
        return super().allow_request(request, view)  # type: ignore[arg-type]  # Django's will do

    def _log_cache_error(self, error: Exception) -> None:
        # A review that is refused may never come again; a secret still takes long to guess.
        logger.warning("The cache did not answer, so no call is counted: %s: %s", type(error).__name__, error)


class CallsThrottle(_Throttle):
    """All calls of the REST API by one person."""

    scope = "proctoring_results_calls"
    default_rate = "600/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": f"user-{request.user.pk}"}


class ReportsThrottle(_Throttle):
    """A person's clicks and calls that are about reports, in all courses."""

    scope = "proctoring_results_reports"
    default_rate = "60/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": f"user-{request.user.pk}"}

    def seconds_to_wait(self) -> int:
        """Return whole seconds, rounded up, as ``Retry-After`` needs them."""
        return int(self.wait() or 0) + 1


class ProviderThrottle(_Throttle):
    """The calls of one provider or account. Unlimited unless the host sets a rate under this name."""

    scope = "proctoring_results"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": view.throttled_as()}


class GuessThrottle(_Throttle):
    """Wrong secrets, signatures and codes, by endpoint and address. Nothing else counts."""

    scope = "proctoring_results_guesses"
    default_rate = "60/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        # Hashed: behind a proxy the address comes from a header, so it may be anything.
        address = self.get_ident(request)  # type: ignore[arg-type]  # Django's will do
        ident = hashlib.sha256(str(address).encode(errors="surrogateescape")).hexdigest()
        return self.cache_format % {"scope": f"{self.scope}_{view.endpoint_name}", "ident": ident}

    def _is_allowed(self, request: Request | HttpRequest, view: Any) -> bool:
        """Check without counting, before anything is compared: after too many guesses the right one is refused, too."""
        self.now = self.timer()
        self.history = self._guesses(request, view)
        return len(self.history) < self.num_requests

    def count(self, request: Request | HttpRequest, view: Any) -> None:
        """Count a wrong guess."""
        if self.rate is None:
            return
        try:
            guesses: list[float] = [self.timer(), *self._guesses(request, view)]
            self.cache.set(self.get_cache_key(request, view), guesses[: self.num_requests], self.duration)
        except Exception as error:
            self._log_cache_error(error)

    def wait(self) -> float:
        """Return the seconds until the oldest guess no longer counts."""
        return self.duration - (self.now - self.history[-1])

    def _guesses(self, request: Request | HttpRequest, view: Any) -> list[float]:
        """Return the times of the wrong guesses from this address that still count, newest first."""
        times: list[float] = self.cache.get(self.get_cache_key(request, view), [])
        return [time for time in times if time > self.timer() - self.duration]
