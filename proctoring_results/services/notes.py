"""Notes of the team about a session, which no learner, report or provider gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import AttemptIsErased, NotFound, NotYourNote
from proctoring_results.models import TeamNote
from proctoring_results.validation import clean_reason

from .status import lock_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

MAX_NOTE_LENGTH = 4_000  # characters


@in_transaction
def add_note(attempt_code: str, *, by: AbstractBaseUser, text: str) -> TeamNote:
    """Add a note to a session, for the team alone.

    Raises ``AccessDenied`` (``OwnAttempt`` for the learner), ``InvalidInput`` (no text, or too much),
    ``AttemptIsErased`` and ``NotFound``.
    """
    attempt = lock_attempt(attempt_code)
    permissions.require_decision(by, attempt)
    text = clean_reason(text, missing=_("A note needs a text."), max_length=MAX_NOTE_LENGTH, field="text")
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    note = TeamNote.objects.create(attempt=attempt, author_id=by.pk, at=timezone.now(), text=text)
    return TeamNote.objects.select_related("author").get(pk=note.pk)


@in_transaction
def withdraw_note(note_id: int, *, by: AbstractBaseUser) -> TeamNote:
    """Withdraw one's own note: its text is removed; that there was a note stays. Again it changes nothing.

    Raises ``AccessDenied`` (``NotYourNote`` for a note of somebody else) and ``NotFound``.
    """
    codes = TeamNote.objects.filter(pk=note_id).values_list("attempt__attempt_code", flat=True)
    code = codes.first()
    if code is None:
        raise NotFound("note", str(note_id))
    attempt = lock_attempt(code)
    permissions.require_decision(by, attempt)
    note = TeamNote.objects.select_related("author").get(pk=note_id)
    if note.author_id != by.pk:
        raise NotYourNote(permissions.DECIDE_ATTEMPT, attempt.exam.course_id)
    if not note.is_withdrawn:
        note.text, note.withdrawn_at = "", timezone.now()
        note.save(update_fields=["text", "withdrawn_at"])
    return note
