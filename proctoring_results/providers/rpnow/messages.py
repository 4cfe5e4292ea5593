"""RPNow (Software Secure): its messages, and how it proves that it is RPNow."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from proctoring_results.choices import EvidenceKind, ReviewStatus
from proctoring_results.exceptions import InvalidInput
from proctoring_results.providers.base import (
    MAX_COMMENT_LENGTH,
    MAX_INCIDENTS,
    EvidenceData,
    IncidentData,
    Provider,
    ReviewData,
    json_object,
    objects,
    optional_seconds,
    text,
    web_address,
)
from proctoring_results.providers.policy import Policy


@dataclass(frozen=True, slots=True)
class Proof:
    """What a caller brought to show who it is: two headers of the request, another, and what was signed."""

    authorization: str
    secret: str
    signature: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Ids:
    """By what RPNow names an attempt: our code, and its own id."""

    attempt_code: str
    external_id: str


class RPNowProvider(Provider):
    """Its settings, each a list, so that a new secret can be valid before the old one goes:

    ``users`` ``name:password`` of HTTP Basic; ``secrets`` texts in ``X-Proctoring-Secret``; ``signing_keys`` keys of
    ``X-Proctoring-Signature: sha256=…``, the HMAC of the body. Without any of them nobody is RPNow.
    """

    # Its documents say "rejected", and its own team does the second review.
    policy: ClassVar[Policy] = Policy(on_suspicious="reject", second_review_by="provider")
    review_words: ClassVar[Mapping[str, ReviewStatus]] = {status.value: status for status in ReviewStatus}
    own_settings: ClassVar[Mapping[str, type]] = {"users": list, "secrets": list, "signing_keys": list}

    def is_proved_by(self, proof: Proof) -> bool:
        """Whether one of the secrets of the settings is in it. Takes as long whichever it is."""
        signature = proof.signature.removeprefix("sha256=").lower()
        signatures = [
            hmac.new(key.encode(), proof.body, hashlib.sha256).hexdigest() for key in self.own("signing_keys")
        ]
        # Lists, not generators: all are compared, also after one has matched.
        return any(
            [
                *[_equal(user, _basic(proof.authorization)) for user in self.own("users")],
                *[_equal(secret, proof.secret) for secret in self.own("secrets")],
                *[_equal(made, signature) for made in signatures],
            ]
        )

    def read_ids(self, body: Mapping[str, Any]) -> Ids:
        exam = json_object("examMetaData", body.get("examMetaData"))
        return Ids(
            text("examMetaData.examCode", exam.get("examCode"), least=1, most=255),
            text("examMetaData.ssiRecordLocator", exam.get("ssiRecordLocator"), least=1, most=255),
        )

    def read_review(self, body: Mapping[str, Any]) -> ReviewData:
        self.read_ids(body)
        incidents = (
            *self._incidents(body, "webCamComments", "webcam"),
            *self._incidents(body, "desktopComments", "desktop"),
        )
        if len(incidents) > MAX_INCIDENTS:
            raise InvalidInput("desktopComments", f"must, with webCamComments, have at most {MAX_INCIDENTS} entries.")
        return ReviewData(
            review_status=self.review_status("reviewStatus", body.get("reviewStatus")),
            incidents=incidents,
            evidence=self._recording(body.get("videoReviewLink")),
            # Who reviewed it stays in the raw data: nobody vouches for the name.
            raw_data={key: value for key, value in body.items() if key != "videoReviewLink"},
        )

    def _recording(self, link: object) -> tuple[EvidenceData, ...]:
        if link is None or link == "":
            return ()
        return (EvidenceData(kind=EvidenceKind.VIDEO, url=web_address("videoReviewLink", link)),)

    def _incidents(self, body: Mapping[str, Any], key: str, kind: str) -> list[IncidentData]:
        return [
            self._incident(f"{key}[{number}]", item, kind) for number, item in enumerate(objects(key, body.get(key)))
        ]

    def _incident(self, place: str, item: Mapping[str, Any], kind: str) -> IncidentData:
        optional_seconds(f"{place}.duration", item.get("duration"))  # kept in the raw data
        return IncidentData(
            status=self.incident_status(f"{place}.eventStatus", item.get("eventStatus")),
            comment=text(f"{place}.comments", item.get("comments"), least=1, most=MAX_COMMENT_LENGTH),
            kind=kind,
            start=optional_seconds(f"{place}.eventStart", item.get("eventStart")),
            stop=optional_seconds(f"{place}.eventFinish", item.get("eventFinish")),
        )


def _equal(expected: str, given: str) -> bool:
    """In constant time; an empty secret is none."""
    return bool(expected) and hmac.compare_digest(
        expected.encode(errors="surrogateescape"), given.encode(errors="surrogateescape")
    )


def _basic(authorization: str) -> str:
    """``name:password``, or nothing where there is no such header."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(token.strip(), validate=True).decode(errors="surrogateescape")
    except (binascii.Error, ValueError):
        return ""
