"""Transactions that are tried again after a deadlock or a lock timeout, and errors that mean "try again later"."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from django.db import InterfaceError, OperationalError, transaction

from proctoring_results.exceptions import DatabaseBusy

P = ParamSpec("P")
ResultT = TypeVar("ResultT")

MAX_TRIES = 3
# Seconds after which no other try is begun: some databases wait for a lock for most of a minute.
MAX_DURATION = 10.0

# Deadlock, lock timeout and serialization failure: nothing was written, and another try may succeed.
# PostgreSQL has codes of SQL's standard, MariaDB and MySQL numbers of their own.
CONFLICTS = frozenset({"40001", "40P01", "55P03", 1020, 1205, 1213})
# Connection failure, conflict, lack of resources, lock, intervention by an operator.
PASSING_CLASSES = frozenset({"08", "40", "53", "55", "57"})
PASSING_NUMBERS = frozenset({1020, 1040, 1053, 1205, 1213, 1927, 2002, 2003, 2006, 2013, 4031})
PASSING_NAMES = ("SQLITE_BUSY", "SQLITE_LOCKED")


def in_transaction(verb: Callable[P, ResultT], *, durable: bool = False) -> Callable[P, ResultT]:
    """Run each call in a transaction, and try again after a deadlock or a lock timeout. Raise ``DatabaseBusy`` then.

    Inside a transaction of the caller there is one try: only the whole could be tried again.
    """

    @wraps(verb)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> ResultT:
        last_try = 1 if transaction.get_connection().in_atomic_block else MAX_TRIES
        began = time.monotonic()
        for number in range(1, last_try + 1):
            try:
                with transaction.atomic(durable=durable):
                    return verb(*args, **kwargs)
            except OperationalError as error:
                if _code(error) not in CONFLICTS:
                    raise
                if number == last_try or time.monotonic() - began > MAX_DURATION:
                    raise DatabaseBusy from error
            # Two that met in a deadlock must not meet again.
            time.sleep(random.uniform(0.01, 0.1) * number)  # noqa: S311  not a secret
        raise AssertionError("The last try returns or raises.")

    return wrapper


# In a transaction that no other one encloses: what it has written is committed when it returns.
in_own_transaction = partial(in_transaction, durable=True)


def is_passing(error: BaseException) -> bool:
    """Return whether the database is only busy, restarting or out of reach, so that the same request may succeed."""
    if isinstance(error, InterfaceError):
        return True
    if not isinstance(error, OperationalError):
        return False
    code = _code(error)
    if isinstance(code, int):
        return code in PASSING_NUMBERS
    return code is None or code[:2] in PASSING_CLASSES or code.startswith(PASSING_NAMES)


def _code(error: OperationalError) -> str | int | None:
    """Return the driver's code; None where the connection failed before there was one."""
    cause = error.__cause__
    for name in ("sqlstate", "pgcode", "sqlite_errorname"):
        if hasattr(cause, name):
            code: str | None = getattr(cause, name)
            return code
    return error.args[0] if error.args and isinstance(error.args[0], int) else None
