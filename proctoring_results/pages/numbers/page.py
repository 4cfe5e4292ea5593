"""The page Numbers, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import inf

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from proctoring_results.choices import (
    OPEN_STATUSES,
    Archived,
    AttemptStatus,
    IncidentGroup,
    Practice,
    ResultGroup,
    ResultWord,
    ReviewStatus,
    ReviewTime,
    SessionTab,
    StaffDecision,
)
from proctoring_results.filters import NOTHING_TO_REVIEW
from proctoring_results.lms import course_zone
from proctoring_results.pages._shared.formats import duration
from proctoring_results.pages._shared.formats import number as format_number
from proctoring_results.pages._shared.statuses import StatusBadge, review_badge, status_badge
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.queries.numbers import DayCounts, ExamNumbers, Numbers, ReviewTimes, course_numbers
from proctoring_results.queries.reviewers import ReviewerNumbers
from proctoring_results.rules import RESULT_LABELS, RESULT_WORDS, REVIEW_TIME_SPANS, tone_of

from .charts import Column, ColumnChart, column_chart, share
from .links import Counted
from .periods import Period, Step, in_periods, step_for


@dataclass(frozen=True, slots=True)
class ExamChoice:
    content_id: str
    name: str
    is_selected: bool


@dataclass(frozen=True, slots=True)
class Tile:
    name: str
    text: str
    # For the file: a time in minutes.
    count: int | str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Figure:
    """A number, and the list of the sessions that it counts; none of what is 0."""

    count: int
    list_url: str

    @property
    def text(self) -> str:
        return format_number(self.count)

    @property
    def url(self) -> str:
        return self.list_url if self.count else ""


@dataclass(frozen=True, slots=True)
class BarRow:
    """A row of a table with a bar: the same number as text, in percent, and as a width."""

    name: str
    count: int
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
    # The list of the sessions that it counts; empty if it counts none.
    list_url: str = ""

    @property
    def number(self) -> str:
        return format_number(self.count)


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """A column that leads to its sessions, and what is read of it on hover and focus."""

    shape: Column
    url: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    name: str
    total: str
    # For screen readers.
    description: str
    drawing: ColumnChart
    columns: list[ChartColumn]
    # The lines, and the numbers printed at them.
    scale: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PeriodRow:
    start: date
    name: str
    handed_in: Figure
    passed: Figure
    failed: Figure
    # Both together, and the sessions that were decided.
    decided: Figure


@dataclass(frozen=True, slots=True)
class OverTime:
    step: str
    charts: list[Chart]
    rows: list[PeriodRow]


@dataclass(frozen=True, slots=True)
class ComparedExam:
    name: str
    # The numbers of this exam alone.
    url: str
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class ReviewerRow:
    name: str
    username: str
    decisions: Figure
    passed: Figure
    failed: Figure
    wait: timedelta | None
    wait_text: str
    reversed: int


@dataclass(frozen=True, slots=True)
class NumbersPage:
    rendered_at: datetime
    exams: list[ExamChoice]
    exam_name: str
    # Whether practice attempts are counted, and no others; and whether archived ones are counted, too.
    is_practice: bool
    has_archived: bool
    csv_url: str
    is_empty: bool
    tiles: list[Tile]
    results: list[BarRow]
    outcomes: list[BarRow]
    incidents: list[BarRow]
    parts: list[BarRow]
    over_time: OverTime | None
    # In which the days of ``over_time`` are.
    time_zone: str
    review_times: list[BarRow]
    review_facts: list[Tile]
    # Exams with any attempts that are counted, if there are several.
    compared_columns: list[str]
    compared: list[ComparedExam]
    # None for a person who may not decide.
    reviewers: list[ReviewerRow] | None


def numbers_page(counted: Counted, *, explanations: str, may_decide: bool) -> NumbersPage:
    """Return the page of a course, or of one of its exams. Raises ``NotFound``.

    ``explanations`` is the address of the page that explains the statuses; empty if this person may not see it. Who
    decided how much is for those who may decide, too.
    """
    numbers = course_numbers(
        counted.course_id,
        counted.content_id,
        practice=counted.practice,
        archived=counted.archived,
        by_reviewer=may_decide,
    )
    exams = [
        ExamChoice(exam.content_id, exam.exam_name, exam.content_id == counted.content_id)
        for exam in exams_in_course(counted.course_id).with_result()
    ]
    compared = [exam for exam in numbers.exams if exam.attempts]
    return NumbersPage(
        rendered_at=timezone.now(),
        exams=exams,
        exam_name=next((exam.name for exam in exams if exam.is_selected), ""),
        is_practice=counted.practice is Practice.ONLY,
        has_archived=counted.archived is not Archived.WITHOUT,
        csv_url=counted.url("numbers_csv"),
        is_empty=not numbers.attempts,
        tiles=_tiles(numbers, counted),
        results=_results(numbers, counted, explanations),
        outcomes=_outcomes(numbers, counted, explanations),
        incidents=_incidents(numbers, counted),
        parts=_by_part(numbers, counted),
        over_time=_over_time(numbers.days, counted) if numbers.days else None,
        time_zone=str(course_zone(counted.course_id)),
        review_times=_review_times(numbers.review_times, counted),
        review_facts=_review_facts(numbers.review_times, counted),
        compared_columns=_compared_columns(),
        compared=[_compared(exam, counted) for exam in compared] if len(compared) > 1 else [],
        reviewers=None if numbers.reviewers is None else [_reviewer(row, counted) for row in numbers.reviewers],
    )


def _tiles(numbers: Numbers, counted: Counted) -> list[Tile]:
    median = numbers.review_times.median
    return [
        _tile(_("Attempts"), numbers.attempts, counted.sessions()),
        _tile(_("Submitted or timed out"), *_on_all_days(numbers.days, "ended", counted)),
        _tile(_("Require Attention"), numbers.requiring_attention, counted.sessions(SessionTab.ATTENTION)),
        _tile(_("Incidents"), numbers.incidents.total, counted.sessions(min_incidents="1")),
        _tile(_("Decisions by staff"), *_on_all_days(numbers.days, "decided", counted)),
        Tile(_("Median review time"), "–", "") if median is None else _time_tile(_("Median review time"), median),
    ]


def _tile(name: str, count: int, list_url: str = "") -> Tile:
    figure = Figure(count, list_url)
    return Tile(name, figure.text, count, figure.url)


def _time_tile(name: str, time: timedelta) -> Tile:
    return Tile(name, duration(time), time // timedelta(minutes=1))


def _on_all_days(days: Sequence[DayCounts], event: str, counted: Counted) -> tuple[int, str]:
    """Return how often it happened, and the sessions in which it did."""
    numbers = {day.day: day.handed_in if event == "ended" else day.passed + day.failed for day in days}
    on = [day for day, number in numbers.items() if number]
    return sum(numbers.values()), counted.sessions_on(event, on[0], on[-1]) if on else ""


def _compared_columns() -> list[str]:
    return [
        _("Attempts"),
        *(str(RESULT_LABELS[result]) for result in ResultWord),
        _("Require Attention"),
        *(str(status.label) for status in (ReviewStatus.SUSPICIOUS, ReviewStatus.RULES_VIOLATION)),
    ]


def _compared(exam: ExamNumbers, counted: Counted) -> ComparedExam:
    alone = counted.of_exam(exam.content_id)
    return ComparedExam(
        exam.exam_name,
        alone.url(),
        [
            Figure(exam.attempts, alone.sessions()),
            *(Figure(exam.results[result], alone.sessions(result=result.value)) for result in ResultWord),
            Figure(exam.requiring_attention, alone.sessions(SessionTab.ATTENTION)),
            *(
                Figure(exam.review_outcomes[status], alone.sessions(review_status=status.value))
                for status in (ReviewStatus.SUSPICIOUS, ReviewStatus.RULES_VIOLATION)
            ),
        ],
    )


def _reviewer(row: ReviewerNumbers, counted: Counted) -> ReviewerRow:
    """What was reversed later has no list: to find it is to read the history of each session."""
    passed, failed = (counted.sessions(reviewer=row.user_id, decision=decision.value) for decision in StaffDecision)
    return ReviewerRow(
        name=row.reviewer.name,
        username=row.username,
        decisions=Figure(row.decisions, counted.sessions(reviewer=row.user_id)),
        passed=Figure(row.passed, passed),
        failed=Figure(row.failed, failed),
        wait=row.median_wait,
        wait_text="–" if row.median_wait is None else duration(row.median_wait),
        reversed=row.reversed,
    )


def _results(numbers: Numbers, counted: Counted, explanations: str) -> list[BarRow]:
    """Return a row for each result, followed by the statuses that are counted in it."""
    rows = []
    for result, number in numbers.results.items():
        statuses = [status for status in AttemptStatus if RESULT_WORDS.get(status) is result]
        badge = status_badge(statuses[0], explanations) if len(statuses) == 1 else None
        url = counted.sessions(result=result.value)
        label = str(RESULT_LABELS[result])
        rows.append(_row(label, number, numbers.attempts, tone_of(result), badge=badge, list_url=url))
        rows += _details(numbers, statuses, counted, explanations)
    others = [status for status in AttemptStatus if status not in RESULT_WORDS]
    for group, number in ((ResultGroup.UNDER_WAY, numbers.under_way), (ResultGroup.WITHOUT, numbers.without_result)):
        url = counted.sessions(result=group.value)
        rows.append(_row(str(group.label), number, numbers.attempts, list_url=url))
        statuses = [one for one in others if (one in OPEN_STATUSES) is (group is ResultGroup.UNDER_WAY)]
        rows += _details(numbers, statuses, counted, explanations)
    return rows


def _details(numbers: Numbers, statuses: Sequence[AttemptStatus], counted: Counted, explanations: str) -> list[BarRow]:
    """Return a row for each status that occurs; none if there is only one, which the row above counts alone."""
    if len(statuses) < 2:
        return []
    rows = []
    for status in statuses:
        if number := numbers.statuses[status]:
            badge, url = status_badge(status, explanations), counted.sessions(status=status.value)
            rows.append(_row(badge.label, number, numbers.attempts, badge=badge, list_url=url, is_detail=True))
    return rows


def _outcomes(numbers: Numbers, counted: Counted, explanations: str) -> list[BarRow]:
    rows = []
    for status, number in numbers.review_outcomes.items():
        badge, url = review_badge(status, explanations), counted.sessions(review_status=status.value)
        rows.append(_row(badge.label, number, numbers.attempts, badge.tone, badge=badge, list_url=url))
    url = counted.sessions(review_status=NOTHING_TO_REVIEW)
    return [*rows, _row(_("Nothing to review"), numbers.without_review, numbers.attempts, list_url=url)]


def _incidents(numbers: Numbers, counted: Counted) -> list[BarRow]:
    """Incidents are counted; their lists have each session once, however many it has."""
    counts = numbers.incidents
    suspicious, violation = ReviewStatus.SUSPICIOUS, ReviewStatus.RULES_VIOLATION
    groups = [
        (IncidentGroup.SUSPICIOUS, str(suspicious.label), counts.suspicious, tone_of(suspicious)),
        (IncidentGroup.RULES_VIOLATION, str(violation.label), counts.rules_violation, tone_of(violation)),
        (IncidentGroup.OTHER, _("Other labels used by the provider"), counts.other, ""),
    ]
    return [
        _row(name, number, counts.total, tone, list_url=counted.sessions(incidents=group.value))
        for group, name, number, tone in groups
    ]


def _by_part(numbers: Numbers, counted: Counted) -> list[BarRow]:
    """Under the names of the tabs of a session, and in their order."""
    rows = []
    for part, number in numbers.incidents_by_part.items():
        url = counted.sessions(incidents=IncidentGroup(part.value).value)
        rows.append(_row(str(part.label), number, numbers.incidents.total, "accent", list_url=url))
    return rows


def _review_times(times: ReviewTimes, counted: Counted) -> list[BarRow]:
    rows = []
    for time, (start, end) in REVIEW_TIME_SPANS.items():
        if time is not ReviewTime.ANY:
            number = sum(one for minutes, one in times.minutes.items() if start <= minutes < (end or inf))
            url = counted.sessions(review_time=time.value)
            rows.append(_row(str(time.label), number, times.reviews, "accent", list_url=url))
    return rows


def _review_facts(times: ReviewTimes, counted: Counted) -> list[Tile]:
    median, percentile_90 = times.median, times.percentile_90
    if median is None or percentile_90 is None:
        return []
    return [
        _time_tile(_("Median"), median),
        _time_tile(_("90th percentile"), percentile_90),
        _tile(_("Reviews counted"), times.reviews, counted.sessions(review_time=ReviewTime.ANY.value)),
    ]


def _over_time(days: Sequence[DayCounts], counted: Counted) -> OverTime:
    step = step_for(days)
    periods = in_periods(days, step)
    ended = [Figure(one.handed_in, counted.sessions_on("ended", one.start, one.end)) for one in periods]
    decided = [Figure(one.decided, counted.sessions_on("decided", one.start, one.end)) for one in periods]
    return OverTime(
        step={"day": _("Day"), "week": _("Week of"), "month": _("Month"), "year": _("Year")}[step],
        charts=[
            _chart(_("Submitted or timed out"), ended, periods, step),
            _chart(_("Decisions by staff"), decided, periods, step),
        ],
        rows=[
            _period(period, step, ended[place], decided[place], counted)
            for place, period in enumerate(periods)
            if period.handed_in or period.decided
        ],
    )


def _period(period: Period, step: Step, ended: Figure, decided: Figure, counted: Counted) -> PeriodRow:
    passed, failed = (
        counted.sessions_on("decided", period.start, period.end, decision=decision.value) for decision in StaffDecision
    )
    return PeriodRow(
        period.start,
        _date(period.start, step),
        ended,
        Figure(period.passed, passed),
        Figure(period.failed, failed),
        decided,
    )


def _chart(subject: str, figures: Sequence[Figure], periods: Sequence[Period], step: Step) -> Chart:
    values = [figure.count for figure in figures]
    drawing = column_chart(values, [_date(period.start, step, short=True) for period in periods])
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
    columns = [
        ChartColumn(
            shape, figures[shape.place].url, f"{_date(periods[shape.place].start, step)}: {figures[shape.place].text}"
        )
        for shape in drawing.columns
    ]
    scale = [(line.y, format_number(line.value)) for line in drawing.lines]
    return Chart(name, format_number(sum(values)), description, drawing, columns, scale)


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
    name: str,
    number: int,
    whole: int,
    tone: str = "",
    *,
    badge: StatusBadge | None = None,
    list_url: str = "",
    is_detail: bool = False,
) -> BarRow:
    """``badge`` is that of the status which the row counts, if it is one."""
    return BarRow(
        name,
        number,
        _percent(number, whole),
        share(number, whole),
        tone,
        badge.stored if badge else "",
        badge.meaning if badge else "",
        badge.url if badge else "",
        is_detail,
        list_url if number else "",
    )


def _percent(number: int, whole: int) -> str:
    """Return whole percents: never "0 %" for some, never "100 %" for less than all."""
    if not number:
        return "–"
    percent = 100 * number / whole
    if percent < 1:
        return _("< 1 %")
    return _("%(number)s %%") % {"number": 100 if number == whole else min(99, round(percent))}
