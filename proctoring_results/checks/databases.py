"""Checks of the databases, their options and their routers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Tags, register
from django.db import DEFAULT_DB_ALIAS, connections, router

from .messages import err, warn


@register()
def check_routers(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Check that database routers leave the app and its people in the default database."""
    models = [*apps.get_app_config("proctoring_results").get_models(), get_user_model()]
    aliases = sorted({router.db_for_write(model) for model in models} - {DEFAULT_DB_ALIAS})
    return [
        err(
            32,
            f"A database router sends tables that the app writes to {alias!r}.",
            f"Its own tables and those of the users must be in {DEFAULT_DB_ALIAS!r}. A router for reading is fine.",
        )
        for alias in aliases
    ]


@register(Tags.database)
def check_databases(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    return [problem for alias in databases or () for problem in _database(alias)]


def _database(alias: str) -> Iterator[CheckMessage]:
    connection = connections[alias]
    if connection.vendor not in ("postgresql", "sqlite", "mysql"):
        yield err(11, f"Database {alias!r}: {connection.display_name} is not supported.")
        return
    zone = connection.settings_dict.get("TIME_ZONE")
    if connection.vendor != "postgresql" and zone not in (None, "UTC"):
        yield err(12, f"Database {alias!r} keeps moments in {zone!r}; reports need UTC.", "Leave its TIME_ZONE out.")
    options: dict[str, Any] = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor == "sqlite" and options.get("transaction_mode") != "IMMEDIATE":
        yield warn(
            13,
            f"Database {alias!r}: SQLite without “transaction_mode”: “IMMEDIATE” cannot make two writers take turns.",
            'Set "OPTIONS": {"transaction_mode": "IMMEDIATE"}.',
        )
    if connection.vendor == "mysql" and options.get("charset", "utf8mb4") != "utf8mb4":
        yield err(14, f"Database {alias!r} must be talked to in utf8mb4.", "Leave the option “charset” out.")
    if connection.vendor == "mysql":
        yield from _character_sets(connection)


def _character_sets(connection: Any) -> Iterator[CheckMessage]:
    """Tables in utf8mb3 take no emoji: what a service or a person wrote would be refused for ever."""
    tables = [model._meta.db_table for model in apps.get_app_config("proctoring_results").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = DATABASE() "
            "AND table_name IN %s AND character_set_name <> 'utf8mb4' ORDER BY table_name",
            [tables],
        )
        narrow = [table for (table,) in cursor.fetchall()]
        cursor.execute("SELECT @@character_set_database")
        [(default,)] = cursor.fetchall()
    if narrow or default != "utf8mb4":
        names = ", ".join(narrow) or f"new tables ({default})"
        yield err(
            36,
            f"Database {connection.alias!r} cannot store every character in {names}.",
            "ALTER DATABASE … CHARACTER SET utf8mb4, and ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4 for each table "
            "that is named.",
        )
