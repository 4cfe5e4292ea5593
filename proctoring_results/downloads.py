"""Five-minute links: signed, bound to one person, never stored, never mailed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.core.signing import BadSignature, Signer

from proctoring_results import permissions
from proctoring_results.choices import DownloadOutcome
from proctoring_results.conf import conf
from proctoring_results.exceptions import LinkExpired, LinkInvalid
from proctoring_results.models import Report

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

SALT = "proctoring_results.downloads"


def make_token(report: Report, user: AbstractBaseUser, *, now: datetime) -> str:
    # Whole milliseconds, cut off so that no link is from the future. The age is checked by us: TimestampSigner
    # floors to seconds and accepts the future.
    return Signer(salt=SALT).sign_object(
        {"report": str(report.task_id), "user": str(user.pk), "at": int(now.timestamp() * 1000)}, compress=False
    )


def redeem(token: str, user: AbstractBaseUser, *, now: datetime) -> Report:
    """The report of a link, or ``LinkInvalid`` / ``LinkExpired``.

    Signature, user, permission and age are checked, in this order. A link from the future is invalid.
    """
    report, owner, made_at = _read(token)
    if owner != str(user.pk):
        raise LinkInvalid(DownloadOutcome.ANOTHERS_LINK, report)
    if not permissions.may(user, permissions.DOWNLOAD_REPORT, report.course_id):
        raise LinkInvalid(DownloadOutcome.NOT_ALLOWED, report)
    age = now - made_at
    if age < timedelta(0):
        raise LinkInvalid(DownloadOutcome.FROM_THE_FUTURE, report)
    if age > conf().DOWNLOAD_TTL:
        raise LinkExpired(report)
    return report


def _read(token: str) -> tuple[Report, str, datetime]:
    try:
        data = Signer(salt=SALT).unsign_object(token)
        report = Report.objects.select_related("file").get(task_id=UUID(data["report"]))
        made_at = datetime.fromtimestamp(data["at"] / 1000, tz=UTC)
    except (BadSignature, Report.DoesNotExist, KeyError, TypeError, ValueError):
        raise LinkInvalid("forged", None) from None
    return report, data["user"], made_at
