"""What can happen to the attempts of a course, for tests of what must hold whatever happened."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import time_machine
from django.conf import settings
from django.test import override_settings
from hypothesis import strategies as st

from proctoring_results import api
from proctoring_results.choices import EffectState
from proctoring_results.models import ExamAttempt, Incident, LmsEffect
from proctoring_results.models.attention import save_attention
from tests.factories import ProctoredExamFactory, UserFactory

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
REFUSALS = (
    api.IllegalTransition,
    api.AttemptIsArchived,
    api.AttemptAlreadyOpen,
    api.AppealRefused,
    api.DecidedBefore,
)
LABELS = ("Suspicious", "Rules Violation", "unknown")
# Kinds, those of services and one of nobody, and the tabs of the session on which they stand.
PARTS = {
    "": "video",
    "webcam": "video",
    "a label of its own": "video",
    "desktop": "online",
    "Desktop": "online",
    "id": "verification",
    "room": "verification",
    "onboarding": "onboarding",
}

STEPS = ("start", "submit", "time_out", "expire", "error", "review", "review", "pass", "fail", "archive", "again")
STEPS += ("dismiss", "restore", "park", "appeal", "answer")
INCIDENTS = st.lists(
    st.builds(
        api.IncidentData, status=st.sampled_from(LABELS), comment=st.just("seen"), kind=st.sampled_from([*PARTS])
    ),
    max_size=4,
)
STATUSES = st.sampled_from(api.ReviewStatus.values)
# What happens to whom, how long after what came before, and with which review if it is one.
EVENTS = st.tuples(st.integers(0, 3), st.sampled_from(STEPS), st.integers(0, 2_000), STATUSES, INCIDENTS)


def begun(number: int) -> st.SearchStrategy[list]:
    """How it begins for one of the four. Left to chance alone, hardly any exam was ever handed in and reviewed."""
    review = st.tuples(st.just(number), st.just("review"), st.integers(0, 2_000), STATUSES, INCIDENTS)
    start, submit = ((number, step, 5, "Clean", []) for step in ("start", "submit"))
    reviewed = review.map(lambda one: [start, submit, one])
    dismissed = reviewed.map(lambda steps: [*steps, (number, "dismiss", 5, "Clean", [])])
    return st.one_of(dismissed, reviewed, st.just([start]), st.just([]))


OPENINGS = st.tuples(*(begun(number) for number in range(4))).map(lambda parts: [one for part in parts for one in part])
HISTORIES = st.builds(lambda opening, events: opening + events, OPENINGS, st.lists(EVENTS, min_size=8, max_size=60))


def happen(attempt: ExamAttempt, step: str, by, status: str, incidents: list) -> ExamAttempt | None:
    code = attempt.attempt_code
    match step:
        case "start":
            api.mark_ready_to_start(code)
            api.start_attempt(code)
        case "submit":
            api.submit_attempt(code)
        case "time_out":
            api.time_out_attempt(code)
        case "expire":
            api.expire_attempt(code)
        case "error":
            api.mark_error(code, reason="broken")
        case "review":
            api.record_review(code, status, incidents=incidents)
        case "pass":
            api.pass_attempt(code, by=by, reason="seen")
        case "fail":
            api.fail_attempt(code, by=by, reason="seen")
        case "archive":
            api.archive_attempt(code, reason="again, please")
        case "again":
            return api.create_attempt(attempt.user, attempt.exam)
        case "appeal":
            values = {**settings.PROCTORING_RESULTS, "APPEAL_DAYS": 14}
            with override_settings(PROCTORING_RESULTS=values):
                api.appeal(code, by=attempt.user, text="It was my cat")
        case "answer":
            # Whoever decided before may not.
            api.fail_attempt(code, by=UserFactory(admin=True), reason="seen again")
        case "dismiss" | "restore":
            change_incident(attempt, step, by)
        case "park":
            park(attempt)
    return None


def change_incident(attempt: ExamAttempt, step: str, by) -> None:
    """The first incident of the current review that this can be done to, if there is one."""
    verb, is_dismissed = (api.dismiss_incident, False) if step == "dismiss" else (api.restore_incident, True)
    current = ExamAttempt.objects.get(pk=attempt.pk).current_review
    of_the_current = Incident.objects.filter(review=current, dismissed_at__isnull=not is_dismissed)
    if incident := of_the_current.order_by("position").first():
        verb(incident.pk, by=by, reason="seen")


def park(attempt: ExamAttempt) -> None:
    """What has waited too long, as the deliverer does it."""
    LmsEffect.objects.waiting().filter(attempt=attempt).update(state=EffectState.PARKED, next_try_at=None)
    save_attention([ExamAttempt.objects.get(pk=attempt.pk)])


def nothing(attempts: list[ExamAttempt]) -> None:
    """Nobody looks."""


def tell(events: list, is_practice: bool, look: Callable[[list[ExamAttempt]], None] = nothing) -> None:
    """Let it happen, to four attempts at two exams; ``look`` at them after each."""
    admin = UserFactory(admin=True)
    exams = [
        ProctoredExamFactory(content_id="exam-0"),
        ProctoredExamFactory(is_proctored=False, is_practice_exam=is_practice),
    ]
    attempts = [api.create_attempt(UserFactory(), exam) for exam in exams * 2]
    with time_machine.travel(NOON, tick=False) as clock:
        for number, step, minutes, status, incidents in events:
            clock.shift(timedelta(minutes=minutes))
            try:
                made = happen(attempts[number], step, admin, status, incidents)
            except REFUSALS:
                continue
            attempts[number] = made or attempts[number]
            look(attempts)
