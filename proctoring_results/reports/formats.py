"""The formats of a report's file. The rows are written as CSV first, and converted where the format is another."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReportFormat

from .columns import Column
from .excel import cut, for_excel

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

CSV_TYPE = "text/csv; charset=utf-8"
# Rows between two calls of ``on_batch``.
BATCH = 2_000
MAX_CELL_LENGTH = 2**31 - 1

OnBatch = Callable[[int], None]
# Reads the rows as CSV and writes them in another format. ``on_batch`` is called with the rows so far, and may raise.
Convert = Callable[[IO[bytes], IO[bytes], Sequence[Column], OnBatch], None]


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


def _to_csv_for_excel(source: IO[bytes], target: IO[bytes], columns: Sequence[Column], on_batch: OnBatch) -> None:
    for number, part in enumerate(for_excel(source)):
        target.write(part)
        on_batch(number)


def _to_csv_with_semicolons(source: IO[bytes], target: IO[bytes], columns: Sequence[Column], on_batch: OnBatch) -> None:
    """Excel reads a comma inside a number as the decimal sign where it takes semicolons between cells."""
    target.write(BOM_UTF8)
    numbers = [place for place, column in enumerate(columns) if column.type == "number"]
    for done, rows in _batches(source):
        text = io.StringIO()
        for row in rows:
            for place in numbers:
                row[place] = row[place].replace(".", ",")
        csv.writer(text, delimiter=";", lineterminator="\r\n").writerows([[cut(cell) for cell in row] for row in rows])
        target.write(text.getvalue().encode())
        on_batch(done)


def _batches(source: IO[bytes]) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the rows in batches, the header in the first, each batch with the number of rows so far."""
    # Joined comments may be longer than the default of 131,072 characters. The limit is the process's.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_LENGTH))
    text = io.TextIOWrapper(source, encoding="utf-8", newline="")
    done, batch = 0, []
    for row in csv.reader(text):
        batch.append(row)
        if len(batch) == BATCH:
            done += len(batch)
            yield done, batch
            batch = []
    yield done + len(batch), batch
    text.detach()


FORMATS: Mapping[ReportFormat, FileFormat] = {
    one.format: one
    for one in (
        FileFormat(
            format=ReportFormat.CSV,
            extension="csv",
            content_type=CSV_TYPE,
            description=_("For programs and for most spreadsheets."),
        ),
        FileFormat(
            format=ReportFormat.CSV_EXCEL,
            extension="csv",
            content_type=CSV_TYPE,
            description=_("The same rows so that Excel reads letters of all languages."),
            convert=_to_csv_for_excel,
        ),
        FileFormat(
            format=ReportFormat.CSV_SEMICOLON,
            extension="csv",
            content_type=CSV_TYPE,
            description=_("For Excel where numbers have a decimal comma: in German, French or Spanish, for example."),
            convert=_to_csv_with_semicolons,
        ),
    )
}
