"""How a Celery task is enqueued. The database row is authoritative: the periodic sweep enqueues lost tasks again.

Whatever goes wrong with the broker, its driver or its address is logged, and fails no request.
"""

from __future__ import annotations

import logging
import time
from contextvars import copy_context
from datetime import datetime
from functools import partial
from typing import Any

from celery import Task
from django.db import transaction

from proctoring_results.conf import conf

from .threads import in_thread

logger = logging.getLogger("proctoring_results.tasks")

# Seconds. A click must be answered at once, even while the broker is down or drops packets.
BROKER_CONNECT_LIMIT = 1.0
# Seconds for everything together: a broker that sends a byte now and then meets every other limit for ever.
BROKER_LIMIT = 3.0
# Seconds without another try after a broker has let us wait: twenty decisions at once wait once.
BROKER_PAUSE = 5.0


def enqueue_after_commit(task: Task[Any, Any], *args: Any, at: datetime | None = None) -> None:
    """Enqueue a task once the transaction is committed, and not at all when it is rolled back. It runs ``at`` once."""
    transaction.on_commit(partial(enqueue, task, *args, at=at))


def enqueue(task: Task[Any, Any], *args: Any, at: datetime | None = None) -> bool:
    """Make one attempt to hand a task to the broker; return whether the broker took it. Never raises.

    Unless told when, it runs at once.
    """
    try:
        return _enqueue(task, args, at)
    except Exception as error:  # noqa: BLE001
        # Each driver has errors of its own, and so have a driver that is missing and an address that is misspelt.
        problem = f"{type(error).__name__}: {error}"
        logger.warning("The broker did not take %s: %s. The periodic sweep will try again.", task.name, problem)
        return False


def _enqueue(task: Task[Any, Any], args: tuple[Any, ...], at: datetime | None) -> bool:
    broker = task.app.conf.broker_write_url
    # Without an address Celery would take whatever RabbitMQ listens on this machine.
    if not (broker and conf().ENQUEUE) or time.monotonic() < _silent_until.get(broker, 0):
        return False
    if task.app.conf.task_always_eager:
        task.apply_async(args)
        return True
    began = time.monotonic()
    try:
        in_thread(partial(copy_context().run, _send, task, args, at)).result(timeout=BROKER_LIMIT)
    except Exception:
        if time.monotonic() - began >= BROKER_CONNECT_LIMIT / 2:
            _silent_until[broker] = time.monotonic() + BROKER_PAUSE
        raise
    return True


# By the address of the broker.
_silent_until: dict[str, float] = {}


def _send(task: Task[Any, Any], args: tuple[Any, ...], at: datetime | None) -> None:
    options = _impatient(task.app.conf.broker_transport_options)
    with task.app.connection_for_write(connect_timeout=BROKER_CONNECT_LIMIT, transport_options=options) as connection:
        task.apply_async(args, eta=at, connection=connection, retry=False)  # type: ignore[call-arg, arg-type]


def _impatient(options: dict[str, Any]) -> dict[str, Any]:
    return {
        **options,
        "socket_connect_timeout": BROKER_CONNECT_LIMIT,
        "socket_timeout": BROKER_CONNECT_LIMIT,
        "max_retries": 0,
        "retry_on_timeout": False,
    }
