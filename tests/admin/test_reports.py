"""The list of reports in Django admin says in words what each report is."""

import pytest
from django.urls import reverse

from proctoring_results.choices import ReportFormat, ReportKind
from tests.factories import COURSE, ReportFactory

pytestmark = pytest.mark.django_db


def listed(admin, **query):
    return admin.get(reverse("admin:proctoring_results_report_changelist"), query).content.decode()


def test_kind_filters_format_and_courses_are_in_words(admin):
    ReportFactory(
        kind=ReportKind.INCIDENTS,
        course_id="",
        courses=["a", "b"],
        filters={"status": "rejected", "since": "2026-05-01"},
        format=ReportFormat.CSV_EXCEL,
    )
    page = listed(admin)
    for text in ("Proctored Exam Incidents Report", "Status: Failed (rejected), Started from: 1 May 2026", "2 courses"):
        assert text in page
    assert str(ReportFormat.CSV_EXCEL.label) in page


def test_a_kind_of_the_host_is_listed_by_its_name_once_it_is_taken_away(admin):
    ReportFactory(kind="gone_report")
    ReportFactory()
    assert "gone_report" in listed(admin)
    only = listed(admin, kind="gone_report")
    assert "1 report" in only
    assert COURSE in only


def test_twenty_reports_take_as_many_queries_as_one(admin, django_assert_max_num_queries):
    ReportFactory(filters={"exam": "exam@final"})
    with django_assert_max_num_queries(20) as first:
        listed(admin)
    for _ in range(19):
        ReportFactory(filters={"exam": "exam@final"})
    with django_assert_max_num_queries(len(first)):
        listed(admin)
