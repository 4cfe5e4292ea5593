"""The folder and the database names of a test run, so that two runs do not disturb each other."""

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

VARIABLE = "PROCTORING_TEST_FOLDER"
PREFIX = "proctoring-tests-"


def run_folder() -> Path:
    """Return the folder of this run. The first process creates and removes it; processes that it starts inherit it.

    It is the temporary folder of all these processes, so that browsers, workers and pytest leave nothing elsewhere.
    """
    if VARIABLE not in os.environ:
        remove_folders_of_killed_runs()
        os.environ[VARIABLE] = os.environ["TMPDIR"] = _make()
        tempfile.tempdir = None  # read TMPDIR again
    return Path(os.environ[VARIABLE])


def process_folder() -> Path:
    """Return the folder of this process within the run's folder; pytest-xdist runs several processes."""
    folder = run_folder() / os.environ.get("PYTEST_XDIST_WORKER", "main")
    folder.mkdir(exist_ok=True)
    return folder


def _make() -> str:
    name = tempfile.mkdtemp(prefix=PREFIX)
    lock = (Path(name) / "lock").open("w")
    # The system releases the lock when the process ends, even if it is killed.
    fcntl.flock(lock, fcntl.LOCK_EX)

    def remove() -> None:
        shutil.rmtree(name, ignore_errors=True)
        lock.close()

    atexit.register(remove)
    return name


def remove_folders_of_killed_runs() -> None:
    for lock_file in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/lock"):
        try:
            with lock_file.open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(lock_file.parent, ignore_errors=True)
        except OSError:
            continue  # that run is in progress, or belongs to another user


def test_database(database: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a database, with a test database that only this process uses."""
    name = f"test_proctoring_results_{os.getpid()}"
    test = {**database.get("TEST", {}), "NAME": name}
    if database["ENGINE"].endswith("sqlite3"):
        # A file, because a report is built over a second connection, which would not see a database in memory.
        test["NAME"] = str(process_folder() / f"{name}.sqlite3")
    elif database["ENGINE"].endswith("mysql"):
        test["CHARSET"] = "utf8mb4"
    return {**database, "TEST": test}


def storages() -> dict[str, dict[str, Any]]:
    file_system = "django.core.files.storage.FileSystemStorage"
    return {
        "default": {"BACKEND": file_system, "OPTIONS": {"location": str(process_folder() / "media")}},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        "proctoring_results": {"BACKEND": file_system, "OPTIONS": {"location": str(process_folder() / "reports")}},
    }
