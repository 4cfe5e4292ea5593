"""Calls functions in several threads at the same time."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connections


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Call all functions at once, each in its own thread. Return what each returned or raised, in the given order."""
    barrier = threading.Barrier(len(calls))
    outcomes: list[Any] = [None] * len(calls)

    def run(number: int) -> None:
        try:
            barrier.wait()
            outcomes[number] = calls[number]()
        except Exception as error:
            outcomes[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def of_type(kind: type, outcomes: Sequence[Any]) -> list[Any]:
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]
