"""The columns of the reports: a name and a database expression that yields finished text.

There is one definition of a report, and a row leaves the database as it appears in the file.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, CharField, F, TextField, Value, When
from django.db.models.expressions import Combinable, Expression
from django.db.models.functions import Cast, Coalesce, Length, Replace
from django.db.models.lookups import GreaterThan

from proctoring_results import people
from proctoring_results.guard import DANGEROUS
from proctoring_results.models.expressions import VendorFunc
from proctoring_results.rules import PRINTED_REVIEW_STATUS


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
    name: str
    text: Expression


def text(expression: str | Combinable) -> Expression:
    """Return the text, empty instead of NULL."""
    source = F(expression) if isinstance(expression, str) else expression
    return Coalesce(source, Value(""), output_field=TextField())


def guarded(expression: str | Combinable) -> Expression:
    return Guarded(text(expression))


def number(expression: str) -> Expression:
    return text(Cast(F(expression), CharField()))


def count(expression: str) -> Expression:
    return Coalesce(Cast(F(expression), CharField()), Value("0"), output_field=TextField())


def time(expression: str) -> Expression:
    return text(UtcText(F(expression)))


def boolean(expression: str) -> Expression:
    return Case(When(**{expression: True}, then=Value("True")), default=Value("False"), output_field=TextField())


def username_path() -> str:
    return f"user__{people.username_field()}"


def email() -> Expression:
    """Return the address; empty where the user model has none."""
    return text(f"user__{field}" if (field := people.email_field()) else Value(""))


def exam_results_columns(*, with_provider: bool) -> tuple[Column, ...]:
    """Return the columns of ``proctored_exam_results_report``: exactly these, in this order."""
    provider_columns = (
        (Column("provider", guarded("provider")), Column("track", guarded("track"))) if with_provider else ()
    )
    return (
        Column("course_id", guarded("exam__course_id")),
        *provider_columns,
        Column("exam_name", guarded("exam__exam_name")),
        Column("username", guarded(username_path())),
        Column("email", guarded(email())),
        Column("attempt_code", guarded("attempt_code")),
        Column("allowed_time_limit_mins", number("allowed_time_limit_mins")),
        Column("is_sample_attempt", boolean("is_sample_attempt")),
        Column("started_at", time("started_at")),
        Column("completed_at", time("completed_at")),
        Column("status", text("status")),
        Column("review_status", PRINTED_REVIEW_STATUS),
        Column("Suspicious Count", count("current_review__suspicious_count")),
        Column("Suspicious Comments", guarded("current_review__suspicious_comments")),
        Column("Rules Violation Count", count("current_review__rules_violation_count")),
        Column("Rules Violation Comments", guarded("current_review__rules_violation_comments")),
    )


def session_results_columns() -> tuple[Column, ...]:
    """Return the columns of ``proctored_session_results_report``, the older kind.

    Its status words are written with spaces, and its first column is the address, or the username without one.
    """
    # By length, not by comparison with '': in MariaDB's collations U+3000 and others equal it.
    has_address = GreaterThan(Length(email()), Value(0))
    address = Case(When(has_address, then=email()), default=F(username_path()), output_field=TextField())
    return (
        Column("user_email", guarded(address)),
        Column("exam_name", guarded("exam__exam_name")),
        Column("attempt_code", guarded("attempt_code")),
        Column("allowed_time_limit_mins", number("allowed_time_limit_mins")),
        Column("is_sample_attempt", boolean("is_sample_attempt")),
        Column("started_at", time("started_at")),
        Column("completed_at", time("completed_at")),
        Column("status", text(Replace(F("status"), Value("_"), Value(" ")))),
    )
