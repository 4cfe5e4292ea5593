"""Writes tuples straight into the database, without a model instance for each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.models import Max

Row = tuple[Any, ...]


class Table:
    """Rows to be written into the table of one model. This class assigns their primary keys."""

    def __init__(self, model: type[models.Model], *fields: str) -> None:
        columns = [_column(model, name) for name in ("id", *fields)]
        quoted = ", ".join(connection.ops.quote_name(column) for column in columns)
        self.model = model
        self.name = connection.ops.quote_name(model._meta.db_table)
        self.columns = f"({quoted})"
        self.places = f"({', '.join(['%s'] * len(columns))})"
        self.last_id: int = model._default_manager.aggregate(last=Max("pk"))["last"] or 0
        self.rows: list[Row] = []
        self.is_analysed = False

    def add(self, *values: Any) -> int:
        """Queue a row for the next ``flush`` and return its primary key."""
        self.last_id += 1
        self.rows.append((self.last_id, *values))
        return self.last_id

    def flush(self) -> None:
        if not self.rows:
            return
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                with cursor.copy(f"COPY {self.name} {self.columns} FROM STDIN") as copy:
                    for row in self.rows:
                        copy.write_row(row)
            else:
                # The names are those of our own models, quoted by the database's rules.
                cursor.executemany(f"INSERT INTO {self.name} {self.columns} VALUES {self.places}", self.rows)  # noqa: S608
        self.rows.clear()


def _column(model: type[models.Model], name: str) -> str:
    field = model._meta.get_field(name)
    assert isinstance(field, models.Field)  # noqa: S101
    return field.column or name


@contextmanager
def bulk_writing() -> Iterator[None]:
    """Write all rows or none, in a transaction, without checking foreign keys row by row."""
    # Reviews refer to attempts and attempts to reviews, and MariaDB has no deferred constraints.
    with connection.constraint_checks_disabled(), transaction.atomic():
        yield


def flush_all(tables: Sequence[Table]) -> None:
    # If a table was empty when PostgreSQL planned its foreign key checks, each check scans the whole table.
    grown = [table for table in tables if table.rows and not table.is_analysed]
    for table in tables:
        table.flush()
    if connection.vendor == "postgresql":
        analyse(grown)
        # Check deferred constraints now; otherwise the server keeps a record of every row until the end.
        connection.check_constraints()


def reset_sequences(tables: Sequence[Table]) -> None:
    """Make the database's sequences continue after our keys."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [table.model for table in tables]):
            cursor.execute(statement)


def analyse(tables: Sequence[Table]) -> None:
    """Update the database's planner statistics for these tables."""
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ANALYZE {'TABLE ' if connection.vendor == 'mysql' else ''}{table.name}")
            if connection.vendor == "mysql":
                cursor.fetchall()
            table.is_analysed = True
