"""Links to reports and evidence: signed, bound to one person, short-lived, never stored, never mailed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.core.signing import BadSignature, Signer
from django.db.models import Model, QuerySet

from proctoring_results import permissions
from proctoring_results.choices import DownloadOutcome
from proctoring_results.conf import conf
from proctoring_results.models import Evidence, Report

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

RowT = TypeVar("RowT", bound=Model)

EVIDENCE_LINK_TTL = timedelta(minutes=1)
# The clocks of two servers of a site differ a little: a link that is newer by so much was made by the other one.
CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedLink(Generic[RowT]):
    """The links to one kind of row. Another salt makes a link to a report worthless as a link to evidence."""

    salt: str
    rows: Callable[[], QuerySet[RowT]]
    # The field that names the row in the token.
    key: str
    may_open: Callable[[AbstractBaseUser, RowT], bool]
    lifetime: Callable[[], timedelta]

    def make_token(self, row: RowT, user: AbstractBaseUser, *, now: datetime) -> str:
        """Return a token by which this person can open the row. Only ``verify`` checks the permission."""
        # In whole milliseconds, rounded down.
        made_at = int(now.timestamp() * 1000)
        data = {"row": str(getattr(row, self.key)), "user": str(user.pk), "at": made_at}
        return Signer(salt=self.salt).sign_object(data, compress=False)

    def verify(
        self, token: str, user: AbstractBaseUser, *, now: datetime
    ) -> tuple[RowT | None, DownloadOutcome | None]:
        """Return the link's row (None if the token is forged or altered), and why this person may not open it.

        Signature, user, permission and age are checked, in this order. A link from the future is refused, but for
        what the clocks of two servers may differ.
        """
        try:
            data: dict[str, Any] = Signer(salt=self.salt).unsign_object(token)
            row = self.rows().get(**{self.key: data["row"]})
        except (BadSignature, KeyError, ObjectDoesNotExist):
            return None, None
        if data["user"] != str(user.pk):
            return row, DownloadOutcome.ANOTHERS_LINK
        if not self.may_open(user, row):
            return row, DownloadOutcome.NOT_ALLOWED
        # Not by ``TimestampSigner``, which rounds down to whole seconds and accepts tokens from the future.
        age = now - datetime.fromtimestamp(data["at"] / 1000, tz=UTC)
        if age < -CLOCK_TOLERANCE:
            return row, DownloadOutcome.FROM_THE_FUTURE
        return row, DownloadOutcome.LINK_EXPIRED if age > self.lifetime() else None


REPORT_LINK: SignedLink[Report] = SignedLink(
    salt="proctoring_results.downloads",
    rows=lambda: Report.objects.select_related("file"),
    key="task_id",
    may_open=permissions.may_download,
    lifetime=lambda: conf().DOWNLOAD_TTL,
)
EVIDENCE_LINK: SignedLink[Evidence] = SignedLink(
    salt="proctoring_results.evidence",
    rows=lambda: Evidence.objects.select_related("review__attempt__exam"),
    key="pk",
    may_open=lambda user, evidence: permissions.may(
        user, permissions.VIEW_SESSIONS, evidence.review.attempt.exam.course_id
    ),
    lifetime=lambda: EVIDENCE_LINK_TTL,
)
