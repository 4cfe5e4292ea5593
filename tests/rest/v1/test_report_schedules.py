"""Schedules by the API. Who may: ``tests/test_access.py``; when they run: ``tests/services/test_schedules.py``."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from proctoring_results.models import ReportSchedule
from tests.factories import COURSE, ProctoredExamFactory, ReportScheduleFactory, UserFactory
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, member_of, pages, problem, team_of

pytestmark = pytest.mark.django_db

SCHEDULES = f"{V1}report-schedules/"
WEEKLY = {"rhythm": "weekly", "weekday": 0, "run_time": "06:00"}
# A Monday.
NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def owner():
    return member_of(COURSE)


@pytest.fixture
def team(owner):
    return signed_in(owner)


def create(client, **body):
    return post(client, SCHEDULES, {"course_id": COURSE, **WEEKLY, **body})


def put(client, schedule, **body):
    return client.put(of(schedule), {**WEEKLY, **body}, content_type="application/json")


def of(schedule, action=""):
    return f"{SCHEDULES}{schedule.schedule_id}/{action}"


def act(client, schedule, action):
    return client.post(of(schedule, action), content_type="application/json")


@time_machine.travel(NOON, tick=False)
def test_a_schedule_is_created_and_says_when_it_runs(team, owner):
    exam = ProctoredExamFactory()
    answer = create(
        team, kind="proctored_exam_incidents_report", filters={"exam": exam.content_id}, format="csv_excel", notify=True
    )
    body = answer.json()
    assert answer.status_code == 201
    assert answer["Location"].endswith(of(ReportSchedule.objects.get()))
    assert (body["owner"], body["state"], body["problem"]) == (owner.username, "active", None)
    assert (body["kind"], body["format"]) == ("proctored_exam_incidents_report", "csv_excel")
    assert body["notify"] is True
    assert body["filters"] == {"exam": exam.content_id}
    assert (body["rhythm"], body["weekday"], body["month_day"], body["run_time"]) == ("weekly", 0, None, "06:00")
    assert body["when"] == "Every Monday at 06:00 (UTC)"
    assert (body["next_run_at"], body["last_run_at"]) == ("2026-06-08T06:00:00Z", None)
    assert team.get(answer["Location"]).json() == body


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rhythm": "daily"}, "rhythm"),
        ({"weekday": None}, "weekday"),
        ({"weekday": 7}, "weekday"),
        ({"weekday": "x"}, "weekday"),
        ({"month_day": 1}, "month_day"),
        ({"rhythm": "monthly", "weekday": None, "month_day": 32}, "month_day"),
        ({"rhythm": "after_due", "weekday": None, "days_after_due": 0}, "days_after_due"),
        ({"run_time": "6:00"}, "run_time"),
        ({"run_time": "24:00"}, "run_time"),
        ({"run_time": "06:00\n"}, "run_time"),
        ({"run_time": None}, "run_time"),
        ({"kind": "all"}, "kind"),
        ({"filters": {"exam": "unknown"}}, "filters.exam"),
        ({"format": "pdf"}, "format"),
        ({"owner": "me"}, "owner"),
    ],
)
def test_what_is_wrong_is_named(team, body, field):
    assert problem(create(team, **body)) == (400, "invalid", field)
    assert not ReportSchedule.objects.exists()


def test_the_twenty_first_is_refused(team):
    ReportScheduleFactory.create_batch(20)
    assert problem(create(team)) == (409, "too_many_schedules", None)


def test_its_owner_changes_it_as_a_whole(team, owner):
    schedule = ReportScheduleFactory(owner=owner, filters={"practice": "only"})
    body = put(team, schedule, rhythm="monthly", weekday=None, month_day=31, run_time="23:59").json()
    assert (body["rhythm"], body["weekday"], body["month_day"], body["filters"]) == ("monthly", None, 31, {})
    assert body["when"] == "On the last day of each month at 23:59 (UTC)"
    assert problem(put(team, schedule, course_id=COURSE)) == (400, "invalid", "course_id")


def test_it_is_paused_resumed_and_deleted_and_says_by_whom(team, owner):
    schedule, helper = ReportScheduleFactory(owner=owner), member_of(COURSE)
    paused = act(signed_in(helper), schedule, "pause/").json()
    assert (paused["state"], paused["state_by"], paused["next_run_at"]) == ("paused", helper.username, None)
    assert problem(act(team, schedule, "pause/")) == (409, "schedule_not_in_state", None)
    resumed = act(team, schedule, "resume/").json()
    assert (resumed["state"], resumed["state_by"]) == ("active", owner.username)
    assert team.delete(of(schedule)).json()["state"] == "deleted"
    assert problem(team.get(of(schedule)))[:2] == (404, "not_found")
    assert team.get(SCHEDULES, {"course_id": COURSE}).json()["results"] == []


def test_one_that_upkeep_paused_says_why(team):
    schedule = ReportScheduleFactory(state="refused", state_by=None, problem="permission")
    body = team.get(of(schedule)).json()
    assert (body["state"], body["state_by"], body["problem"]) == ("refused", None, "permission")
    assert body["reason"] == "The owner may no longer generate this report."


def test_the_schedules_of_a_course_are_listed_page_by_page(team, django_assert_max_num_queries):
    made = [ReportScheduleFactory(created_at=NOON + timedelta(days=days)) for days in range(5)]
    ReportScheduleFactory(course_id="another")
    with django_assert_max_num_queries(14):
        rows = pages(team, SCHEDULES, course_id=COURSE, page_size=3)
    assert [row["id"] for row in rows] == [str(schedule.schedule_id) for schedule in made]


@pytest.mark.parametrize("unknown", [uuid.uuid4(), "nothing", "a%00b", "é"])
def test_an_unknown_or_hidden_one_is_not_found(team, unknown):
    assert problem(team.get(f"{SCHEDULES}{unknown}/"))[:2] == (404, "not_found")
    assert problem(team_of("another").get(of(ReportScheduleFactory(owner=UserFactory()))))[:2] == (404, "not_found")


def test_changes_count_with_the_clicks_of_a_person(team, settings):
    rates = {"proctoring_results_reports": "1/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    assert create(team).status_code == 201
    assert problem(create(team))[:2] == (429, "throttled")
