"""Database expressions that give the same result on every database, for reports and Numbers."""

from __future__ import annotations

import re
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, IntegerField
from django.db.models.sql.compiler import SQLCompiler

from .fields import bytewise_collation

PLACES = re.compile(r"(\{[xy]\})")


class VendorFunc(Func):
    """A function whose SQL is a template for each vendor, with the arguments as ``{x}`` and ``{y}``."""

    templates: dict[str, str]

    def as_sql(  # type: ignore[override]
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **_: Any
    ) -> tuple[str, list[Any]]:
        template = self.templates[connection.vendor].replace("{bytewise}", bytewise_collation(connection))
        sources = zip(("{x}", "{y}"), self.get_source_expressions(), strict=False)
        compiled = {place: compiler.compile(source) for place, source in sources}
        sql: list[str] = []
        params: list[Any] = []
        for part in PLACES.split(template):
            text, values = compiled.get(part, (part, ()))
            sql.append(text)
            params += values
        return "".join(sql), params


# Django's own date functions are Python on SQLite: at a million attempts they take ten times as long as these.


class QuarterHours(VendorFunc):
    """The whole quarters of an hour from 1970 to a datetime.

    Clocks differ from UTC by quarters of an hour, so Python can tell the day in any time zone. MariaDB and MySQL can
    only if their own tables of time zones have been filled, which few are.
    """

    output_field = IntegerField()
    templates = {
        "postgresql": "(floor(date_part('epoch', {x}))::bigint / 900)",
        "sqlite": "strftime('%%s', substr({x}, 1, 19)) / 900",
        # 62167219200 seconds from the year 0 to 1970.
        "mysql": "(CAST(TO_SECONDS({x}) AS SIGNED) - 62167219200) DIV 900",
    }


class WholeMinutes(VendorFunc):
    """The whole minutes from one datetime to a later one, both truncated to the second."""

    output_field = IntegerField()
    templates = {
        "postgresql": "((floor(date_part('epoch', {y})) - floor(date_part('epoch', {x})))::bigint / 60)",
        "sqlite": "(strftime('%%s', substr({y}, 1, 19)) - strftime('%%s', substr({x}, 1, 19))) / 60",
        # Not UNIX_TIMESTAMP, which reads moments in the zone of the connection.
        "mysql": "(CAST(TO_SECONDS({y}) AS SIGNED) - CAST(TO_SECONDS({x}) AS SIGNED)) DIV 60",
    }
