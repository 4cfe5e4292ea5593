"""Real Celery workers, started, stopped and killed; and the task that reaches them."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery, Task
from django.core.files.storage import storages

from proctoring_results.models import Report
from proctoring_results.reports import files

PATIENCE = 60  # seconds until something that must happen is missed


class Worker:
    """A Celery worker in a process group of its own."""

    def __init__(self, environment: Mapping[str, str], *options: str) -> None:
        # Reports that are being written stand in the log as well as what went wrong.
        self._log = tempfile.NamedTemporaryFile("w+", prefix="worker-", suffix=".log")  # noqa: SIM115
        command = [sys.executable, "-m", "celery", "-A", "example_project.celery", "worker", "--loglevel=info"]
        quick = ["--without-mingle", "--without-gossip", "--without-heartbeat", "--concurrency=2"]
        self._process = subprocess.Popen(
            [*command, *quick, *options], env=environment, stdout=self._log, stderr=self._log, start_new_session=True
        )

    @property
    def log(self) -> str:
        return Path(self._log.name).read_text()

    def wait_until_ready(self) -> "Worker":
        wait_until(lambda: " ready." in self.log or self._process.poll() is not None, self._tell)
        assert self._process.poll() is None, self.log
        return self

    def children(self) -> list[int]:
        """The processes that do the work."""
        tasks = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in tasks.read_text().split()]

    def kill(self) -> None:
        """SIGKILL, all of it at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def pause(self) -> None:
        os.killpg(self._process.pid, signal.SIGSTOP)

    def wake(self) -> None:
        os.killpg(self._process.pid, signal.SIGCONT)

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._log.close()

    def _tell(self) -> str:
        return self.log


@contextmanager
def working(environment: Mapping[str, str], *options: str) -> Iterator[Worker]:
    worker = Worker(environment, *options)
    try:
        yield worker.wait_until_ready()
    finally:
        worker.stop()


def queued_task(broker: str, queue: str) -> Task:
    """``tasks.build_report`` as it is enqueued at another broker than this process has."""
    app = Celery("queued_task", broker=broker, set_as_current=False)
    app.conf.task_default_queue = queue

    @app.task(name="proctoring_results.build_report", shared=False)
    def build_report(report_pk: int) -> None:
        raise AssertionError("Only ever sent.")

    return build_report


def forget_queue(broker: str, queue: str) -> None:
    """Leave nothing of a queue on a Redis that others use, too."""
    import redis

    with redis.Redis.from_url(broker) as client:
        client.delete(queue, f"_kombu.binding.{queue}", f"_kombu.binding_permanent.{queue}")


def wait_until(happened: Callable[[], Any], tell: Callable[[], str] = str) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise AssertionError(f"Not within {PATIENCE} seconds. {tell()}")
        time.sleep(0.05)


def stored() -> set[str]:
    """Return every key under which a file is stored."""
    storage = storages["proctoring_results"]

    def below(folder: str) -> set[str]:
        folders, names = storage.listdir(folder)
        keys = {f"{folder}/{name}".lstrip("/") for name in names}
        return keys.union(*(below(f"{folder}/{name}".lstrip("/")) for name in folders))

    return below("") if storage.exists("") else set()


def broken_promises() -> list[str]:
    """Return what does not hold after the last sweep: every report has ended, once, and no partial file is left."""
    broken = []
    for report in Report.objects.exclude(state="cancelled"):
        if report.state == "failed" and not (report.failure and report.reference):
            broken.append(f"{report.task_id} failed without a reason")
        elif report.state == "ready" and (why := _what_is_wrong_with(report)):
            broken.append(f"{report.task_id}: {why}")
        elif report.state not in ("ready", "failed"):
            broken.append(f"{report.task_id} is {report.state} after {report.tries} tries")
    published = set(Report.objects.filter(state="ready").values_list("file__storage_key", flat=True))
    if left := stored() - published:
        broken.append(f"files left behind: {sorted(left)}")
    return broken


def _what_is_wrong_with(report: Report) -> str:
    import hashlib

    with files.open_file(report) as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != report.sha256:
        return "the file is not the one that was published"
    if report.is_case_file:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return "" if len(archive.namelist()) == report.rows else "the file lacks entries"
    if content.count(b"\r\n") != report.rows + 1:
        return f"{content.count(bytes([13, 10])) - 1} rows in the file of {report.rows}"
    return ""
