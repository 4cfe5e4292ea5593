"""Schedules: the list in words, the form with what is wrong beside its field, and the buttons."""

from datetime import UTC, datetime, time

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results.models import Report, ReportSchedule, ScheduleRun
from proctoring_results.services.upkeep import run_schedules
from tests.factories import (
    COURSE,
    ProctoredExamFactory,
    ReportFactory,
    ReportScheduleFactory,
    UserFactory,
)
from tests.pages.conftest import client_of, person, text

# A Monday.
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FIELDS = {
    "kind": "proctored_exam_results_report",
    "format": "csv",
    "rhythm": "weekly",
    "weekday": "0",
    "month_day": "1",
    "days_after_due": "7",
    "run_time": "06:00",
}


def url(name="schedules", argument=COURSE) -> str:
    return reverse(f"proctoring_results:{name}", args=[argument])


def row_of(client):
    [row] = client.get(url()).context["page"].rows
    return row


# ------------------------------------------------------------------------------------------------------------ the list


def test_it_is_linked_from_data_download_and_leads_back(client, page_url):
    assert f'href="{url()}"' in text(client.get(page_url))
    assert f'href="{page_url}"' in text(client.get(url()))


def test_without_schedules_the_page_says_so_and_offers_one(client):
    page = text(client.get(url()))
    assert "No report of this course is scheduled." in page
    assert f'href="{url("add_schedule")}">New schedule' in page


def test_each_schedule_says_what_when_and_for_whom(client, settings):
    settings.TIME_ZONE = "Europe/Paris"
    exam = ProctoredExamFactory(exam_name="Final")
    ReportScheduleFactory(
        owner=UserFactory(username="ada"),
        filters={"exam": exam.content_id, "attention": "only"},
        format="csv_excel",
        next_run_at=datetime(2026, 6, 8, 4, tzinfo=UTC),
    )
    page = text(client.get(url()))
    assert "Exam: Final, Require Attention: Yes · CSV for Excel" in page
    assert "Every Monday at 06:00 (Europe/Paris)" in page
    assert "8 Jun 2026, 06:00 · 04:00 UTC" in page
    assert "for ada" in page
    assert "not yet" in page


def test_a_schedule_after_due_dates_says_that_none_is_to_come(client):
    ReportScheduleFactory(rhythm="after_due", weekday=None, days_after_due=3, next_run_at=None)
    assert "No exam has a due date to come." in text(client.get(url()))


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("queued", "The report is being created"),
        ("ready", "The report was created"),
        ("failed", "The report failed"),
        ("cancelled", "The report was cancelled"),
    ],
)
def test_the_last_run_says_what_became_of_it_before_any_sweep(client, page_url, state, outcome):
    schedule = ReportScheduleFactory()
    fields = {"ready": True} if state == "ready" else {"failed": True} if state == "failed" else {}
    report = ReportFactory(**fields)
    if state == "cancelled":
        Report.objects.filter(pk=report.pk).update(state=state, unfinished_key=None)
    now = timezone.now()
    ScheduleRun.objects.create(schedule=schedule, planned_at=now, ran_at=now, report=report, outcome="waiting")
    page = text(client.get(url()))
    assert f'<a href="{page_url}">{outcome}</a>' in page
    assert ("The finished file could not be stored" in page) is (state == "failed")


def test_one_that_was_paused_for_its_permission_says_why(client):
    ReportScheduleFactory(state="refused", state_by=None, problem="permission", state_since=NOON)
    page = text(client.get(url()))
    assert "Paused: permission missing" in page
    assert "The owner may no longer generate this report." in page
    assert "1 Jun 2026, 12:00 UTC" in page
    assert "Resume" in page


def test_one_that_is_off_says_what_went_wrong(client):
    ReportScheduleFactory(state="failed", state_by=None, problem="exam", failures=5)
    page = text(client.get(url()))
    assert "Off: five failures in a row" in page
    assert "The exam to which the report is narrowed no longer exists." in page


def test_who_paused_it_is_named(client):
    ReportScheduleFactory(state="paused", state_by=UserFactory(username="bob"), state_since=NOON)
    assert row_of(client).by == "bob"


def test_only_its_owner_changes_it_and_everybody_who_may_generate_pauses_it(client, instructor):
    schedule = ReportScheduleFactory()
    assert (row_of(client).may_change, row_of(client).may_control) == (False, True)
    ReportSchedule.objects.filter(pk=schedule.pk).update(owner=instructor)
    assert (row_of(client).may_change, row_of(client).may_control) == (True, True)


def test_who_may_only_look_gets_no_buttons_and_reads_what_is_missing():
    ReportScheduleFactory()
    page = text(client_of(person("view_reports")).get(url()))
    assert "Your account may not generate reports in this course." in page
    assert "New schedule" not in page
    assert "Pause" not in page


def test_a_course_with_twenty_says_so(client):
    ReportScheduleFactory.create_batch(20)
    page = text(client.get(url()))
    assert "This course has 20 schedules, which is the most it can have." in page
    assert "New schedule" not in page


def test_twenty_cost_as_many_queries_as_one(client, django_assert_max_num_queries):
    exam = ProctoredExamFactory()
    now = timezone.now()
    for schedule in ReportScheduleFactory.create_batch(20, filters={"exam": exam.content_id}):
        report = ReportFactory()
        ScheduleRun.objects.create(schedule=schedule, planned_at=now, ran_at=now, report=report, outcome="waiting")
    with django_assert_max_num_queries(12):
        assert len(client.get(url()).context["page"].rows) == 20


# ------------------------------------------------------------------------------------------------------------ the form


def test_a_schedule_is_created_and_said_so(client, instructor):
    exam = ProctoredExamFactory()
    with time_machine.travel(NOON, tick=False):
        answer = client.post(
            url("add_schedule"), {**FIELDS, "exam": exam.content_id, "archived": "without", "notify": "on"}
        )
        schedule = ReportSchedule.objects.get()
    assert (answer.status_code, answer.url) == (303, url())
    assert (schedule.owner, schedule.filters) == (instructor, {"exam": exam.content_id, "archived": "without"})
    assert (schedule.weekday, schedule.month_day, schedule.days_after_due) == (0, None, None)
    assert schedule.notify
    assert schedule.next_run_at == datetime(2026, 6, 8, 6, tzinfo=UTC)
    assert "The schedule was created." in text(client.get(url()))


@pytest.mark.parametrize(
    ("rhythm", "numbers"), [("weekly", (0, None, None)), ("monthly", (None, 1, None)), ("after_due", (None, None, 7))]
)
def test_only_the_number_of_the_chosen_rhythm_counts(client, rhythm, numbers):
    client.post(url("add_schedule"), {**FIELDS, "rhythm": rhythm})
    schedule = ReportSchedule.objects.get()
    assert (schedule.weekday, schedule.month_day, schedule.days_after_due) == numbers


def test_what_is_wrong_with_another_rhythm_hinders_nobody(client):
    assert client.post(url("add_schedule"), {**FIELDS, "month_day": "99", "days_after_due": ""}).status_code == 303


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"kind": "all"}, "kind"),
        ({"kind": "proctored_exam_decisions_report"}, "kind"),
        ({"format": "pdf"}, "format"),
        ({"rhythm": "daily"}, "rhythm"),
        ({"rhythm": ""}, "rhythm"),
        ({"weekday": "9"}, "weekday"),
        ({"rhythm": "monthly", "month_day": "32"}, "month_day"),
        ({"rhythm": "monthly", "month_day": ""}, "month_day"),
        ({"rhythm": "after_due", "days_after_due": "0"}, "days_after_due"),
        ({"run_time": "25:00"}, "run_time"),
        ({"run_time": ""}, "run_time"),
        ({"exam": "unknown"}, "exam"),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "until"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_with_what_was_typed(client, typed, field):
    answer = client.post(url("add_schedule"), {**FIELDS, **typed, "status": "rejected"})
    assert answer.status_code == 400
    assert list(answer.context["form"].errors) == [field]
    assert 'class="pr-problem"' in text(answer)
    assert '<option value="rejected" selected>' in text(answer)
    assert not ReportSchedule.objects.exists()


def test_the_twenty_first_is_refused_in_words_and_what_was_typed_stays(client):
    ReportScheduleFactory.create_batch(20)
    answer = client.post(url("add_schedule"), {**FIELDS, "run_time": "07:45"})
    assert answer.status_code == 400
    assert "This course has 20 schedules, which is the most it can have. Delete one first." in text(answer)
    assert 'value="07:45"' in text(answer)


def test_an_exam_that_goes_meanwhile_is_said_beside_its_field(client, monkeypatch):
    exam = ProctoredExamFactory()
    monkeypatch.setattr(
        "proctoring_results.pages.schedules.views.verbs.create_schedule", _refusing("filters.exam", "is gone.")
    )
    answer = client.post(url("add_schedule"), {**FIELDS, "exam": exam.content_id})
    assert answer.context["form"].errors == {"exam": ["is gone."]}


def _refusing(field, problem):
    from proctoring_results.exceptions import InvalidInput

    def refuse(*args, **options):
        raise InvalidInput(field, problem)

    return refuse


def test_the_form_of_a_schedule_shows_what_it_has_and_changes_it(client, instructor):
    schedule = ReportScheduleFactory(
        owner=instructor,
        rhythm="monthly",
        weekday=None,
        month_day=15,
        run_time=time(7, 30),
        filters={"status": "error"},
    )
    address = url("change_schedule", schedule.schedule_id)
    form = client.get(address).context["form"]
    assert (form["rhythm"].value(), form["month_day"].value(), form["run_time"].value()) == ("monthly", "15", "07:30")
    assert form["status"].value() == "error"
    assert form.is_narrowed
    assert client.post(address, {**FIELDS, "rhythm": "after_due"}).status_code == 303
    schedule.refresh_from_db()
    assert (schedule.rhythm, schedule.days_after_due, schedule.filters) == ("after_due", 7, {})
    assert "The schedule was changed." in text(client.get(url()))


# --------------------------------------------------------------------------------------------------------- the buttons


def test_pause_resume_and_delete_say_what_was_done(client, instructor):
    schedule = ReportScheduleFactory()
    sentences = {
        "pause": "The schedule is paused.",
        "resume": "The owner may no longer generate this report.",
        "delete": "The schedule was deleted. Its reports stay.",
    }
    for action, sentence in sentences.items():
        assert sentence in text(client.post(url(f"{action}_schedule", schedule.schedule_id), follow=True))
    ReportSchedule.objects.update(owner=instructor, state="paused", place=1)
    page = text(client.post(url("resume_schedule", schedule.schedule_id), follow=True))
    assert "The schedule is active again." in page


def test_a_button_pressed_twice_says_how_it_stands(client):
    schedule = ReportScheduleFactory(state="paused")
    page = text(client.post(url("pause_schedule", schedule.schedule_id), follow=True))
    assert "The schedule is not active, so it cannot be paused." in page


@pytest.mark.parametrize("name", ["pause_schedule", "resume_schedule", "delete_schedule"])
def test_a_button_is_not_a_link_and_needs_its_token(client, instructor, name):
    address = url(name, ReportScheduleFactory().schedule_id)
    assert client.get(address).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(instructor)
    assert strict.post(address).status_code == 403
    assert ReportSchedule.objects.get().state == "active"


def test_a_schedule_runs_from_the_form_to_the_list(client):
    with time_machine.travel(NOON, tick=False) as clock:
        client.post(url("add_schedule"), FIELDS)
        clock.move_to(datetime(2026, 6, 8, 6, 1, tzinfo=UTC))
        assert run_schedules() == 1
        page = text(client.get(url()))
    assert "The report is being created" in page
    assert "15 Jun 2026, 06:00 UTC" in page
