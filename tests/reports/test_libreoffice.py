"""The files for Excel, opened by a spreadsheet: LibreOffice Calc."""

import csv
import io
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from proctoring_results.choices import ReportFormat
from tests.conftest import require
from tests.reports.converting import converted

pytestmark = pytest.mark.libreoffice

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
# Separator ";", quote, UTF-8, from the first line, in German.
SEMICOLONS = "CSV:59,34,76,1,,1031,false,false"
SECONDS = 120

ARABIC, CHINESE = "امتحان نهائي", "期末考试"
ROWS = [
    ["00123", "12.5", "2026-05-01T09:30:00Z", ARABIC],
    ["1E5", "60", "2026-10-25T00:59:59Z", CHINESE],
    ["'=1+1", "", "", 'two; "lines"\nof text'],
    ["<r><t>1</t></r>", "7", "", "http://x.example"],
    ["TRUE", "0", "", "2026-05-01"],
]


def opened(content: bytes, name: str, folder: Path, *options: str) -> list[list[tuple[str, str]]]:
    """Return the cells of the first worksheet as LibreOffice has them: type and value. Raise for a formula."""
    (folder / name).write_bytes(content)
    # A profile of its own: another LibreOffice of the same person would do the work instead, or refuse it.
    command = [require("LibreOffice"), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    command += [*options, "--convert-to", "fods", "--outdir", str(folder), str(folder / name)]
    subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
    document = ET.parse((folder / name).with_suffix(".fods"))  # noqa: S314  of our own file
    assert [cell for cell in document.iter(f"{TABLE}table-cell") if cell.get(f"{TABLE}formula")] == []
    table = next(document.iter(f"{TABLE}table"))
    return [_row(row)[:4] for row in table.iter(f"{TABLE}table-row")]


def _row(row: ET.Element) -> list[tuple[str, str]]:
    """Return the cells. LibreOffice writes equal ones beside each other as one, with their number."""
    cells = row.iter(f"{TABLE}table-cell")
    return [_value(cell) for cell in cells for _ in range(int(cell.get(f"{TABLE}number-columns-repeated", "1")))]


def _value(cell: ET.Element) -> tuple[str, str]:
    kind = cell.get(f"{OFFICE}value-type", "")
    if kind in ("float", "date"):
        return kind, cell.get(f"{OFFICE}value") or cell.get(f"{OFFICE}date-value") or ""
    return kind, "\n".join("".join(line.itertext()) for line in cell.iter(f"{TEXT}p"))


def test_a_workbook_has_texts_numbers_and_dates_and_no_formula(tmp_path):
    header, *rows = opened(converted(ReportFormat.XLSX, ROWS, "xntx"), "report.xlsx", tmp_path)
    assert header == [("string", f"column {number}") for number in range(4)]
    empty = ("", "")
    assert rows[: len(ROWS)] == [
        [("string", "00123"), ("float", "12.5"), ("date", "2026-05-01T09:30:00"), ("string", ARABIC)],
        [("string", "1E5"), ("float", "60"), ("date", "2026-10-25T00:59:59"), ("string", CHINESE)],
        [("string", "'=1+1"), empty, empty, ("string", 'two; "lines"\nof text')],
        [("string", "<r><t>1</t></r>"), ("float", "7"), empty, ("string", "http://x.example")],
        [("string", "TRUE"), ("float", "0"), empty, ("string", "2026-05-01")],
    ]


def test_a_file_with_semicolons_has_its_cells_and_no_formula(tmp_path):
    content = converted(ReportFormat.CSV_SEMICOLON, ROWS, "xntx")
    rows = opened(content, "report.csv", tmp_path, f"--infilter={SEMICOLONS}")
    assert [row[1] for row in rows[1:4]] == [("float", "12.5"), ("float", "60"), ("", "")]
    assert [row[3][1] for row in rows[1:4]] == [ARABIC, CHINESE, 'two; "lines"\nof text']
    assert rows[3][0] == ("string", "'=1+1")


def test_the_guard_stands_before_what_would_be_a_formula_in_a_file_with_semicolons(tmp_path):
    guarded = [["'=1+1", "'@SUM(1)"], ["'+1", "' =1"], ["'-1", "'\t=1"]]
    content = converted(ReportFormat.CSV_SEMICOLON, guarded)
    # The same bytes mean the same for a program that reads CSV.
    assert list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))[1:] == guarded
    rows = opened(content, "guarded.csv", tmp_path, f"--infilter={SEMICOLONS}")
    assert {kind for row in rows for kind, _ in row} == {"string"}
