"""The README of a report says what the file is, and nothing about a person."""

from datetime import UTC, datetime

import pytest

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, ReportKind, ReviewStatus
from proctoring_results.models import Report
from proctoring_results.reports.build import build
from proctoring_results.reports.columns import Column, guarded
from proctoring_results.reports.kinds.base import Kind
from proctoring_results.reports.kinds.registry import kind_named
from proctoring_results.reports.meanings import COLUMN_MEANINGS
from proctoring_results.reports.readme import readme
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, ReportFactory, UserFactory


class Codes(Kind):
    name = "codes_report"
    label = "Codes Report"
    noun = "codes report"
    description = "One row for each attempt."

    def columns(self):
        return (
            Column("attempt_code", guarded("attempt_code")),
            Column("code", guarded("attempt_code"), meaning="The code again."),
        )


@pytest.mark.django_db(transaction=True)
def test_it_says_what_the_file_is_to_what_it_is_narrowed_and_as_of_when():
    exam = ProctoredExamFactory(exam_name="Final exam")
    ExamAttemptFactory(exam=exam, submitted=True)
    report = api.request_report(COURSE, filters={"exam": exam.content_id, "status": "submitted"}, enqueue=False)
    build(report.pk)
    report.refresh_from_db()
    report.as_of = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
    text = readme(report)
    assert text.startswith("Proctored Exam Results Report\n=============================\n")
    for line in (
        f"File: {report.file_name}",
        f"Course: {COURSE}",
        "Narrowed to: Exam: Final exam; Status: Submitted",
        "As of: 2026-05-01 09:30:00 UTC",
        "Rows: 1, and the header",
        f"SHA-256: {report.sha256}",
        "Columns: proctored_exam_results_report, version 1",
    ):
        assert line in text.splitlines()
    assert "none about the score" in text


@pytest.mark.django_db
def test_a_report_that_is_not_ready_says_what_it_will_be():
    text = readme(ReportFactory(course_id="", courses=["a", "b"]))
    assert "Courses: a, b" in text
    assert "Narrowed to: nothing" in text
    assert "SHA-256" not in text


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ReportKind)
def test_it_explains_each_column_of_its_kind(kind):
    lines = readme(ReportFactory(kind=kind)).splitlines()
    columns = kind_named(kind).columns()
    assert [name for column in columns if f"{(name := column.name)}: {COLUMN_MEANINGS[name]}" not in lines] == []


@pytest.mark.django_db
def test_it_explains_each_status_and_each_review_status():
    text = readme(ReportFactory())
    assert [status for status in (*AttemptStatus, *ReviewStatus) if f"\n{status.value}: " not in text] == []
    assert "The learner reads: Satisfactory" in text
    assert "Exam result: Fail. Leads to: second_review_required, rejected." in text


@pytest.mark.django_db
def test_a_kind_without_reviews_explains_none():
    text = readme(ReportFactory(kind=ReportKind.SESSION_RESULTS))
    assert "Values of status" in text
    assert "Values of review_status" not in text


@pytest.mark.django_db
def test_nobody_is_named_in_it():
    report = ReportFactory(ready=True, requested_by=UserFactory(username="ann", email="ann@example.com"))
    assert "ann@" not in readme(report)
    assert "\nann" not in readme(report)


@pytest.mark.django_db
def test_a_kind_of_the_host_explains_its_own_columns_and_shares_ours(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "REPORT_KINDS": [f"{__name__}.Codes"]}
    text = readme(Report(kind="codes_report", course_id=COURSE, file_name="x"))
    assert "\ncode: The code again.\n" in text
    assert f"\nattempt_code: {COLUMN_MEANINGS['attempt_code']}\n" in text
    assert "Values of" not in text


@pytest.mark.django_db
def test_a_kind_that_the_host_has_taken_away_has_a_readme_all_the_same():
    assert readme(ReportFactory(kind="gone_report")).startswith("gone_report\n===========\n")
