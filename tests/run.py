"""Run the tests: everything on SQLite, then what depends on the database on PostgreSQL and on MariaDB.

On each database pytest runs twice: on minimal settings, and on those of the example LMS (tests/plugin.py).

    python -m tests.run [--only sqlite|postgresql|mariadb] [what pytest takes]

With THOROUGH=1 in the environment each endpoint gets 5,000 bodies instead of 1,000, and deliveries are tried in
hundreds of orders instead of dozens: ``THOROUGH=1 make test args="-k 'generated or any_order' --only sqlite"`` takes
minutes.

Unless the arguments narrow it down, the end says which share of the package was run, too.

What the machine lacks is started from Python packages where that is possible, else left out; the end says what.
With CI=true, nothing may be left out.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import coverage, servers
from tests.plugin import EXAMPLE_FOLDERS, needs_example

ROOT = Path(__file__).resolve().parent.parent
KINDS = ("passed", "failed", "error", "skipped")
# A process a core; each has a database, a folder and a browser of its own. "-n 0" gives one, as for a debugger.
SPREAD = ("-n", "auto", "--maxprocesses", "4", "--dist", "worksteal")


@dataclass(frozen=True)
class Database:
    name: str
    expression: str
    minutes: int  # on two cores


DATABASES = (
    Database("SQLite", "not postgresql and not mariadb", 7),
    Database("PostgreSQL", "database or postgresql", 2),
    Database("MariaDB", "database or mariadb", 2),
)

STARTERS: dict[str, tuple[str, Callable[[], AbstractContextManager[str]]]] = {
    "PostgreSQL": ("TEST_POSTGRESQL_URL", servers.started_postgresql),
    "Redis": ("TEST_REDIS_URL", servers.started_redis),
}


@dataclass
class Outcome:
    lines: list[str] = field(default_factory=list)
    total: Counter[str] = field(default_factory=Counter)
    # A dict, for its order: sentences that say what was left out.
    left_out: dict[str, None] = field(default_factory=dict)
    broken: bool = False
    coverage: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.run", description=__doc__.splitlines()[0], add_help=True)
    parser.add_argument("--only", choices=[database.name.lower() for database in DATABASES], help="one database")
    parser.add_argument("-m", dest="expression", help="markers, as for pytest")
    chosen, others = parser.parse_known_args()
    databases = [database for database in DATABASES if chosen.only in {None, database.name.lower()}]

    narrowed = bool(chosen.expression or others)
    announce(databases, narrowed)
    outcome = Outcome()
    with ExitStack() as stack:
        measured = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="proctoring-coverage-")))
        if not narrowed:
            os.environ[coverage.VARIABLE] = str(measured)
        for name, (variable, starter) in STARTERS.items():
            start_if_missing(name, variable, starter, stack)
        for database in databases:
            url = "" if database.name == "SQLite" else servers.find(database.name).url
            if url is None:
                note = f"{database.name}: {servers.why_missing(database.name)}"
                outcome.left_out[note] = None
                outcome.lines.append(f"{database.name:22}left out")
            else:
                run(database, url, chosen.expression, others, outcome)
        outcome.coverage = coverage.report(measured)
    if servers.MUST_HAVE_ALL and not chosen.only:
        for name in servers.PROBES:
            if servers.find(name).url is None:
                outcome.left_out[f"{name}: {servers.why_missing(name)}"] = None
    report(outcome)
    return int(outcome.broken or (servers.MUST_HAVE_ALL and bool(outcome.left_out)))


def announce(databases: list[Database], narrowed: bool) -> None:
    """Say what is going to be run, and how long a whole run takes."""
    first, *others = (database.name for database in databases)
    extent = "the tests that were asked for" if narrowed else "all tests"
    print(f"Running {extent} on {first}" + "".join(f", then what depends on the database on {name}" for name in others))
    if not narrowed:
        times = ", ".join(f"{database.name} {database.minutes}" for database in databases)
        print(f"Minutes on two cores, about: {times}. A dot is a test that passed; the share done stands behind.")
    sys.stdout.flush()


def start_if_missing(name: str, variable: str, starter: Callable, stack: ExitStack) -> None:
    # One that was named and does not answer is a mistake to be told, not to be papered over.
    if servers.find(name).url is not None or variable in os.environ:
        return
    try:
        os.environ[variable] = stack.enter_context(starter())
    except servers.Missing as problem:
        print(f"{name} could not be started either: {problem}", flush=True)
    else:
        print(f"No {name} found; started one for these tests.", flush=True)
        servers.find.cache_clear()


def run(database: Database, url: str, expression: str | None, arguments: list[str], outcome: Outcome) -> None:
    """Run pytest on one database, once for each settings module that the chosen tests need."""
    paths = [argument for argument in arguments if names_tests(argument)] or ["tests", *map(str, EXAMPLE_FOLDERS)]
    options = [argument for argument in arguments if not names_tests(argument)]
    example_paths = [path for path in paths if needs_example(ROOT / path.partition("::")[0])]
    unit_paths = [path for path in paths if path not in example_paths]
    if unit_paths:
        run_pytest(database, database.name, url, expression, [*unit_paths, *options], outcome)
    if example_paths:
        run_pytest(database, f"{database.name}, example", url, expression, [*example_paths, *options], outcome)


def run_pytest(
    database: Database, title: str, url: str, expression: str | None, arguments: list[str], outcome: Outcome
) -> None:
    print(f"\n── {title} ──", flush=True)
    markers = f"({expression}) and ({database.expression})" if expression else database.expression
    with tempfile.TemporaryDirectory(prefix="proctoring-counts-") as folder:
        counts_file = Path(folder) / "counts.json"
        environment = {**os.environ, "PROCTORING_TEST_COUNTS": str(counts_file), "DATABASE_URL": url}
        if not url:
            # Unset is the embedded SQLite, whatever the developer's own environment names.
            del environment["DATABASE_URL"]
        command = [sys.executable, "-m", "pytest", "-m", markers, *SPREAD, *arguments]
        if coverage.VARIABLE in environment:
            command += ["-p", coverage.__name__]
        started = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        counts = json.loads(counts_file.read_text()) if counts_file.exists() else {}

    outcome.total.update({kind: counts.get(kind, 0) for kind in KINDS})
    outcome.left_out.update(dict.fromkeys(counts.get("left_out", [])))
    # With -k, a database may well have nothing to run.
    if code == pytest.ExitCode.NO_TESTS_COLLECTED:
        outcome.lines.append(f"{title:22}no tests")
        return
    outcome.broken |= code != pytest.ExitCode.OK
    finished = counts and code in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    remark = "" if finished else f"; NOT FINISHED, pytest ended with {code}"
    minutes, seconds = divmod(round(time.monotonic() - started), 60)
    outcome.lines.append(f"{title:22}{sentence(Counter(counts))} in {minutes}:{seconds:02}{remark}")


def names_tests(argument: str) -> bool:
    return not argument.startswith("-") and (ROOT / argument.partition("::")[0]).exists()


def sentence(counts: Counter[str]) -> str:
    return f"{counts['passed']} passed, {counts['failed'] + counts['error']} failed, {counts['skipped']} skipped"


def report(outcome: Outcome) -> None:
    if outcome.coverage:
        print("\n── Coverage ──")
        print(*outcome.coverage, sep="\n")
    print("\n── All ──")
    for line in outcome.lines:
        print(line)
    for note in outcome.left_out:
        print(f"{'MISSING' if servers.MUST_HAVE_ALL else 'Left out'}: {note}")
    print(sentence(outcome.total), flush=True)


if __name__ == "__main__":
    sys.exit(main())
