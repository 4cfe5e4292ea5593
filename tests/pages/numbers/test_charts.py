"""Where the marks of a chart stand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring_results.pages.numbers.charts import (
    HEADROOM,
    MIN_HEIGHT,
    PLOT_HEIGHT,
    ColumnChart,
    column_chart,
    labelled,
    nice_top,
    share,
)

COUNTS = st.lists(st.integers(0, 10_000_000), max_size=130)


def chart(*values: int) -> ColumnChart:
    return column_chart(values, [str(place) for place in range(len(values))])


def percent(text: str) -> float:
    assert text.endswith("%")
    return float(text[:-1])


def test_a_column_is_as_high_as_its_share_of_the_highest_line():
    plot = chart(10, 5, 0)
    assert [(column.y, column.height) for column in plot.columns] == [
        (str(HEADROOM), str(PLOT_HEIGHT)),
        (str(HEADROOM + PLOT_HEIGHT // 2), str(PLOT_HEIGHT // 2)),
    ]
    assert [(line.y, line.value) for line in plot.lines] == [("18", 10), ("78", 5)]


def test_one_beside_a_million_can_be_seen():
    assert chart(1_000_000, 1).columns[1].height == str(MIN_HEIGHT)


def test_a_single_column_stands_in_the_middle_and_is_slender():
    [column] = chart(3).columns
    assert (column.x, column.width) == ("47%", "6%")


def test_nothing_at_all_draws_no_column():
    assert (chart().columns, chart(0, 0).columns) == ([], [])


def test_the_place_of_a_column_can_be_pointed_at_in_its_whole_width():
    areas = [(column.area_x, column.area_width) for column in chart(1, 2, 3, 4).columns]
    assert areas == [("0%", "25%"), ("25%", "25%"), ("50%", "25%"), ("75%", "25%")]


def test_a_value_that_is_pointed_at_stays_in_the_drawing():
    anchors = [column.label.anchor for column in chart(*[1] * 9).columns]
    assert anchors == ["start"] * 2 + ["middle"] * 5 + ["end"] * 2


@given(COUNTS)
def test_columns_stay_in_the_drawing_and_apart(values):
    plot = chart(*values)
    edges = [(percent(column.x), percent(column.x) + percent(column.width)) for column in plot.columns]
    assert all(0 <= left < right <= 100 for left, right in edges)
    assert all(one[1] < other[0] for one, other in pairwise(edges))
    assert all(float(column.y) >= HEADROOM for column in plot.columns)
    assert all(float(column.y) + float(column.height) == pytest.approx(plot.base) for column in plot.columns)


@given(st.integers(1, 10**12))
def test_the_highest_line_is_a_round_number_not_far_above(peak):
    assert peak <= nice_top(peak) <= 2 * peak
    assert str(nice_top(peak)).rstrip("0") in {"1", "2", "4", "6", "8"}


@given(st.integers(1, 500))
def test_few_places_are_labelled_from_the_first_on_at_even_distances(number):
    places = labelled(number)
    assert places[0] == 0
    assert len({after - before for before, after in pairwise(places)}) <= 1
    assert len(places) <= 4


def test_labels_at_the_edges_do_not_stick_out():
    assert [(label.x, label.anchor, label.text) for label in chart(*range(13)).labels] == [
        ("0%", "start", "0"),
        ("34.615%", "middle", "4"),
        ("65.385%", "middle", "8"),
        ("100%", "end", "12"),
    ]


@pytest.mark.parametrize(("part", "whole", "length"), [(1, 3, "33.333%"), (0, 0, "0%"), (2, 2, "100%"), (0, 7, "0%")])
def test_a_share_is_a_length(part, whole, length):
    assert share(part, whole) == length
