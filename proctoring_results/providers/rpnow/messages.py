"""RPNow (Software Secure): its messages, and how it proves that it is RPNow."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import EvidenceKind, ReviewStatus
from proctoring_results.providers.base import (
    Delivery,
    Envelope,
    EvidenceData,
    IncidentData,
    Provider,
    ReviewData,
    clean_text,
    json_object,
    objects,
)
from proctoring_results.providers.policy import Policy
from proctoring_results.providers.signed import Signature, are_equal

if TYPE_CHECKING:
    from datetime import datetime

    from proctoring_results.models import ExamAttempt

CODE, LOCATOR = "examMetaData.examCode", "examMetaData.ssiRecordLocator"
SIGNATURES = (
    Signature(header="X-Proctoring-Signature", prefix="sha256=", timestamp_header="X-Proctoring-Timestamp"),
    Signature(header="X-Proctoring-Signature", prefix="sha256="),
)


class RPNowProvider(Provider):
    """Its settings, each a list, so that a new secret can be valid before the old one is removed:

    ``users`` ``name:password`` of HTTP Basic; ``secrets`` texts in ``X-Proctoring-Secret``; ``signing_keys`` keys of
    ``X-Proctoring-Signature: sha256=…``, the HMAC of ``timestamp.body`` with the time in ``X-Proctoring-Timestamp``, or
    of the body alone: then the very same body is never taken twice. Without any of them nobody is RPNow.
    """

    # Its documents say "rejected", and its own team does the second review.
    policy = Policy(on_suspicious="reject", second_review_by="provider")
    review_statuses: ClassVar[Mapping[str, ReviewStatus]] = {status.value: status for status in ReviewStatus}
    own_settings: ClassVar[Mapping[str, type]] = {"users": list, "secrets": list, "signing_keys": list}
    review_channel = "rpnow_review"
    channel_labels = {"rpnow_review": _("review (RPNow)")}
    accepts_accounts = False
    has_launch = True

    def is_sender(self, delivery: Delivery) -> bool:
        user = _basic(delivery.headers.get("Authorization", ""))
        secret = delivery.headers.get("X-Proctoring-Secret", "")
        # A list, not a generator: all are compared, also after one has matched.
        return any(
            [
                *[are_equal(each, user) for each in self.own("users")],
                *[are_equal(each, secret) for each in self.own("secrets")],
                *[signature.is_valid(delivery, self.own("signing_keys")) for signature in SIGNATURES],
            ]
        )

    def signed_digest(self, delivery: Delivery) -> str:
        keys = self.own("signing_keys")
        return next((each.digest_of(delivery) for each in SIGNATURES if each.is_valid(delivery, keys)), "")

    def read_envelope(self, body: Mapping[str, Any], delivery: Delivery) -> Envelope:
        exam = json_object("examMetaData", body.get("examMetaData"))
        return Envelope(
            attempt_code=clean_text(CODE, exam.get("examCode"), min_length=1, max_length=255),
            external_id=clean_text(LOCATOR, exam.get("ssiRecordLocator"), min_length=1, max_length=255),
            external_id_field=LOCATOR,
        )

    def read_review(self, body: Mapping[str, Any], attempt: ExamAttempt, received_at: datetime) -> ReviewData:
        recording = body.get("videoReviewLink")
        return ReviewData(
            review_status=self.review_status("reviewStatus", body.get("reviewStatus")),
            incidents=(
                *self._incidents(body, "webCamComments", "webcam"),
                *self._incidents(body, "desktopComments", "desktop"),
            ),
            evidence=(EvidenceData(kind=EvidenceKind.VIDEO, url=recording),) if recording else (),
            # The reviewer's name stays in the raw data: nobody vouches for it.
            raw_data={key: value for key, value in body.items() if key != "videoReviewLink"},
        )

    def addresses(self) -> list[str]:
        return [
            reverse("proctoring_webhooks:rpnow_review_callback"),
            reverse("proctoring_webhooks:rpnow_launch_callback", args=["code"]),
        ]

    def _incidents(self, body: Mapping[str, Any], key: str, kind: str) -> list[IncidentData]:
        return [
            IncidentData(
                place=f"{key}[{number}]",
                status=self.incident_status(item.get("eventStatus")),
                comment=item.get("comments", ""),
                kind=kind,
                start=item.get("eventStart"),
                stop=item.get("eventFinish"),
            )
            for number, item in enumerate(objects(key, body.get(key)))
        ]


def _basic(authorization: str) -> str:
    """Return ``name:password``, or the empty text without such a header."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(token.strip(), validate=True).decode(errors="surrogateescape")
    except (binascii.Error, ValueError):
        return ""
