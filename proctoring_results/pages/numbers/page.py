"""The page Numbers, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from proctoring_results.choices import OPEN_STATUSES, AttemptStatus, ReviewStatus
from proctoring_results.lms import course_zone
from proctoring_results.pages._shared.formats import duration
from proctoring_results.pages._shared.formats import number as format_number
from proctoring_results.pages._shared.statuses import StatusBadge, review_badge, status_badge
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.queries.numbers import DayCounts, Numbers, ReviewTimes, course_numbers
from proctoring_results.rules import RESULT_LABELS, RESULT_WORDS, tone_of

from .charts import ColumnChart, column_chart, share
from .periods import Period, Step, in_periods, step_for

HOUR, DAY = 60, 60 * 24  # minutes


@dataclass(frozen=True, slots=True)
class ExamChoice:
    content_id: str
    name: str
    is_selected: bool


@dataclass(frozen=True, slots=True)
class BarRow:
    """A row of a table with a bar: the same number as text, in percent, and as a width."""

    name: str
    number: str
    percent: str
    width: str
    tone: str = ""
    # The stored word, in small print.
    stored: str = ""
    # What the name means, and where that is explained.
    meaning: str = ""
    url: str = ""
    # It is counted in the row above it.
    is_detail: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    total: str
    # For screen readers.
    description: str
    columns: ColumnChart
    # The lines, and the numbers printed at them.
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
    rendered_at: datetime
    exams: list[ExamChoice]
    exam_name: str
    is_empty: bool
    tiles: list[tuple[str, str]]
    notes: list[str]
    results: list[BarRow]
    outcomes: list[BarRow]
    incidents: list[BarRow]
    parts: list[BarRow]
    over_time: OverTime | None
    # In which the days of ``over_time`` are.
    time_zone: str
    review_times: list[BarRow]
    review_facts: list[tuple[str, str]]


def numbers_page(course_id: str, content_id: str | None, *, explanations: str) -> NumbersPage:
    """Return the page of a course, or of one of its exams. Raises ``NotFound``.

    ``explanations`` is the address of the page that explains the statuses; empty if this person may not see it.
    """
    numbers = course_numbers(course_id, content_id)
    exams = [
        ExamChoice(exam.content_id, exam.exam_name, exam.content_id == content_id)
        for exam in exams_in_course(course_id).with_result()
    ]
    return NumbersPage(
        rendered_at=timezone.now(),
        exams=exams,
        exam_name=next((exam.name for exam in exams if exam.is_selected), ""),
        is_empty=not numbers.attempts,
        tiles=_tiles(numbers),
        notes=_notes(numbers),
        results=_results(numbers, explanations),
        outcomes=_outcomes(numbers, explanations),
        incidents=_incidents(numbers),
        parts=_by_part(numbers),
        over_time=_over_time(numbers.days) if numbers.days else None,
        time_zone=str(course_zone(course_id)),
        review_times=_review_times(numbers.review_times),
        review_facts=_review_facts(numbers.review_times),
    )


def _tiles(numbers: Numbers) -> list[tuple[str, str]]:
    median = numbers.review_times.median
    return [
        (_("Attempts"), format_number(numbers.attempts)),
        (_("Submitted or timed out"), format_number(sum(day.handed_in for day in numbers.days))),
        (_("Require Attention"), format_number(numbers.requiring_attention)),
        (_("Incidents"), format_number(numbers.incidents.total)),
        (_("Decisions by staff"), format_number(sum(day.passed + day.failed for day in numbers.days))),
        (_("Median review time"), "–" if median is None else duration(median)),
    ]


def _notes(numbers: Numbers) -> list[str]:
    """Say what is counted, too, although a reader might not expect it."""
    notes = []
    if numbers.archived:
        notes.append(
            ngettext("%(number)s of them is archived.", "%(number)s of them are archived.", numbers.archived)
            % {"number": format_number(numbers.archived)}
        )
    if numbers.practice:
        notes.append(
            ngettext("%(number)s is practice.", "%(number)s are practice.", numbers.practice)
            % {"number": format_number(numbers.practice)}
        )
    return notes


def _results(numbers: Numbers, explanations: str) -> list[BarRow]:
    """Return a row for each result, followed by the statuses that are counted in it."""
    rows = []
    for result, number in numbers.results.items():
        statuses = [status for status in AttemptStatus if RESULT_WORDS.get(status) is result]
        badge = status_badge(statuses[0], explanations) if len(statuses) == 1 else None
        rows.append(_row(str(RESULT_LABELS[result]), number, numbers.attempts, tone_of(result), badge=badge))
        rows += _details(numbers, statuses, explanations)
    others = [status for status in AttemptStatus if status not in RESULT_WORDS]
    rows.append(_row(_("Under way"), numbers.under_way, numbers.attempts))
    rows += _details(numbers, [status for status in others if status in OPEN_STATUSES], explanations)
    rows.append(_row(_("Without a result"), numbers.without_result, numbers.attempts))
    rows += _details(numbers, [status for status in others if status not in OPEN_STATUSES], explanations)
    return rows


def _details(numbers: Numbers, statuses: Sequence[AttemptStatus], explanations: str) -> list[BarRow]:
    """Return a row for each status that occurs; none if there is only one, which the row above counts alone."""
    if len(statuses) < 2:
        return []
    counted = [(status, numbers.statuses[status]) for status in statuses]
    badges = [(status_badge(status, explanations), number) for status, number in counted if number]
    return [_row(badge.label, number, numbers.attempts, badge=badge, is_detail=True) for badge, number in badges]


def _outcomes(numbers: Numbers, explanations: str) -> list[BarRow]:
    counted = [(review_badge(status, explanations), number) for status, number in numbers.review_outcomes.items()]
    rows = [_row(badge.label, number, numbers.attempts, badge.tone, badge=badge) for badge, number in counted]
    return [*rows, _row(_("Nothing to review"), numbers.without_review, numbers.attempts)]


def _incidents(numbers: Numbers) -> list[BarRow]:
    counts = numbers.incidents
    return [
        *(
            _row(str(status.label), number, counts.total, tone_of(status))
            for status, number in (
                (ReviewStatus.SUSPICIOUS, counts.suspicious),
                (ReviewStatus.RULES_VIOLATION, counts.rules_violation),
            )
        ),
        _row(_("Other labels used by the provider"), counts.other, counts.total),
    ]


def _by_part(numbers: Numbers) -> list[BarRow]:
    """Under the names of the tabs of a session, and in their order."""
    return [
        _row(str(part.label), number, numbers.incidents.total, "accent")
        for part, number in numbers.incidents_by_part.items()
    ]


def _review_times(times: ReviewTimes) -> list[BarRow]:
    spans = [
        (_("Under 1 hour"), 0, HOUR),
        (_("1 to 6 hours"), HOUR, 6 * HOUR),
        (_("6 to 24 hours"), 6 * HOUR, DAY),
        (_("1 to 3 days"), DAY, 3 * DAY),
        (_("3 to 7 days"), 3 * DAY, 7 * DAY),
    ]
    rows = [(name, _reviews_within(times, start, end)) for name, start, end in spans]
    rows.append((_("7 days and longer"), times.reviews - sum(number for _name, number in rows)))
    return [_row(name, number, times.reviews, "accent") for name, number in rows]


def _reviews_within(times: ReviewTimes, start: int, end: int) -> int:
    return sum(number for minutes, number in times.minutes.items() if start <= minutes < end)


def _review_facts(times: ReviewTimes) -> list[tuple[str, str]]:
    median, percentile_90 = times.median, times.percentile_90
    if median is None or percentile_90 is None:
        return []
    return [
        (_("Median"), duration(median)),
        (_("90th percentile"), duration(percentile_90)),
        (_("Reviews counted"), format_number(times.reviews)),
    ]


def _over_time(days: Sequence[DayCounts]) -> OverTime:
    step = step_for(days)
    periods = in_periods(days, step)
    return OverTime(
        step={"day": _("Day"), "week": _("Week of"), "month": _("Month"), "year": _("Year")}[step],
        charts=[
            _chart(_("Submitted or timed out"), [period.handed_in for period in periods], periods, step),
            _chart(_("Decisions by staff"), [period.decided for period in periods], periods, step),
        ],
        rows=[
            PeriodRow(_date(period.start, step), *map(format_number, (period.handed_in, period.passed, period.failed)))
            for period in periods
            if period.handed_in or period.decided
        ],
    )


def _chart(subject: str, values: Sequence[int], periods: Sequence[Period], step: Step) -> Chart:
    chart = column_chart(values, [_date(period.start, step, short=True) for period in periods])
    name = {
        "day": _("%(subject)s per day"),
        "week": _("%(subject)s per week"),
        "month": _("%(subject)s per month"),
        "year": _("%(subject)s per year"),
    }[step] % {"subject": subject}
    peak = max(range(len(values)), key=values.__getitem__)
    description = _("%(name)s, %(first)s to %(last)s: %(total)s in total, at most %(peak)s, on %(when)s.") % {
        "name": name,
        "first": _date(periods[0].start, step),
        "last": _date(periods[-1].start, step),
        "total": format_number(sum(values)),
        "peak": format_number(values[peak]),
        "when": _date(periods[peak].start, step),
    }
    scale = [(line.y, format_number(line.value)) for line in chart.lines]
    return Chart(name, format_number(sum(values)), description, chart, scale)


def _date(day: date, step: Step, *, short: bool = False) -> str:
    """Return the start of a period in the viewer's language; ``short`` leaves out the year, which the page shows."""
    patterns = {
        "day": pgettext("a date, as a format of Django", "j M Y"),
        "week": pgettext("a date, as a format of Django", "j M Y"),
        "month": pgettext("a month, as a format of Django", "M Y"),
        "year": "Y",
    }
    if short and step in ("day", "week"):
        return date_format(day, pgettext("a date without its year, as a format of Django", "j M"))
    return date_format(day, patterns[step])


def _row(
    name: str, number: int, whole: int, tone: str = "", *, badge: StatusBadge | None = None, is_detail: bool = False
) -> BarRow:
    """``badge`` is that of the status which the row counts, if it is one."""
    return BarRow(
        name,
        format_number(number),
        _percent(number, whole),
        share(number, whole),
        tone,
        badge.stored if badge else "",
        badge.meaning if badge else "",
        badge.url if badge else "",
        is_detail,
    )


def _percent(number: int, whole: int) -> str:
    """Return whole percents: never "0 %" for some, never "100 %" for less than all."""
    if not number:
        return "–"
    percent = 100 * number / whole
    if percent < 1:
        return _("< 1 %")
    return _("%(number)s %%") % {"number": 100 if number == whole else min(99, round(percent))}
