"""The formats of a report of rows. The rows are written as CSV first, and converted where the format is another."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results.choices import ReportFailure, ReportFormat
from proctoring_results.exceptions import InvalidInput, ReportCannotBeBuilt
from proctoring_results.validation import not_one_of

from . import xlsx
from .conversions import Contents, Convert, OnBatch, batches
from .excel import cut, for_excel

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

CSV_TYPE = "text/csv; charset=utf-8"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def always() -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """One format, whole."""

    format: ReportFormat
    extension: str
    content_type: str
    # What it is for, for the page.
    description: StrPromise
    # None: the rows stay as they are.
    convert: Convert | None = None
    # Without the header; None if any number of rows fits.
    max_rows: int | None = None
    # Whether this installation can write it, and the extra of the package that it takes.
    is_installed: Callable[[], bool] = always
    extra: str = ""


def _to_csv_for_excel(source: IO[bytes], target: IO[bytes], contents: Contents, on_batch: OnBatch) -> None:
    for number, part in enumerate(for_excel(source)):
        target.write(part)
        on_batch(number)


def _to_csv_with_semicolons(source: IO[bytes], target: IO[bytes], contents: Contents, on_batch: OnBatch) -> None:
    """Excel reads a comma inside a number as the decimal sign where it takes semicolons between cells."""
    target.write(BOM_UTF8)
    numbers = [place for place, column in enumerate(contents.columns) if column.type == "number"]
    for done, rows in batches(source):
        text = io.StringIO()
        for row in rows:
            for place in numbers:
                row[place] = row[place].replace(".", ",")
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([[cut(cell) for cell in row] for row in rows])
        target.write(text.getvalue().encode())
        on_batch(done)


FORMATS: Mapping[ReportFormat, FileFormat] = {
    one.format: one
    for one in (
        FileFormat(
            format=ReportFormat.CSV,
            extension="csv",
            content_type=CSV_TYPE,
            description=gettext_lazy("For programs and for most spreadsheets."),
        ),
        FileFormat(
            format=ReportFormat.CSV_EXCEL,
            extension="csv",
            content_type=CSV_TYPE,
            description=gettext_lazy("The same rows so that Excel reads letters of all languages."),
            convert=_to_csv_for_excel,
        ),
        FileFormat(
            format=ReportFormat.CSV_SEMICOLON,
            extension="csv",
            content_type=CSV_TYPE,
            description=gettext_lazy(
                "For Excel where numbers have a decimal comma: in German, French or Spanish, for example."
            ),
            convert=_to_csv_with_semicolons,
        ),
        FileFormat(
            format=ReportFormat.XLSX,
            extension="xlsx",
            content_type=XLSX_TYPE,
            description=gettext_lazy("For Excel and other spreadsheets: numbers and dates are numbers and dates."),
            convert=xlsx.to_xlsx,
            max_rows=xlsx.MAX_ROWS,
            is_installed=xlsx.is_installed,
            extra="xlsx",
        ),
    )
}


# For forms and the API.
FORMAT_CHOICES = [(one.format.value, one.format.label) for one in FORMATS.values()]


def available_formats() -> Mapping[ReportFormat, FileFormat]:
    """Return the formats that this installation can write: those to offer."""
    return {name: one for name, one in FORMATS.items() if one.is_installed()}


def valid_format(name: str) -> ReportFormat:
    """Return the format. Raises ``InvalidInput`` for one that is unknown, or that this installation cannot write."""
    try:
        one = FORMATS[ReportFormat(name)]
    except (ValueError, KeyError):
        raise not_one_of("format", available_formats()) from None
    if not one.is_installed():
        params = {"format": one.format.label, "extra": one.extra}
        problem = _("%(format)s: not installed here. Install proctoring-results[%(extra)s], or choose CSV.") % params
        raise InvalidInput("format", problem)
    return one.format


def check_build(one: FileFormat, rows: int) -> None:
    """Raise ``ReportCannotBeBuilt`` if the format does not take so many rows, or cannot be written here.

    Rows may have been added since the report was requested, and a worker may have fewer packages than the web server.
    """
    if not one.is_installed():
        raise ReportCannotBeBuilt(ReportFailure.NOT_INSTALLED, f"The extra {one.extra!r} is not installed.")
    if one.max_rows is not None and rows > one.max_rows:
        raise ReportCannotBeBuilt(ReportFailure.TOO_LONG, f"{rows} rows, and the limit is {one.max_rows}.")
