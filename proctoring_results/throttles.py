"""How often somebody may call, click and guess: on pages and by the APIs.

The rates are the host's, in DRF's own settings, and are counted in the host's cache. While that is down nothing is
counted, and nothing fails.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle

from proctoring_results.http import address_of

logger = logging.getLogger("proctoring_results.rest")


class _Throttle(SimpleRateThrottle):
    """A rate of ``REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]``."""

    default_rate: str | None = None
    # Set by the base class: from the rate, and from the last call that was checked.
    rate: str | None

    def get_rate(self) -> str | None:
        rates: Mapping[str, Any] = api_settings.DEFAULT_THROTTLE_RATES
        rate = rates.get(str(self.scope), self.default_rate)
        return None if rate is None else str(rate)

    def allow_request(self, request: Request | HttpRequest, view: Any) -> bool:
        try:
            return super().allow_request(request, view)  # type: ignore[arg-type]  # Django's will do
        except Exception as error:  # each cache has errors of its own
            # A review that is refused may never come again.
            logger.warning("The cache did not answer, so no call is counted: %s: %s", type(error).__name__, error)
            return True

    def seconds_to_wait(self) -> int:
        """Return whole seconds, rounded up, as ``Retry-After`` needs them."""
        return int(self.wait() or 0) + 1


class CallsThrottle(_Throttle):
    """All calls of the REST API by one person."""

    scope = "proctoring_results_calls"
    default_rate = "600/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": f"user-{request.user.pk}"}


class ReportsThrottle(_Throttle):
    """A person's clicks and calls that are about reports and exports, in all courses."""

    scope = "proctoring_results_reports"
    default_rate = "60/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": f"user-{request.user.pk}"}


class ProviderThrottle(_Throttle):
    """The calls of one provider or account."""

    scope = "proctoring_results"
    default_rate = "3000/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": view.throttled_as()}


class GuessThrottle(_Throttle):
    """Wrong secrets, signatures and codes, by endpoint and address. Ask once for each.

    Who gives the right one is neither counted nor refused, so that nobody can shut out a service from its address.
    """

    scope = "proctoring_results_guesses"
    default_rate = "60/min"

    def get_cache_key(self, request: Request | HttpRequest, view: Any) -> str:
        return self.cache_format % {"scope": f"{self.scope}_{view.endpoint_name}", "ident": address_of(request)}
