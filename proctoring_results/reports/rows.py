"""Rows from the database into a binary file: COPY on PostgreSQL, elsewhere a streaming cursor and ``csv.writer``.

The same bytes from every database: UTF-8, CRLF, RFC 4180 quoting.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Protocol

from django.core.exceptions import EmptyResultSet
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet

from proctoring_results.conf import conf
from proctoring_results.models import ExamAttempt

BATCH = 2_000  # rows between two reports of progress

# The attempts of one course were written in the same weeks, so they, their learners and their reviews lie close
# together. PostgreSQL does not know that. It expects a seek for each row and scans the tables instead, which takes
# longer the larger they are; and compiling the statement takes longer than reading the rows of a small report. A report
# of a million rows is no slower for it.
PLAN = ("SET LOCAL random_page_cost = 1.1", "SET LOCAL jit = off")

# On PostgreSQL, the longest wait for a lock: a statement that the database gives up leaves no connection behind.
LOCK_LIMIT = "SET LOCAL lock_timeout = {milliseconds}"

OnBatch = Callable[[int], None]


class Sink(Protocol):
    def write(self, data: bytes, /) -> Any: ...


def header(names: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(names)
    return text.getvalue().encode()


def count_rows(rows: QuerySet[ExamAttempt]) -> int:
    """Return the number of the rows."""
    database = connections[rows.db]
    if database.vendor != "postgresql":
        return rows.count()
    with transaction.atomic(using=rows.db), database.cursor() as cursor:
        cursor.execute(_lock_limit())
        return rows.count()


def write_rows(
    rows: QuerySet[ExamAttempt, tuple[str, ...]],
    connection: BaseDatabaseWrapper,
    sink: Sink,
    on_batch: OnBatch,
) -> int:
    """Write the rows, and return their number.

    ``on_batch`` is called with the rows so far after each batch, and may raise. It must not use this connection: during
    COPY another statement hangs, and with an unbuffered cursor of MariaDB it raises.
    """
    try:
        sql, params = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        # A course without exams: Django knows that no row can match.
        return 0
    connection.ensure_connection()
    # The drivers' own cursors raise the drivers' own errors: turn them into Django's.
    with connection.wrap_database_errors:
        if _has_copy(connection):
            with _planned(connection.connection):
                return _copy(connection, sql, params, sink, on_batch)
        with _streaming_cursor(connection) as cursor:
            cursor.execute(sql, params)
            return _drain(cursor, sink, on_batch)


def _has_copy(connection: BaseDatabaseWrapper) -> bool:
    """Return whether this is PostgreSQL with psycopg 3; psycopg 2 uses the streaming cursor."""
    return connection.vendor == "postgresql" and type(connection.connection).__module__.split(".")[0] == "psycopg"


@contextmanager
def _planned(driver: Any) -> Iterator[None]:
    """Set the planner's options for one transaction only: the connection may belong to a pool."""
    with driver.transaction():
        driver.execute(_lock_limit())
        for statement in PLAN:
            driver.execute(statement)
        yield


def _lock_limit() -> str:
    return LOCK_LIMIT.format(milliseconds=int(conf().REPORT_STEP_LIMIT / timedelta(milliseconds=1)))


def _copy(connection: BaseDatabaseWrapper, sql: str, params: Any, sink: Sink, on_batch: OnBatch) -> int:
    import psycopg

    # COPY takes no parameters, so the driver quotes them first.
    select = psycopg.ClientCursor(connection.connection).mogrify(sql, params)
    done, batch = 0, []
    with connection.connection.cursor() as cursor:
        # The guard makes "=" impossible as a cell. With "=" as NULL, an empty text is not quoted, as in csv.writer.
        with cursor.copy(f"COPY ({select}) TO STDOUT (FORMAT csv, NULL '=')") as copy:
            for message in copy:  # one message is one row and a LF
                batch.append(bytes(message[:-1]))
                if len(batch) == BATCH:
                    done = _flush(batch, done, sink, on_batch)
        done = _flush(batch, done, sink, on_batch)
        if done != cursor.rowcount:
            raise RuntimeError(f"COPY sent {done} messages for {cursor.rowcount} rows.")
    return done


def _flush(batch: list[bytes], done: int, sink: Sink, on_batch: OnBatch) -> int:
    if batch:
        batch.append(b"")
        sink.write(b"\r\n".join(batch))
        done += len(batch) - 1
        batch.clear()
        on_batch(done)
    return done


@contextmanager
def _streaming_cursor(connection: BaseDatabaseWrapper) -> Iterator[Any]:
    """A cursor that holds a batch at a time; Django's own buffers everything in the client on MariaDB and MySQL."""
    if connection.vendor == "mysql":
        from MySQLdb.cursors import SSCursor

        with connection.connection.cursor(SSCursor) as cursor:
            yield cursor
    else:
        with connection.chunked_cursor() as cursor:
            yield cursor


def _drain(cursor: Any, sink: Sink, on_batch: OnBatch) -> int:
    done = 0
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    while batch := cursor.fetchmany(BATCH):
        writer.writerows(batch)
        sink.write(text.getvalue().encode())
        text.seek(0)
        text.truncate()
        done += len(batch)
        on_batch(done)
    return done
