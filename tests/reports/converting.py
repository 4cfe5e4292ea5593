"""Rows of a report in another format, without a database, and what stands in a workbook then."""

import csv
import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from django.db.models import Value

from proctoring_results.choices import ReportFormat
from proctoring_results.reports.columns import Column
from proctoring_results.reports.conversions import Contents
from proctoring_results.reports.formats import FORMATS

AS_OF = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
ABOUT = [("Report", "=Results"), ("Narrowed to", "Exam: Final")]
NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def converted(
    file_format: ReportFormat,
    rows: Sequence[Sequence[str]],
    types: str = "",
    on_batch: Callable[[int], None] = lambda done: None,
) -> bytes:
    """Return the file; ``types`` has a letter for each column: text, number or time."""
    kinds = {"n": "number", "t": "time"}
    types = types.ljust(len(rows[0]) if rows else 1, "x")
    columns = [Column(f"column {n}", Value(""), kinds.get(letter, "text")) for n, letter in enumerate(types)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[column.name for column in columns], *rows])
    contents = Contents(columns=columns, rows=len(rows), title="A report", about=ABOUT, as_of=AS_OF)
    target = io.BytesIO()
    convert = FORMATS[file_format].convert
    assert convert is not None
    convert(io.BytesIO(text.getvalue().encode()), target, contents, on_batch)
    return target.getvalue()


def part_of(content: bytes, name: str) -> ET.Element:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return ET.fromstring(archive.read(name))  # noqa: S314  our own file


def rows_of(content: bytes, number: int = 1) -> list[dict[str, str | float]]:
    """Return the rows of a worksheet: letter of the column → text, or a number. Raise for anything else."""
    page = part_of(content, f"xl/worksheets/sheet{number}.xml")
    return [
        {re.sub(r"\d", "", cell.get("r", "")): _value(cell) for cell in row.iter(f"{NAMESPACE}c")}
        for row in page.iter(f"{NAMESPACE}row")
    ]


def _value(cell: ET.Element) -> str | float:
    kinds = [child.tag.removeprefix(NAMESPACE) for child in cell]
    if cell.get("t") == "inlineStr":
        assert kinds == ["is"]
        escaped = "".join(text.text or "" for text in cell.iter(f"{NAMESPACE}t"))
        return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), escaped)
    assert (cell.get("t"), kinds) == (None, ["v"])
    return float(cell[0].text or "")
