"""*Did this learner pass?*: the search and its answers, ready to be printed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.choices import REVIEWABLE_STATUSES, Source
from proctoring_results.exceptions import InvalidInput
from proctoring_results.lms import lms
from proctoring_results.meanings import learner_reads
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.search import LEARNERS, Search, problem_of, read_search
from proctoring_results.pages._shared.statuses import StatusBadge, status_badge
from proctoring_results.people import Person, person
from proctoring_results.queries.learners import MAX_LEARNERS, FoundLearners, Standing, find_learners

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import StatusChange


@dataclass(frozen=True, slots=True)
class Answer:
    """How a learner stands at one exam, in one line."""

    exam_name: str
    is_practice: bool
    # Of the session; empty for somebody who may not look at it.
    url: str
    # None if no attempt counts.
    badge: StatusBadge | None
    reads: str
    # Who decided, or what the review was; and when.
    by: str
    at: datetime | None
    # Which attempt counts, if there are several.
    notes: list[str]


@dataclass(frozen=True, slots=True)
class AnsweredLearner:
    learner: Person
    answers: list[Answer]


@dataclass(frozen=True, slots=True)
class LearnerSearch:
    search: Search
    problem: str
    learners: list[AnsweredLearner]
    there_are_more: bool
    max_learners: int = MAX_LEARNERS


def may_ask(user: AbstractBaseUser, course_id: str) -> bool:
    """Return whether the person may know results: by the files, or by the sessions."""
    return any(
        permissions.may(user, permission, course_id)
        for permission in (permissions.DOWNLOAD_REPORT, permissions.VIEW_SESSIONS)
    )


def learner_search(course_id: str, user: AbstractBaseUser, token: str) -> LearnerSearch | None:
    """Return the search as the address has it, with its answers; None for somebody who may not ask."""
    if not may_ask(user, course_id):
        return None
    search = read_search(LEARNERS, token, user, course_id)
    problem, result = search.problem, FoundLearners([], there_are_more=False)
    if search.text and not problem:
        try:
            result = find_learners(course_id, search.text)
        except InvalidInput as refusal:
            problem = problem_of(refusal)
    may_view = bool(result.learners) and permissions.may(user, permissions.VIEW_SESSIONS, course_id)
    holds_grades = bool(result.learners) and lms().holds_grades(course_id)
    explanations = reverse("proctoring_results:data_download", args=[course_id])
    learners = [
        AnsweredLearner(
            one.learner,
            [
                _answer(standing, explanations, may_view=may_view, holds_grades=holds_grades)
                for standing in one.standings
            ],
        )
        for one in result.learners
    ]
    return LearnerSearch(search, problem, learners, result.there_are_more)


def _answer(standing: Standing, explanations: str, *, may_view: bool, holds_grades: bool) -> Answer:
    attempt = standing.attempt
    newest = attempt or standing.attempts[-1]
    by, at = _decided_by(standing)
    return Answer(
        exam_name=newest.exam.exam_name,
        is_practice=newest.is_sample_attempt,
        url=session_url(newest) if may_view else "",
        badge=status_badge(attempt.status, explanations) if attempt else None,
        reads=learner_reads(attempt.status) if attempt else "",
        by=by,
        at=at,
        notes=_notes(standing, holds_grades=holds_grades),
    )


def _decided_by(standing: Standing) -> tuple[str, datetime | None]:
    attempt, decision = standing.attempt, standing.decision
    if decision is not None:
        return _("Decided by %(who)s on") % {"who": _decider(decision)}, decision.at
    if attempt is None:
        return "", None
    review = attempt.current_review
    if review is not None and review.is_complete:
        return _("Reviewed %(verdict)s on") % {"verdict": review.get_review_status_display()}, review.received_at
    return (_("Not reviewed yet."), None) if attempt.status in REVIEWABLE_STATUSES else ("", None)


def _decider(decision: StatusChange) -> str:
    """Return who decided; somebody of the service may have no name, or none any more."""
    if decision.source == Source.REPORTED:
        name = decision.review.claimed_name if decision.review else ""
        return name or _("the proctoring service")
    return person(decision.by).label if decision.by else str(Source(decision.source).label)


def _notes(standing: Standing, *, holds_grades: bool) -> list[str]:
    attempts = standing.attempts
    archived = [attempt for attempt in attempts if attempt.archived_at is not None]
    if standing.attempt is None:
        return [_("No attempt counts: every one is archived.")]
    notes = []
    if len(attempts) > 1:
        params = {"number": standing.number, "total": len(attempts), "archived": len(archived)}
        sentence = (
            _("Attempt %(number)d of %(total)d counts, the newest that is not archived.")
            if archived
            else _("Attempt %(number)d of %(total)d counts, the newest.")
        )
        notes.append(sentence % params)
    if standing.another_is_rejected and holds_grades:
        notes.append(_("Another attempt is Failed: until that changes, the score is 0."))
    return notes
