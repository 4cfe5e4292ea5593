"""The page of numbers as a course team sees it."""

from datetime import timedelta

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.models import ExamAttempt
from tests.e2e.accessibility import problems
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def path(course):
    """Of a course with weeks of hand-ins, whose exams and incidents have long names."""
    exam = ProctoredExamFactory(exam_name="Final exam " + "on everything that was said " * 4, content_id="exam@final")
    for week in range(12):
        attempt = ExamAttemptFactory(submitted=True, exam=exam)
        api.record_review(
            attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious", comment="phone")]
        )
        moment = attempt.completed_at + timedelta(weeks=week)
        ExamAttempt.objects.filter(pk=attempt.pk).update(
            completed_at=moment, reviewed_at=moment + timedelta(hours=week)
        )
    return reverse("proctoring_results:numbers", args=[COURSE])


def test_everybody_can_read_it(opened, path):
    page = opened("instructor", path)
    page.get_by_text("The same as a table").click()
    assert problems(page) == []


def test_an_exam_is_chosen_without_javascript(opened, path):
    page = opened("viewer", path, java_script_enabled=False)
    expect(page.get_by_role("heading", name="All exams of the course")).to_be_visible()
    page.get_by_label("Exam", exact=True).select_option("Midterm")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("heading", name="Midterm")).to_be_visible()
    expect(page.get_by_role("table", name="Results").get_by_role("row", name="Failed rejected 1 25 %")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("table", name="Over time").get_by_role("row", name="1 May 2026")).to_contain_text("4")


def test_where_incidents_were_seen_is_drawn_and_told(opened, path):
    page = opened("instructor", path)
    parts = page.get_by_role("table", name="Where incidents were seen")
    expect(parts.get_by_role("row", name="Video Monitoring 12 100 %")).to_be_visible()
    expect(parts.get_by_role("row", name="Onboarding 0 –")).to_be_visible()


def test_it_is_found_from_the_instructor_dashboard(opened, path):
    page = opened("instructor", reverse("campus:instructor", args=[COURSE]))
    page.get_by_role("link", name="Special Exams").click()
    page.get_by_role("link", name="Numbers").click()
    expect(page.get_by_role("heading", name="Numbers")).to_be_visible()


def test_columns_and_bars_are_as_long_as_their_numbers(opened, path):
    page = opened("instructor", path)
    rows = page.get_by_role("table", name="Results").locator("tbody tr:not(.pr-detail)")
    for row in rows.all():
        bar_width = row.locator(".pr-bar-part").evaluate("bar => bar.getBoundingClientRect().width")
        whole = row.locator(".pr-bar-all").evaluate("bar => bar.getBoundingClientRect().width")
        assert round(16 * bar_width / whole) == int(row.locator("td").first.inner_text())
    assert page.locator(".pr-chart").first.locator(".pr-column").count() == 12
