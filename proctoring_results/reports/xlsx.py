"""The rows as an Excel workbook, by XlsxWriter (the extra ``xlsx``): text stays text, nothing is a formula."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from itertools import chain
from typing import IO, TYPE_CHECKING

from django.utils.translation import gettext as _

from .conversions import Contents, OnBatch, batches
from .excel import cut

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

# An Excel worksheet has 1,048,576 rows, one of them the header.
MAX_ROWS = 1_048_575
MAX_TITLE_LENGTH = 31
# Excel calculates with 15 digits. What is longer, or begins with a zero, would not come back as it was.
NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
MAX_DIGITS = 15
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
# Excel knows no dates before 1900, and has one too many in that year.
FIRST_YEAR = 1901
TIME_FORMAT = 'yyyy-mm-dd hh:mm:ss "UTC"'
# In characters.
TIME_WIDTH, MIN_WIDTH, MAX_WIDTH = 25, 8, 60

Write = Callable[[int, int, str], None]


def is_installed() -> bool:
    return find_spec("xlsxwriter") is not None


def to_xlsx(source: IO[bytes], target: IO[bytes], contents: Contents, on_batch: OnBatch) -> None:
    """Write a workbook: the rows, and a second worksheet that says what they are."""
    with tempfile.TemporaryFile() as file, _workbook(_Observed(file, lambda: on_batch(contents.rows))) as workbook:
        workbook.set_properties({"title": contents.title, "created": contents.as_of.replace(tzinfo=None)})
        _write_rows(workbook, source, contents, on_batch)
        _write_about(workbook, contents)
        _close(workbook)
        file.seek(0)
        shutil.copyfileobj(file, target)


@contextmanager
def _workbook(file: _Observed) -> Iterator[Workbook]:
    """Yield a workbook that holds one row in memory, and the others in a folder that is removed in any case."""
    from xlsxwriter import Workbook

    with tempfile.TemporaryDirectory() as folder:
        workbook = Workbook(file, {"constant_memory": True, "tmpdir": folder})
        workbook.use_zip64()
        try:
            yield workbook
        finally:
            # The library closes these files only if all goes well.
            for worksheet in workbook.worksheets():
                worksheet.row_data_fh.close()


def _close(workbook: Workbook) -> None:
    from xlsxwriter.exceptions import FileCreateError

    try:
        workbook.close()
    except FileCreateError as error:
        # The library's name for any OSError, such as a full disk.
        raise OSError(str(error)) from error


class _Observed:
    """A binary file that calls ``on_write`` before each part, so that a lost claim stops the zipping of a million rows.

    What raises ends the writing. The archive tries to write its end all the same: that is passed over.
    """

    def __init__(self, file: IO[bytes], on_write: Callable[[], None]) -> None:
        self._file, self._on_write = file, on_write
        self._is_over = False
        # No archive ends before the place where it began its end.
        self._end = 0

    def write(self, data: bytes) -> int:
        if self._is_over:
            return len(data)
        try:
            self._on_write()
            return self._file.write(data)
        except BaseException:
            self._is_over = True
            raise

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0 if self._is_over else self._file.seek(offset, whence)

    def tell(self) -> int:
        if self._is_over:
            return self._end
        place = self._file.tell()
        self._end = max(self._end, place)
        return place

    def flush(self) -> None:
        if not self._is_over:
            self._file.flush()


def _write_rows(workbook: Workbook, source: IO[bytes], contents: Contents, on_batch: OnBatch) -> None:
    worksheet = workbook.add_worksheet(_("Report")[:MAX_TITLE_LENGTH])
    worksheet.freeze_panes(1, 0)
    bold = workbook.add_format({"bold": True})
    columns = contents.columns
    writes = [_writer(workbook, worksheet, column.type) for column in columns]
    read = batches(source)
    done, first = next(read)
    _set_widths(worksheet, contents, first)
    for place, name in enumerate(first[0]):
        worksheet.write_string(0, place, name, bold)
    number = 0
    for batch_done, batch in chain([(done, first[1:])], read):
        for row in batch:
            number += 1
            for place, cell in enumerate(row):
                # An empty cell stays one.
                if cell:
                    writes[place](number, place, cell)
        on_batch(batch_done)
    worksheet.autofilter(0, 0, number, len(columns) - 1)
    # Otherwise Excel marks "00123" as a number that was stored as text.
    worksheet.ignore_errors({"number_stored_as_text": f"A1:XFD{MAX_ROWS + 1}"})


def _set_widths(worksheet: Worksheet, contents: Contents, rows: Sequence[Sequence[str]]) -> None:
    """Set the width of each column by the first rows, with the header among them."""
    for place, column in enumerate(contents.columns):
        length = max(len(line) for row in rows for line in row[place].split("\n"))
        width = TIME_WIDTH if column.type == "time" else min(max(length + 2, MIN_WIDTH), MAX_WIDTH)
        worksheet.set_column(place, place, width)


def _writer(workbook: Workbook, worksheet: Worksheet, kind: str) -> Write:
    """Return what writes a cell of such a column; what is no number or time, as text."""
    plain = workbook.add_format()

    def write_text(row: int, place: int, cell: str) -> None:
        _write_text(worksheet, row, place, cell, plain)

    def write_number(row: int, place: int, cell: str) -> None:
        if NUMBER.fullmatch(cell) and sum(map(str.isdigit, cell)) <= MAX_DIGITS:
            worksheet.write_number(row, place, float(cell))
        else:
            write_text(row, place, cell)

    moment = workbook.add_format({"num_format": TIME_FORMAT, "align": "left"})

    def write_time(row: int, place: int, cell: str) -> None:
        value = _time(cell)
        if value is not None:
            worksheet.write_datetime(row, place, value, moment)
        else:
            write_text(row, place, cell)

    return {"number": write_number, "time": write_time}.get(kind, write_text)


def _write_text(worksheet: Worksheet, row: int, place: int, cell: str, plain: Format) -> None:
    text = cut(cell)
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes such a text for its own XML of a text with formats, and would write it as it is: anybody's
        # comment could be a formula then. In two parts, each is escaped.
        worksheet.write_rich_string(row, place, text[0], plain, text[1:])
    else:
        worksheet.write_string(row, place, text)


def _time(cell: str) -> datetime | None:
    """Return the time without a zone, as Excel has it; None if Excel has none for it."""
    if not TIME.fullmatch(cell):
        return None
    try:
        value = datetime.fromisoformat(cell.removesuffix("Z"))
    except ValueError:
        return None
    return value if value.year >= FIRST_YEAR else None


def _write_about(workbook: Workbook, contents: Contents) -> None:
    worksheet = workbook.add_worksheet(_("About this report")[:MAX_TITLE_LENGTH])
    bold, wrapped = (workbook.add_format({**look, "valign": "top"}) for look in ({"bold": True}, {"text_wrap": True}))
    worksheet.set_column(0, 0, max(len(label) for label, text in contents.about) + 2)
    worksheet.set_column(1, 1, 100)
    for row, (label, text) in enumerate(contents.about):
        worksheet.write_string(row, 0, label, bold)
        _write_text(worksheet, row, 1, text, wrapped)
