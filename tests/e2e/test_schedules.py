"""A report is scheduled in a browser: by keyboard, without scripts, on a phone, and by everybody."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results.models import ReportSchedule
from tests.e2e.accessibility import problems
from tests.factories import COURSE, ReportScheduleFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def path(course):
    return reverse("proctoring_results:schedules", args=[COURSE])


def test_everybody_can_read_the_list_and_the_form(opened, path, person):
    instructor = person("instructor")
    for state, problem in (("active", ""), ("paused", ""), ("refused", "permission"), ("failed", "exam")):
        ReportScheduleFactory(owner=instructor, state=state, problem=problem, filters={"status": "rejected"})
    page = opened("instructor", path, as_user=instructor)
    assert problems(page) == []
    page.get_by_role("link", name="New schedule").click()
    page.get_by_text("Narrow the report").click()
    page.get_by_label("Time of day").fill("")
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.get_by_text("This field is required.")).to_be_visible()
    assert problems(page) == []


def test_only_the_days_of_the_chosen_rhythm_are_shown(opened, path):
    page = opened("instructor", path)
    page.get_by_role("link", name="New schedule").click()
    numbers = [page.get_by_label(name) for name in ("Day of the week", "Day of the month", "Days after the due date")]
    for number, rhythm in enumerate(("Every week", "Every month", "After the due date of each exam")):
        page.get_by_label(rhythm).check()
        assert [field.is_visible() for field in numbers] == [number == other for other in range(3)]


def test_a_report_is_scheduled_paused_and_deleted_without_javascript(opened, path):
    page = opened("instructor", reverse("proctoring_results:data_download", args=[COURSE]), java_script_enabled=False)
    page.get_by_role("link", name="Schedules").click()
    page.get_by_role("link", name="New schedule").click()
    page.get_by_label("Kind").select_option("Proctored Exam Incidents Report")
    page.get_by_text("Narrow the report").click()
    page.get_by_label("Exam", exact=True).select_option("Midterm")
    page.get_by_label("Every month").check()
    page.get_by_label("Day of the month").fill("31")
    page.get_by_label("Tell me by mail").check()
    page.get_by_role("button", name="Save the schedule").click()
    expect(page.get_by_text("On the last day of each month at 06:00")).to_be_visible()
    expect(page.get_by_text("Exam: Midterm")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("The schedule is paused.")).to_be_visible()
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("The schedule is active again.")).to_be_visible()
    page.get_by_text("Delete…").click()
    page.get_by_role("button", name="Delete this schedule").click()
    expect(page.get_by_text("No report of this course is scheduled.")).to_be_visible()


def test_the_form_is_filled_in_by_keyboard(opened, path):
    page = opened("instructor", path)
    page.get_by_role("link", name="New schedule").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Every week").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Days after the due date")).to_be_focused()
    page.keyboard.type("3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The schedule was created.")).to_be_visible()
    assert ReportSchedule.objects.get().days_after_due == 3
