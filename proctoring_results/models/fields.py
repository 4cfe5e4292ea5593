"""Columns that compare byte by byte on every database."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


def bytewise_collation(connection: BaseDatabaseWrapper) -> str:
    """The collation under which texts are equal only when their bytes are, and sort by code point.

    MariaDB and MySQL otherwise take ``'edX/Demo'`` and ``'edx/demo '`` for the same id.
    """
    if connection.vendor == "mysql":
        return "utf8mb4_nopad_bin" if getattr(connection, "mysql_is_mariadb", False) else "utf8mb4_0900_bin"
    return {"postgresql": "C", "sqlite": "BINARY"}[connection.vendor]


if TYPE_CHECKING:
    # Generic for the type checker only. What is set and got is text, or None where the column may be NULL.
    CharField = models.CharField[Any, Any]
else:
    CharField = models.CharField


class IdField(CharField):
    """An id or key: opaque, never parsed, and equal only to itself."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        return {**super().db_parameters(connection), "collation": bytewise_collation(connection)}
