"""What the team leaves for one another at a session: the part of the page, and what its buttons do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from proctoring_results import permissions
from proctoring_results.conf import conf
from proctoring_results.exceptions import NotFound
from proctoring_results.models import TeamNote
from proctoring_results.people import person
from proctoring_results.services.claims import claim_session, release_session
from proctoring_results.services.looks import record_look
from proctoring_results.services.notes import MAX_NOTE_LENGTH, add_note, withdraw_note

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt, SessionLook
    from proctoring_results.queries.stamps import SessionState

    from .address import Address

# The name of the form of a note, and where on the page flash messages about the team's part are shown.
NOTE = "note"
PLACE = "team"


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    at: datetime
    # A review has arrived since.
    is_outdated: bool


@dataclass(frozen=True, slots=True)
class Note:
    pk: int
    author: str
    at: datetime
    text: str
    is_withdrawn: bool
    is_own: bool


@dataclass(frozen=True, slots=True)
class Teamwork:
    """Who is looking, who has looked, and the notes."""

    # Empty while nobody is looking.
    looking: str
    is_own_claim: bool
    looks: list[Look]
    # Whether the person has looked since the newest review.
    has_looked: bool
    notes: list[Note]
    max_note_length: int
    may_write: bool
    may_claim: bool
    # The script claims the session when somebody comes from a list, and renews the claim while they work there.
    claims_itself: bool
    renew_after: int


def teamwork(
    attempt: ExamAttempt,
    user: AbstractBaseUser,
    place: Address,
    *,
    state: SessionState,
    review_id: int | None,
    looks: Sequence[SessionLook],
) -> Teamwork | None:
    """Return what this person may see of it; None for the learner.

    ``review_id`` is the newest review's, and ``looks`` are all there are, oldest first.
    """
    if not permissions.may_see_teamwork(user, attempt):
        return None
    claim = state.claim
    may_write = permissions.may_decide(user, attempt) and attempt.erased_at is None
    may_claim = may_write and attempt.archived_at is None
    newest_looks = {look.user_id: look for look in looks}
    came_from_list = bool(place.came_from.list_params) and attempt.attention_since is not None
    return Teamwork(
        looking=person(claim.user).label if claim else "",
        is_own_claim=claim is not None and claim.user_id == user.pk,
        looks=[Look(person(look.user).label, look.at, look.review_id != review_id) for look in newest_looks.values()],
        has_looked=any(look.user_id == user.pk and look.review_id == review_id for look in newest_looks.values()),
        notes=[_note(note, user) for note in _notes(attempt)] if state.has_notes else [],
        max_note_length=MAX_NOTE_LENGTH,
        may_write=may_write,
        may_claim=may_claim,
        claims_itself=may_claim and came_from_list,
        renew_after=int(conf().CLAIM_LIFETIME.total_seconds()) // 3,
    )


def _notes(attempt: ExamAttempt) -> Iterable[TeamNote]:
    return attempt.notes.select_related("author").order_by("pk")


def _note(note: TeamNote, user: AbstractBaseUser) -> Note:
    return Note(
        note.pk, person(note.author).label, note.at, note.text, note.is_withdrawn, is_own=note.author_id == user.pk
    )


# ------------------------------------------------------------------------------------------------------------- buttons


def _withdraw(attempt_code: str, *, by: AbstractBaseUser, note: str) -> None:
    is_key = note.isascii() and note.isdigit() and len(note) <= 18
    if not (is_key and TeamNote.objects.filter(pk=int(note), attempt__attempt_code=attempt_code).exists()):
        raise NotFound("note", note)
    withdraw_note(int(note), by=by)


# What the buttons send, what they do, and the fields that go with it.
ACTIONS: Mapping[str, tuple[Callable[..., object], tuple[str, ...]]] = {
    "claim": (claim_session, ()),
    "take_over": (partial(claim_session, take_over=True), ()),
    "release": (release_session, ()),
    "look": (record_look, ()),
    "note": (add_note, ("text",)),
    "withdraw": (_withdraw, ("note",)),
}
