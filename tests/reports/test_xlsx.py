"""The rows as an Excel workbook: text stays text, numbers and times are such, and nothing is a formula."""

import dataclasses
import json
import re
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring_results import api
from proctoring_results.choices import ReportFormat
from proctoring_results.exceptions import ClaimLost, ReportCannotBeBuilt
from proctoring_results.models import Report
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.reports.excel import MAX_CELL
from proctoring_results.reports.formats import FORMATS, available_formats
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory
from tests.reports.converting import NAMESPACE, converted, part_of, rows_of

XLSX = ReportFormat.XLSX
MAX_MIB = 60
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NASTY = st.text(st.sampled_from("=+-@<r>/&_x004\t\r\n \"'\x01\uffff日م"), max_size=12)
TAGGED = st.builds("<r>{}</r>".format, st.one_of(TEXTS, st.just("</is></c><c><f>1+1</f></c>")))


@given(st.lists(st.lists(st.one_of(TEXTS, NASTY, TAGGED), min_size=2, max_size=2), max_size=5))
def test_every_text_is_a_text_and_whole(rows):
    _header, *written = rows_of(converted(XLSX, rows))
    # A row that is empty is not written at all.
    expected = [{letter: cell for letter, cell in zip("AB", row, strict=True) if cell} for row in rows]
    texts = [{letter: once_more(str(cell)) for letter, cell in row.items()} for row in written]
    assert texts == [{letter: once_more(cell) for letter, cell in row.items()} for row in expected if row]


def once_more(text: str) -> str:
    """Excel's code of a control character, which the library writes twice in a text that begins like its own XML."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        *[("60", 60.0), ("12.5", 12.5), ("-3", -3.0), ("0", 0.0), ("123456789012345", 123456789012345.0)],
        *[(text, text) for text in ("007", "1E5", "x", "nan", "1234567890123456", "٣", "1_0")],
    ],
)
def test_a_number_is_one_if_excel_would_show_it_as_it_is(cell, value):
    assert rows_of(converted(XLSX, [[cell]], "n"))[1:] == [{"A": value}]


@pytest.mark.parametrize("cell", ["00123", "1E5", "60", "True", "2026-05-01T09:30:00Z", "http://x.example", "{=1}"])
def test_what_looks_like_something_else_in_a_column_of_texts_is_a_text(cell):
    assert rows_of(converted(XLSX, [[cell]]))[1:] == [{"A": cell}]


def test_a_time_is_a_date_in_utc():
    content = converted(XLSX, [["2026-05-01T09:30:00Z"], ["1901-01-01T00:00:00Z"], [""]], "t")
    days = (datetime(2026, 5, 1, 9, 30) - datetime(1899, 12, 30)) / timedelta(days=1)  # noqa: DTZ001  as Excel has it
    assert [row["A"] for row in rows_of(content)[1:]] == [pytest.approx(days, abs=1e-9), 367.0]
    formats = part_of(content, "xl/styles.xml").iter(f"{NAMESPACE}numFmt")
    assert [one.get("formatCode") for one in formats] == ['yyyy-mm-dd hh:mm:ss "UTC"']


@pytest.mark.parametrize("cell", ["1900-12-31T09:30:00Z", "2026-13-01T09:30:00Z", "2026-05-01", "soon"])
def test_a_time_that_excel_does_not_know_is_a_text(cell):
    assert rows_of(converted(XLSX, [[cell]], "t"))[1:] == [{"A": cell}]


@pytest.mark.parametrize("letter", ["a", "é", "😀"])
def test_a_cell_that_excel_would_not_take_is_cut_with_a_mark(letter):
    [_, row] = rows_of(converted(XLSX, [[letter * MAX_CELL + "b"]]))
    text, _, mark = str(row["A"]).partition(" … (")
    assert (set(text), mark) == ({letter}, "cut here, because Excel takes no longer cell)")
    assert len(str(row["A"]).encode("utf-16-le")) // 2 <= MAX_CELL


def test_the_header_is_bold_and_stays_in_view_and_columns_are_as_wide_as_their_texts():
    content = converted(XLSX, [["a" * 30, "2026-05-01T09:30:00Z", "b" * 500, "line\n" * 99]], "xtx")
    page = part_of(content, "xl/worksheets/sheet1.xml")
    [pane] = page.iter(f"{NAMESPACE}pane")
    assert (pane.get("state"), pane.get("ySplit"), pane.get("xSplit")) == ("frozen", "1", None)
    header_style = next(page.iter(f"{NAMESPACE}c")).get("s")
    fonts = part_of(content, "xl/styles.xml").findall(f"{NAMESPACE}cellXfs/{NAMESPACE}xf")
    assert fonts[int(header_style or 0)].get("fontId") == "1"
    widths = [round(float(column.get("width", 0))) for column in page.iter(f"{NAMESPACE}col")]
    assert widths == [33, 26, 61, 11]


def test_a_second_worksheet_says_what_the_rows_are():
    content = converted(XLSX, [])
    names = [one.get("name") for one in part_of(content, "xl/workbook.xml").iter(f"{NAMESPACE}sheet")]
    assert names == ["Report", "About this report"]
    assert rows_of(content, 2) == [{"A": "Report", "B": "=Results"}, {"A": "Narrowed to", "B": "Exam: Final"}]


# --- Build ---


def finished(report: Report) -> bytes:
    assert build(report.pk)
    report.refresh_from_db()
    with files.open_file(report) as file:
        return file.read()


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_workbook_is_built_with_all_columns_and_says_to_what_it_is_narrowed():
    exam = ProctoredExamFactory(exam_name="Final, “B”")
    attempt = ExamAttemptFactory(submitted=True, exam=exam, user__username="00123")
    ExamAttemptFactory(submitted=True)
    report = api.request_report(COURSE, filters={"exam": exam.content_id}, file_format=XLSX)
    content = finished(report)
    header, row = rows_of(content)
    line = {str(name): row.get(letter) for letter, name in header.items()}
    assert report.file_name.endswith(".xlsx")
    assert (line["username"], line["allowed_time_limit_mins"], line["Suspicious Count"]) == ("00123", 60.0, 0.0)
    assert (line["attempt_code"], line["is_sample_attempt"]) == (attempt.attempt_code, "False")
    about = {line["A"]: line["B"] for line in rows_of(content, 2)}
    assert about["Narrowed to"] == "Exam: Final, “B”"
    assert (about["Report"], about["Courses"], about["Number of rows"]) == (
        "Proctored Exam Results Report",
        COURSE,
        "1",
    )
    assert about["As of"] == f"{report.as_of:%Y-%m-%d %H:%M:%S} UTC"


def limited(monkeypatch, **changes) -> None:
    monkeypatch.setitem(FORMATS, XLSX, dataclasses.replace(FORMATS[XLSX], **changes))


@pytest.mark.django_db(transaction=True)
def test_a_report_that_is_too_long_is_refused_with_the_way_out(monkeypatch):
    limited(monkeypatch, max_rows=2)
    for _ in range(3):
        ExamAttemptFactory()
    with pytest.raises(api.InvalidInput, match=r"takes 2 rows, and this report has about 3\. Choose CSV, or narrow it"):
        api.request_report(COURSE, file_format=XLSX)
    assert api.request_report(COURSE, file_format=ReportFormat.CSV)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("changes", "failure"), [({"max_rows": 0}, "too_long"), ({"is_installed": lambda: False}, "not_installed")]
)
def test_a_build_that_cannot_succeed_fails_at_once_in_words(monkeypatch, changes, failure):
    ExamAttemptFactory()
    report = api.request_report(COURSE, file_format=XLSX)
    limited(monkeypatch, **changes)
    with pytest.raises(ReportCannotBeBuilt):
        build(report.pk)
    report.refresh_from_db()
    assert (report.state, report.tries, report.failure, report.next_try_at) == ("failed", 1, failure, None)
    assert "Choose CSV" in report.get_failure_display()


@pytest.mark.django_db
def test_a_format_that_is_not_installed_is_not_offered_and_refused_with_what_to_install(monkeypatch):
    assert XLSX in available_formats()
    limited(monkeypatch, is_installed=lambda: False)
    assert set(available_formats()) == {ReportFormat.CSV, ReportFormat.CSV_EXCEL, ReportFormat.CSV_SEMICOLON}
    with pytest.raises(api.InvalidInput, match=r"format: .*Install proctoring-results\[xlsx\], or choose CSV"):
        api.request_report(COURSE, file_format=XLSX)


# --- Stop, disk and memory ---


@pytest.fixture
def temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("calls", [1, 2, 3, 5, 8])
def test_a_lost_claim_stops_the_conversion_while_rows_are_written_and_while_they_are_zipped(calls, temporary_folder):
    done: list[int] = []

    def on_batch(rows: int) -> None:
        done.append(rows)
        if len(done) == calls:
            raise ClaimLost

    with pytest.raises(ClaimLost):
        converted(XLSX, [["a", "b"]] * 4_500, on_batch=on_batch)
    assert len(done) == calls
    assert done[:3] == [2_000, 4_000, 4_501][:calls]
    assert [*Path(temporary_folder).iterdir()] == []


def test_a_full_disk_is_a_failure_of_the_storage():
    def on_batch(rows: int) -> None:
        if rows == 1:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        converted(XLSX, [["a"]], on_batch=on_batch)


MEASURED = f"""
import csv, io, json, resource, sys, tempfile
import django
django.setup()
from tests.reports.converting import *
row = ["course-v1:DemoX+PR101+2026", "Midterm", "learner", "learner@example.com", "code", "60", "False"]
row += ["2026-05-01T09:30:00Z", "2026-05-01T10:15:00Z", "submitted", "Clean", "2", "phone; book " * 9, "0", ""]
columns = [Column(str(n), Value(""), "time" if "Z" in cell else "text") for n, cell in enumerate(row)]
contents = Contents(columns=columns, rows=0, title="", about=[("a", "b")], as_of=AS_OF)
convert = FORMATS[ReportFormat.XLSX].convert
def measure(rows):
    with tempfile.TemporaryFile("w+", newline="") as source, tempfile.TemporaryFile() as target:
        csv.writer(source).writerows(row for _ in range(rows))
        source.seek(0)
        convert(source.buffer, target, contents, lambda done: None)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([measure(10), measure({100_000})]))
"""


def test_a_workbook_of_100_000_rows_needs_no_more_memory_than_a_small_one():
    process = subprocess.run([sys.executable, "-c", MEASURED], check=True, stdout=subprocess.PIPE)
    small, large = json.loads(process.stdout)
    assert large - small < MAX_MIB
