"""CSV for Excel, with commas and with semicolons, byte for byte."""

import csv
import io
from codecs import BOM_UTF8

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proctoring_results import api
from proctoring_results.choices import ReportFormat, ReportKind
from proctoring_results.exceptions import ClaimLost
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.reports.excel import MAX_CELL
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.reports.converting import converted

FORMATS = (ReportFormat.CSV_EXCEL, ReportFormat.CSV_SEMICOLON)
SEPARATORS = {ReportFormat.CSV_EXCEL: ",", ReportFormat.CSV_SEMICOLON: ";"}
TEXTS = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from(";,\"'\r\n=\t")), max_size=12)


def read(content: bytes, file_format: ReportFormat) -> list[list[str]]:
    """Return the rows as another program reads them, without the header."""
    text = io.StringIO(content.removeprefix(BOM_UTF8).decode(), newline="")
    return list(csv.reader(text, delimiter=SEPARATORS[file_format]))[1:]


def test_with_commas_the_same_bytes_come_after_a_mark():
    rows = [["a,b", '"', "x\ny", "12.5"], ["é", "日本", "'=1", ""]]
    expected = 'column 0,column 1,column 2,column 3\r\n"a,b","""","x\ny",12.5\r\né,日本,\'=1,\r\n'
    assert converted(ReportFormat.CSV_EXCEL, rows, "xxxn") == BOM_UTF8 + expected.encode()


def test_semicolons_stand_between_cells_and_a_decimal_comma_in_numbers_only():
    rows = [["a,b", "c;d", 'e"f', "x\ny", "12.5", "1.5"], ["0.5", "", "'=1;2", "é", "-0.25", "v1.2"]]
    expected = (
        "column 0;column 1;column 2;column 3;column 4;column 5\r\n"
        'a,b;"c;d";"e""f";"x\ny";12,5;1.5\r\n'
        '0.5;;"\'=1;2";é;-0,25;v1.2\r\n'
    )
    assert converted(ReportFormat.CSV_SEMICOLON, rows, "xxxxnx") == BOM_UTF8 + expected.encode()


@pytest.mark.parametrize("file_format", FORMATS)
@given(rows=st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=6))
def test_every_text_comes_back_whole(file_format, rows):
    assert read(converted(file_format, rows), file_format) == rows


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("length", [MAX_CELL, MAX_CELL + 1, 131_073, 400_000])
def test_a_cell_of_any_length_is_read_and_cut_where_excel_takes_no_longer_one(file_format, length):
    [[before, cell, after]] = read(
        converted(file_format, [['"', "x;" * (length // 2) + "x" * (length % 2), ","]]), file_format
    )
    assert (before, after) == ('"', ",")
    assert len(cell) == min(length, MAX_CELL)
    assert ("cut here, because Excel" in cell) == (length > MAX_CELL)


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_lost_claim_stops_the_conversion(file_format):
    done: list[int] = []

    def on_batch(rows: int) -> None:
        done.append(rows)
        raise ClaimLost

    with pytest.raises(ClaimLost):
        converted(file_format, [["a" * 100, "b"]] * 5_000, on_batch=on_batch)
    assert len(done) == 1


def finished(file_format: ReportFormat, kind: str = ReportKind.EXAM_RESULTS) -> bytes:
    report = api.request_report(COURSE, kind, file_format=file_format)
    assert build(report.pk)
    report.refresh_from_db()
    assert report.file_name.endswith(".csv")
    with files.open_file(report) as file:
        return file.read()


@pytest.fixture
def course():
    exam = ProctoredExamFactory(exam_name='Final; "B", 2.5')
    attempt = ExamAttemptFactory(submitted=True, exam=exam, user=UserFactory(username="=ada"), attempt_code="00123")
    incidents = [
        api.IncidentData(status="Suspicious", comment="phone;\r\nbook", start=12.5, stop=90.25),
        api.IncidentData(status="Suspicious", comment="=1+1"),
    ]
    api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_report_with_semicolons_byte_by_byte(course):
    assert (
        finished(ReportFormat.CSV_SEMICOLON)
        == BOM_UTF8
        + (
            "course_id;exam_name;username;email;attempt_code;allowed_time_limit_mins;is_sample_attempt;started_at;"
            "completed_at;status;review_status;Suspicious Count;Suspicious Comments;Rules Violation Count;"
            "Rules Violation Comments\r\n"
            f'{COURSE};"Final; ""B"", 2.5";\'=ada;\'=ada@example.com;00123;60;False;2026-05-01T09:30:00Z;'
            '2026-05-01T10:15:00Z;second_review_required;Suspicious;2;"phone;\nbook; \'=1+1";0;\r\n'
        ).encode()
    )


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_the_report_for_excel_has_the_bytes_of_the_report(course):
    assert finished(ReportFormat.CSV_EXCEL) == BOM_UTF8 + finished(ReportFormat.CSV)


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_seconds_have_a_decimal_comma_with_semicolons(course):
    first, second = read(finished(ReportFormat.CSV_SEMICOLON, ReportKind.INCIDENTS), ReportFormat.CSV_SEMICOLON)
    assert (first[7:10], second[7:10]) == (["1", "12,5", "90,25"], ["2", "", ""])
    assert first[1] == 'Final; "B", 2.5'
