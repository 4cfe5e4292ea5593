"""Schedules of reports: who owns them, when they run, and what becomes of those that fail."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import Permission
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from proctoring_results.choices import ReportFailure, RunOutcome, ScheduleProblem, ScheduleState
from proctoring_results.exceptions import (
    AccessDenied,
    InvalidInput,
    NotFound,
    ScheduleNotInState,
    TooManySchedules,
)
from proctoring_results.models import Report, ReportSchedule, ScheduleRun
from proctoring_results.reports.rhythms import Rhythm
from proctoring_results.services import schedules
from proctoring_results.services.reports import cancel_report, request_report
from proctoring_results.services.schedules import (
    change_schedule,
    create_schedule,
    delete_schedule,
    erase_schedules,
    pause_schedule,
    resume_schedule,
)
from proctoring_results.services.upkeep import run_schedules
from tests.factories import COURSE, ProctoredExamFactory, ReportScheduleFactory, UserFactory, make_ready
from tests.racing import at_once, of_type

pytestmark = [pytest.mark.database, pytest.mark.django_db]

# A Monday.
START = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
WEEKLY = Rhythm(rhythm="weekly", weekday=0, run_time=time(6))
AFTER_DUE = Rhythm(rhythm="after_due", days_after_due=3, run_time=time(6))


@pytest.fixture(autouse=True)
def nobody_builds(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **options: True)


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as travel:
        yield travel


def person(*permissions: str):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


@pytest.fixture
def owner(db):
    return person("generate_report")


@pytest.fixture
def weekly(clock, owner):
    return create_schedule(COURSE, WEEKLY, by=owner)


@pytest.fixture
def after_due(clock, owner):
    return create_schedule(COURSE, AFTER_DUE, by=owner)


def fresh(schedule) -> ReportSchedule:
    return ReportSchedule.objects.get(pk=schedule.pk)


def finish(**fields) -> None:
    """End the reports that are being created; by default they are ready."""
    for report in Report.objects.unfinished():
        if fields:
            Report.objects.filter(pk=report.pk).update(unfinished_key=None, next_try_at=None, **fields)
        else:
            make_ready(report, b"x")


def fail() -> None:
    finish(state="failed", failure=ReportFailure.STORAGE, finished_at=datetime.now(UTC))


# ------------------------------------------------------------------------------------------------------------- running


def test_it_requests_its_report_for_its_owner_once(clock, weekly, owner):
    assert weekly.next_run_at == datetime(2026, 6, 8, 6, tzinfo=UTC)
    assert run_schedules() == 0
    clock.move_to(weekly.next_run_at)
    assert (run_schedules(), run_schedules()) == (1, 0)
    report = Report.objects.get()
    assert (report.requested_by, report.schedule, report.course_id, report.filters) == (owner, weekly, COURSE, {})
    after = fresh(weekly)
    assert (after.last_run_at, after.next_run_at) == (weekly.next_run_at, weekly.next_run_at + WEEK)


def test_after_a_stopped_beat_it_runs_once_and_not_seven_times(clock, weekly):
    clock.shift(WEEK * 7)
    assert (run_schedules(), run_schedules()) == (1, 0)
    assert Report.objects.count() == 1
    assert fresh(weekly).next_run_at == datetime(2026, 7, 27, 6, tzinfo=UTC)
    assert ScheduleRun.objects.get().planned_at == weekly.next_run_at


def test_filters_kind_and_format_are_those_of_the_schedule(clock, owner):
    exam = ProctoredExamFactory()
    create_schedule(
        COURSE,
        WEEKLY,
        kind="proctored_exam_incidents_report",
        filters={"exam": exam.content_id, "attention": "only"},
        file_format="csv_excel",
        by=owner,
    )
    clock.shift(WEEK)
    run_schedules()
    report = Report.objects.get()
    assert (report.kind, report.format) == ("proctored_exam_incidents_report", "csv_excel")
    assert report.filters == {"exam": exam.content_id, "attention": "only"}


@pytest.mark.parametrize("notify", [True, False])
def test_the_owner_gets_the_mails_that_the_schedule_says(clock, owner, notify):
    create_schedule(COURSE, WEEKLY, notify=notify, by=owner)
    clock.shift(WEEK)
    run_schedules()
    notified = [notification.user for notification in Report.objects.get().notifications.all()]
    assert notified == ([owner] if notify else [])


def test_while_the_same_report_is_being_created_no_run_fails(clock, weekly, owner):
    clock.shift(WEEK)
    report = request_report(COURSE, by=owner)
    assert run_schedules() == 1
    run = ScheduleRun.objects.get()
    assert (run.outcome, run.report) == (RunOutcome.ALREADY_RUNNING, report)
    assert (fresh(weekly).failures, Report.objects.get().schedule) == (0, None)


def test_a_schedule_that_raises_stops_no_other(clock, owner, monkeypatch):
    first, second = (create_schedule(COURSE, WEEKLY, filters={"practice": name}, by=owner) for name in ("only", ""))
    run = schedules.run_schedule
    monkeypatch.setattr(schedules, "run_schedule", lambda pk, now: 1 / 0 if pk == first.pk else run(pk, now))
    clock.shift(WEEK)
    problems: list[Exception] = []
    assert run_schedules(problems) == 1
    assert Report.objects.get().schedule == second
    assert f"schedule {first.pk}" in problems[0].__notes__


def test_what_raises_unexpectedly_is_not_lost(clock, weekly, monkeypatch):
    clock.shift(WEEK)
    with monkeypatch.context() as patch:
        patch.setattr(schedules, "request_report", lambda *args, **options: 1 / 0)
        with pytest.raises(ExceptionGroup):
            run_schedules()
    assert run_schedules() == 1


# ----------------------------------------------------------------------------------------------------- after due dates


def test_each_exam_gets_its_own_report_some_days_after_its_due_date(clock, after_due):
    due = [ProctoredExamFactory(due_date=START + DAY * days) for days in (1, 2)]
    ProctoredExamFactory()
    ProctoredExamFactory(course_id="another", due_date=START + DAY)
    clock.move_to(START + DAY * 4)
    assert run_schedules() == 1
    assert fresh(after_due).next_run_at == datetime(2026, 6, 6, 6, tzinfo=UTC)
    clock.move_to(START + DAY * 40)
    assert (run_schedules(), run_schedules()) == (1, 0)
    filters = Report.objects.order_by("pk").values_list("filters", flat=True)
    assert list(filters) == [{"exam": exam.content_id} for exam in due]
    assert fresh(after_due).next_run_at is None


def test_after_an_outage_each_exam_that_was_due_gets_one(clock, after_due):
    ProctoredExamFactory.create_batch(3, due_date=START + DAY)
    clock.shift(WEEK * 3)
    assert (run_schedules(), run_schedules()) == (3, 0)


def test_after_a_new_due_date_an_exam_runs_again(clock, after_due):
    exam = ProctoredExamFactory(due_date=START + DAY)
    run_schedules()
    exam.due_date = START + DAY * 10
    exam.save()
    clock.shift(DAY * 9)
    assert run_schedules() == 0
    clock.shift(DAY * 9)
    assert (run_schedules(), run_schedules()) == (1, 0)
    exam.due_date = START + DAY * 20
    exam.save()
    clock.shift(DAY * 9)
    assert (run_schedules(), run_schedules()) == (1, 0)


def test_exams_that_were_over_before_the_schedule_are_left_alone(clock, owner):
    ProctoredExamFactory(due_date=START - DAY * 30)
    assert create_schedule(COURSE, AFTER_DUE, by=owner).next_run_at is None
    clock.shift(WEEK)
    assert run_schedules() == 0


def test_a_schedule_of_one_exam_waits_for_no_other(clock, owner):
    exam = ProctoredExamFactory(due_date=START + DAY * 5)
    ProctoredExamFactory(due_date=START + DAY)
    create_schedule(COURSE, AFTER_DUE, filters={"exam": exam.content_id}, by=owner)
    clock.shift(WEEK * 3)
    assert run_schedules() == 1
    assert Report.objects.get().filters == {"exam": exam.content_id}


def test_a_due_date_at_the_end_of_time_hurts_nobody(clock, after_due):
    ProctoredExamFactory(due_date=datetime(9999, 12, 31, tzinfo=UTC))
    assert run_schedules() == 0


# --------------------------------------------------------------------------------------------------------- permissions


def test_without_the_permission_it_is_paused_and_says_why(clock, weekly, owner):
    owner.user_permissions.clear()
    clock.shift(WEEK)
    assert run_schedules() == 0
    after = fresh(weekly)
    assert (after.state, after.problem, after.state_by) == (ScheduleState.REFUSED, ScheduleProblem.PERMISSION, None)
    assert (after.next_run_at, after.failures, Report.objects.count()) == (None, 0, 0)


def test_an_inactive_owner_gets_no_report_whatever_the_backend_says(clock, weekly, owner):
    owner.is_active = False
    owner.save()
    clock.shift(WEEK)
    run_schedules()
    assert fresh(weekly).problem == ScheduleProblem.ACCOUNT


def test_the_permission_of_the_kind_counts_too(clock, owner):
    owner.user_permissions.add(Permission.objects.get(codename="report_decisions"))
    schedule = create_schedule(COURSE, WEEKLY, kind="proctored_exam_decisions_report", by=owner)
    owner.user_permissions.remove(Permission.objects.get(codename="report_decisions"))
    clock.shift(WEEK)
    run_schedules()
    assert fresh(schedule).state == ScheduleState.REFUSED


def test_it_resumes_only_once_the_permission_is_back_and_misses_what_was(clock, weekly, owner):
    owner.user_permissions.clear()
    clock.shift(WEEK * 2)
    run_schedules()
    helper = person("generate_report")
    with pytest.raises(ScheduleNotInState, match="may no longer generate"):
        resume_schedule(weekly.schedule_id, by=helper)
    owner.user_permissions.set(Permission.objects.filter(codename="generate_report"))
    after = resume_schedule(weekly.schedule_id, by=helper)
    assert (after.state, after.problem, after.state_by) == (ScheduleState.ACTIVE, "", helper)
    assert run_schedules() == 0
    assert after.next_run_at == datetime(2026, 6, 22, 6, tzinfo=UTC)


# ------------------------------------------------------------------------------------------------------------ failures


def test_after_five_failures_in_a_row_it_is_off(clock, weekly):
    for number in range(1, 6):
        clock.shift(WEEK)
        assert run_schedules() == 1
        fail()
        run_schedules()
        assert fresh(weekly).failures == number
    after = fresh(weekly)
    assert (after.state, after.problem, after.next_run_at) == (ScheduleState.FAILED, ScheduleProblem.REPORT, None)
    clock.shift(WEEK)
    assert run_schedules() == 0
    assert resume_schedule(weekly.schedule_id, by=weekly.owner).failures == 0


def test_a_report_that_is_ready_begins_the_count_again(clock, weekly):
    for end in (fail, fail, finish):
        clock.shift(WEEK)
        run_schedules()
        end()
    run_schedules()
    assert fresh(weekly).failures == 0
    outcomes = ScheduleRun.objects.order_by("pk").values_list("outcome", flat=True)
    assert list(outcomes) == [RunOutcome.FAILED, RunOutcome.FAILED, RunOutcome.READY]


def test_a_report_that_somebody_cancels_counts_as_neither(clock, weekly):
    clock.shift(WEEK)
    run_schedules()
    ReportSchedule.objects.update(failures=2)
    cancel_report(Report.objects.get().task_id)
    run_schedules()
    assert (fresh(weekly).failures, ScheduleRun.objects.get().outcome) == (2, RunOutcome.CANCELLED)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"kind": "gone"}, ScheduleProblem.KIND),
        ({"filters": {"exam": "gone"}}, ScheduleProblem.EXAM),
        ({"filters": {"status": "gone"}}, ScheduleProblem.FILTERS),
    ],
)
def test_what_is_gone_is_a_failure_and_said_in_words(clock, weekly, fields, problem):
    ReportSchedule.objects.update(**fields)
    for _ in range(5):
        clock.shift(WEEK)
        assert run_schedules() == 1
    run = ScheduleRun.objects.latest("pk")
    assert (run.outcome, run.problem, run.report) == (RunOutcome.REFUSED, problem, None)
    assert (fresh(weekly).state, fresh(weekly).problem) == (ScheduleState.FAILED, problem)


# -------------------------------------------------------------------------------------------------- created by a person


def test_without_the_permission_nothing_is_scheduled(clock):
    with pytest.raises(AccessDenied):
        create_schedule(COURSE, WEEKLY, by=person("view_reports"))
    with pytest.raises(AccessDenied):
        create_schedule(COURSE, WEEKLY, kind="proctored_exam_decisions_report", by=person("generate_report"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "all"}, "kind"),
        ({"filters": {"exam": "unknown"}}, "filters.exam"),
        ({"filters": {"status": "done"}}, "filters.status"),
        ({"file_format": "pdf"}, "format"),
    ],
)
def test_what_cannot_be_requested_cannot_be_scheduled(clock, owner, fields, field):
    with pytest.raises(InvalidInput) as refusal:
        create_schedule(COURSE, WEEKLY, by=owner, **fields)
    assert refusal.value.field == field


def test_a_course_has_at_most_twenty_until_one_is_deleted(clock, owner):
    made = [create_schedule(COURSE, WEEKLY, by=owner) for _ in range(20)]
    with pytest.raises(TooManySchedules, match="20 schedules"):
        create_schedule(COURSE, WEEKLY, by=owner)
    create_schedule("another", WEEKLY, by=owner)
    delete_schedule(made[7].schedule_id, by=owner)
    assert create_schedule(COURSE, WEEKLY, by=owner).place == 8


def test_only_the_owner_changes_it_and_it_counts_from_then(clock, weekly, owner):
    rhythm = Rhythm(rhythm="monthly", month_day=15, run_time=time(7))
    request = {"kind": "proctored_exam_results_report", "file_format": "csv"}
    with pytest.raises(AccessDenied):
        change_schedule(weekly.schedule_id, rhythm, by=person("generate_report"), **request)
    clock.shift(DAY)
    after = change_schedule(weekly.schedule_id, rhythm, by=owner, **request)
    assert (after.rhythm, after.weekday, after.month_day) == ("monthly", None, 15)
    assert (after.next_run_at, after.counts_from) == (datetime(2026, 6, 15, 7, tzinfo=UTC), START + DAY)


def test_a_paused_one_stays_paused_when_it_is_changed(clock, weekly, owner):
    pause_schedule(weekly.schedule_id, by=owner)
    after = change_schedule(
        weekly.schedule_id, WEEKLY, kind="proctored_exam_results_report", file_format="csv", by=owner
    )
    assert (after.state, after.next_run_at) == (ScheduleState.PAUSED, None)


def test_who_may_generate_reports_pauses_and_deletes_it_and_is_recorded(clock, weekly):
    helper = person("generate_report")
    assert pause_schedule(weekly.schedule_id, by=helper).state_by == helper
    with pytest.raises(ScheduleNotInState):
        pause_schedule(weekly.schedule_id, by=helper)
    clock.shift(WEEK)
    assert run_schedules() == 0
    deleted = delete_schedule(weekly.schedule_id, by=helper)
    assert (deleted.state, deleted.state_by, deleted.place) == (ScheduleState.DELETED, helper, None)


def test_the_owner_pauses_and_deletes_it_without_any_permission_left(clock, weekly, owner):
    owner.user_permissions.clear()
    pause_schedule(weekly.schedule_id, by=owner)
    delete_schedule(weekly.schedule_id, by=owner)


@pytest.mark.parametrize("verb", [pause_schedule, resume_schedule, delete_schedule])
def test_nobody_else_does(clock, weekly, verb):
    with pytest.raises(AccessDenied):
        verb(weekly.schedule_id, by=person("view_reports"))
    with pytest.raises(NotFound):
        verb("nothing", by=person("generate_report"))


def test_a_deleted_one_is_no_longer_there(clock, weekly, owner):
    delete_schedule(weekly.schedule_id, by=owner)
    with pytest.raises(NotFound):
        resume_schedule(weekly.schedule_id, by=owner)


def test_with_its_owner_it_is_erased_and_its_reports_stay(clock, weekly, owner):
    clock.shift(WEEK)
    run_schedules()
    erase_schedules(owner)
    assert not ReportSchedule.objects.exists()
    assert not ScheduleRun.objects.exists()
    assert Report.objects.get().schedule is None


# ------------------------------------------------------------------------------------------------------------- at once


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_twenty_are_created(clock):
    owner = UserFactory(admin=True)
    ReportScheduleFactory.create_batch(15, owner=owner)
    outcomes = at_once(*[lambda: create_schedule(COURSE, WEEKLY, by=owner)] * 8)
    assert [type(outcome) for outcome in of_type(Exception, outcomes)] == [TooManySchedules] * 3
    assert sorted(ReportSchedule.objects.values_list("place", flat=True)) == list(range(1, 21))


@pytest.mark.django_db(transaction=True)
def test_two_upkeeps_at_once_make_one_run(clock):
    owner = UserFactory(admin=True)
    create_schedule(COURSE, WEEKLY, by=owner)
    exam = ProctoredExamFactory(due_date=START + DAY)
    create_schedule(COURSE, AFTER_DUE, filters={"exam": exam.content_id}, by=owner)
    run_schedules()
    clock.shift(WEEK)
    outcomes = at_once(*[run_schedules] * 4)
    assert of_type(Exception, outcomes) == []
    assert (sum(outcomes), Report.objects.count(), ScheduleRun.objects.count()) == (2, 2, 2)


# -------------------------------------------------------------------------------------------------- whatever the pauses

ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe")
RHYTHMS = st.one_of(
    st.builds(lambda day, at: Rhythm(rhythm="weekly", weekday=day, run_time=at), st.integers(0, 6), st.just(time(2))),
    st.builds(
        lambda day, hour: Rhythm(rhythm="monthly", month_day=day, run_time=time(hour, 30)),
        st.integers(1, 31),
        st.integers(0, 3),
    ),
)
# Between two beats: mostly minutes, at times weeks.
BEATS = st.lists(st.one_of(st.timedeltas(DAY / 24, DAY * 3), st.timedeltas(DAY * 3, WEEK * 6)), min_size=5, max_size=25)


@pytest.mark.parametrize("zone", ZONES)
def test_no_time_runs_twice_and_none_is_missed_by_more_than_the_outage(zone, clock, owner, settings):
    settings.TIME_ZONE = zone

    @hypothesis_settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(rhythm=RHYTHMS, beats=BEATS)
    def check(rhythm, beats):
        erase_schedules(owner)
        Report.objects.all().delete()
        clock.move_to(START)
        created = create_schedule(COURSE, rhythm, by=owner)
        before, expected = START, []
        for pause in beats:
            now = before + pause
            clock.move_to(now)
            first = rhythm.next_after(before, ZoneInfo(zone))
            # One run for each beat before which a time came, however many came.
            expected += [(first, now)] if first <= now else []
            run_schedules()
            finish(state="cancelled")
            before = now
        runs = ScheduleRun.objects.filter(schedule=created).order_by("pk")
        assert list(runs.values_list("planned_at", "ran_at")) == expected
        assert fresh(created).next_run_at == rhythm.next_after(before, ZoneInfo(zone))

    check()
