"""What reports, effects and messages share as jobs: the row is the truth, the broker only a hint.

A row is due when the time of its next try has come and no worker holds a lease on it. A worker claims it by raising the
fencing number. Whatever it writes later names that number, so a worker that wakes after its lease writes nothing.

Leases go by the clock of the database, since those of the workers differ.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import Expression, F, Q
from django.db.models.functions import Now

TaskT = TypeVar("TaskT", bound="LeasedTask")


class DatabaseNow(Now):
    """The present, in UTC, by the clock of the database."""

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # CURRENT_TIMESTAMP is in the time zone of the server.
        return self.as_sql(compiler, connection, template="UTC_TIMESTAMP(6)", **context)


def clock() -> Expression:
    return DatabaseNow()


def is_leased(prefix: str = "") -> Q:
    """Return the condition that a worker holds a lease on the row; ``prefix`` leads to it, such as ``report__``."""
    return Q(**{f"{prefix}lease_until__gt": clock()})


class LeasedTaskQuerySet(models.QuerySet[TaskT]):
    def due(self, now: datetime) -> Self:
        return self.filter(Q(lease_until=None) | Q(lease_until__lte=clock()), next_try_at__lte=now)

    def abandoned(self) -> Self:
        """Return the rows whose lease is over and was not given back: a worker may still be at them."""
        return self.filter(lease_until__lte=clock())

    def held(self, pk: int, fence: int) -> Self:
        """Return the row if the worker with this fencing number still holds its lease; else nothing."""
        return self.filter(is_leased(), pk=pk, fence=fence)

    def renew(self, pk: int, fence: int, *, lease: timedelta, **changes: Any) -> bool:
        """Extend the lease, and return whether the worker with this fencing number still held it."""
        return bool(self.held(pk, fence).update(lease_until=clock() + lease, **changes))

    def claim(self, pk: int, *, now: datetime, lease: timedelta, **changes: Any) -> int | None:
        """Claim a due row and return its fencing number, or None if it is not due or another worker was quicker."""
        fence = self.due(now).filter(pk=pk).values_list("fence", flat=True).first()
        if fence is None:
            return None
        # Compare and swap in one UPDATE, which needs no row locks and so works on SQLite, too.
        claimed = (
            self.due(now)
            .filter(pk=pk, fence=fence)
            .update(fence=fence + 1, tries=F("tries") + 1, lease_until=clock() + lease, **changes)
        )
        return fence + 1 if claimed else None


class LeasedTask(models.Model):
    fence = models.PositiveIntegerField(default=0, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    # NULL once the job is over, however it ended.
    next_try_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
