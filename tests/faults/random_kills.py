"""``python -m tests.faults.random_kills [--kills 200] [--attempts 30000] [--seed N]``

Kills workers by SIGKILL at random times while reports are requested, sweeps as beat would, and checks what is
left: every report ended, ready or failed with a reason, once; no partial file. Works on the database of
``DATABASE_URL`` (an SQLite file of its own unless set) and the Redis of ``TEST_REDIS_URL``.
"""

import argparse
import os
import random
import signal
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from celery import Task

KINDS = ("proctored_exam_results_report", "proctored_session_results_report")
COURSES = 3


class Trial:
    """So many kills, with reports under way all the time."""

    def __init__(
        self, environment: Mapping[str, str], task: "Task", *, kills: int, attempts: int, seed: int, tell: bool = False
    ) -> None:
        from proctoring_results import tasks

        self._environment, self._task, self._kills, self._tell = environment, task, kills, tell
        self._random = random.Random(seed)
        self._attempts = attempts
        tasks.build_report = task
        self.killed = 0

    def run(self) -> None:
        from tests.faults.harness import Worker

        self._make_courses()
        worker = Worker(self._environment).wait_until_ready()
        try:
            while self.killed < self._kills:
                self._ask()
                time.sleep(self._random.uniform(0, 0.6))
                worker = self._kill_something(worker)
                self._sweep()
            self._wait_until_all_is_quiet()
        finally:
            worker.stop()
        self._sweep()

    def _kill_something(self, worker):
        """A process that does the work, mostly; now and then the whole worker."""
        from tests.faults.harness import Worker

        children = worker.children()
        if self._random.random() < 0.8 and children:
            with suppress(ProcessLookupError):
                os.kill(self._random.choice(children), signal.SIGKILL)
                self.killed += 1
        else:
            worker.kill()
            self.killed += 1
            worker.stop()
            worker = Worker(self._environment).wait_until_ready()
        if self._tell and self.killed % 20 == 0:
            print(f"{self.killed} kills, reports: {self.states()}", flush=True)
        return worker

    def _ask(self) -> None:
        from proctoring_results import api

        for number in range(COURSES):
            for kind in KINDS:
                with suppress(api.ReportAlreadyRunning):
                    api.request_report(f"course {number}", kind)

    def _sweep(self) -> None:
        from proctoring_results.services.upkeep import sweep_reports

        sweep_reports()

    def _wait_until_all_is_quiet(self) -> None:
        from proctoring_results.models import Report
        from tests.faults.harness import wait_until

        def quiet() -> bool:
            self._sweep()
            time.sleep(0.3)
            return not Report.objects.unfinished().exists()

        wait_until(quiet, lambda: str(self.states()))

    @staticmethod
    def states() -> dict[str, int]:
        from proctoring_results.models import Report

        return dict(Counter(Report.objects.values_list("state", flat=True)))

    def _make_courses(self) -> None:
        from proctoring_results.models import ExamAttempt
        from tests.factories import ProctoredExamFactory, UserFactory

        learner = UserFactory()
        for number in range(COURSES):
            exam = ProctoredExamFactory(course_id=f"course {number}")
            ExamAttempt.objects.bulk_create(
                (
                    ExamAttempt(user=learner, exam=exam, provider="p", status="verified", track="x" * 60)
                    for _ in range(self._attempts // COURSES)
                ),
                batch_size=2_000,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description="Kills workers at random moments and looks at what is left.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--attempts", type=int, default=30_000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="proctoring-kills-") as folder:
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.settings"
        os.environ["PROCTORING_TEST_FOLDER"] = folder
        os.environ["PROCTORING_TEST_QUEUE"] = queue = f"proctoring-kills-{uuid.uuid4().hex}"
        os.environ.setdefault("DATABASE_URL", f"sqlite:///{Path(folder) / 'kills.sqlite3'}")
        raise SystemExit(_try(options, queue))


def _try(options: argparse.Namespace, queue: str) -> int:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests import servers
    from tests.faults.harness import broken_promises, forget_queue, queued_task

    redis_url = servers.redis_url()
    if redis_url is None:
        print(servers.why_missing("Redis"))
        return 1
    call_command("migrate", verbosity=0)
    print(f"{options.kills} kills on {connection.display_name}, seed {options.seed}.", flush=True)
    trial = Trial(
        {**os.environ, "CELERY_BROKER_URL": redis_url},
        queued_task(redis_url, queue),
        kills=options.kills,
        attempts=options.attempts,
        seed=options.seed,
        tell=True,
    )
    trial.run()
    forget_queue(redis_url, queue)
    broken = broken_promises()
    print(f"{trial.killed} kills; reports: {trial.states()}.")
    print("\n".join(broken) or "Every report ended, once; no partial file is left.")
    return len(broken)


if __name__ == "__main__":
    main()
