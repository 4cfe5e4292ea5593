"""Services that sign what they send, so that they need no account."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from django.urls import reverse

from .base import Provider
from .data import Delivery

MILLISECONDS_FROM = 10**11  # as seconds, this would be the year 5138


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """How a service signs a message: by the HMAC of the body, or of ``timestamp.body``.

    ``header`` holds the signature, after ``prefix`` if there is one (``sha256=``, say). ``timestamp_header`` holds the
    time of signing: seconds or milliseconds since 1970, or ISO 8601. A message that was signed longer than
    ``tolerance`` ago, or will be, is not accepted.
    """

    header: str
    digest: Literal["sha1", "sha256"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    timestamp_header: str = ""
    tolerance: timedelta = timedelta(seconds=300)

    def is_valid(self, delivery: Delivery, keys: Iterable[str]) -> bool:
        """Return whether one of the keys signed this. The comparison takes as long whichever it is."""
        if self.timestamp_header:
            signed_at = _time_of(delivery.headers.get(self.timestamp_header, ""))
            if signed_at is None or abs(delivery.received_at - signed_at) > self.tolerance:
                return False
        signed = self._signed_part(delivery)
        signature = delivery.headers.get(self.header, "").removeprefix(self.prefix)
        if self.encoding == "hex":
            signature = signature.lower()
        # All are compared, also after one has matched.
        matches = [are_equal(self._sign(key, signed), signature) for key in keys if key]
        return any(matches)

    def digest_of(self, delivery: Delivery) -> str:
        """Return the SHA-256 of what was signed: the same bytes again are the same message, whoever sends them."""
        return hashlib.sha256(self._signed_part(delivery)).hexdigest()

    def _signed_part(self, delivery: Delivery) -> bytes:
        if not self.timestamp_header:
            return delivery.body
        return f"{delivery.headers.get(self.timestamp_header, '')}.".encode() + delivery.body

    def _sign(self, key: str, signed: bytes) -> str:
        mac = hmac.digest(key.encode(), signed, self.digest)
        return mac.hex() if self.encoding == "hex" else base64.b64encode(mac).decode()


class SignedProvider(Provider):
    """A service that posts all its messages to one address, ``…/providers/{name}/messages``, and signs them.

    A child gives its ``signature``, ``read_envelope`` and ``read_review``. The keys stand in the settings of the
    provider, as the list ``signing_keys``: a new one can be valid before the old one is removed.
    """

    signature: ClassVar[Signature]
    accepts_accounts = False
    own_settings: ClassVar[Mapping[str, type]] = {"signing_keys": list}

    def is_sender(self, delivery: Delivery) -> bool:
        return self.signature.is_valid(delivery, self.own("signing_keys"))

    def signed_digest(self, delivery: Delivery) -> str:
        return self.signature.digest_of(delivery)

    def addresses(self) -> list[str]:
        return [reverse("proctoring_webhooks:provider_messages", args=[self.name])]


def are_equal(secret: str, claimed: str) -> bool:
    """Compare in constant time. An empty secret equals nothing."""
    return bool(secret) and hmac.compare_digest(
        secret.encode(errors="surrogateescape"), claimed.encode(errors="surrogateescape")
    )


def _time_of(timestamp: str) -> datetime | None:
    try:
        if not re.fullmatch(r"[0-9]{1,14}(\.[0-9]{1,9})?", timestamp):
            time = datetime.fromisoformat(timestamp)
            return time if time.tzinfo else time.replace(tzinfo=UTC)
        seconds = float(timestamp)
        return datetime.fromtimestamp(seconds / 1000 if seconds >= MILLISECONDS_FROM else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
