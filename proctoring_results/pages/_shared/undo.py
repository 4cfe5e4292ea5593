"""The way to undo what was just decided: offered on each page that says what was done, until it takes effect."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from proctoring_results.choices import AttemptStatus
from proctoring_results.models import StatusChange
from proctoring_results.rules import VERDICT_LABELS

if TYPE_CHECKING:
    from .decorators import SignedIn

# In the sign-in session: the ids of the newest decisions, and where they were made. Whether they can be undone is asked
# anew on each page.
KEY = "proctoring_results_undo"


@dataclass(frozen=True, slots=True)
class UndoOffer:
    """Decisions that were made together, the first of which takes effect ``until`` then."""

    decisions: list[StatusChange]
    until: datetime

    @property
    def seconds(self) -> int:
        return max(0, int((self.until - timezone.now()).total_seconds()))

    @property
    def course_id(self) -> str:
        return str(self.decisions[0].attempt.exam.course_id)

    @property
    def verdict(self) -> str:
        return str(VERDICT_LABELS[AttemptStatus(self.decisions[0].to_status)])


def offer_undo(request: SignedIn, attempt_codes: Collection[str], made_at: str) -> None:
    """Remember the decisions that the person has just made about these attempts, on the page with this address."""
    decisions = _undoable(request).filter(attempt__attempt_code__in=attempt_codes)
    newest = {change.attempt_id: change.pk for change in decisions.order_by("pk")}
    request.session[KEY] = {"decisions": list(newest.values()), "made_at": made_at}


def undo_offer(request: HttpRequest) -> UndoOffer | None:
    """Return what the person may still undo; None if nothing."""
    offered = request.session.get(KEY)
    if not offered or not offered["decisions"]:
        return None
    decisions = list(_undoable(request).filter(pk__in=offered["decisions"]).order_by("pk"))
    if not decisions:
        del request.session[KEY]
        return None
    return UndoOffer(decisions, min(change.withheld.undo_until for change in decisions))


def made_at(request: HttpRequest, decisions: Collection[int]) -> str | None:
    """Return the address of the page where these decisions were made; None if the person has made others since."""
    offered = request.session.get(KEY)
    return offered["made_at"] if offered and sorted(offered["decisions"]) == sorted(decisions) else None


def _undoable(request: HttpRequest) -> QuerySet[StatusChange]:
    return (
        StatusChange.objects.standing()
        .filter(by_id=request.user.pk, withheld__undo_until__gt=timezone.now())
        .select_related("withheld", "attempt__user", "attempt__exam")
    )
