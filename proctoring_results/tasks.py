"""Celery's doors, and the bell. The rows are the truth: a bell that is lost is found by upkeep."""

from __future__ import annotations

import logging
from functools import partial
from threading import Lock
from time import monotonic
from typing import Any

from celery import Task, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from proctoring_results.effects.deliver import deliver_due
from proctoring_results.reports.build import build

logger = logging.getLogger("proctoring_results.tasks")

# Seconds. A click must answer at once, also while the broker is down or its packets vanish.
BROKER_CONNECT_LIMIT = 1.0
# Seconds. Where much happens at once, a process rings no more often for what a single bell is enough for.
MOMENT = 0.5


@shared_task(name="proctoring_results.build_report", ignore_result=True)
def build_report(report_pk: int) -> None:
    build(report_pk)


@shared_task(name="proctoring_results.deliver_effects", ignore_result=True)
def deliver_effects() -> None:
    deliver_due()


def ring_after_commit(task: Task[Any, Any], *args: Any) -> None:
    """Ring once the transaction is committed; once, however often it is asked for within it.

    A task without arguments does all that there is to do, so that one bell a moment is enough for it.
    """
    # What a rollback to a savepoint takes away is off this list already; what is on it goes only where we go, too.
    for _, waiting, _ in transaction.get_connection().run_on_commit:
        if isinstance(waiting, partial) and waiting.args == (task, *args):
            return
    transaction.on_commit(partial(ring, task, *args) if args else partial(ring_once_a_moment, task))


# Name of a task → when its last bell is heard, on the clock of ``monotonic``.
_heard: dict[str, float] = {}
_heard_lock = Lock()


def ring_once_a_moment(task: Task[Any, Any]) -> None:
    """Ring so that the task begins after now: at once, or, where a bell has just rung, a moment after that one.

    Nothing is rung while a bell is on its way that will be heard later.
    """
    now = monotonic()
    with _heard_lock:
        last = _heard.get(task.name, now - MOMENT)
        if last > now:
            return
        pause = max(0.0, last + MOMENT - now)
        _heard[task.name] = now + pause
    if not ring(task, pause=pause):
        with _heard_lock:
            _heard.pop(task.name, None)


def ring(task: Task[Any, Any], *args: Any, pause: float = 0.0) -> bool:
    """One try to tell a worker, which begins after so many seconds; False when the broker does not answer.

    Upkeep makes that good.
    """
    try:
        with task.app.connection_for_write(
            connect_timeout=BROKER_CONNECT_LIMIT, transport_options=_quick(task.app.conf.broker_transport_options)
        ) as connection:
            # 0 is as good as none.
            task.apply_async(args, connection=connection, retry=False, countdown=pause)  # type: ignore[call-arg]
    except (OperationalError, OSError) as error:
        logger.warning("The broker did not take %s: %s. Upkeep will ring again.", task.name, error)
        return False
    return True


def _quick(options: dict[str, Any]) -> dict[str, Any]:
    return {
        **options,
        "socket_connect_timeout": BROKER_CONNECT_LIMIT,
        "socket_timeout": BROKER_CONNECT_LIMIT,
        "max_retries": 0,
        "retry_on_timeout": False,
    }
