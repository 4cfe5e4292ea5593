"""What a file says about itself where its format has a place for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from proctoring_results.filters import in_words
from proctoring_results.models import Report

from .columns import Column
from .conversions import Contents
from .kinds.base import Kind
from .meanings import meaning_of
from .narrowing import exam_name_of, exam_names


def contents_of(report: Report, kind: Kind, columns: Sequence[Column], rows: int, as_of: datetime) -> Contents:
    """Return what a conversion of the report's rows has to know."""
    about = [
        (_("Report"), str(kind.label)),
        (_("Rows"), str(kind.description)),
        (_("Kind"), _("%(name)s, version %(version)s") % {"name": kind.name, "version": kind.version}),
        (_("Courses"), ", ".join(report.scopes)),
        (_("Narrowed to"), _narrowing(report)),
        (_("Number of rows"), str(rows)),
        (_("As of"), f"{as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"),
        (_("Times"), _("All times are in UTC.")),
        (_("Guard"), _("A text that a spreadsheet could take for a formula begins with an apostrophe (').")),
    ]
    about += [(column.name, meaning_of(column)) for column in columns]
    return Contents(columns=columns, rows=rows, title=str(kind.label), about=about, as_of=as_of)


def _narrowing(report: Report) -> str:
    filters = in_words(report.filters, exam_name_of(report, exam_names([report])))
    return "; ".join(filters) or _("nothing: every attempt that has a result, archived ones too")
