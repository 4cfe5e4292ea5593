"""Days grouped into weeks, months or years: a column each in a chart, a row each in a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from proctoring_results.queries.numbers import DayCounts

Step = Literal["day", "week", "month", "year"]

# The longest span of each, in days: about as many columns as a phone can show.
MAX_DAYS: tuple[tuple[Step, int], ...] = (("day", 62), ("week", 62 * 7), ("month", 120 * 30))


@dataclass(frozen=True, slots=True)
class Period:
    start: date
    # The last day of it.
    end: date
    handed_in: int
    passed: int
    failed: int

    @property
    def decided(self) -> int:
        return self.passed + self.failed


def step_for(days: Sequence[DayCounts]) -> Step:
    """Return the length of a period, by the time from the first day to the last."""
    span = (days[-1].day - days[0].day).days + 1 if days else 1
    return next((step for step, max_days in MAX_DAYS if span <= max_days), "year")


def in_periods(days: Sequence[DayCounts], step: Step) -> list[Period]:
    """Return the periods from the first to the last, without gaps. Weeks begin on Monday."""
    if not days:
        return []
    by_start: dict[date, list[DayCounts]] = {}
    for day in days:
        by_start.setdefault(start_of(day.day, step), []).append(day)
    return [
        Period(
            start,
            _next(start, step) - timedelta(days=1),
            sum(day.handed_in for day in by_start.get(start, ())),
            sum(day.passed for day in by_start.get(start, ())),
            sum(day.failed for day in by_start.get(start, ())),
        )
        for start in _starts(min(by_start), max(by_start), step)
    ]


def start_of(day: date, step: Step) -> date:
    match step:
        case "day":
            return day
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "year":
            return day.replace(month=1, day=1)


def _starts(first: date, last: date, step: Step) -> Iterator[date]:
    start = first
    while start <= last:
        yield start
        start = _next(start, step)


def _next(start: date, step: Step) -> date:
    """Go on by a little more than the length of a period, then back to the start of the period there."""
    leap = timedelta(days={"day": 1, "week": 7, "month": 32, "year": 367}[step])
    return start_of(start + leap, step)
