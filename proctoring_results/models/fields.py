"""Fields that compare byte by byte on every database."""

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


def bytewise_collation(connection: BaseDatabaseWrapper) -> str:
    """Return the collation under which texts are equal only if their bytes are, and sort by code point.

    By default, ``'edX/Demo'`` and ``'edx/demo '`` are the same id to MariaDB and MySQL.
    """
    if connection.vendor == "mysql":
        return "utf8mb4_nopad_bin" if getattr(connection, "mysql_is_mariadb", False) else "utf8mb4_0900_bin"
    return {"postgresql": "C", "sqlite": "BINARY"}[connection.vendor]


if TYPE_CHECKING:
    # Generic for the type checker only. Values are text, or None if the column may be NULL.
    CharField = models.CharField[Any, Any]
else:
    CharField = models.CharField


class IdField(CharField):
    """An id or key: opaque, never parsed, and equal only to itself."""

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        return {**super().db_parameters(connection), "collation": bytewise_collation(connection)}
