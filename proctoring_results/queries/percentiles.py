"""Percentiles of times that the database has grouped by whole minutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta


def percentile(minutes: Mapping[int, int], percent: int) -> timedelta | None:
    """Return the time within which this percentage falls; None without any. ``minutes`` has the number of each.

    It is the nearest rank, one of the measured times: nothing is interpolated.
    """
    passed, total = 0, sum(minutes.values())
    for minute, number in sorted(minutes.items()):
        passed += number
        if passed * 100 >= total * percent:
            return timedelta(minutes=minute)
    return None
