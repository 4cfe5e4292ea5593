"""When a schedule runs: days by the calendar, and the two days of a year on which clocks are set."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from proctoring_results.exceptions import InvalidInput
from proctoring_results.reports.rhythms import Rhythm, in_words, moment_on

ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC")


def weekly(weekday=0, at=time(6)) -> Rhythm:
    return Rhythm(rhythm="weekly", weekday=weekday, run_time=at)


def monthly(day, at=time(6)) -> Rhythm:
    return Rhythm(rhythm="monthly", month_day=day, run_time=at)


def after_due(days, at=time(6)) -> Rhythm:
    return Rhythm(rhythm="after_due", days_after_due=days, run_time=at)


def walls(rhythm, zone, first, number) -> list[str]:
    """What a clock of the zone shows at the runs after a moment."""
    runs = []
    for _ in range(number):
        first = rhythm.next_after(first, zone)
        runs.append(f"{first.astimezone(zone):%a %Y-%m-%d %H:%M}")
    return runs


def test_a_week_later_it_is_the_same_day_and_time_although_the_clocks_were_set():
    zone = ZoneInfo("Europe/Paris")
    assert walls(weekly(), zone, datetime(2026, 3, 20, tzinfo=UTC), 3) == [
        "Mon 2026-03-23 06:00",
        "Mon 2026-03-30 06:00",
        "Mon 2026-04-06 06:00",
    ]


def test_a_month_without_the_day_runs_on_its_last():
    zone = ZoneInfo("UTC")
    assert walls(monthly(31), zone, datetime(2028, 1, 31, 5, tzinfo=UTC), 4) == [
        "Mon 2028-01-31 06:00",
        "Tue 2028-02-29 06:00",
        "Fri 2028-03-31 06:00",
        "Sun 2028-04-30 06:00",
    ]


def test_the_run_after_now_is_never_now():
    assert weekly().next_after(datetime(2026, 6, 1, 6, tzinfo=UTC), UTC) == datetime(2026, 6, 8, 6, tzinfo=UTC)


def test_days_after_the_due_date_are_days_of_the_zone():
    # Still the evening of the 30th there.
    new_york = ZoneInfo("America/New_York")
    assert after_due(2).after_due(datetime(2026, 7, 1, 2, tzinfo=UTC), new_york) == datetime(2026, 7, 2, 10, tzinfo=UTC)


# The first: set forward, so that the time does not exist. The second: set back, so that it exists twice.
CHANGES = [
    ("Europe/Paris", "2026-03-29", "02:30", "2026-03-29T01:00:00+00:00"),
    ("Europe/Paris", "2026-10-25", "02:30", "2026-10-25T00:30:00+00:00"),
    ("America/New_York", "2026-03-08", "02:00", "2026-03-08T07:00:00+00:00"),
    ("America/New_York", "2026-11-01", "01:15", "2026-11-01T05:15:00+00:00"),
    # By half an hour only.
    ("Australia/Lord_Howe", "2026-10-04", "02:15", "2026-10-03T15:30:00+00:00"),
    ("Australia/Lord_Howe", "2026-04-05", "01:45", "2026-04-04T14:45:00+00:00"),
    # A day that there was not.
    ("Pacific/Apia", "2011-12-30", "12:00", "2011-12-30T10:00:00+00:00"),
]


@pytest.mark.parametrize(("zone", "day", "at", "moment"), CHANGES)
def test_on_the_day_of_the_change_it_runs_at_one_moment(zone, day, at, moment):
    run = moment_on(date.fromisoformat(day), time.fromisoformat(at), ZoneInfo(zone))
    assert run.isoformat() == moment


@pytest.mark.parametrize(("zone", "day", "at", "moment"), CHANGES)
def test_a_weekly_run_on_that_day_happens_once(zone, day, at, moment):
    rhythm = weekly(date.fromisoformat(day).weekday(), time.fromisoformat(at))
    at_change = datetime.fromisoformat(moment)
    assert rhythm.next_after(at_change - timedelta(seconds=1), ZoneInfo(zone)) == at_change
    assert rhythm.next_after(at_change, ZoneInfo(zone)) - at_change > timedelta(days=5)


TIMES = st.times(max_value=time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0))
CALENDAR = st.one_of(
    st.builds(weekly, st.integers(0, 6), TIMES),
    st.builds(monthly, st.integers(1, 31), TIMES),
)
MOMENTS = st.integers(0, 40 * 365 * 24 * 60).map(
    lambda minutes: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@pytest.mark.parametrize("name", ZONES)
def test_there_is_one_run_in_each_week_or_month_whatever_the_clocks_do(name):
    zone = ZoneInfo(name)

    @given(CALENDAR, MOMENTS)
    def check(rhythm, moment):
        first = rhythm.next_after(moment, zone)
        second = rhythm.next_after(first, zone)
        assert moment < first < second
        # Nothing between them, whenever one looks.
        assert rhythm.next_after(first + (second - first) / 2, zone) == second
        assert second - first <= timedelta(days=8 if rhythm.rhythm == "weekly" else 33)
        wall = first.astimezone(zone)
        is_as_planned = (wall.hour, wall.minute) == (rhythm.run_time.hour, rhythm.run_time.minute)
        # Else it does not exist on that day: the clock was set forward at this moment.
        assert is_as_planned or (first - timedelta(seconds=1)).astimezone(zone).utcoffset() < wall.utcoffset()

    check()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"rhythm": "daily"}, "rhythm"),
        ({"rhythm": "weekly"}, "weekday"),
        ({"rhythm": "weekly", "weekday": 7}, "weekday"),
        ({"rhythm": "weekly", "weekday": True}, "weekday"),
        ({"rhythm": "weekly", "weekday": 1, "month_day": 1}, "month_day"),
        ({"rhythm": "monthly", "month_day": 0}, "month_day"),
        ({"rhythm": "after_due", "days_after_due": 0}, "days_after_due"),
        ({"rhythm": "after_due", "days_after_due": 366}, "days_after_due"),
        ({"rhythm": "weekly", "weekday": 1, "run_time": time(6, 0, 1)}, "run_time"),
        ({"rhythm": "weekly", "weekday": 1, "run_time": "06:00"}, "run_time"),
        ({"rhythm": "weekly", "weekday": 1, "run_time": time(6, tzinfo=UTC)}, "run_time"),
    ],
)
def test_what_makes_no_rhythm_is_refused_by_its_field(fields, field):
    with pytest.raises(InvalidInput) as refusal:
        Rhythm(**{"run_time": time(6), **fields})
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("rhythm", "sentence"),
    [
        (weekly(), "Every Monday at 06:00 (Europe/Paris)"),
        (monthly(1), "On day 1 of each month at 06:00 (Europe/Paris)"),
        (monthly(30), "On day 30 of each month, or its last day, at 06:00 (Europe/Paris)"),
        (monthly(31), "On the last day of each month at 06:00 (Europe/Paris)"),
        (after_due(1), "1 day after the due date of each exam, at 06:00 (Europe/Paris)"),
        (after_due(3), "3 days after the due date of each exam, at 06:00 (Europe/Paris)"),
    ],
)
def test_a_rhythm_is_said_in_words(rhythm, sentence):
    with translation.override("en"):
        assert in_words(rhythm, ZoneInfo("Europe/Paris")) == sentence
