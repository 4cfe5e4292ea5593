"""The same rows for Excel: after a byte order mark, by which it recognises UTF-8, and with no cell that is too long."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import IO

from django.core.files import File
from django.utils.translation import gettext as _

MAX_CELL = 32_767  # UTF-16 code units, as Excel counts
# A field of a record: quoted, or without quotes.
FIELD = re.compile(rb'"(?:[^"]|"")*"|[^",\r\n]+')


def for_excel(file: IO[bytes] | File[bytes]) -> Iterator[bytes]:
    """Yield the rows in parts of about 64 KiB. Cells that are too long for Excel are cut, with a mark."""
    part = bytearray(BOM_UTF8)
    for record in _records(file):
        # A record of so few bytes has no cell that is too long. So nearly all of them pass as they are.
        part += record if len(record) <= MAX_CELL else FIELD.sub(_cut, record)
        if len(part) >= File.DEFAULT_CHUNK_SIZE:
            yield bytes(part)
            part.clear()
    if part:
        yield bytes(part)


def _records(file: IO[bytes] | File[bytes]) -> Iterator[bytes]:
    """Yield one row after the other. A line break inside quotes does not end it."""
    record, quotes = b"", 0
    for line in file:
        record, quotes = record + line, quotes + line.count(b'"')
        if quotes % 2 == 0:
            yield record
            record, quotes = b"", 0
    if record:
        yield record


def cut(text: str) -> str:
    """Return the text, cut with a mark if Excel takes no cell of this length."""
    units = text.encode("utf-16-le")
    if len(units) <= 2 * MAX_CELL:
        return text
    mark = _(" … (cut here, because Excel takes no longer cell)")
    # A character of two units is not cut in half.
    return units[: 2 * (MAX_CELL - len(mark))].decode("utf-16-le", errors="ignore") + mark


def _cut(field: re.Match[bytes]) -> bytes:
    cell = field[0]
    text = (cell[1:-1].replace(b'""', b'"') if cell.startswith(b'"') else cell).decode()
    shorter = cut(text)
    return cell if shorter is text else b'"' + shorter.replace('"', '""').encode() + b'"'
