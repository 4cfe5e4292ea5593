"""Who is looking at sessions, who has looked, and the notes of the team. Reads only.

None of it is for the learner, who may be of the team as well: ``permissions.may_see_teamwork``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef

from proctoring_results.models import ExamAttempt, SessionClaim, SessionLook

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models.attempts import ExamAttemptQuerySet
    from proctoring_results.models.teamwork import SessionClaimQuerySet


def claims_of(attempts: Collection[ExamAttempt]) -> dict[int, SessionClaim]:
    """Return who is looking at each attempt now, by its key, without those at which nobody is. One query."""
    claims = SessionClaim.objects.standing().filter(attempt__in=[attempt.pk for attempt in attempts])
    return {claim.attempt_id: claim for claim in claims.select_related("attempt", "user")}


def claims_in_course(course_id: str) -> SessionClaimQuerySet:
    """Return who is looking at sessions of the course now."""
    return SessionClaim.objects.standing().filter(attempt__exam__course_id=course_id).select_related("attempt", "user")


def looks_of(attempts: Collection[ExamAttempt]) -> dict[int, list[SessionLook]]:
    """Return who has looked at each attempt, by its key and oldest first: the newest look of each person. One query."""
    newest: dict[int, dict[int, SessionLook]] = defaultdict(dict)
    looks = SessionLook.objects.filter(attempt__in=[attempt.pk for attempt in attempts]).select_related("user")
    for look in looks.order_by("-pk"):
        newest[look.attempt_id].setdefault(look.user_id, look)
    return {pk: list(reversed(by_person.values())) for pk, by_person in newest.items()}


def without_claims_of_others(user: AbstractBaseUser, attempts: ExamAttemptQuerySet) -> ExamAttemptQuerySet:
    """Return those of the attempts at which no colleague of this person is looking: for *next* and *previous*."""
    claims = SessionClaim.objects.standing().exclude(user=user.pk).filter(attempt=OuterRef("pk"))
    return attempts.exclude(Exists(claims))


def free_for(user: AbstractBaseUser, attempts: ExamAttemptQuerySet) -> ExamAttemptQuerySet:
    """Return those of the attempts that nobody claims, and that are not this person's own."""
    claims = SessionClaim.objects.standing().filter(attempt=OuterRef("pk"))
    return attempts.exclude(Exists(claims)).exclude(user=user.pk)
