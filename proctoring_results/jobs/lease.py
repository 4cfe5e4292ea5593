"""The one shape of a job: the row is the truth, the broker only a hint.

A row is due when its next try has come and nobody holds a lease on it. A worker claims it by raising the
fencing number; whatever it writes later names that number, so a worker that wakes after its lease writes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models import F, Q

TaskT = TypeVar("TaskT", bound="LeasedTask")


class LeasedTaskQuerySet(models.QuerySet[TaskT]):
    def due(self, now: datetime) -> Self:
        return self.filter(Q(lease_until=None) | Q(lease_until__lte=now), next_try_at__lte=now)

    def held(self, pk: int, fence: int, now: datetime) -> Self:
        """The row, while the worker with this fencing number still holds its lease; else nothing."""
        return self.filter(pk=pk, fence=fence, lease_until__gt=now)

    def claim(self, pk: int, *, now: datetime, lease: timedelta, **changes: Any) -> int | None:
        """Take a due row and return the fencing number, or None when it is not due or another was quicker."""
        seen = self.due(now).filter(pk=pk).values_list("fence", flat=True).first()
        if seen is None:
            return None
        # Compare and swap in one UPDATE: works without row locks, so on SQLite too.
        won = (
            self.due(now)
            .filter(pk=pk, fence=seen)
            .update(fence=seen + 1, tries=F("tries") + 1, lease_until=now + lease, **changes)
        )
        return seen + 1 if won else None


class LeasedTask(models.Model):
    fence = models.PositiveIntegerField(default=0, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    # NULL once the task is over, whatever its end was.
    next_try_at = models.DateTimeField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
