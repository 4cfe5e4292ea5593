"""Where the marks of a chart stand. Pure: numbers in, the attributes of SVG elements out; templates draw them.

Across, everything is in percent of the drawing, so that it stretches to the width of the page while texts keep their
size; down, in pixels. Attributes are finished texts: a template would print a decimal comma where the language has one.
No library draws these: those that are kept (pygal) put a style sheet and scripts into each SVG, which a strict
Content-Security-Policy refuses.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

PLOT_HEIGHT = 120  # pixels from the base line to the highest line
HEADROOM, FOOTROOM = 18, 24  # pixels, for the text above the highest line and below the base line
WIDEST_COLUMN = 6.0  # percent
FILLED = 0.78  # of the place of a column; the rest keeps neighbours apart
MIN_HEIGHT = 2  # pixels: what is there can be seen beside what is a thousand times as much
EDGE = 25.0  # percent from either side within which a text is not centred
MAX_LABELS = 4  # at 390 px there is room for no more


@dataclass(frozen=True, slots=True)
class Column:
    """A column, and the whole height above it, in which its value is shown on hover and focus."""

    place: int
    x: str
    y: str
    width: str
    height: str
    area_x: str
    area_width: str
    label: Label


@dataclass(frozen=True, slots=True)
class Line:
    """A horizontal line of the scale, and the number it stands for."""

    y: str
    value: int


@dataclass(frozen=True, slots=True)
class Label:
    """A text below the base line; ``anchor`` is the part of the text that stands at ``x``."""

    x: str
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class ColumnChart:
    height: int
    base: int
    columns: list[Column]
    lines: list[Line]
    labels: list[Label]


def column_chart(values: Sequence[int], names: Sequence[str]) -> ColumnChart:
    """Columns side by side; a value of 0 has none. ``names`` says what each stands for; only some are printed."""
    top = nice_top(max(values, default=0))
    return ColumnChart(
        height=HEADROOM + PLOT_HEIGHT + FOOTROOM,
        base=HEADROOM + PLOT_HEIGHT,
        columns=[_column(place, value, len(values), top) for place, value in enumerate(values) if value],
        lines=[Line(_text(_y(value, top)), value) for value in ((top, top // 2) if top % 2 == 0 else (top,))],
        labels=[_label(place, names) for place in labelled(len(names))],
    )


def nice_top(highest: int) -> int:
    """The number at the highest line: 1, 2, 4, 6, 8 or 10 times a power of ten, and never below ``highest``."""
    if highest <= 1:
        return 1
    power = int(10 ** floor(log10(highest)))
    return next(factor * power for factor in (1, 2, 4, 6, 8, 10, 20) if factor * power >= highest)


def labelled(number: int) -> list[int]:
    """Which of so many places get a label: the first, and others at even distances: none seems to be skipped."""
    return list(range(0, number, max(1, ceil(number / MAX_LABELS))))


def share(part: int, whole: int) -> str:
    """A length in percent."""
    return f"{_text(100 * part / whole if whole else 0)}%"


def _column(place: int, value: int, number: int, top: int) -> Column:
    width = min(WIDEST_COLUMN, FILLED * 100 / number)
    # Rounded before it is taken off the base line, so that the two always meet.
    height = round(max(MIN_HEIGHT, PLOT_HEIGHT * value / top), 2)
    middle = (place + 0.5) * 100 / number
    return Column(
        place=place,
        x=f"{_text(middle - width / 2)}%",
        y=_text(HEADROOM + PLOT_HEIGHT - height),
        width=f"{_text(width)}%",
        height=_text(height),
        area_x=f"{_text(place * 100 / number)}%",
        area_width=f"{_text(100 / number)}%",
        label=Label(f"{_text(middle)}%", _anchor(middle), ""),
    )


def _label(place: int, names: Sequence[str]) -> Label:
    number = len(names)
    if number > MAX_LABELS and place == 0:
        return Label("0%", "start", names[place])
    if number > MAX_LABELS and place == number - 1:
        return Label("100%", "end", names[place])
    return Label(f"{_text((place + 0.5) * 100 / number)}%", "middle", names[place])


def _anchor(middle: float) -> str:
    """Return which part of a text stands there, so that the text stays within the drawing."""
    return "start" if middle < EDGE else "end" if middle > 100 - EDGE else "middle"


def _y(value: int, top: int) -> float:
    return HEADROOM + PLOT_HEIGHT * (1 - value / top)


def _text(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
