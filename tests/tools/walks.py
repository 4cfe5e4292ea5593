"""Count what a reader passes who follows one request through the package, and print it as tables.

    .venv/bin/python -m tests.tools.walks

The first table counts, for the code of the package only: calls of functions, different functions and files, steps from
one file into another, the depth of the stack, readings of the settings, and queries (on SQLite). The second measures
the functions and modules as they stand in the source.
"""

import ast
import os
import re
import statistics
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

PACKAGE = Path(__file__).resolve().parents[2] / "proctoring_results"
COLUMNS = ("calls", "functions", "files", "file to file", "depth", "conf()", "queries")


@dataclass
class Walk:
    calls: int = 0
    functions: set[CodeType] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    file_to_file: int = 0
    depth: int = 0
    conf: int = 0
    queries: int = 0

    def row(self) -> tuple[int, ...]:
        functions, files = len(self.functions), len(self.files)
        return self.calls, functions, files, self.file_to_file, self.depth, self.conf, self.queries


@contextmanager
def walking(walk: Walk) -> Iterator[None]:
    """Record every call of a named function of the package."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    prefix, stack = f"{PACKAGE}{os.sep}", []

    def record(frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        # Bodies of modules and classes are not optimised; comprehensions and lambdas have names in angle brackets.
        if not code.co_filename.startswith(prefix) or not code.co_flags & CO_OPTIMIZED or code.co_name[0] == "<":
            return
        if event == "return":
            if stack and stack[-1] is frame:
                stack.pop()
        elif event == "call":
            walk.calls += 1
            walk.functions.add(code)
            walk.files.add(code.co_filename)
            walk.file_to_file += bool(stack) and stack[-1].f_code.co_filename != code.co_filename
            walk.conf += (code.co_name, Path(code.co_filename).name) == ("conf", "conf.py")
            stack.append(frame)
            walk.depth = max(walk.depth, len(stack))

    with CaptureQueriesContext(connection) as queries:
        sys.setprofile(record)
        # A report is built in a thread, for which its worker waits.
        threading.setprofile(record)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)
    walk.queries = len(queries)


def prepared_walks(course_id: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield names and walks. Each is taken before the next is prepared."""
    from django.test import Client
    from django.urls import reverse

    from proctoring_results import api
    from proctoring_results.effects.deliver import deliver_due
    from proctoring_results.reports.build import build
    from tests.factories import ExamAttemptFactory, ProctoredExamFactory, ReportFactory, UserFactory
    from tests.rest.calling import REVIEW, account_of, post, reviewed

    def signed_in(user: Any) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    attempt = ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(course_id=course_id), external_id=course_id)
    provider, admin = signed_in(account_of()), signed_in(UserFactory(admin=True))
    yield "review POST, 1 incident", lambda: post(provider, reviewed(course_id), REVIEW)
    yield "its effects", deliver_due

    yield "report: click", lambda: admin.post(reverse("proctoring_results:generate_report", args=[course_id]))
    report = api.reports_in_course(course_id).get()
    yield "report: build", lambda: build(report.pk)
    page = reverse("proctoring_results:data_download", args=[course_id])
    yield "report: page", lambda: admin.get(page)
    owner = UserFactory(admin=True)
    link = reverse("proctoring_results:download", args=[api.download_link(ReportFactory(ready=True), owner)])
    downloading = signed_in(owner)
    yield "download", lambda: downloading.get(link).getvalue()

    session = reverse("proctoring_results:session", args=[attempt.attempt_code])
    yield "session page", lambda: admin.get(session)
    seen = dict(re.findall(r'name="(seen_\w+)" value="(\d*)"', admin.get(session).content.decode()))
    form = {**seen, "verdict": "pass", "reason": "Seen the recording"}
    yield "Pass click", lambda: admin.post(reverse("proctoring_results:decide", args=[attempt.attempt_code]), form)
    yield "its effects", deliver_due


def expected(answer: Any) -> None:
    status = getattr(answer, "status_code", 200)
    if status not in {200, 302, 303}:
        raise SystemExit(f"A walk was refused with {status}: {answer.content.decode()[:500]}")


def print_walks() -> None:
    from django.core.cache import cache
    from django.db import connection
    from django.test.utils import setup_test_environment

    from proctoring_results.jobs import enqueue as enqueue_module

    enqueue_module.enqueue = lambda *args, **kwargs: True  # no broker
    setup_test_environment()
    connection.creation.create_test_db(verbosity=0)
    try:
        print(f"| walk | {' | '.join(COLUMNS)} |\n| --- | {' | '.join(['--:'] * len(COLUMNS))} |")
        for _, take in prepared_walks("warm-up"):
            expected(take())
        for name, take in prepared_walks("course"):
            cache.clear()
            walk = Walk()
            with walking(walk):
                answer = take()
            expected(answer)
            print(f"| {name} | {' | '.join(map(str, walk.row()))} |")
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)


def print_sizes() -> None:
    modules = [path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts]
    lines = [len(path.read_text().splitlines()) for path in modules]
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    trees = (ast.parse(path.read_text()) for path in modules)
    lengths = sorted(
        (node.end_lineno or node.lineno) - node.lineno + 1
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    )
    print("\n| modules | lines | longest module | functions | median | 95 % are at most | longest |")
    print("| --: | --: | --: | --: | --: | --: | --: |")
    percentile = lengths[int(len(lengths) * 0.95)]
    figures = (len(modules), sum(lines), max(lines), len(lengths), int(statistics.median(lengths)), percentile)
    print(f"| {' | '.join(map(str, figures))} | {lengths[-1]} |")


if __name__ == "__main__":
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.pop("DATABASE_URL", None)
    django.setup()
    print_walks()
    print_sizes()
