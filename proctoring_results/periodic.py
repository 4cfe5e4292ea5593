"""The beat schedule and its tasks. Hosts add ``BEAT_SCHEDULE`` to their own."""

from typing import Any

from celery import shared_task

from proctoring_results.services import messages, upkeep

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "proctoring-results-sweep-reports": {
        "task": "proctoring_results.sweep_reports",
        "schedule": 15.0,  # seconds
        # After a pause a worker must not find a backlog of old sweeps.
        "options": {"expires": 15.0},
    },
    "proctoring-results-sweep-effects": {
        "task": "proctoring_results.sweep_effects",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
    "proctoring-results-end-attempts": {
        "task": "proctoring_results.end_attempts",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "proctoring-results-run-schedules": {
        "task": "proctoring_results.run_schedules",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "proctoring-results-sweep-inbox": {
        "task": "proctoring_results.sweep_inbox",
        "schedule": 15.0,
        "options": {"expires": 15.0},
    },
}


@shared_task(name="proctoring_results.sweep_reports", ignore_result=True)
def sweep_reports() -> None:
    upkeep.sweep_reports()


@shared_task(name="proctoring_results.sweep_effects", ignore_result=True)
def sweep_effects() -> None:
    upkeep.sweep_effects()


@shared_task(name="proctoring_results.end_attempts", ignore_result=True)
def end_attempts() -> None:
    with upkeep.guarding() as guard:
        with guard("attempts whose time is over"):
            upkeep.end_overdue_attempts()
        with guard("courses that have ended"):
            upkeep.expire_attempts_of_ended_courses()
        with guard("reviews that wait"):
            upkeep.look_for_waiting_reviews()
        with guard("the usual time until a result"):
            upkeep.update_usual_waits()


@shared_task(name="proctoring_results.run_schedules", ignore_result=True)
def run_schedules() -> None:
    upkeep.run_schedules()


@shared_task(name="proctoring_results.sweep_inbox", ignore_result=True)
def sweep_inbox() -> None:
    messages.sweep_inbox()
