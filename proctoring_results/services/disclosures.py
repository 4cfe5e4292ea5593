"""What a person is shown of a session, each time on record."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.utils import timezone

from proctoring_results import crypto, permissions
from proctoring_results.choices import DisclosureKind, DownloadOutcome
from proctoring_results.exceptions import EvidenceLinkExpired, HostNotAllowed, LinkInvalid
from proctoring_results.links import EVIDENCE_LINK
from proctoring_results.models import Disclosure, Evidence
from proctoring_results.providers.policy import host_of, may_be_opened

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

logger = logging.getLogger("proctoring_results.disclosures")


def evidence_link(evidence: Evidence, user: AbstractBaseUser) -> str:
    """Return a token by which this person can open the evidence for a minute from now. Never store or mail it.

    Raises ``AccessDenied``.
    """
    permissions.require(user, permissions.VIEW_SESSIONS, evidence.review.attempt.exam.course_id)
    return EVIDENCE_LINK.make_token(evidence, user, now=timezone.now())


def open_evidence(token: str, user: AbstractBaseUser, *, address: str | None = None) -> str:
    """Return the address that the link leads to, for the person's browser only, and record who opened it.

    Raises ``LinkInvalid``, ``EvidenceLinkExpired``, ``HostNotAllowed`` and ``CannotDecrypt``; nothing is recorded then.
    """
    now = timezone.now()
    evidence, refusal = EVIDENCE_LINK.verify(token, user, now=now)
    if evidence is not None and refusal is DownloadOutcome.LINK_EXPIRED:
        raise EvidenceLinkExpired(evidence)
    if evidence is None or refusal is not None:
        logger.warning("User %s presented a link to evidence that is refused: %s.", user.pk, refusal or "forged")
        raise LinkInvalid
    attempt = evidence.review.attempt
    url = crypto.decrypt(evidence.url)
    # Checked at the click, not when the link is made: a host that is removed from the settings is closed at once.
    if not may_be_opened(attempt.provider, url):
        raise HostNotAllowed(evidence, host_of(url))
    Disclosure.objects.create(
        user_id=user.pk,
        attempt=attempt,
        kind=DisclosureKind.EVIDENCE,
        evidence=evidence,
        at=now,
        address=address,
    )
    return url
