"""What reports, effects and messages share as jobs: the row is the truth, the broker only a hint.

A row is due when the time of its next try has come and no worker holds a lease on it. A worker claims it by raising the
fencing number. Whatever it writes later names that number, so a worker that wakes after its lease writes nothing.
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
        """Return the row if the worker with this fencing number still holds its lease; else nothing."""
        return self.filter(pk=pk, fence=fence, lease_until__gt=now)

    def claim(self, pk: int, *, now: datetime, lease: timedelta, **changes: Any) -> int | None:
        """Claim a due row and return its fencing number, or None if it is not due or another worker was quicker."""
        fence = self.due(now).filter(pk=pk).values_list("fence", flat=True).first()
        if fence is None:
            return None
        # Compare and swap in one UPDATE, which needs no row locks and so works on SQLite, too.
        claimed = (
            self.due(now)
            .filter(pk=pk, fence=fence)
            .update(fence=fence + 1, tries=F("tries") + 1, lease_until=now + lease, **changes)
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
