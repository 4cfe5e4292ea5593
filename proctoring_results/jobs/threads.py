"""Work in a thread of its own, so that its caller can stop waiting for it: no call can be ended from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from django.db import connections

ResultT = TypeVar("ResultT")


def in_thread(work: Callable[[], ResultT]) -> Future[ResultT]:
    """Start the work and return its future. The thread does not keep the process from ending."""
    future: Future[ResultT] = Future()
    threading.Thread(target=_run, args=(work, future), name="proctoring-results", daemon=True).start()
    return future


def _run(work: Callable[[], ResultT], future: Future[ResultT]) -> None:
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001  whoever waits for the future gets it
        connections.close_all()
        future.set_exception(error)
    else:
        connections.close_all()
        future.set_result(result)
