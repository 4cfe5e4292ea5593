"""When a schedule runs: days by the calendar, at a time of day. Both are of the course's time zone. Reads no table."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Self

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results.choices import ScheduleRhythm
from proctoring_results.exceptions import InvalidInput
from proctoring_results.models import ReportSchedule
from proctoring_results.models.schedules import MAX_DAYS_AFTER_DUE
from proctoring_results.validation import clean_whole_number, not_one_of

DAY = timedelta(days=1)
SHORTEST_MONTH = 28
# The number that belongs to each rhythm, and from where to where it goes.
NUMBERS = {
    ScheduleRhythm.WEEKLY: ("weekday", 0, 6),
    ScheduleRhythm.MONTHLY: ("month_day", 1, 31),
    ScheduleRhythm.AFTER_DUE: ("days_after_due", 1, MAX_DAYS_AFTER_DUE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """``weekday`` (0 is Monday), ``month_day`` or ``days_after_due`` belongs to it; the others are None."""

    rhythm: ScheduleRhythm
    run_time: time
    weekday: int | None = None
    month_day: int | None = None
    days_after_due: int | None = None

    def __post_init__(self) -> None:
        """Raise ``InvalidInput`` for what makes no rhythm."""
        try:
            rhythm = ScheduleRhythm(self.rhythm)
        except ValueError:
            raise not_one_of("rhythm", ScheduleRhythm.values) from None
        if not isinstance(self.run_time, time) or self.run_time.tzinfo or self.run_time.second:
            raise InvalidInput("run_time", _("must be a time of day such as 06:00."))
        for of_rhythm, (name, first, last) in NUMBERS.items():
            value = getattr(self, name)
            if of_rhythm == rhythm:
                clean_whole_number(name, value, min_value=first, max_value=last)
            elif value is not None:
                raise InvalidInput(name, _("does not belong to this rhythm."))

    @classmethod
    def of(cls, schedule: ReportSchedule) -> Self:
        return cls(
            rhythm=ScheduleRhythm(schedule.rhythm),
            run_time=schedule.run_time,
            weekday=schedule.weekday,
            month_day=schedule.month_day,
            days_after_due=schedule.days_after_due,
        )

    def next_after(self, moment: datetime, zone: tzinfo) -> datetime:
        """Return the first run after a moment. Not for runs after due dates."""
        # A day before: where a day has no such time, its run may be on the next.
        days = self._days(moment.astimezone(zone).date() - DAY)
        return next(run for day in days if (run := moment_on(day, self.run_time, zone)) > moment)

    def after_due(self, due_date: datetime, zone: tzinfo) -> datetime:
        """Return the run after a due date."""
        return moment_on(due_date.astimezone(zone).date() + DAY * (self.days_after_due or 0), self.run_time, zone)

    def _days(self, first: date) -> Iterator[date]:
        if self.rhythm == ScheduleRhythm.WEEKLY:
            day = first + DAY * ((self.weekday - first.weekday()) % 7)  # type: ignore[operator]  # as checked
            while True:
                yield day
                day += 7 * DAY
        year, month = first.year, first.month
        while True:
            last_day = calendar.monthrange(year, month)[1]
            yield date(year, month, min(self.month_day or 1, last_day))
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def moment_on(day: date, at: time, zone: tzinfo) -> datetime:
    """Return the moment at which a clock of this zone shows the time on this day, in UTC.

    If it shows it twice, the first. If it never does, because clocks are set forward, the moment of that change.
    """
    wall = datetime.combine(day, at)
    # In a gap PEP 495 takes the offset before the change for the first, and that after it for the second.
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    # It lies between: what the clock shows is too early at ``second``, and too late at ``first``.
    while first - second > timedelta(seconds=1):
        middle = second + (first - second) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < wall:
            second = middle
        else:
            first = middle
    return first.replace(microsecond=0)


def in_words(rhythm: Rhythm, zone: tzinfo) -> str:
    """Return ``Every Monday at 06:00 (Europe/Paris)``."""
    params = {"time": f"{rhythm.run_time:%H:%M}", "zone": str(zone)}
    match rhythm.rhythm:
        case ScheduleRhythm.WEEKLY:
            params["day"] = str(WEEKDAYS[rhythm.weekday or 0])
            return _("Every %(day)s at %(time)s (%(zone)s)") % params
        case ScheduleRhythm.MONTHLY if rhythm.month_day == 31:
            return _("On the last day of each month at %(time)s (%(zone)s)") % params
        case ScheduleRhythm.MONTHLY:
            day = rhythm.month_day or 1
            sentence = (
                _("On day %(day)s of each month at %(time)s (%(zone)s)")
                if day <= SHORTEST_MONTH
                else _("On day %(day)s of each month, or its last day, at %(time)s (%(zone)s)")
            )
            return sentence % {**params, "day": day}
    days = rhythm.days_after_due or 0
    return ngettext(
        "%(number)s day after the due date of each exam, at %(time)s (%(zone)s)",
        "%(number)s days after the due date of each exam, at %(time)s (%(zone)s)",
        days,
    ) % {**params, "number": days}
