"""What stands on the page of numbers, ready to be printed: a template asks no questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from django.utils import timezone
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from proctoring_results import api
from proctoring_results.choices import OPEN_STATUSES, AttemptStatus, ResultWord, ReviewStatus
from proctoring_results.models import ProctoredExam
from proctoring_results.pages.data_download.sentences import how_long
from proctoring_results.rules import RESULT_WORDS

from .charts import ColumnChart, column_chart, share
from .periods import Period, Step, in_periods, step_for

TONES: Mapping[str, str] = {
    ResultWord.SATISFACTORY: "good",
    ResultWord.UNSATISFACTORY: "bad",
    ResultWord.PENDING: "warn",
    ReviewStatus.CLEAN: "good",
    ReviewStatus.SUSPICIOUS: "warn",
    ReviewStatus.RULES_VIOLATION: "bad",
}
HOUR, DAY = 60, 60 * 24  # minutes

Word = TypeVar("Word")


@dataclass(frozen=True, slots=True)
class Choice:
    content_id: str
    name: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table with a bar: the same number as text, in percent, and drawn."""

    name: str
    number: str
    percent: str
    width: str
    tone: str = ""
    # One of those that the row above it is made of.
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    total: str
    # What a person sees at a glance, for one who does not see.
    said: str
    drawn: ColumnChart
    # The numbers at the lines, as they are printed.
    scale: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PeriodRow:
    name: str
    handed_in: str
    passed: str
    failed: str


@dataclass(frozen=True, slots=True)
class OverTime:
    step: str
    charts: list[Chart]
    rows: list[PeriodRow]


@dataclass(frozen=True, slots=True)
class NumbersPage:
    drawn: datetime
    exams: list[Choice]
    chosen: str
    is_empty: bool
    tiles: list[tuple[str, str]]
    notes: list[str]
    results: list[Row]
    outcomes: list[Row]
    incidents: list[Row]
    parts: list[Row]
    over_time: OverTime | None
    review_times: list[Row]
    review_facts: list[tuple[str, str]]


def draw(course_id: str, content_id: str | None) -> NumbersPage:
    """The page of a course, or of one of its exams. Raises ``NotFound``."""
    numbers = api.course_numbers(course_id, content_id)
    exams = [_choice(exam, content_id) for exam in api.exams_in_course(course_id).with_result()]
    return NumbersPage(
        drawn=timezone.now(),
        exams=exams,
        chosen=next((exam.name for exam in exams if exam.is_chosen), ""),
        is_empty=not numbers.attempts,
        tiles=_tiles(numbers),
        notes=_notes(numbers),
        results=_results(numbers),
        outcomes=_outcomes(numbers),
        incidents=_incidents(numbers),
        parts=_by_part(numbers),
        over_time=_over_time(numbers.days) if numbers.days else None,
        review_times=_review_times(numbers.review_times),
        review_facts=_review_facts(numbers.review_times),
    )


def _choice(exam: ProctoredExam, content_id: str | None) -> Choice:
    return Choice(exam.content_id, exam.exam_name, exam.content_id == content_id)


def _tiles(numbers: api.Numbers) -> list[tuple[str, str]]:
    median = numbers.review_times.median
    return [
        (_("Attempts"), _number(numbers.attempts)),
        (_("Handed in"), _number(sum(day.handed_in for day in numbers.days))),
        (_("Need attention"), _number(numbers.requiring_attention)),
        (_("Incidents"), _number(numbers.incidents.total)),
        (_("Decisions of people"), _number(sum(day.passed + day.failed for day in numbers.days))),
        (_("A review takes (median)"), "–" if median is None else how_long(median)),
    ]


def _notes(numbers: api.Numbers) -> list[str]:
    """What is counted too, though one might not think so."""
    found = []
    if numbers.archived:
        found.append(
            ngettext("%(number)s of them is archived.", "%(number)s of them are archived.", numbers.archived)
            % {"number": _number(numbers.archived)}
        )
    if numbers.practice:
        found.append(
            ngettext("%(number)s is practice.", "%(number)s are practice.", numbers.practice)
            % {"number": _number(numbers.practice)}
        )
    return found


def _results(numbers: api.Numbers) -> list[Row]:
    """What learners read, each with the statuses that it is made of."""
    rows = []
    for word, number in numbers.results.items():
        rows.append(_row(str(word.label), number, numbers.attempts, TONES[word]))
        rows += _parts(numbers, [status for status in AttemptStatus if RESULT_WORDS.get(status) is word])
    others = [status for status in AttemptStatus if status not in RESULT_WORDS]
    rows.append(_row(_("Under way"), numbers.under_way, numbers.attempts))
    rows += _parts(numbers, [status for status in others if status in OPEN_STATUSES])
    rows.append(_row(_("Without a result"), numbers.without_result, numbers.attempts))
    rows += _parts(numbers, [status for status in others if status not in OPEN_STATUSES])
    return rows


def _parts(numbers: api.Numbers, statuses: Sequence[AttemptStatus]) -> list[Row]:
    """Those that are there; a word that is made of one status needs none."""
    if len(statuses) < 2:
        return []
    counted = [(status, numbers.statuses[status]) for status in statuses]
    return [_row(str(status.label), number, numbers.attempts, is_part=True) for status, number in counted if number]


def _outcomes(numbers: api.Numbers) -> list[Row]:
    rows = [
        _row(str(status.label), number, numbers.attempts, TONES.get(status, ""))
        for status, number in numbers.review_outcomes.items()
    ]
    return [*rows, _row(_("Nothing to review"), numbers.without_review, numbers.attempts)]


def _incidents(numbers: api.Numbers) -> list[Row]:
    counts = numbers.incidents
    return [
        _row(str(ReviewStatus.SUSPICIOUS.label), counts.suspicious, counts.total, "warn"),
        _row(str(ReviewStatus.RULES_VIOLATION.label), counts.rules_violation, counts.total, "bad"),
        _row(_("Other words of the provider"), counts.other, counts.total),
    ]


def _by_part(numbers: api.Numbers) -> list[Row]:
    """Under the names of the tabs of a session, in their order."""
    return [
        _row(str(part.label), number, numbers.incidents.total, "accent")
        for part, number in numbers.incidents_by_part.items()
    ]


def _review_times(times: api.ReviewTimes) -> list[Row]:
    spans = [
        (_("Under 1 hour"), 0, HOUR),
        (_("1 to 6 hours"), HOUR, 6 * HOUR),
        (_("6 to 24 hours"), 6 * HOUR, DAY),
        (_("1 to 3 days"), DAY, 3 * DAY),
        (_("3 to 7 days"), 3 * DAY, 7 * DAY),
    ]
    rows = [(name, _taking(times, least, most)) for name, least, most in spans]
    rows.append((_("7 days and longer"), times.reviews - sum(number for _name, number in rows)))
    return [_row(name, number, times.reviews, "accent") for name, number in rows]


def _taking(times: api.ReviewTimes, least: int, most: int) -> int:
    return sum(number for minutes, number in times.minutes.items() if least <= minutes < most)


def _review_facts(times: api.ReviewTimes) -> list[tuple[str, str]]:
    median, most = times.median, times.percentile_90
    if median is None or most is None:
        return []
    return [
        (_("Median"), how_long(median)),
        (_("90 of 100 within"), how_long(most)),
        (_("Reviews counted"), _number(times.reviews)),
    ]


def _over_time(days: Sequence[api.DayCounts]) -> OverTime:
    step = step_for(days)
    periods = in_periods(days, step)
    return OverTime(
        step={"day": _("Day"), "week": _("Week of"), "month": _("Month"), "year": _("Year")}[step],
        charts=[
            _chart(_("Handed in"), [period.handed_in for period in periods], periods, step),
            _chart(_("Decisions of people"), [period.decided for period in periods], periods, step),
        ],
        rows=[
            PeriodRow(_date(period.start, step), *map(_number, (period.handed_in, period.passed, period.failed)))
            for period in periods
            if period.handed_in or period.decided
        ],
    )


def _chart(what: str, values: Sequence[int], periods: Sequence[Period], step: Step) -> Chart:
    drawn = column_chart(values, [_date(period.start, step, short=True) for period in periods])
    name = {
        "day": _("%(what)s per day"),
        "week": _("%(what)s per week"),
        "month": _("%(what)s per month"),
        "year": _("%(what)s per year"),
    }[step] % {"what": what}
    most = max(range(len(values)), key=values.__getitem__)
    said = _("%(name)s, %(first)s to %(last)s: %(total)s in all, the most %(most)s at %(when)s.") % {
        "name": name,
        "first": _date(periods[0].start, step),
        "last": _date(periods[-1].start, step),
        "total": _number(sum(values)),
        "most": _number(values[most]),
        "when": _date(periods[most].start, step),
    }
    return Chart(name, _number(sum(values)), said, drawn, [(line.y, _number(line.value)) for line in drawn.lines])


def _date(day: date, step: Step, *, short: bool = False) -> str:
    """The start of a period, in the viewer's language; ``short`` leaves the year to the rest of the page."""
    patterns = {
        "day": pgettext("a date, as a format of Django", "j M Y"),
        "week": pgettext("a date, as a format of Django", "j M Y"),
        "month": pgettext("a month, as a format of Django", "M Y"),
        "year": "Y",
    }
    if short and step in ("day", "week"):
        return date_format(day, pgettext("a date without its year, as a format of Django", "j M"))
    return date_format(day, patterns[step])


def _row(name: str, number: int, whole: int, tone: str = "", *, is_part: bool = False) -> Row:
    return Row(name, _number(number), _percent(number, whole), share(number, whole), tone, is_part)


def _percent(number: int, whole: int) -> str:
    """Whole percents; what is there is never "0 %", and what is not all never "100 %"."""
    if not number:
        return "–"
    percent = 100 * number / whole
    if percent < 1:
        return _("< 1 %")
    return _("%(number)s %%") % {"number": 100 if number == whole else min(99, round(percent))}


def _number(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)
