"""Celery's doors, and the bell. The rows are the truth: a bell that is lost is found by upkeep."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from celery import Task, shared_task
from django.db import transaction
from kombu.exceptions import OperationalError

from proctoring_results.effects.deliver import deliver_due
from proctoring_results.reports.build import build

logger = logging.getLogger("proctoring_results.tasks")

# Seconds. A click must answer at once, also while the broker is down or its packets vanish.
BROKER_CONNECT_LIMIT = 1.0


@shared_task(name="proctoring_results.build_report", ignore_result=True)
def build_report(report_pk: int) -> None:
    build(report_pk)


@shared_task(name="proctoring_results.deliver_effects", ignore_result=True)
def deliver_effects() -> None:
    deliver_due()


def ring_after_commit(task: Task[Any, Any], *args: Any) -> None:
    """Ring once the transaction is committed; once, however often it is asked for within it."""
    # What a rollback to a savepoint takes away is off this list already; what is on it goes only where we go, too.
    for _, waiting, _ in transaction.get_connection().run_on_commit:
        if isinstance(waiting, partial) and waiting.args == (task, *args):
            return
    transaction.on_commit(partial(ring, task, *args))


def ring(task: Task[Any, Any], *args: Any) -> bool:
    """One try to tell a worker; False when the broker does not answer, which upkeep makes good."""
    try:
        with task.app.connection_for_write(
            connect_timeout=BROKER_CONNECT_LIMIT, transport_options=_quick(task.app.conf.broker_transport_options)
        ) as connection:
            task.apply_async(args, connection=connection, retry=False)  # type: ignore[call-arg]
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
