"""Reports by the API: request, progress, cancel and retry. Who may do it: ``tests/test_access.py``."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from proctoring_results.choices import ReportFailure, ReportState, ReportStep
from proctoring_results.models import Report, ReportDownload
from tests.factories import COURSE, ProctoredExamFactory, ReportFactory, UserFactory
from tests.host.models import CourseRole, Role
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import pages

pytestmark = pytest.mark.django_db

REPORTS = "/api/proctoring/v1/reports/"
OTHER_COURSE = "course-v1:Else+Where+2026"


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    """What is enqueued for; nobody comes."""
    enqueued: list[tuple] = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: enqueued.append(args))
    return enqueued


def member(role: Role | None, course_id=COURSE) -> Client:
    user = UserFactory()
    if role is not None:
        CourseRole.objects.create(user=user, course_id=course_id, role=role)
    return signed_in(user)


@pytest.fixture
def team():
    return member(Role.INSTRUCTOR)


@pytest.fixture
def viewer():
    """May look at reports, and do nothing."""
    return member(Role.VIEWER)


def ask(client, **body):
    return post(client, REPORTS, {"course_id": COURSE, **body})


def of(report, action=""):
    return f"{REPORTS}{report.task_id}/{action}"


def problem(answer):
    assert answer["Content-Type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


# ------------------------------------------------------------------------------------------------------------ asking


def test_asking_makes_a_report_and_says_where_to_look(team, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        answer = ask(team)
    report = Report.objects.get()
    assert answer.status_code == 202
    assert answer.json()["id"] == str(report.task_id)
    assert (answer.json()["state"], answer.json()["kind"]) == ("queued", "proctored_exam_results_report")
    assert answer["Location"] == f"http://testserver{of(report)}"
    assert team.get(answer["Location"]).json()["id"] == str(report.task_id)
    assert enqueued == [(report.pk,)]


def test_who_asks_while_it_is_made_is_told_the_same_id(team):
    first, second = ask(team), ask(member(Role.STAFF))
    assert (first.status_code, second.status_code) == (202, 200)
    assert second.json()["id"] == first.json()["id"]
    assert second["Location"] == first["Location"]
    assert Report.objects.count() == 1


def test_a_kind_and_an_exam_can_be_asked_for(team):
    exam = ProctoredExamFactory()
    ask(team, kind="proctored_session_results_report", filters={"exam": exam.content_id})
    report = Report.objects.get()
    assert (report.kind, report.filters) == ("proctored_session_results_report", {"exam": exam.content_id})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "all"}, "kind"),
        ({"kind": None}, "kind"),
        ({"kind": ["x"]}, "kind"),
        ({"course_id": ""}, "course_id"),
        ({"course_id": "a\0b"}, "course_id"),
        ({"course_id": 7}, "course_id"),
        ({"course_id": "x" * 256}, "course_id"),
        ({"course": COURSE}, "course"),
        ({"filters": []}, "filters"),
        ({"filters": {"user": "ann"}}, "filters.user"),
        ({"filters": {"exam": 7}}, "filters.exam"),
        ({"filters": {"exam": "\0"}}, "filters.exam"),
        ({"filters": {"status": "passed"}}, "filters.status"),
        ({"filters": {"since": "2026-05-02", "until": "2026-05-01"}}, "filters.until"),
        ({"format": "pdf"}, "format"),
    ],
)
def test_what_is_wrong_is_named(body, field):
    answer = ask(signed_in(UserFactory(admin=True)), **body)
    assert problem(answer) == (400, "invalid")
    assert answer.json()["field"] == field
    assert not Report.objects.exists()


def test_without_a_course_nothing_is_made(team):
    answer = post(team, REPORTS, {})
    assert (problem(answer), answer.json()["field"]) == ((400, "invalid"), "course_id")


def test_an_exam_that_there_is_not_is_said_to_those_who_may_ask(team, viewer):
    unknown = {"filters": {"exam": "nowhere"}}
    assert problem(ask(team, **unknown)) == (400, "invalid")
    assert problem(ask(viewer, **unknown)) == (403, "access_denied")


# ----------------------------------------------------------------------------------------------------------- looking


def test_a_report_that_is_made_shows_how_far_it_is(team):
    now = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
    report = ReportFactory(
        state=ReportState.RUNNING, step=ReportStep.WRITING, rows_done=50, rows_total=200, heartbeat_at=now
    )
    body = team.get(of(report)).json()
    assert (body["state"], body["step"], body["rows_done"], body["rows_total"]) == ("running", "writing", 50, 200)
    assert body["last_sign_of_life_at"] == "2026-05-01T09:30:00Z"
    assert (body["reason"], body["sha256"], body["expires_at"]) == (None, None, None)


def test_a_failed_report_says_why_in_words_and_where_to_look(team):
    body = team.get(of(ReportFactory(failed=True))).json()
    assert (body["state"], body["failure"], body["reference"]) == ("failed", "storage", "0123ABCD")
    assert body["reason"] == str(ReportFailure.STORAGE.label)


def test_a_ready_report_says_what_the_file_is(team):
    report = ReportFactory(ready=b"a,b\r\n")
    Report.objects.filter(pk=report.pk).update(sha256="ab" * 32)
    body = team.get(of(report)).json()
    assert (body["state"], body["file_name"], body["size"]) == ("ready", report.file_name, 5)
    assert (body["rows"], body["sha256"]) == (1, "ab" * 32)
    assert body["as_of"] < body["expires_at"]
    assert body["requested_by"] == report.requested_by.username


def test_a_report_over_its_lifetime_has_expired_before_any_sweep(team):
    report = ReportFactory(ready=True)
    Report.objects.filter(pk=report.pk).update(expires_at=timezone.now())
    assert team.get(of(report)).json()["state"] == "expired"


def test_a_course_lists_its_reports_newest_first_page_by_page(team):
    now = timezone.now()
    reports = [ReportFactory(requested_at=now - timedelta(minutes=age)) for age in (2, 0, 1)]
    ReportFactory(course_id=OTHER_COURSE)
    rows = pages(team, REPORTS, course_id=COURSE, page_size=2)
    assert [row["id"] for row in rows] == [str(reports[index].task_id) for index in (1, 2, 0)]


def test_a_list_costs_as_many_queries_for_one_report_as_for_twenty(team, django_assert_max_num_queries):
    ReportFactory.create_batch(20)
    with django_assert_max_num_queries(6):
        assert len(team.get(REPORTS, {"course_id": COURSE}).json()["results"]) == 20


# ------------------------------------------------------------------------------------------------- cancel and retry


def test_cancel_stops_a_report(team):
    report = ReportFactory()
    answer = team.post(of(report, "cancel/"), content_type="application/json")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert Report.objects.get().state == ReportState.CANCELLED


def test_retry_asks_again_for_a_failed_report(team, enqueued, django_capture_on_commit_callbacks):
    report = ReportFactory(failed=True)
    with django_capture_on_commit_callbacks(execute=True):
        answer = team.post(of(report, "retry/"), content_type="application/json")
    assert (answer.status_code, answer.json()["state"], answer.json()["reason"]) == (202, "queued", None)
    assert answer["Location"].endswith(of(report))
    assert enqueued == [(report.pk,)]


@pytest.mark.parametrize(
    ("fields", "action"), [({"ready": True}, "cancel/"), ({}, "retry/"), ({"ready": True}, "retry/"), ({}, "link/")]
)
def test_a_report_that_is_not_in_the_state_for_it_says_so(team, fields, action):
    answer = team.post(of(ReportFactory(**fields), action), content_type="application/json")
    assert problem(answer) == (409, "report_not_in_state")


def test_a_retry_while_the_same_report_is_made_says_so(team):
    failed = ReportFactory(failed=True)
    ask(team)
    assert problem(team.post(of(failed, "retry/"), content_type="application/json")) == (409, "report_already_running")


@pytest.mark.parametrize("unknown", [uuid.uuid4(), "nothing", "a%00b", "é"])
def test_an_unknown_report_is_not_found(team, unknown):
    assert problem(team.get(f"{REPORTS}{unknown}/")) == (404, "not_found")


# ---------------------------------------------------------------------------------------------------------- throttle


@pytest.fixture
def three_a_minute(settings):
    rates = {"proctoring_results_reports": "3/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


def test_calls_and_clicks_of_one_person_count_together(team, three_a_minute):
    generate = f"/proctoring/courses/{COURSE}/data-download/generate/"
    assert [team.post(generate).status_code, ask(team).status_code] == [303, 200]
    assert team.post(of(Report.objects.get(), "cancel/"), content_type="application/json").status_code == 200
    answer = ask(team)
    assert problem(answer) == (429, "throttled")
    assert 0 < int(answer["Retry-After"]) <= 61
    assert team.post(generate).status_code == 429


def test_looking_is_not_counted(team, three_a_minute):
    report = ReportFactory()
    assert [team.get(of(report)).status_code for _ in range(9)] == [200] * 9


def permitted(*names):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return signed_in(user)


def test_who_may_generate_but_not_look_is_told_the_id_and_no_more():
    client = permitted("generate_report")
    answer = ask(client)
    assert answer.status_code == 202
    assert problem(client.get(answer["Location"])) == (404, "not_found")


# ----------------------------------------------------------------------------------------- deleting, and who downloaded


def test_the_requester_deletes_a_report():
    team = member(Role.INSTRUCTOR)
    report = ReportFactory(ready=True, requested_by_id=int(team.session["_auth_user_id"]))
    answer = post(team, of(report, "delete/"), {})
    assert (answer.status_code, answer.json()["state"]) == (200, "expired")
    assert answer.json()["deleted_at"] is not None
    assert answer.json()["deleted_by"] == report.requested_by.username
    assert problem(post(team, of(report, "delete/"), {})) == (409, "report_not_in_state")
    assert problem(post(team, of(report, "link/"), {})) == (410, "report_gone")


def test_nobody_else_deletes_it(team):
    report = ReportFactory(ready=True)
    assert problem(post(team, of(report, "delete/"), {})) == (403, "access_denied")
    assert Report.objects.get().state == "ready"


def test_downloads_are_for_people_who_may_download(team, viewer):
    report, grace = ReportFactory(ready=True), UserFactory(username="grace")
    at = datetime(2026, 5, 3, 14, 2, tzinfo=UTC)
    ReportDownload.objects.create(report=report, user=grace, at=at, outcome="downloaded")
    expected = {"number": 1, "last_at": "2026-05-03T14:02:00Z", "last_by": "grace"}
    for client, downloads in [(team, expected), (viewer, None)]:
        assert client.get(of(report)).json()["downloads"] == downloads
        [row] = client.get(REPORTS, {"course_id": COURSE}).json()["results"]
        assert row["downloads"] == downloads


def test_a_report_that_nobody_has_downloaded_has_none(team):
    downloads = team.get(of(ReportFactory(ready=True))).json()["downloads"]
    assert downloads == {"number": 0, "last_at": None, "last_by": None}
