"""The decision that stands, and what has happened since somebody opened the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctoring_results.choices import DECIDED_STATUSES, AttemptStatus, Source
from proctoring_results.models import Appeal, ExamReview, StatusChange
from proctoring_results.people import person
from proctoring_results.rules import VERDICT_LABELS

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt
    from proctoring_results.queries.preview import Seen
    from proctoring_results.queries.timeline import Event


@dataclass(frozen=True, slots=True)
class Happening:
    """A sentence without its time, the time, and the reason that somebody gave, with its category."""

    sentence: str
    at: datetime
    reason: str = ""
    category: str = ""


def standing_decision(attempt: ExamAttempt, events: Sequence[Event]) -> Happening | None:
    """Return who passed or failed the attempt, when and why; None while it is neither."""
    if attempt.status not in DECIDED_STATUSES:
        return None
    changes = [event.row for event in events if isinstance(event.row, StatusChange)]
    undone = {change.undoes_id for change in changes}
    # Undone decisions, and their undoing, are as if they had never been made.
    standing = [change for change in changes if change.pk not in undone and change.undoes_id is None]
    change = next((change for change in reversed(standing) if change.to_status == attempt.status), None)
    if change is None:
        return None
    # What a provider's review gives as its reason is the review itself.
    reason = "" if change.source in (Source.PROVIDER, Source.REPORTED) else change.reason
    return Happening(_decided_by(attempt, change, events), change.at, reason, change.category_label)


def _decided_by(attempt: ExamAttempt, change: StatusChange, events: Sequence[Event]) -> str:
    passed = change.to_status == AttemptStatus.VERIFIED
    params = {"provider": attempt.provider, "who": _name(change)}
    if change.source == Source.REPORTED:
        params["who"] = _claimed_name(change, events)
        claimed = _("Passed, reported by %(provider)s as decided by %(who)s")
        return (claimed if passed else _("Failed, reported by %(provider)s as decided by %(who)s")) % params
    if change.source == Source.PROVIDER:
        review = _("Passed by the review of %(provider)s")
        return (review if passed else _("Failed by the review of %(provider)s")) % params
    return (_("Passed by %(who)s") if passed else _("Failed by %(who)s")) % params


def _name(change: StatusChange) -> str:
    return person(change.by).label if change.by else str(Source(change.source).label)


def _claimed_name(change: StatusChange, events: Sequence[Event]) -> str:
    """Return the person whom the provider names; a dash if an erasure has removed the name."""
    reviews = (event.row for event in events if isinstance(event.row, ExamReview))
    return next((review.claimed_name for review in reviews if review.pk == change.review_id), "") or "–"


def happened_since(events: Sequence[Event], seen: Seen) -> list[Happening]:
    """Return the changes and reviews that are newer than those that were seen, and an appeal that was not."""
    return [
        Happening(_sentence(event), event.at)
        for event in events
        if (isinstance(event.row, StatusChange) and event.row.pk > (seen.change_id or 0))
        or (isinstance(event.row, ExamReview) and event.row.pk > (seen.review_id or 0))
        or (isinstance(event.row, Appeal) and event.row.answer_id is None and event.row.pk != seen.appeal_id)
    ]


def _sentence(event: Event) -> str:
    change = event.row
    if isinstance(change, StatusChange) and change.source == Source.PERSON:
        verdict = VERDICT_LABELS.get(AttemptStatus(change.to_status), change.to_status)
        return _("%(who)s decided %(verdict)s") % {"who": _name(change), "verdict": verdict}
    return (
        _("%(who)s: %(sentence)s") % {"who": event.who, "sentence": event.sentence.rstrip(".")}
        if event.who
        else (event.sentence.rstrip("."))
    )
