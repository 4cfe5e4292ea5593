"""RPNow (Software Secure): its messages, and how it proves that it is RPNow."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import EvidenceKind, ReviewStatus
from proctoring_results.exceptions import InvalidInput
from proctoring_results.providers.base import (
    MAX_COMMENT_LENGTH,
    MAX_INCIDENTS,
    Delivery,
    Envelope,
    EvidenceData,
    IncidentData,
    Provider,
    ReviewData,
    clean_text,
    json_object,
    objects,
    optional_seconds,
    web_address,
)
from proctoring_results.providers.policy import Policy
from proctoring_results.providers.signed import Signature, are_equal

if TYPE_CHECKING:
    from datetime import datetime

    from proctoring_results.models import ExamAttempt

CODE, LOCATOR = "examMetaData.examCode", "examMetaData.ssiRecordLocator"
SIGNATURE = Signature(header="X-Proctoring-Signature", prefix="sha256=")


class RPNowProvider(Provider):
    """Its settings, each a list, so that a new secret can be valid before the old one is removed:

    ``users`` ``name:password`` of HTTP Basic; ``secrets`` texts in ``X-Proctoring-Secret``; ``signing_keys`` keys of
    ``X-Proctoring-Signature: sha256=…``, the HMAC of the body. Without any of them nobody is RPNow.
    """

    # Its documents say "rejected", and its own team does the second review.
    policy: ClassVar[Policy] = Policy(on_suspicious="reject", second_review_by="provider")
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
                SIGNATURE.is_valid(delivery, self.own("signing_keys")),
            ]
        )

    def read_envelope(self, body: Mapping[str, Any], delivery: Delivery) -> Envelope:
        exam = json_object("examMetaData", body.get("examMetaData"))
        return Envelope(
            attempt_code=clean_text(CODE, exam.get("examCode"), min_length=1, max_length=255),
            external_id=clean_text(LOCATOR, exam.get("ssiRecordLocator"), min_length=1, max_length=255),
            external_id_field=LOCATOR,
        )

    def read_review(self, body: Mapping[str, Any], attempt: ExamAttempt, received_at: datetime) -> ReviewData:
        incidents = (
            *self._incidents(body, "webCamComments", "webcam"),
            *self._incidents(body, "desktopComments", "desktop"),
        )
        if len(incidents) > MAX_INCIDENTS:
            problem = gettext("must, together with webCamComments, have at most %(limit)d entries.")
            raise InvalidInput("desktopComments", problem % {"limit": MAX_INCIDENTS})
        return ReviewData(
            review_status=self.review_status("reviewStatus", body.get("reviewStatus")),
            incidents=incidents,
            evidence=self._recording(body.get("videoReviewLink")),
            # The reviewer's name stays in the raw data: nobody vouches for it.
            raw_data={key: value for key, value in body.items() if key != "videoReviewLink"},
        )

    def addresses(self) -> list[str]:
        return [
            reverse("proctoring_webhooks:rpnow_review_callback"),
            reverse("proctoring_webhooks:rpnow_launch_callback", args=["code"]),
        ]

    def _recording(self, link: object) -> tuple[EvidenceData, ...]:
        if link is None or link == "":
            return ()
        return (EvidenceData(kind=EvidenceKind.VIDEO, url=web_address("videoReviewLink", link)),)

    def _incidents(self, body: Mapping[str, Any], key: str, kind: str) -> list[IncidentData]:
        return [
            self._incident(f"{key}[{number}]", item, kind) for number, item in enumerate(objects(key, body.get(key)))
        ]

    def _incident(self, place: str, item: Mapping[str, Any], kind: str) -> IncidentData:
        optional_seconds(f"{place}.duration", item.get("duration"))  # stored in the raw data
        return IncidentData(
            status=self.incident_status(f"{place}.eventStatus", item.get("eventStatus")),
            comment=clean_text(f"{place}.comments", item.get("comments"), min_length=1, max_length=MAX_COMMENT_LENGTH),
            kind=kind,
            start=optional_seconds(f"{place}.eventStart", item.get("eventStart")),
            stop=optional_seconds(f"{place}.eventFinish", item.get("eventFinish")),
        )


def _basic(authorization: str) -> str:
    """Return ``name:password``, or the empty text without such a header."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(token.strip(), validate=True).decode(errors="surrogateescape")
    except (binascii.Error, ValueError):
        return ""
