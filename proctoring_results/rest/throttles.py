"""How often a provider may call: as the host says, in DRF's own settings."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.settings import api_settings
from rest_framework.throttling import SimpleRateThrottle


class ProviderThrottle(SimpleRateThrottle):
    """Off, until ``REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"]`` has a rate under this name."""

    scope = "proctoring_results"

    def get_rate(self) -> str | None:
        rate = api_settings.DEFAULT_THROTTLE_RATES.get(self.scope)
        return None if rate is None else str(rate)

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": view.throttled_as()}
