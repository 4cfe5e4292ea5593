"""One-minute links to evidence: signed, bound to one person, never stored, never mailed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.core.signing import BadSignature, Signer

from proctoring_results import permissions
from proctoring_results.choices import DownloadOutcome
from proctoring_results.exceptions import EvidenceLinkExpired, LinkInvalid
from proctoring_results.models import Evidence

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

SALT = "proctoring_results.evidence"
LIFETIME = timedelta(minutes=1)


def make_token(evidence: Evidence, user: AbstractBaseUser, *, now: datetime) -> str:
    # Whole milliseconds, cut off so that no link is from the future; see downloads.py.
    return Signer(salt=SALT).sign_object(
        {"evidence": evidence.pk, "user": str(user.pk), "at": int(now.timestamp() * 1000)}, compress=False
    )


def redeem(token: str, user: AbstractBaseUser, *, now: datetime) -> Evidence:
    """The evidence of a link, with its attempt and exam, or ``LinkInvalid`` / ``EvidenceLinkExpired``.

    Signature, user, permission and age are checked, in this order. A link from the future is invalid.
    """
    evidence, owner, made_at = _read(token)
    if owner != str(user.pk):
        raise LinkInvalid(DownloadOutcome.ANOTHERS_LINK, None)
    if not permissions.may(user, permissions.VIEW_SESSIONS, evidence.review.attempt.exam.course_id):
        raise LinkInvalid(DownloadOutcome.NOT_ALLOWED, None)
    age = now - made_at
    if age < timedelta(0):
        raise LinkInvalid(DownloadOutcome.FROM_THE_FUTURE, None)
    if age > LIFETIME:
        raise EvidenceLinkExpired(evidence)
    return evidence


def _read(token: str) -> tuple[Evidence, str, datetime]:
    try:
        data = Signer(salt=SALT).unsign_object(token)
        evidence = Evidence.objects.select_related("review__attempt__exam").get(pk=data["evidence"])
        made_at = datetime.fromtimestamp(data["at"] / 1000, tz=UTC)
    except (BadSignature, Evidence.DoesNotExist, KeyError, TypeError, ValueError):
        raise LinkInvalid("forged", None) from None
    return evidence, data["user"], made_at
