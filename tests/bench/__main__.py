"""Builds reports of several sizes on each database, in turns with the bare statement, and prints the ratios.

Each kind of report, and a narrowed one, is compared with its own SELECT, at 100,000 attempts with their incidents. A
course of 10,000 attempts is built alone and in a large table: on PostgreSQL, one of five million attempts. On
PostgreSQL it also measures the pages of the course team and the number of rows before the click, and sends reviews to
the example LMS, in turns with reviews of unknown attempts.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests import servers
from tests.bench.load import CORES, send, serving, site_of

SIZES = (1_000, 100_000, 1_000_000)
MAX_TIMES = 1.25  # times the bare statement, from 100,000 attempts on
MAX_GROWTH = 30  # MiB between the smallest and the largest report
SMALL_COURSE = 10_000
KINDS_SIZE = 100_000
MAX_PREVIEW_SECONDS = 0.5
# What is built: name, kind and filters.
KINDS = (
    ("results", "proctored_exam_results_report", {}),
    ("narrowed", "proctored_exam_results_report", {"review_status": "Suspicious", "archived": "without"}),
    ("extended", "extended_proctored_exam_results_report", {}),
    ("incidents", "proctored_exam_incidents_report", {}),
    ("decisions", "proctored_exam_decisions_report", {}),
    ("sessions", "proctored_session_results_report", {}),
)
CROWD = 5_000_000
MAX_TIMES_IN_CROWD = 1.2  # times the same course in its own table
CROWD_ROUNDS = 5  # times the usual number of rounds, because these reports take little time
PATTERN = "pattern"
MAX_PAGE_SECONDS = 2.0  # seconds
MAX_QUERIES = 20
MIN_SIZE_JUDGED = 100_000
MIN_CALLBACKS = 100  # a second
INCIDENTS = 5  # in each review that is sent
WARMING_UP = 200  # reviews before the measurement

Measurement = dict[str, float]


@dataclass(frozen=True)
class Database:
    name: str
    url: str

    def manage(self, *arguments: str) -> None:
        subprocess.run(
            [sys.executable, "example_project/manage.py", *arguments],
            env=self.environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def once(self, how: str, course: str, *kind: str) -> Measurement:
        return self.run_json("tests.bench.once", how, course, *kind)

    def run_json(self, module: str, *arguments: str) -> Any:
        process = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            env=self.environment,
            check=True,
            stdout=subprocess.PIPE,
        )
        return json.loads(process.stdout)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.example.settings", "DATABASE_URL": self.url}


@contextmanager
def databases(names: list[str], purpose: str, folder: Path) -> Iterator[list[Database]]:
    """Create an empty database on each server that this machine has, and drop it afterwards."""
    created = []
    with ExitStack() as stack:
        for name in names:
            if name == "SQLite":
                created.append(Database(name, f"sqlite:///{folder / purpose}.sqlite3"))
            elif url := servers.find(name).url:
                created.append(Database(name, stack.enter_context(_empty_database(name, url, purpose))))
            else:
                print(f"Left out: {name}. {servers.why_missing(name)}")
        yield created


@contextmanager
def _empty_database(name: str, url: str, purpose: str) -> Iterator[str]:
    database = f"bench_{purpose}_{os.getpid()}"
    server = url.rsplit("/", 1)[0]
    _execute(name, server, f"CREATE DATABASE {database}")
    try:
        yield f"{server}/{database}"
    finally:
        _execute(name, server, f"DROP DATABASE {database}")


def _execute(name: str, server: str, statement: str) -> None:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(server)
    if name == "PostgreSQL":
        import psycopg

        with psycopg.connect(f"{server}/postgres".replace("postgres://", "postgresql://"), autocommit=True) as to:
            to.execute(statement)
    else:
        import MySQLdb

        to = MySQLdb.connect(
            host=parts.hostname or "localhost",
            port=parts.port or 3306,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )
        to.query(statement + (" CHARACTER SET utf8mb4" if statement.startswith("CREATE") else ""))
        to.close()


def course_of(size: int) -> str:
    return f"course-v1:BenchX+{size}+2026"


def seed(database: Database, sizes: list[int], crowd: int = 0) -> int:
    """Seed courses of these sizes and, on PostgreSQL, others up to ``crowd`` attempts. Return the total."""
    began = time.perf_counter()
    database.manage("migrate", "--verbosity=0")
    number = sum(sizes)
    if database.name == "PostgreSQL":
        number += seed_copies(database, [size for size in sizes if size % SMALL_COURSE == 0], crowd - number)
        sizes = [size for size in sizes if size % SMALL_COURSE]
    for size in sizes:
        database.manage("seed_demo", "--attempts", str(size), "--course", course_of(size))
    print(f"  {database.name}: {number:,} attempts seeded in {time.perf_counter() - began:.0f} s", flush=True)
    return number


def seed_copies(database: Database, sizes: list[int], more: int) -> int:
    """Make courses from copies of one, and about ``more`` attempts in others. Return the latter number."""
    others = max(0, -(-more // SMALL_COURSE))
    database.manage("seed_demo", "--attempts", str(SMALL_COURSE), "--course", PATTERN)
    copies = [f"{course_of(size)}={size // SMALL_COURSE}" for size in sizes]
    database.run_json("tests.bench.crowd", PATTERN, *copies, f"--others={others}")
    return others * SMALL_COURSE


def in_turns(pairs: list[tuple[Database, str, str]], rounds: int) -> list[list[Measurement]]:
    """Run each case once a round, so that anything that slows the machine slows all of them."""
    taken: list[list[Measurement]] = [[] for _ in pairs]
    for _ in range(rounds):
        for number, (database, how, course) in enumerate(pairs):
            taken[number].append(database.once(how, course))
    return taken


def ratio(ours: list[Measurement], other: list[Measurement]) -> float:
    return median(a["seconds"] / b["seconds"] for a, b in zip(ours, other, strict=True))


def measure_sizes(on: list[Database], sizes: list[int], rounds: int) -> list[str]:
    """Compare rows per second and memory with the bare statement. Return what is over a limit."""
    broken = []
    print(
        f"\n{'':<11}{'rows':>10}{'rows/s':>10}{'bare rows/s':>13}{'ratio':>8}{'limit':>7}{'peak MiB':>10}{'limit':>8}"
    )
    results = {}
    cases = [(database, size) for size in sizes for database in on]
    for size in sizes:
        pairs = [(database, how, course_of(size)) for database in on for how in ("ours", "bare")]
        taken = in_turns(pairs, rounds)
        for number, database in enumerate(on):
            results[database, size] = taken[2 * number], taken[2 * number + 1]
    for database, size in cases:
        ours, bare = results[database, size]
        times, peak = ratio(ours, bare), median(took["peak_mib"] for took in ours)
        smallest = median(took["peak_mib"] for took in results[database, sizes[0]][0])
        judged = size >= MIN_SIZE_JUDGED
        print(
            f"{database.name:<11}{ours[0]['rows']:>10,}{_per_second(ours):>10,}{_per_second(bare):>13,}{times:>8.2f}"
            f"{MAX_TIMES if judged else '':>7}{peak:>10.0f}{f'{smallest + MAX_GROWTH:.0f}':>8}"
        )
        if judged and times > MAX_TIMES:
            broken.append(f"{database.name}, {size:,} attempts: {times:.2f} times the bare statement")
        if peak > smallest + MAX_GROWTH:
            broken.append(f"{database.name}, {size:,} attempts: {peak:.0f} MiB, the smallest {smallest:.0f}")
    return broken


def _per_second(taken: list[Measurement]) -> int:
    return round(median(took["rows"] / took["seconds"] for took in taken))


def measure_kinds(on: list[Database], size: int, rounds: int) -> list[str]:
    """Compare each kind of report, and a narrowed one, with its own SELECT. Return what is over the limit."""
    broken = []
    for database in on:
        database.manage("migrate", "--verbosity=0")
        # Not copies: these have no incidents.
        database.manage("seed_demo", "--attempts", str(size), "--course", course_of(size))
    print(
        f"\n{'':<11}{'kind':<11}{'rows':>10}{'rows/s':>10}{'bare rows/s':>13}{'ratio':>8}{'limit':>7}{'peak MiB':>10}"
    )
    for database in on:
        for title, kind, filters in KINDS:
            ours, bare = [], []
            for _ in range(rounds):
                for how, taken in (("ours", ours), ("bare", bare)):
                    taken.append(database.once(how, course_of(size), kind, json.dumps(filters)))
            times, peak = ratio(ours, bare), median(took["peak_mib"] for took in ours)
            print(
                f"{database.name:<11}{title:<11}{ours[0]['rows']:>10,}{_per_second(ours):>10,}{_per_second(bare):>13,}"
                f"{times:>8.2f}{MAX_TIMES if size >= MIN_SIZE_JUDGED else '':>7}{peak:>10.0f}",
                flush=True,
            )
            if size >= MIN_SIZE_JUDGED and times > MAX_TIMES:
                broken.append(f"{database.name}, {title}: {times:.2f} times its SELECT")
    return broken


def measure_previews(database: Database, sizes: list[int], rounds: int) -> list[str]:
    """Measure how long it takes to count the rows of a report before the click. Return what is over the limit."""
    broken = []
    results = database.run_json("tests.bench.preview", str(rounds), *(course_of(size) for size in sizes))
    print(f"\n{'rows before click, ms':<24}" + "".join(f"{size:>11,}" for size in sizes) + f"{'limit':>8}")
    for title, courses in results.items():
        seconds = [median(course) for course in courses]
        cells = "".join(f"{one * 1_000:>11,.0f}" for one in seconds)
        print(f"{title:<24}{cells}{MAX_PREVIEW_SECONDS * 1_000:>8,.0f}")
        if max(seconds) > MAX_PREVIEW_SECONDS:
            broken.append(f"{title}: {max(seconds):.2f} s to count the rows")
    return broken


def measure_crowd(alone: list[Database], crowded: list[Database], numbers: list[int], rounds: int) -> list[str]:
    """Compare a course in a large table with the same course alone. Return what is over a limit."""
    broken = []
    course = course_of(SMALL_COURSE)
    print(f"\n{SMALL_COURSE:,} attempts{'':<4}alone{'':<11}among{'':<13}ratio  limit")
    for single, crowd, number in zip(alone, crowded, numbers, strict=True):
        pairs = [(single, "ours", course), (crowd, "ours", course)]
        # The first round fills the server's caches.
        in_turns(pairs, 1)
        by_itself, among = in_turns(pairs, rounds * CROWD_ROUNDS)
        times = ratio(among, by_itself)
        print(
            f"{crowd.name:<15}{_per_second(by_itself):>8,}/s{_per_second(among):>9,}/s of {number:>9,}"
            f"{times:>7.2f}{MAX_TIMES_IN_CROWD:>7}"
        )
        if times > MAX_TIMES_IN_CROWD:
            broken.append(f"{crowd.name}: a course among {number:,} attempts takes {times:.2f} times as long as alone")
    return broken


def measure_pages(database: Database, sizes: list[int], rounds: int) -> list[str]:
    """Measure the pages of the course team. Return those that are slow or whose queries grow with the course."""
    broken = []
    results = database.run_json("tests.bench.pages", str(rounds), *(course_of(size) for size in sizes))
    print(
        f"\n{'pages, ms':<24}" + "".join(f"{size:>11,}" for size in sizes) + f"{'limit':>8}{'queries':>9}{'limit':>7}"
    )
    for page, courses in results.items():
        seconds = [median(course["seconds"]) for course in courses]
        queries = sorted({course["queries"] for course in courses})
        print(
            f"{page:<24}"
            + "".join(f"{one * 1_000:>11,.0f}" for one in seconds)
            + f"{MAX_PAGE_SECONDS * 1_000:>8,.0f}{'/'.join(map(str, queries)):>9}{MAX_QUERIES - 1:>7}"
        )
        if max(seconds) > MAX_PAGE_SECONDS:
            broken.append(f"{page}: {max(seconds):.1f} s")
        if len(queries) > 1 or queries[-1] >= MAX_QUERIES:
            broken.append(f"{page}: {' or '.join(map(str, queries))} queries")
    return broken


def measure_callbacks(database: Database, folder: Path, number: int, rounds: int) -> list[str]:
    """Measure reviews per second by the REST protocol, and queries per review. Return what is over a limit."""
    database.manage("migrate", "--verbosity=0")
    prepared = database.run_json("tests.bench.callbacks", "prepare", str(WARMING_UP + number * rounds))
    token, ids = prepared["token"], prepared["ids"]
    taken, refused = [], []
    with serving(site_of(database.url, str(folder / "site"))) as ports:
        send(ports, token, ids[:WARMING_UP], INCIDENTS, 200)
        for start in range(WARMING_UP, len(ids), number):
            known = ids[start : start + number]
            taken.append(send(ports, token, known, INCIDENTS, 200))
            # The same request, but nothing to write.
            refused.append(send(ports, token, [f"unknown-{one}" for one in known], INCIDENTS, 404))
    queries = database.run_json("tests.bench.callbacks", "queries")
    second, times = median(taken), median(b / a for a, b in zip(taken, refused, strict=True))
    print(f"\n{'callbacks':<11}{'reviews/s':>10}{'limit':>7}{'refused/s':>14}{'ratio':>7}   queries by incidents")
    counted = ", ".join(f"{incidents}: {count}" for incidents, count in queries.items())
    refused_per_second = median(refused)
    print(f"{database.name:<11}{second:>10,.0f}{MIN_CALLBACKS:>7}{refused_per_second:>14,.0f}{times:>7.2f}   {counted}")
    broken = []
    if second < MIN_CALLBACKS:
        broken.append(f"{database.name}: {second:.0f} reviews a second on {CORES} cores")
    if len(set(queries.values())) > 1:
        broken.append(f"{database.name}: the queries of a review grow with its incidents: {counted}")
    return broken


def measure_reports(options: argparse.Namespace, folder: Path) -> list[str]:
    with (
        databases(options.databases, "all", folder) as crowded,
        databases([database.name for database in crowded], "alone", folder) as alone,
    ):
        print("Seeding", flush=True)
        numbers = []
        for database, single in zip(crowded, alone, strict=True):
            numbers.append(seed(database, [*options.sizes, SMALL_COURSE], options.crowd))
            seed(single, [SMALL_COURSE])
        broken = []
        if options.only in (None, "reports"):
            broken += measure_sizes(crowded, options.sizes, options.rounds)
        if options.only in (None, "reports", "crowd"):
            broken += measure_crowd(alone, crowded, numbers, options.rounds)
        for database in crowded:
            if options.only in (None, "pages") and database.name == "PostgreSQL":
                broken += measure_pages(database, options.sizes, options.rounds)
            if options.only in (None, "pages", "preview") and database.name == "PostgreSQL":
                broken += measure_previews(database, options.sizes, options.rounds)
    return broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench args=…", description=__doc__)
    parser.add_argument(
        "--only",
        choices=["reports", "kinds", "crowd", "pages", "preview", "callbacks"],
        help="reports: includes the crowd",
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="attempts of the courses")
    parser.add_argument("--databases", nargs="+", default=["SQLite", "PostgreSQL", "MariaDB"])
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured (%(default)s)")
    parser.add_argument("--crowd", type=int, default=CROWD, help="attempts in the table on PostgreSQL (%(default)s)")
    parser.add_argument("--kinds-size", type=int, default=KINDS_SIZE, help="attempts for each kind (%(default)s)")
    parser.add_argument("--callbacks", type=int, default=1_000, help="reviews a round")
    options = parser.parse_args()

    broken = []
    with tempfile.TemporaryDirectory(prefix="proctoring-bench-") as name:
        folder = Path(name)
        # All processes store their report files in this folder.
        os.environ["PROCTORING_TEST_FOLDER"] = name
        if options.only in ("crowd", "pages", "preview"):
            options.databases = ["PostgreSQL"]
        if options.only not in ("kinds", "callbacks"):
            broken += measure_reports(options, folder)
        if options.only in (None, "kinds"):
            with databases(options.databases, "kinds", folder) as created:
                broken += measure_kinds(created, options.kinds_size, options.rounds)
        if options.only in (None, "callbacks") and "PostgreSQL" in options.databases:
            with databases(["PostgreSQL"], "callbacks", folder) as created:
                for database in created:
                    broken += measure_callbacks(database, folder, options.callbacks, options.rounds)
    print("\n" + ("\n".join(f"Over the limit: {line}" for line in broken) or "Within every limit."))
    return len(broken)


if __name__ == "__main__":
    sys.exit(main())
