"""What can be requested, how many rows it would have, and one report about all courses."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from proctoring_results.choices import ReportFormat, ReportKind, ReportState
from proctoring_results.filters import FILTER_NAMES
from proctoring_results.models import Report
from proctoring_results.reports.formats import FORMATS, available_formats
from proctoring_results.reports.kinds.registry import kind_named
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, ReportFactory, UserFactory
from tests.host.models import Role
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import member_of, pages, problem, team_of

pytestmark = pytest.mark.django_db

REPORTS = "/api/proctoring/v1/reports/"
OTHER_COURSE = "course-v1:Else+Where+2026"


@pytest.fixture(autouse=True)
def no_queue(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: None)


@pytest.fixture
def team() -> Client:
    return team_of(COURSE)


def permitted(user, *names) -> Client:
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return signed_in(user)


def kinds_of(client, **query):
    return client.get(f"{REPORTS}kinds/", query or {"course_id": COURSE}).json()


# --- Kinds ---


def test_a_kind_says_its_columns_with_types_and_meanings(team):
    kinds = {kind["name"]: kind for kind in kinds_of(team)["kinds"]}
    results = kinds[ReportKind.EXAM_RESULTS]
    assert results["label"] == "Proctored Exam Results Report"
    assert (results["version"], results["permission"]) == (1, None)
    assert results["description"].startswith("One row for each attempt")
    assert results["columns"][7] == {
        "name": "started_at",
        "type": "time",
        "meaning": "The date and time that the learner started to take the proctored exam, in UTC.",
    }


@pytest.mark.parametrize("kind", ReportKind)
def test_all_columns_of_all_kinds_have_a_meaning(kind):
    [described] = [one for one in kinds_of(signed_in(UserFactory(admin=True)))["kinds"] if one["name"] == kind]
    assert [column["name"] for column in described["columns"]] == [one.name for one in kind_named(kind).columns()]
    assert [column["name"] for column in described["columns"] if not column["meaning"]] == []


def test_a_kind_with_a_permission_of_its_own_is_only_for_those_who_have_it(team):
    assert ReportKind.DECISIONS not in [kind["name"] for kind in kinds_of(team)["kinds"]]
    user = member_of(COURSE)
    kinds = {kind["name"]: kind for kind in kinds_of(permitted(user, "report_decisions"))["kinds"]}
    assert kinds[ReportKind.DECISIONS]["permission"] == "proctoring_results.report_decisions"


def test_the_formats_are_those_that_there_are(team):
    formats = kinds_of(team)["formats"]
    assert [one["name"] for one in formats] == [one.value for one in available_formats()]
    assert formats[0] == {
        "name": "csv",
        "label": "CSV",
        "description": "For programs and for most spreadsheets.",
        "extension": "csv",
        "max_rows": None,
    }


def test_the_filters_have_their_values_and_the_exams_of_the_course(team):
    exam = ProctoredExamFactory(exam_name="Final")
    ProctoredExamFactory(course_id=OTHER_COURSE)
    filters = {one["name"]: one for one in kinds_of(team)["filters"]}
    assert tuple(filters) == FILTER_NAMES
    assert filters["exam"]["values"] == [{"value": exam.content_id, "label": "Final"}]
    assert filters["archived"]["values"][0] == {"value": "without", "label": "Without archived"}
    assert (filters["since"]["type"], filters["since"]["values"]) == ("day", [])


def test_no_filter_over_all_courses_is_by_exam(team):
    ProctoredExamFactory()
    assert "exam" not in [one["name"] for one in kinds_of(team, all_courses="true")["filters"]]


def test_kinds_over_all_courses_need_their_permission_in_one(team):
    ProctoredExamFactory()
    assert ReportKind.DECISIONS not in [kind["name"] for kind in kinds_of(team, all_courses="true")["kinds"]]
    client = permitted(member_of(COURSE), "report_decisions")
    assert ReportKind.DECISIONS in [kind["name"] for kind in kinds_of(client, all_courses="true")["kinds"]]


# --- Preview ---


def preview(client, **body):
    return post(client, f"{REPORTS}preview/", {"course_id": COURSE, **body})


def test_a_preview_counts_the_rows_and_makes_nothing(team):
    exam = ProctoredExamFactory()
    ExamAttemptFactory(exam=exam, submitted=True)
    ExamAttemptFactory(exam=exam, archived=True)
    ExamAttemptFactory(exam__course_id=OTHER_COURSE)
    assert preview(team).json() == {"rows": 2}
    assert preview(team, filters={"archived": "without"}, reuse=True).json() == {"rows": 1}
    assert preview(team, filters={"status": "rejected"}).json() == {"rows": 0}
    assert preview(team, kind=ReportKind.INCIDENTS).json() == {"rows": 0}
    assert not Report.objects.exists()


def test_a_preview_is_not_counted_with_clicks(team, settings):
    rates = {"proctoring_results_reports": "1/min"}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    assert [preview(team).status_code for _ in range(3)] == [200] * 3


WRONG = [
    ({"kind": "all"}, "kind"),
    ({"kind": None}, "kind"),
    ({"format": "pdf"}, "format"),
    ({"format": 7}, "format"),
    ({"reuse": "perhaps"}, "reuse"),
    ({"reuse": 1}, "reuse"),
    ({"reuse": None}, "reuse"),
    ({"all_courses": None}, "all_courses"),
    ({"all_courses": True}, "course_id"),
    ({"filters": []}, "filters"),
    ({"filters": None}, "filters"),
    ({"filters": {"status": "passed"}}, "filters.status"),
    ({"filters": {"status": ["verified"]}}, "filters.status"),
    ({"filters": {"review_status": "clean"}}, "filters.review_status"),
    ({"filters": {"result": "Pass"}}, "filters.result"),
    ({"filters": {"since": "1 May"}}, "filters.since"),
    ({"filters": {"since": "2026-02-30"}}, "filters.since"),
    ({"filters": {"until": 20260501}}, "filters.until"),
    ({"filters": {"since": "2026-05-02", "until": "2026-05-01"}}, "filters.until"),
    ({"filters": {"practice": "with"}}, "filters.practice"),
    ({"filters": {"archived": True}}, "filters.archived"),
    ({"filters": {"attention": ""}}, "filters.attention"),
    ({"filters": {"exam": "nowhere"}}, "filters.exam"),
    ({"filters": {"exam": "a\nb"}}, "filters.exam"),
    ({"filters": {"learner": "ann"}}, "filters.learner"),
    ({"columns": []}, "columns"),
]


@pytest.mark.parametrize("address", [REPORTS, f"{REPORTS}preview/"])
@pytest.mark.parametrize(("body", "field"), WRONG)
def test_what_is_wrong_is_named_in_the_request_and_in_its_preview(address, body, field):
    ExamAttemptFactory()
    answer = post(signed_in(UserFactory(admin=True)), address, {"course_id": COURSE, **body})
    assert problem(answer) == (400, "invalid", field)
    assert not Report.objects.exists()


def test_more_rows_than_the_format_takes_are_refused_in_the_preview_too(team, monkeypatch):
    ExamAttemptFactory()
    ExamAttemptFactory()
    small = FORMATS[ReportFormat.CSV_EXCEL].__class__
    limited = small(format=ReportFormat.CSV_EXCEL, extension="csv", content_type="text/csv", description="", max_rows=1)
    monkeypatch.setitem(FORMATS, ReportFormat.CSV_EXCEL, limited)
    assert problem(preview(team, format="csv_excel")) == (400, "invalid", "format")


# --- All courses ---


def request_all(client, **body):
    return post(client, REPORTS, {"all_courses": True, **body})


def test_one_report_about_all_courses_is_requested_and_listed():
    for course_id in (COURSE, OTHER_COURSE, "course-v1:not+mine"):
        ExamAttemptFactory(exam__course_id=course_id)
    user = member_of(COURSE)
    user.courserole_set.create(course_id=OTHER_COURSE, role=Role.STAFF)
    client = signed_in(user)
    answer = request_all(client, kind=ReportKind.INCIDENTS, filters={"practice": "without"})
    assert answer.status_code == 202
    made = answer.json()
    assert (made["course_id"], made["courses"]) == (None, sorted([COURSE, OTHER_COURSE]))
    assert made["file_name"].startswith("proctored_exam_incidents_report_practice-without_")
    assert [row["id"] for row in pages(client, REPORTS, all_courses="true")] == [made["id"]]
    assert pages(client, REPORTS, course_id=COURSE) == []
    assert client.get(answer["Location"]).json()["courses"] == made["courses"]
    assert request_all(client, kind=ReportKind.INCIDENTS, filters={"practice": "without"}).status_code == 200


def test_a_preview_over_all_courses_counts_those_of_the_person(team):
    ExamAttemptFactory()
    ExamAttemptFactory(exam__course_id=OTHER_COURSE)
    body = {"all_courses": True}
    assert post(team, f"{REPORTS}preview/", body).json() == {"rows": 1}
    assert post(signed_in(UserFactory(admin=True)), f"{REPORTS}preview/", body).json() == {"rows": 2}


def test_an_exam_is_refused_over_all_courses(team):
    exam = ExamAttemptFactory().exam
    for address in (REPORTS, f"{REPORTS}preview/"):
        answer = post(team, address, {"all_courses": True, "filters": {"exam": exam.content_id}})
        assert problem(answer) == (400, "invalid", "filters.exam")


@pytest.mark.parametrize("query", [{}, {"all_courses": "false"}, {"all_courses": "true", "course_id": COURSE}])
def test_a_list_and_the_kinds_are_of_one_course_or_of_all(team, query):
    for address in (REPORTS, f"{REPORTS}kinds/"):
        assert problem(team.get(address, query)) == (400, "invalid", "course_id")


def test_others_reports_about_all_courses_are_not_there(team):
    report = ReportFactory(course_id="", courses=[COURSE], ready=True)
    assert pages(team, REPORTS, all_courses="true") == []
    for action in ("", "readme/"):
        assert problem(team.get(f"{REPORTS}{report.task_id}/{action}"))[0] == 404
    for action in ("link/", "cancel/", "retry/"):
        assert problem(post(team, f"{REPORTS}{report.task_id}/{action}", {}))[0] == 404


def test_who_may_everywhere_sees_everybodys_reports_about_all_courses():
    report = ReportFactory(course_id="", courses=[COURSE])
    everywhere = permitted(UserFactory(), "view_reports")
    assert [row["id"] for row in pages(everywhere, REPORTS, all_courses="true")] == [str(report.task_id)]


# --- Lists and README ---


def test_a_list_is_narrowed_by_kind_and_state(team):
    ready = ReportFactory(ready=True)
    over = ReportFactory(ready=True, kind=ReportKind.INCIDENTS)
    Report.objects.filter(pk=over.pk).update(expires_at=over.requested_at)
    failed = ReportFactory(failed=True)

    def ids(**query):
        return {row["id"] for row in pages(team, REPORTS, course_id=COURSE, **query)}

    assert ids(state="ready") == {str(ready.task_id)}
    assert ids(state="expired") == {str(over.task_id)}
    assert ids(state=ReportState.FAILED.value) == {str(failed.task_id)}
    assert ids(kind=ReportKind.INCIDENTS.value) == {str(over.task_id)}
    assert ids(kind="unknown") == set()
    assert problem(team.get(REPORTS, {"course_id": COURSE, "state": "done"})) == (400, "invalid", "state")


def test_the_readme_is_a_plain_text(team):
    report = ReportFactory(ready=True)
    answer = team.get(f"{REPORTS}{report.task_id}/readme/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer["Cache-Control"] == "no-store"
    assert answer.content.decode().startswith("Proctored Exam Results Report\n")
