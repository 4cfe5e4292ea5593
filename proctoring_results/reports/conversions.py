"""What the conversions of a report's rows share: the rows are written as CSV first, and read back in batches."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from .columns import Column

# Rows between two calls of ``on_batch``.
BATCH = 2_000
MAX_CELL_LENGTH = 2**31 - 1

OnBatch = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a conversion has to know of the rows."""

    columns: Sequence[Column]
    rows: int
    # What the report is called, and what is said about it: label and text, for a person.
    title: str
    about: Sequence[tuple[str, str]]
    as_of: datetime


# Reads the rows as CSV and writes them in another format. ``on_batch`` is called with the rows so far, and may raise.
Convert = Callable[[IO[bytes], IO[bytes], Contents, OnBatch], None]


def batches(source: IO[bytes]) -> Iterator[tuple[int, list[list[str]]]]:
    """Yield the rows in batches, the header in the first, each batch with the number of rows so far."""
    # Joined comments may be longer than the default of 131,072 characters. The limit is the process's.
    csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL_LENGTH))
    text = io.TextIOWrapper(source, encoding="utf-8", newline="")
    done, batch = 0, []
    for row in csv.reader(text):
        # A report of one column has an empty line for an empty cell.
        batch.append(row or [""])
        if len(batch) == BATCH:
            done += len(batch)
            yield done, batch
            batch = []
    yield done + len(batch), batch
    text.detach()
