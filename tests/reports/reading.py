"""What stands in a report's file, as the builder writes it."""

import csv
import io

from proctoring_results.choices import ReportKind
from proctoring_results.models import Report
from proctoring_results.reports.build import write_report
from tests.factories import COURSE

RESULTS = ReportKind.EXAM_RESULTS.value


def report_bytes(course_id: str = COURSE, kind: str = RESULTS, **filters: str) -> bytes:
    content = io.BytesIO()
    report = Report(course_id=course_id, kind=kind, filters=filters)
    written = write_report(report, content, lambda step: None, lambda done, total: None)
    assert written.size == len(content.getvalue())
    return content.getvalue()


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def rows(course_id: str = COURSE, kind: str = RESULTS, **filters: str) -> list[dict[str, str]]:
    names, *lines = cells(report_bytes(course_id, kind, **filters))
    return [dict(zip(names, line, strict=True)) for line in lines]
