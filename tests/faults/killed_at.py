"""``python -m tests.faults.killed_at POINT REPORT [SIGNAL]``: builds a report and sends itself a signal at a point.

The signal is SIGKILL unless another is named; with SIGSTOP the worker sleeps there until it is woken.
"""

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.core.files.storage import FileSystemStorage  # noqa: E402

from proctoring_results.reports import build as building  # noqa: E402
from proctoring_results.reports import files, rows  # noqa: E402
from proctoring_results.reports.claims import Claim  # noqa: E402
from proctoring_results.services import upkeep  # noqa: E402


def die(*_: Any, **__: Any) -> None:
    os.kill(os.getpid(), signal.Signals[sys.argv[3] if len(sys.argv) > 3 else "SIGKILL"])


def die_after(owner: Any, name: str) -> None:
    real: Callable[..., Any] = getattr(owner, name)

    times = iter([die])

    def call(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        # Once: a worker that was woken must not fall asleep again.
        next(times, lambda: None)()

    setattr(owner, name, call)


def half_a_file(storage: FileSystemStorage, name: str, content: Any, max_length: int | None = None) -> str:
    """The storage is in the middle of writing when the worker dies."""
    from pathlib import Path

    path = Path(storage.path(name))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.read(10))
    die()
    return name


def refuse(*_: Any) -> None:
    raise OSError(28, "No space left on device")


def arm(point: str) -> None:
    match point:
        case "before the claim":
            Claim.acquire = die  # type: ignore[assignment,method-assign]
        case "after the claim":
            files.reserve = die  # type: ignore[assignment]
        case "after the key is on record":
            building.write_report = die  # type: ignore[assignment]
        case "after the first rows":
            rows.BATCH = 1
            die_after(Claim, "set_progress")
        case "before the file is stored":
            files.store = die  # type: ignore[assignment]
        case "in the middle of storing":
            FileSystemStorage.save = half_a_file  # type: ignore[method-assign]
        case "after the file is stored":
            die_after(files, "store")
        case "after it is published":
            die_after(Claim, "publish")
        case "before a failure is written":
            files.store = refuse  # type: ignore[assignment]
            Claim.record_failure = die  # type: ignore[method-assign]
        case "after a failure is written":
            files.store = refuse  # type: ignore[assignment]
            die_after(Claim, "record_failure")
        case "in the middle of the sweep":
            upkeep._clear_files = die  # type: ignore[assignment]
        case _:
            raise SystemExit(f"No point {point!r}.")


# The exit code of a worker that did not publish.
SLEPT_TOO_LONG = 3

POINTS = (
    "before the claim",
    "after the claim",
    "after the key is on record",
    "after the first rows",
    "before the file is stored",
    "in the middle of storing",
    "after the file is stored",
    "after it is published",
    "before a failure is written",
    "after a failure is written",
    "in the middle of the sweep",
)

if __name__ == "__main__":
    arm(sys.argv[1])
    if sys.argv[1] == "in the middle of the sweep":
        upkeep.sweep_reports(enqueue=False)
    raise SystemExit(0 if building.build(int(sys.argv[2])) else SLEPT_TOO_LONG)
