"""A service that signs what it sends, and the class that a host wrote for it."""

import hashlib
import hmac
import json

from django.test import Client
from django.utils import timezone

from proctoring_results import api
from proctoring_results.providers.base import (
    Envelope,
    IncidentData,
    ReviewData,
    clean_text,
    objects,
    seconds_of_recording,
)
from proctoring_results.providers.signed import Signature, SignedProvider
from tests.rest.calling import post

URL = "/api/proctoring/v1/providers/vendor/messages"
VENDOR = f"{__name__}.Vendor"


class Vendor(SignedProvider):
    signature = Signature(header="X-Vendor-Signature", prefix="sha256=", timestamp_header="X-Vendor-Timestamp")
    review_statuses = {"green": api.ReviewStatus.CLEAN, "red": api.ReviewStatus.SUSPICIOUS}

    def read_envelope(self, body, delivery):
        kind = {"review.done": "review", "learner.ready": "ready"}.get(
            clean_text("event", body.get("event"), max_length=64)
        )
        if kind is None:
            return None
        return Envelope(
            kind=kind,
            external_id=clean_text("session", body.get("session"), min_length=1, max_length=255),
            message_id=delivery.headers.get("X-Vendor-Id", ""),
        )

    def read_review(self, body, attempt, received_at):
        flags = objects("flags", body.get("flags"))
        return ReviewData(
            review_status=self.review_status("rating", body.get("rating")),
            incidents=tuple(
                IncidentData(
                    status="Suspicious",
                    place=f"flags[{n}]",
                    comment=flag.get("text", ""),
                    start=seconds_of_recording(flag.get("at"), start=attempt.started_at),
                )
                for n, flag in enumerate(flags)
            ),
            sent_at=body.get("sent_at"),
            raw_data=body,
        )


def send(body, key="new", at=None, message_id="", url=URL, client=None, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    proof = proof_of(raw, key, at)
    return post(
        client or Client(raise_request_exception=False), url, raw, **{**proof, "X-Vendor-Id": message_id, **headers}
    )


def proof_of(raw, key="new", at=None):
    """The headers that say when a body was signed, and with which key."""
    timestamp = str(int((at or timezone.now()).timestamp()))
    signature = hmac.new(key.encode(), f"{timestamp}.".encode() + raw, hashlib.sha256).hexdigest()
    return {"X-Vendor-Signature": f"sha256={signature}", "X-Vendor-Timestamp": timestamp}


def review(rating="green", **fields):
    return {"event": "review.done", "session": "s-1", "rating": rating, **fields}
