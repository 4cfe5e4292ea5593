"""``python -m tests.bench.once ours|bare COURSE [KIND FILTERS]``: one build in a process of its own.

Prints time and memory as JSON. ``FILTERS`` are JSON, too.

``ours`` is everything from the request to the published file. ``bare`` is the minimum: the same SELECT into a file, on
PostgreSQL by ``COPY … TO STDOUT``, on other databases by the driver's streaming cursor and ``csv.writer``.
"""

import csv
import json
import resource
import sys
import tempfile
import time
from datetime import UTC
from typing import IO, Any

import django

django.setup()

from django.db import connection  # noqa: E402

from proctoring_results import api  # noqa: E402
from proctoring_results.reports.build import build  # noqa: E402
from proctoring_results.reports.kinds.base import attempts_in_report, cells  # noqa: E402
from proctoring_results.reports.kinds.registry import kind_named  # noqa: E402
from proctoring_results.reports.narrowing import read_filters  # noqa: E402

KIND = "proctored_exam_results_report"
BATCH = 2_000


def ours(course: str, name: str, filters: dict[str, str]) -> int:
    report = api.request_report(course, name, filters=filters, enqueue=False)
    if not build(report.pk):
        raise SystemExit("The report was not published.")
    report.refresh_from_db()
    assert report.rows is not None
    return report.rows


def bare(course: str, name: str, filters: dict[str, str]) -> int:
    kind = kind_named(name)
    rows = cells(kind, kind.columns(), attempts_in_report([course], read_filters(filters), UTC))
    connection.ensure_connection()
    if connection.vendor == "postgresql":
        with tempfile.TemporaryFile() as file:
            return _copy(*rows.query.sql_with_params(), file)
    with tempfile.TemporaryFile("w+", newline="", encoding="utf-8") as text:
        return _stream(rows.query.get_compiler(connection=connection).as_sql(), text)


def _copy(sql: str, params: tuple[Any, ...], file: IO[bytes]) -> int:
    import psycopg

    select = psycopg.ClientCursor(connection.connection).mogrify(sql, params)
    with connection.connection.cursor() as cursor:
        with cursor.copy(f"COPY ({select}) TO STDOUT (FORMAT csv)") as copy:
            for message in copy:
                file.write(message)
        return int(cursor.rowcount)


def _stream(statement: tuple[str, Any], text: IO[str]) -> int:
    writer, done = csv.writer(text), 0
    if connection.vendor == "mysql":
        from MySQLdb.cursors import SSCursor

        cursor = connection.connection.cursor(SSCursor)
    else:
        cursor = connection.cursor()
    cursor.execute(*statement)
    while rows := cursor.fetchmany(BATCH):
        writer.writerows(rows)
        done += len(rows)
    cursor.close()
    return done


if __name__ == "__main__":
    # Connect before the measurement.
    connection.ensure_connection()
    how, course, name, filters = [*sys.argv[1:], *(KIND, "{}")[len(sys.argv) - 3 :]]
    began = time.perf_counter()
    rows = {"ours": ours, "bare": bare}[how](course, name, json.loads(filters))
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_mib": peak}))
