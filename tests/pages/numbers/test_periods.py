"""Days, put together to weeks, months and years."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring_results.api import DayCounts
from proctoring_results.pages.numbers.periods import in_periods, step_for

DAYS = st.lists(st.dates(date(1990, 1, 1), date(2100, 1, 1)), unique=True, max_size=40)


def days(*when: date) -> list[DayCounts]:
    return [DayCounts(day=day, handed_in=1, passed=2, failed=3) for day in sorted(when)]


@pytest.mark.parametrize(
    ("span", "step"),
    [(1, "day"), (62, "day"), (63, "week"), (62 * 7, "week"), (62 * 7 + 1, "month"), (3_600, "month"), (3_601, "year")],
)
def test_the_longer_the_span_the_longer_the_periods(span, step):
    first = date(2026, 1, 1)
    assert step_for(days(first, first + timedelta(days=span - 1))) == step


@pytest.mark.parametrize(
    ("step", "starts"),
    [
        ("day", ["2025-12-30", "2025-12-31", "2026-01-01"]),
        ("week", ["2025-12-29"]),
        ("month", ["2025-12-01", "2026-01-01"]),
        ("year", ["2025-01-01", "2026-01-01"]),
    ],
)
def test_periods_follow_the_calendar_without_gaps(step, starts):
    periods = in_periods(days(date(2025, 12, 30), date(2026, 1, 1)), step)
    assert [str(period.start) for period in periods] == starts


@given(DAYS)
def test_nothing_is_lost_and_the_columns_are_few(when):
    happened = days(*when)
    periods = in_periods(happened, step_for(happened))
    assert sum(period.handed_in for period in periods) == len(happened)
    assert sum(period.decided for period in periods) == 5 * len(happened)
    assert len(periods) <= 125
