"""A column of a report: a name and a database expression that yields finished text.

There is one definition of a report, and a row leaves the database as it appears in the file. The functions below make
the expressions, also for the kinds of a host.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from django.db.models import Case, CharField, F, TextField, Value, When
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Cast, Coalesce

from proctoring_results import people
from proctoring_results.guard import DANGEROUS
from proctoring_results.models.expressions import VendorFunc

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Bytewise(VendorFunc):
    """The text, sorted and compared by code point."""

    output_field = TextField()
    templates = {
        "postgresql": '({x}) COLLATE "{bytewise}"',
        "sqlite": "({x}) COLLATE {bytewise}",
        "mysql": "CONVERT({x} USING utf8mb4) COLLATE {bytewise}",
    }


class UtcText(VendorFunc):
    """A time as ``2026-05-01T09:30:00Z``: UTC, whole seconds, rounded down."""

    output_field = TextField()
    templates = {
        "postgresql": "to_char({x} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')",
        # SQLite stores times as text; its own strftime would round to the nearest second.
        "sqlite": "substr({x}, 1, 10) || 'T' || substr({x}, 12, 8) || 'Z'",
        "mysql": "DATE_FORMAT({x}, '%%Y-%%m-%%dT%%H:%%i:%%sZ')",
    }


class SecondsText(VendorFunc):
    """Seconds as ``90`` or ``12.5``: to the microsecond, without zeros at the end. NULL from 10**9 on: no time at all.

    Each database has another text for a floating-point number: ``90``, ``90.0`` and ``9e1`` are the same one.
    """

    output_field = TextField()
    templates = {
        "postgresql": "CASE WHEN abs({x}) < 1e9 THEN rtrim(rtrim(round({x}::numeric, 6)::text, '0'), '.') END",
        # Rounded twice, because there is a zero below zero.
        "sqlite": "CASE WHEN abs({x}) < 1e9 THEN rtrim(rtrim(printf('%%.6f', round({x}, 6) + 0.0), '0'), '.') END",
        "mysql": "CASE WHEN ABS({x}) < 1e9 THEN "
        "TRIM(TRAILING '.' FROM TRIM(TRAILING '0' FROM CAST(CAST({x} AS DECIMAL(20, 6)) AS CHAR))) END",
    }


def _sql_characters(vendor: str) -> str:
    """Return the dangerous characters as SQL literals. PostgreSQL stores no NUL."""
    number = {"postgresql": "chr({})", "sqlite": "char({})", "mysql": "CHAR({} USING utf8mb4)"}[vendor]
    return ", ".join(number.format(ord(c)) for c in DANGEROUS if vendor != "postgresql" or c != "\0")


def _mysql_characters() -> str:
    return ", ".join(f"X'{character.encode().hex()}'" for character in DANGEROUS)


class Guarded(VendorFunc):
    """``guard.guarded_text`` in SQL."""

    output_field = TextField()
    templates = {
        "postgresql": "CASE WHEN substr(ltrim({x}, ' '), 1, 1) COLLATE \"{bytewise}\" IN ("
        + _sql_characters("postgresql")
        + ") THEN '''' || {x} ELSE {x} END",
        "sqlite": "CASE WHEN substr(ltrim({x}, ' '), 1, 1) COLLATE {bytewise} IN ("
        + _sql_characters("sqlite")
        + ") THEN '''' || {x} ELSE {x} END",
        # Compared as bytes: for collations of MySQL and MariaDB, U+3000 and others equal a space.
        "mysql": "CASE WHEN CAST(SUBSTR(TRIM(LEADING ' ' FROM CONVERT({x} USING utf8mb4) COLLATE {bytewise}), 1, 1)"
        " AS BINARY) IN (" + _mysql_characters() + ") THEN CONCAT('''', {x}) ELSE {x} END",
    }


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the header, and the expression of its cells.

    A spreadsheet takes a ``number`` as a number and a ``time`` as a date. In a CSV file all are text.
    """

    name: str
    text: Expression
    type: Literal["text", "number", "time"] = "text"
    # For the column of a host; ``COLUMN_MEANINGS`` explains ours.
    meaning: StrPromise | str = ""


def text(expression: str | Combinable) -> Expression:
    """Return the text, empty instead of NULL."""
    source = F(expression) if isinstance(expression, str) else expression
    return Coalesce(source, Value(""), output_field=TextField())


def guarded(expression: str | Combinable) -> Expression:
    return Guarded(text(expression))


def number(expression: str | Combinable) -> Expression:
    """Return a number that may be unknown."""
    return text(Cast(expression, CharField()))


def seconds(expression: str) -> Expression:
    """Return a number of seconds that may be unknown."""
    return text(SecondsText(F(expression)))


def count(expression: str | Combinable) -> Expression:
    """Return a number that is 0 where there is nothing to count."""
    return Coalesce(Cast(expression, CharField()), Value("0"), output_field=TextField())


def time(expression: str | Combinable) -> Expression:
    return text(UtcText(F(expression) if isinstance(expression, str) else expression))


def boolean(expression: str) -> Expression:
    return Case(When(**{expression: True}, then=Value("True")), default=Value("False"), output_field=TextField())


def is_set(expression: str) -> Expression:
    """Return ``True`` where there is a value."""
    has_value = When(**{f"{expression}__isnull": False}, then=Value("True"))
    return Case(has_value, default=Value("False"), output_field=TextField())


def username_path(path: str = "user__") -> str:
    """Return the path to what a person signs in with; ``path`` leads to the person."""
    return f"{path}{people.username_field()}"


def email(path: str = "") -> Expression:
    """Return the address of a learner; empty where the user model has none. ``path`` leads to the attempt."""
    return text(f"{path}user__{field}" if (field := people.email_field()) else Value(""))
