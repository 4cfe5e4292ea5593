"""Pass for a selection of attempts: which of them, asked when they are shown and again when the selection is posted."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results import permissions
from proctoring_results.choices import AttemptStatus
from proctoring_results.database import is_passing
from proctoring_results.exceptions import DatabaseBusy, InvalidInput, NotFound, ProctoringResultsError
from proctoring_results.models import ExamAttempt, StatusChange
from proctoring_results.providers.registry import provider_named
from proctoring_results.queries.preview import Obstacle, Preview, Seen, obstacle_to, preview_decisions
from proctoring_results.rules import is_own_attempt

from .decisions import clean_category, clean_decision_reason, pass_attempt
from .undo import undo_decision

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# Each is a decision of its own: somebody should have looked at all of them.
MAX_SELECTED = 50

# Attempt code → what the page showed of the attempt; None if a list named it by its code alone.
Selection = Mapping[str, Seen | None]


class Decide(Protocol):
    def __call__(
        self, attempt_code: str, /, *, by: AbstractBaseUser, reason: str, category: str, seen: Seen | None
    ) -> object: ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """An attempt of a selection: with the ``token`` that passes it, or with ``why_not``."""

    preview: Preview
    token: str
    why_not: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an attempt of a selection: it is passed, or there is a ``problem``.

    If the database was busy, ``token`` passes it at another try.
    """

    attempt: ExamAttempt
    problem: str
    token: str = ""

    @property
    def is_passed(self) -> bool:
        return not self.problem


def why_not_with_others(attempt: ExamAttempt, by: AbstractBaseUser) -> str:
    """Return why this person cannot pass the attempt together with others; empty if they can. No query.

    If the provider does second reviews itself, a person decides on the page of the session, which says so.
    """
    obstacle = Obstacle.OWN if is_own_attempt(attempt, by) else obstacle_to(attempt, AttemptStatus.VERIFIED)
    if obstacle:
        return str(obstacle.label)
    if attempt.appeal_due_at is not None:
        return _("The learner has appealed. Read the appeal, and decide on the page of the session.")
    if attempt.status == AttemptStatus.VERIFIED and attempt.attention_since is None:
        return _("It is passed already.")
    if provider_named(attempt.provider).policy.provider_does_second_reviews:
        return _("Second reviews are done by %(provider)s. Decide on the page of the session.") % {
            "provider": attempt.provider
        }
    return ""


def preview_selection(selection: Selection, *, by: AbstractBaseUser) -> list[Candidate]:
    """Return what passing each of these attempts leads to, in their order; unknown ones are left out.

    As many queries as for one attempt. Raises ``InvalidInput`` if there are more than ``MAX_SELECTED``.
    """
    refuse_too_many(selection)
    previews = preview_decisions(list(selection), AttemptStatus.VERIFIED)
    courses = {preview.attempt.exam.course_id for preview in previews}
    may_decide = {course_id: permissions.may(by, permissions.DECIDE_ATTEMPT, course_id) for course_id in courses}
    candidates = []
    for preview in previews:
        attempt = preview.attempt
        allowed = may_decide[attempt.exam.course_id]
        why_not = why_not_with_others(attempt, by) if allowed else _("You may not decide in this course.")
        # After a mistake in the form, what counts is what the page showed first.
        seen = selection[attempt.attempt_code] or preview.seen
        candidates.append(Candidate(preview, "" if why_not else token_of(attempt.attempt_code, seen), why_not))
    return candidates


def pass_selection(
    selection: Selection, *, by: AbstractBaseUser, reason: str, category: str = "", decide: Decide = pass_attempt
) -> list[Outcome]:
    """Pass each of these attempts in a transaction of its own; one that is refused keeps no other from being passed.

    After one for which the database was busy, none is tried: each could wait as long, and a request that is cut off
    could not say which were passed.
    ``decide`` does what ``pass_attempt`` does. Raises ``InvalidInput`` (no reason, an unknown category, too many) and
    ``NotFound`` before the first is passed.
    """
    refuse_too_many(selection)
    reason, category = clean_decision_reason(reason), clean_category(category)
    attempts = ExamAttempt.objects.select_related("exam", "user").in_bulk(selection, field_name="attempt_code")
    for code in selection:
        if code not in attempts:
            raise NotFound("attempt", code)
    outcomes, busy = [], None
    for code, seen in selection.items():
        problem, token = why_not_with_others(attempts[code], by), ""
        if not problem and busy is None:
            try:
                problem = _refusal(partial(decide, code, by=by, reason=reason, category=category, seen=seen))
            except DatabaseBusy as error:
                busy = error
        if not problem and busy is not None:
            problem, token = str(busy), token_of(code, seen)
        outcomes.append(Outcome(attempts[code], problem, token))
    return outcomes


def undo_selection(change_ids: Collection[int], *, by: AbstractBaseUser) -> list[Outcome]:
    """Undo each of these decisions of the person's own in a transaction of its own; say which cannot be any more.

    Raises ``InvalidInput`` (too many) and ``NotFound`` before the first is undone.
    """
    refuse_too_many(change_ids)
    changes = StatusChange.objects.select_related("attempt__exam", "attempt__user").in_bulk(change_ids)
    for pk in change_ids:
        if pk not in changes:
            raise NotFound("decision", str(pk))
    outcomes = []
    for pk in change_ids:
        attempt, problem = changes[pk].attempt, ""
        try:
            problem = _refusal(partial(undo_decision, attempt.attempt_code, by=by, change_id=pk))
        except DatabaseBusy as busy:
            problem = str(busy)
        outcomes.append(Outcome(attempt, problem))
    return outcomes


def _refusal(decide: Callable[[], object]) -> str:
    """Return why the decision was refused; empty if it was made. Raises ``DatabaseBusy``."""
    try:
        decide()
    except DatabaseBusy:
        raise
    except ProctoringResultsError as error:
        return str(error)
    except Error as error:
        if is_passing(error):
            raise DatabaseBusy from error
        raise
    return ""


def refuse_too_many(attempts: Collection[object]) -> None:
    """Raise ``InvalidInput`` if these are more than may be passed at once."""
    if len(attempts) > MAX_SELECTED:
        problem = ngettext(
            "At most %d attempt can be passed at once. Choose fewer.",
            "At most %d attempts can be passed at once. Choose fewer.",
            MAX_SELECTED,
        )
        raise InvalidInput("attempt", problem % MAX_SELECTED)


def token_of(attempt_code: str, seen: Seen | None) -> str:
    if seen is None:
        return attempt_code
    return ":".join([attempt_code, *("" if key is None else str(key) for key in (seen.change_id, seen.review_id))])


def read_tokens(tokens: Iterable[str]) -> dict[str, Seen | None]:
    """Return the selection that a form sent. Raises ``InvalidInput``."""
    return dict(map(_read_token, tokens))


def _read_token(token: str) -> tuple[str, Seen | None]:
    match = re.fullmatch(r"([^:\0]{1,64})(?::([0-9]{0,18}):([0-9]{0,18}))?", token)
    if match is None:
        raise InvalidInput("attempt", _("is not one that the page offers."))
    code, change, review = match.groups()
    if change is None:
        return code, None
    return code, Seen(int(change) if change else None, int(review) if review else None)
