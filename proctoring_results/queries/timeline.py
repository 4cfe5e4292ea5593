"""Everything that happened to one attempt, in the order it happened. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, TextChoices
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from proctoring_results.choices import AttemptStatus, EffectKind, EffectState, MessageState, Source
from proctoring_results.models import (
    Appeal,
    ExamAttempt,
    ExamReview,
    Incident,
    LmsEffect,
    ProviderMessage,
    SessionLook,
    StatusChange,
)
from proctoring_results.people import person
from proctoring_results.providers.guarded import channel_label
from proctoring_results.providers.registry import provider_named
from proctoring_results.rules import VERDICT_LABELS, full_status_label


class EventKind(TextChoices):
    """The kinds of events. Events of the same time stand in this order."""

    CREATED = "created", gettext_lazy("created")
    MESSAGE = "message", gettext_lazy("message")
    REVIEW = "review", gettext_lazy("review")
    STATUS = "status", gettext_lazy("status")
    LOOK = "look", gettext_lazy("look")
    DECISION = "decision", gettext_lazy("decision")
    APPEAL = "appeal", gettext_lazy("appeal")
    EFFECT = "effect", gettext_lazy("effect")
    ARCHIVED = "archived", gettext_lazy("archived")
    ERASED = "erased", gettext_lazy("erased")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened. ``sentence`` says what; ``detail`` is what a person or a program wrote about it."""

    at: datetime
    kind: EventKind
    sentence: str
    # The name of the person who did it, or else on whose side it was done.
    who: str = ""
    detail: str = ""
    # That of the reason for a decision.
    category: str = ""
    # An effect that was given up or failed at its last try, or a message that waits.
    is_problem: bool = False
    # The row it was read from; None for what is stored in the attempt itself.
    row: StatusChange | ExamReview | Appeal | LmsEffect | ProviderMessage | SessionLook | None = None
    # How many incidents a review has, dismissed ones included.
    incidents: int = 0


def timeline(attempt: ExamAttempt, *, with_messages: bool = True, with_looks: bool = True) -> list[Event]:
    """Return all events of an attempt, oldest first, by a constant number of queries.

    Incidents, the bodies of messages, raw data and links to recordings are not read: there may be very much of them.
    Reviews are numbered as they arrived, from 1.
    """
    reviews = list(_reviews(attempt))
    by_pk = {review.pk: review for review in reviews}
    numbers = {pk: number for number, pk in enumerate(by_pk, 1)}
    changes = attempt.changes.select_related("by").order_by("pk")
    events = [
        *_created(attempt),
        *(_received(message, numbers) for message in (_messages(attempt) if with_messages else ())),
        *(_reviewed(review, numbers, by_pk.get(review.version_of_id)) for review in reviews),
        *(_status_changed(change, by_pk.get(change.review_id or 0), numbers) for change in changes),
        *(_looked(look) for look in (_looks(attempt) if with_looks else ())),
        *(_appealed(appeal) for appeal in attempt.appeals.order_by("pk")),
        *(_effect(effect) for effect in attempt.effects.queued_by(timezone.now()).order_by("pk")),
        *_archived(attempt),
        *_erased(attempt),
    ]
    ranks = {kind: rank for rank, kind in enumerate(EventKind)}
    # The sort is stable: events of the same kind and time stay in the order in which they were written.
    return sorted(events, key=lambda event: (event.at, ranks[event.kind]))


def _reviews(attempt: ExamAttempt) -> QuerySet[Any]:
    """Return the reviews, each with the ``total`` of its incidents, and how many of them are ``dismissed``.

    ``just_dismissed`` is the position of the first that was dismissed in this version.
    """
    incidents = Incident.objects.filter(review=OuterRef("pk")).order_by()
    just_dismissed = incidents.filter(dismissed_at=OuterRef("received_at")).order_by("position")
    counts = incidents.values("review").annotate(total=Count("pk"), dismissed=Count("dismissed_at"))
    long_texts = ("raw_data", "suspicious_comments", "rules_violation_comments")
    return (
        attempt.reviews.select_related("reviewed_by")
        .defer(*long_texts)
        .annotate(
            total=Coalesce(Subquery(counts.values("total")), 0),
            dismissed=Coalesce(Subquery(counts.values("dismissed")), 0),
            just_dismissed=Subquery(just_dismissed.values("position")[:1]),
        )
        .order_by("pk")
    )


def _messages(attempt: ExamAttempt) -> Iterable[ProviderMessage]:
    return attempt.messages.defer("body").order_by("pk")


def _created(attempt: ExamAttempt) -> Iterator[Event]:
    yield Event(at=attempt.created_at, kind=EventKind.CREATED, sentence=_("The attempt was created."))


def _archived(attempt: ExamAttempt) -> Iterator[Event]:
    if attempt.archived_at is not None:
        yield Event(
            at=attempt.archived_at,
            kind=EventKind.ARCHIVED,
            sentence=_("The attempt was archived."),
            who=person(attempt.archived_by).label if attempt.archived_by else str(Source.HOST.label),
            detail=attempt.archive_reason,
        )


def _erased(attempt: ExamAttempt) -> Iterator[Event]:
    if attempt.erased_at is not None:
        yield Event(at=attempt.erased_at, kind=EventKind.ERASED, sentence=_("The learner's data was erased."))


def _status_changed(change: StatusChange, review: ExamReview | None, numbers: Mapping[int, int]) -> Event:
    by_a_person = change.source in (Source.PERSON, Source.UNDO)
    if change.source == Source.UNDO:
        sentence = _("The decision was undone: the status is “%(to)s” again.") % _params(change, numbers)
    elif by_a_person:
        sentence = _decision(change, numbers)
    elif change.source == Source.REPORTED and review is not None:
        sentence = _reported_decision(change, review, numbers)
    else:
        sentence = _change(change, numbers)
    return Event(
        at=change.at,
        kind=EventKind.DECISION if by_a_person else EventKind.STATUS,
        sentence=sentence,
        who=person(change.by).label if change.by else str(Source(change.source).label),
        detail=change.reason,
        category=change.category_label,
        row=change,
    )


def _change(change: StatusChange, numbers: Mapping[int, int]) -> str:
    params = _params(change, numbers)
    if change.review_id is None:
        return _("The status changed from “%(start)s” to “%(to)s”.") % params
    return _("The status changed from “%(start)s” to “%(to)s” because of review %(number)d.") % params


def _decision(change: StatusChange, numbers: Mapping[int, int]) -> str:
    params = _params(change, numbers)
    params = {**params, "verdict": VERDICT_LABELS.get(AttemptStatus(change.to_status), params["to"])}
    if change.from_status == change.to_status:
        return _("Decided %(verdict)s again: the status stays “%(to)s”.") % params
    if change.review_id is None:
        return _("Decided %(verdict)s: the status changed from “%(start)s” to “%(to)s”.") % params
    return _("Decided %(verdict)s on review %(number)d: the status changed from “%(start)s” to “%(to)s”.") % params


def _reported_decision(change: StatusChange, review: ExamReview, numbers: Mapping[int, int]) -> str:
    params = {**_params(change, numbers), "provider": review.attempt.provider, "name": _claimed(review)}
    if change.from_status == change.to_status:
        sentence = _("Reported by %(provider)s as decided by %(name)s in review %(number)d: the status stays “%(to)s”.")
    else:
        sentence = _(
            "Reported by %(provider)s as decided by %(name)s in review %(number)d: the status changed from “%(start)s” "
            "to “%(to)s”."
        )
    return sentence % params


def _claimed(review: ExamReview) -> str:
    """Return the name of the person who, the provider says, reviewed it; empty if it names nobody."""
    return review.claimed_name or (person(review.reviewed_by).label if review.reviewed_by else "")


def _params(change: StatusChange, numbers: Mapping[int, int]) -> dict[str, object]:
    return {
        "start": full_status_label(change.from_status),
        "to": full_status_label(change.to_status),
        "number": numbers.get(change.review_id or 0, 0),
    }


def _reviewed(review: Any, numbers: Mapping[int, int], before: Any | None) -> Event:
    """``before`` is the version before, if it is a version."""
    if before is not None:
        return _new_version(review, numbers, before)
    name = _claimed(review)
    counted = ngettext("%(total)d incident", "%(total)d incidents", review.total) % {"total": review.total}
    return Event(
        at=review.received_at,
        kind=EventKind.REVIEW,
        sentence=_("Review %(number)d: “%(status)s”, %(counted)s; %(standing)s.")
        % {
            "number": numbers[review.pk],
            "status": review.get_review_status_display(),
            "counted": counted,
            "standing": review.get_standing_display(),
        },
        who=str(Source(review.source).label),
        detail=_("Reviewed by %(name)s, according to the provider.") % {"name": name} if name else "",
        row=review,
        incidents=review.total,
    )


def _new_version(review: Any, numbers: Mapping[int, int], before: Any) -> Event:
    return Event(
        at=review.received_at,
        kind=EventKind.REVIEW,
        sentence=_version_sentence(review, before, numbers),
        who=person(review.reviewed_by).label if review.reviewed_by else str(Source(review.source).label),
        detail=review.version_reason,
        row=review,
        incidents=review.total,
    )


def _version_sentence(review: Any, before: Any, numbers: Mapping[int, int]) -> str:
    changed = abs(review.dismissed - before.dismissed)
    params = {"number": numbers[review.pk], "before": numbers[before.pk], "changed": changed}
    # Without an incident that was dismissed then, some were restored.
    if review.just_dismissed is None:
        sentence = ngettext(
            "Restored a dismissed incident of review %(before)d, which became review %(number)d.",
            "Restored %(changed)d dismissed incidents of review %(before)d, which became review %(number)d.",
            changed,
        )
    elif changed == 1:
        params["incident"] = review.just_dismissed + 1
        sentence = _("Dismissed incident %(incident)d of review %(before)d, which became review %(number)d.")
    else:
        sentence = _("Dismissed %(changed)d incidents of review %(before)d, which became review %(number)d.")
    return sentence % params


def _looks(attempt: ExamAttempt) -> Iterable[SessionLook]:
    return attempt.looks.select_related("user").order_by("pk")


def _looked(look: SessionLook) -> Event:
    return Event(
        at=look.at,
        kind=EventKind.LOOK,
        sentence=_("Looked at the session, and decided nothing."),
        who=person(look.user).label,
        row=look,
    )


def _appealed(appeal: Appeal) -> Event:
    return Event(
        at=appeal.at,
        kind=EventKind.APPEAL,
        sentence=_("The learner appealed against the result."),
        who=str(Source.LEARNER.label),
        detail=appeal.text,
        row=appeal,
    )


def _effect(effect: LmsEffect) -> Event:
    kind = effect.get_call_display() if effect.kind == EffectKind.PROVIDER else effect.get_kind_display()
    tries = ngettext("%(tries)d try", "%(tries)d tries", effect.tries) % {"tries": effect.tries}
    return Event(
        at=effect.queued_at,
        kind=EventKind.EFFECT,
        sentence=_("%(kind)s: %(state)s, %(tries)s.")
        % {"kind": capfirst(kind), "state": effect.get_state_display(), "tries": tries},
        detail=effect.problem,
        is_problem=effect.state == EffectState.PARKED or (effect.state == EffectState.WAITING and bool(effect.problem)),
        row=effect,
    )


def _replayed(message: ProviderMessage) -> str:
    if message.state != MessageState.DONE:
        return _("Message of %(provider)s, %(channel)s: to be replayed, not processed yet.")
    if message.review_id is None:
        return _("Message of %(provider)s, %(channel)s: replayed.")
    return _("Message of %(provider)s, %(channel)s: replayed as review %(number)d.")


def _received(message: ProviderMessage, numbers: Mapping[int, int]) -> Event:
    params = {
        "provider": message.provider,
        "channel": channel_label(provider_named(message.provider), message.channel),
        "number": numbers.get(message.review_id or 0, 0),
    }
    if message.replay_of_id is not None:
        sentence = _replayed(message) % params
    elif message.state != MessageState.DONE:
        sentence = _("Message of %(provider)s, %(channel)s: stored, not processed yet.") % params
    elif message.review_id is None:
        sentence = _("Message of %(provider)s, %(channel)s: processed.") % params
    else:
        sentence = _("Message of %(provider)s, %(channel)s: processed as review %(number)d.") % params
    return Event(
        at=message.received_at,
        kind=EventKind.MESSAGE,
        sentence=sentence,
        who=message.caller,
        detail=message.problem,
        is_problem=message.state != MessageState.DONE and bool(message.problem),
        row=message,
    )
