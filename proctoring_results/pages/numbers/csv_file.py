"""What the page shows as a CSV file: one number a line, with the part of the page and the row that it stands in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _

from proctoring_results.guard import guarded_text

from .page import BarRow, NumbersPage, ReviewerRow

# Spreadsheets take a file that begins with it for UTF-8.
BOM = "\ufeff"


def file_name(course_id: str, now: datetime) -> str:
    """Return a name that is safe on every file system, like that of a report."""
    course = re.sub(r"[^A-Za-z0-9._+-]", "_", course_id)[:190]
    return f"{course}_numbers_{now.astimezone(UTC):%Y-%m-%d-%H%M%S}.csv"


def csv_of(page: NumbersPage) -> str:
    """Return the file. A cell that a spreadsheet would run is guarded, as in the report."""
    text = io.StringIO()
    text.write(BOM)
    lines = csv.writer(text)
    lines.writerow([_("Part"), _("Row"), _("Column"), _("Number")])
    for line in _lines(page):
        lines.writerow([guarded_text(cell) if isinstance(cell, str) else cell for cell in line])
    return text.getvalue()


def _lines(page: NumbersPage) -> Iterator[tuple[str, str, str, int | str]]:
    scope = page.exam_name or _("All exams of the course")
    for tile in page.tiles:
        yield scope, "", tile.name, tile.count
    yield from _bars(_("Results"), page.results)
    yield from _bars(_("Review outcomes"), page.outcomes)
    yield from _bars(_("Incidents"), page.incidents)
    yield from _bars(_("Where incidents were seen"), page.parts)
    for exam in page.compared:
        for column, figure in zip(page.compared_columns, exam.figures, strict=True):
            yield _("Exams side by side"), exam.name, column, figure.count
    for reviewer in page.reviewers or ():
        yield from _reviewer(reviewer)
    for period in page.over_time.rows if page.over_time else ():
        yield _("Over time"), period.start.isoformat(), _("Submitted or timed out"), period.handed_in.count
        yield _("Over time"), period.start.isoformat(), _("Passed"), period.passed.count
        yield _("Over time"), period.start.isoformat(), _("Failed"), period.failed.count
    yield from _bars(_("How long reviews take"), page.review_times)


def _bars(part: str, rows: list[BarRow]) -> Iterator[tuple[str, str, str, int]]:
    for row in rows:
        yield part, row.name, row.stored, row.count


def _reviewer(row: ReviewerRow) -> Iterator[tuple[str, str, str, int | str]]:
    part, name = _("Decisions by reviewer"), row.username
    yield part, name, _("Decisions"), row.decisions.count
    yield part, name, _("Passed"), row.passed.count
    yield part, name, _("Failed"), row.failed.count
    yield part, name, _("Median wait in minutes"), "" if row.wait is None else row.wait // timedelta(minutes=1)
    yield part, name, _("Reversed later"), row.reversed
