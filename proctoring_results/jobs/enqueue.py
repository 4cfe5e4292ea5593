"""How a Celery task is enqueued. The database row is authoritative: the periodic sweep enqueues lost tasks again."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger("proctoring_results.tasks")

# Seconds. A click must be answered at once, even while the broker is down or drops packets.
BROKER_CONNECT_LIMIT = 1.0


def enqueue_after_commit(task: Task[Any, Any], *args: Any) -> None:
    """Enqueue a task once the transaction is committed, and not at all when it is rolled back."""
    transaction.on_commit(partial(enqueue, task, *args))


def enqueue(task: Task[Any, Any], *args: Any) -> bool:
    """Make one attempt to hand a task to the broker; return False when the broker does not answer."""
    try:
        with task.app.connection_for_write(
            connect_timeout=BROKER_CONNECT_LIMIT, transport_options=_impatient(task.app.conf.broker_transport_options)
        ) as connection:
            task.apply_async(args, connection=connection, retry=False)  # type: ignore[call-arg]
    except (OperationalError, OSError) as error:
        logger.warning("The broker did not take %s: %s. The periodic sweep will try again.", task.name, error)
        return False
    return True


def _impatient(options: dict[str, Any]) -> dict[str, Any]:
    return {
        **options,
        "socket_connect_timeout": BROKER_CONNECT_LIMIT,
        "socket_timeout": BROKER_CONNECT_LIMIT,
        "max_retries": 0,
        "retry_on_timeout": False,
    }
