"""Whether anything has happened since a page was drawn: one short text, which is another one then. Reads only.

It costs a few index look-ups, whereas the page costs a search for each of its counts. It tells what people do and what
reviews bring, but neither the passing of time nor the delivery of an effect.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Max, OuterRef, Q, Subquery
from django.utils import timezone

from proctoring_results.jobs.lease import clock
from proctoring_results.models import ExamAttempt, ProctoredExam, SessionClaim, SessionLook, TeamNote

from .teamwork import claims_in_course

# What is older was there when the page was drawn, or is found when the page is renewed because of the rest. So the
# database need not search all looks and notes that a course ever had.
RECENT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SessionState:
    """What the page of a session asks first: its stamp, who is looking, and whether there are notes."""

    stamp: str
    claim: SessionClaim | None
    has_notes: bool


def session_state(attempt_code: str) -> SessionState:
    """Return the state of one session; of an unknown one, that nothing has happened. One query."""
    looks = SessionLook.objects.filter(attempt=OuterRef("pk")).order_by("-pk")
    notes = TeamNote.objects.filter(attempt=OuterRef("pk"))
    attempts = ExamAttempt.objects.identified_by(attempt_code=attempt_code).select_related("claim__user")
    attempt: Any = attempts.annotate(
        is_claimed=Q(claim__lease_until__gt=clock()),
        newest_look=Subquery(looks.values("pk")[:1]),
        newest_note=Subquery(notes.order_by("-pk").values("pk")[:1]),
        last_withdrawal=Subquery(notes.order_by("-withdrawn_at").values("withdrawn_at")[:1]),
    ).first()
    if attempt is None:
        return SessionState("", None, has_notes=False)
    claim = attempt.claim if attempt.is_claimed else None
    facts = (
        attempt.last_activity_at,
        attempt.current_review_id,
        attempt.attention_since,
        claim and claim.user_id,
        attempt.newest_look,
        attempt.newest_note,
        attempt.last_withdrawal,
    )
    return SessionState(stamp(*facts), claim, has_notes=attempt.newest_note is not None)


def stamp_of_sessions(course_id: str) -> str:
    """Return the stamp of the lists of a course. Four queries, however many attempts there are."""
    # The newest of each exam stands at the end of an index.
    newest = ExamAttempt.objects.filter(exam=OuterRef("pk")).order_by("-last_activity_at").values("last_activity_at")
    exams = ProctoredExam.objects.in_course(course_id).with_result().order_by("pk")
    recent = timezone.now() - RECENT
    looks = SessionLook.objects.filter(at__gt=recent, attempt__exam__course_id=course_id)
    notes = TeamNote.objects.filter(at__gt=recent, attempt__exam__course_id=course_id)
    return stamp(
        *exams.annotate(newest=Subquery(newest[:1])).values_list("pk", "newest"),
        *claims_in_course(course_id).order_by("pk").values_list("attempt", "user", "claimed_at"),
        looks.aggregate(newest=Max("pk")),
        notes.aggregate(newest=Max("pk"), withdrawn=Max("withdrawn_at")),
    )


def stamp(*facts: object) -> str:
    """Return a short text that is another one if any of the facts is."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
