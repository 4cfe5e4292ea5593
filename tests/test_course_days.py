"""A course's days are those of its own time zone, and each page says which: lists, numbers, reports and schedules."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from proctoring_results import api
from proctoring_results.lms import NullLMS
from proctoring_results.reports.build import build
from proctoring_results.reports.requests import request_about_all_courses, request_about_course
from proctoring_results.reports.rhythms import Rhythm
from proctoring_results.services.schedules import create_schedule
from tests.factories import COURSE, ExamAttemptFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

# The first of May begins at four o'clock UTC there, and at midnight for the site.
BEFORE, AFTER = datetime(2026, 5, 1, 3, 59, 59, tzinfo=UTC), datetime(2026, 5, 1, 4, tzinfo=UTC)
FIRST_OF_MAY = {"since": "2026-05-01", "until": "2026-05-01"}


@pytest.fixture(autouse=True)
def in_new_york(monkeypatch):
    monkeypatch.setattr(NullLMS, "time_zone", lambda _, course_id: "America/New_York" if course_id == COURSE else "")


@pytest.fixture
def before():
    return ExamAttemptFactory(submitted=True, started_at=BEFORE, completed_at=BEFORE)


@pytest.fixture
def after(before):
    return ExamAttemptFactory(submitted=True, started_at=AFTER, completed_at=AFTER)


def test_a_list_begins_at_midnight_in_the_course(client, before, after):
    client.force_login(UserFactory(admin=True))
    address = reverse("proctoring_results:sessions", args=[COURSE])
    page = client.get(address, {"tab": "all", **FIRST_OF_MAY}).content.decode()
    assert after.attempt_code in page
    assert before.attempt_code not in page


def test_the_rest_api_lists_the_same(client, after):
    client.force_login(UserFactory(admin=True))
    listed = client.get("/api/proctoring/v1/attempts/", {"course_id": COURSE, **FIRST_OF_MAY}).json()
    assert [one["attempt_code"] for one in listed["results"]] == [after.attempt_code]


def test_a_report_has_the_same_rows_and_one_about_all_courses_those_of_the_sites_day(after):
    options = {"filters": FIRST_OF_MAY, "file_format": "csv", "by": None}
    assert request_about_course(COURSE, "proctored_exam_results_report", **options).number_of_rows() == 1
    assert request_about_all_courses("proctored_exam_results_report", **options).number_of_rows() == 2


@pytest.mark.django_db(transaction=True)
def test_the_file_has_the_rows_that_were_announced(after):
    report = api.request_report(COURSE, filters=FIRST_OF_MAY)
    build(report.pk)
    report.refresh_from_db()
    assert (report.state, report.rows) == ("ready", 1)


def test_numbers_count_by_the_same_days(after):
    days = api.course_numbers(COURSE).days
    assert [(day.day, day.handed_in) for day in days] == [(date(2026, 4, 30), 1), (date(2026, 5, 1), 1)]


def test_a_schedule_runs_by_the_clock_of_the_course():
    rhythm = Rhythm(rhythm="weekly", weekday=0, run_time=time(6))
    schedule = create_schedule(COURSE, rhythm, by=UserFactory(admin=True))
    assert schedule.next_run_at.astimezone(ZoneInfo("America/New_York")).hour == 6


@pytest.mark.parametrize("page", ["sessions", "numbers", "data_download", "add_schedule"])
def test_each_page_says_in_which_time_zone_its_days_are(client, page, after):
    client.force_login(UserFactory(admin=True))
    of_course = client.get(reverse(f"proctoring_results:{page}", args=[COURSE])).content.decode()
    assert "time zone America/New_York" in of_course
    assert "America/New_York" not in client.get(reverse("proctoring_results:all_reports")).content.decode()
