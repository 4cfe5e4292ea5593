"""One report about all courses in which a person may generate it: whose it is, what is in it, and who gets it."""

import csv
import io

import pytest
from django.contrib.auth.models import Permission

from proctoring_results import api, permissions
from proctoring_results.choices import ReportKind, ReportState
from proctoring_results.models import Report
from proctoring_results.reports.build import build, write_report
from proctoring_results.services.reports import recall_reports
from tests.factories import ExamAttemptFactory, IncidentFactory, ProctoredExamFactory, ReportFactory, UserFactory
from tests.host.models import CourseRole, Role

pytestmark = pytest.mark.django_db

COURSES = ["course-v1:A+1", "course-v1:B+1", "course-v1:C+1"]


@pytest.fixture(autouse=True)
def attempts(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **options: None)
    # The exams are named against the order of the courses.
    return [
        ExamAttemptFactory(submitted=True, exam__course_id=course, exam__exam_name=f"Exam {9 - number}")
        for number, course in enumerate(COURSES)
    ]


def person(*courses, role=Role.INSTRUCTOR):
    user = UserFactory()
    for course_id in courses:
        CourseRole.objects.create(user=user, course_id=course_id, role=role)
    return user


def with_permissions_everywhere(*names):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=names))
    return user


def request(by=None, **options) -> Report:
    return api.request_report_of_all_courses(by=by, **options)


def ready(report: Report) -> Report:
    build(report.pk)
    report.refresh_from_db()
    assert report.state == ReportState.READY
    return report


def rows(report: Report) -> list[dict[str, str]]:
    content = io.BytesIO()
    write_report(report, content, lambda step: None, lambda done, total: None)
    return list(csv.DictReader(io.StringIO(content.getvalue().decode(), newline="")))


# --- What it is about ---


def test_it_is_about_the_courses_in_which_the_person_may_generate():
    user = person(COURSES[0], COURSES[2])
    CourseRole.objects.create(user=user, course_id=COURSES[1], role=Role.VIEWER)
    report = request(user)
    assert (report.course_id, report.courses) == ("", [COURSES[0], COURSES[2]])
    assert report.requested_by == user


def test_a_course_without_a_proctored_exam_is_not_in_it():
    ProctoredExamFactory(course_id="course-v1:D+1", is_proctored=False)
    assert request().courses == COURSES


def test_the_kinds_own_permission_is_needed_in_each_course(settings):
    with pytest.raises(api.AccessDenied, match="report_decisions"):
        request(person(*COURSES), kind=ReportKind.DECISIONS)
    # A permission for every course, and another one in a course.
    user = with_permissions_everywhere("report_decisions")
    CourseRole.objects.create(user=user, course_id=COURSES[1], role=Role.STAFF)
    assert request(user, kind=ReportKind.DECISIONS).courses == [COURSES[1]]


def test_who_may_nowhere_is_refused_and_nothing_is_made():
    for user in (UserFactory(), person(*COURSES, role=Role.VIEWER), person("course-v1:without+exams")):
        with pytest.raises(api.AccessDenied):
            request(user)
    assert not Report.objects.exists()


def test_without_any_exam_there_is_nothing_to_request():
    for attempt in list(api.ExamAttempt.objects.all()):
        attempt.delete()
    api.ProctoredExam.objects.all().delete()
    with pytest.raises(api.InvalidInput) as refusal:
        request()
    assert refusal.value.field == "all_courses"


def test_an_exam_of_one_course_narrows_nothing_here():
    with pytest.raises(api.InvalidInput) as refusal:
        request(filters={"exam": "block-v1:final"})
    assert refusal.value.field == "filters.exam"


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"kind": "unknown"}, "kind"),
        ({"file_format": "pdf"}, "format"),
        ({"filters": {"status": "unknown"}}, "filters.status"),
        ({"filters": {"unknown": "x"}}, "filters.unknown"),
    ],
)
def test_what_is_wrong_is_named_as_for_one_course(options, field):
    with pytest.raises(api.InvalidInput) as refusal:
        request(**options)
    assert refusal.value.field == field


def test_the_file_is_named_by_its_kind_and_what_it_is_narrowed_to():
    report = request(filters={"status": "submitted"})
    assert report.file_name.startswith("proctored_exam_results_report_submitted_2")


# --- Asking for permissions ---


def test_who_may_everywhere_costs_as_many_queries_for_three_courses_as_for_a_hundred(django_assert_max_num_queries):
    user = with_permissions_everywhere("generate_report", "download_report")
    # The permissions of the user and of the groups, the courses, and the insert with its savepoint.
    with django_assert_max_num_queries(6):
        request(user)
    for number in range(97):
        ProctoredExamFactory(course_id=f"course-v1:N{number}+1")
    user = type(user).objects.get(pk=user.pk)
    with django_assert_max_num_queries(6):
        assert len(request(user, filters={"status": "submitted"}).courses) == 100


def test_a_backend_is_not_asked_about_more_courses_than_the_limit(monkeypatch):
    user = person(*COURSES)
    monkeypatch.setattr(permissions, "MAX_COURSES_ASKED", 2)
    with pytest.raises(api.AccessDenied):
        request(user)
    assert len(request(with_permissions_everywhere("generate_report")).courses) == 3


# --- What is in it ---


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [ReportKind.EXAM_RESULTS, ReportKind.EXTENDED_RESULTS, ReportKind.DECISIONS])
def test_rows_are_ordered_by_course_then_as_in_the_report_of_one(kind, attempts):
    for attempt in attempts:
        api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")
    assert [row["course_id"] for row in rows(request(kind=kind))] == COURSES


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_incidents_are_ordered_by_course_too(attempts):
    for attempt in reversed(attempts):
        api.record_review(
            attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious", comment="a")] * 2
        )
    assert [row["course_id"] for row in rows(request(kind=ReportKind.INCIDENTS))] == [
        course for course in COURSES for _ in range(2)
    ]


@pytest.mark.database
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ReportKind)
def test_it_is_the_reports_of_its_courses_one_after_another(kind, attempts):
    for attempt in attempts:
        ExamAttemptFactory(exam=attempt.exam, started=True)
        ExamAttemptFactory(exam__course_id=attempt.exam.course_id)
        api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")
    for attempt in attempts[:2]:
        review = api.record_review(attempt.attempt_code, "Suspicious")
        IncidentFactory(review=review)
    one_by_one = [row for course in COURSES for row in rows(Report(kind=kind, course_id=course))]
    assert rows(Report(kind=kind, courses=COURSES)) == one_by_one


@pytest.mark.django_db(transaction=True)
def test_hundreds_of_courses_cost_no_more_queries_than_one(django_assert_max_num_queries):
    many = [f"course-v1:N{number}+1" for number in range(300)]
    for course_id in many:
        ExamAttemptFactory(submitted=True, exam__course_id=course_id)
    report = Report(kind=ReportKind.EXAM_RESULTS, courses=many)
    # The exams, the number of rows, and on a connection of their own the rows.
    with django_assert_max_num_queries(4):
        assert len(rows(report)) == 300


# --- Whose it is ---


@pytest.mark.django_db(transaction=True)
def test_only_who_requested_it_and_who_may_everywhere_get_it():
    team = person(*COURSES)
    report = ready(request(team))
    assert api.download_link(report, team)
    assert api.download_link(report, with_permissions_everywhere("download_report"))
    for other in (person(*COURSES), with_permissions_everywhere("generate_report")):
        with pytest.raises(api.AccessDenied):
            api.download_link(report, other)


@pytest.mark.django_db(transaction=True)
def test_a_permission_that_is_lost_in_one_course_ends_the_links():
    team = person(*COURSES)
    report = ready(request(team))
    token = api.download_link(report, team)
    CourseRole.objects.filter(user=team, course_id=COURSES[1]).delete()
    team = type(team).objects.get(pk=team.pk)  # as the next request has it
    with pytest.raises(api.LinkInvalid):
        api.redeem_download(token, team)
    with pytest.raises(api.AccessDenied):
        api.download_link(report, team)
    assert report.downloads.get().outcome == "not_allowed"


def test_two_people_with_the_same_courses_make_two_reports():
    first, second = person(*COURSES), person(*COURSES)
    report = request(first)
    assert request(second).pk != report.pk
    with pytest.raises(api.ReportAlreadyRunning) as refusal:
        request(first)
    assert refusal.value.report.pk == report.pk


@pytest.mark.django_db(transaction=True)
def test_only_ones_own_finished_report_is_offered_again():
    first, second = person(*COURSES), person(*COURSES)
    report = ready(request(first))
    assert request(second, reuse=True).pk != report.pk
    with pytest.raises(api.ReportAlreadyThere) as refusal:
        request(first, reuse=True)
    assert refusal.value.report.pk == report.pk


def test_only_who_requested_it_and_who_may_everywhere_cancel_it():
    team = person(*COURSES)
    report = request(team)
    with pytest.raises(api.AccessDenied):
        api.cancel_report(report.task_id, by=person(*COURSES))
    assert api.cancel_report(report.task_id, by=team).state == ReportState.CANCELLED


def test_a_report_of_the_system_is_for_who_may_everywhere():
    report = request()
    assert not permissions.may_view(person(*COURSES), report)
    assert permissions.may_view(with_permissions_everywhere("view_reports"), report)


# --- Erasure ---


def test_reports_about_a_course_are_recalled_with_those_about_several():
    about, other = ReportFactory(course_id="", courses=COURSES, ready=True), ReportFactory(course_id="x", ready=True)
    unfinished = ReportFactory(course_id="", courses=[COURSES[1]], state=ReportState.RUNNING)
    elsewhere = ReportFactory(course_id="", courses=["x"], ready=True)
    recall_reports([COURSES[1]])
    states = {report.pk: Report.objects.get(pk=report.pk).state for report in (about, other, unfinished, elsewhere)}
    assert list(states.values()) == ["expired", "ready", "queued", "ready"]


def test_recalling_reads_no_report_about_several_courses_that_is_over(django_assert_max_num_queries):
    for state in (ReportState.EXPIRED, ReportState.CANCELLED):
        ReportFactory(course_id="", courses=COURSES, state=state, unfinished_key=None)
    with django_assert_max_num_queries(3) as queries:
        recall_reports([COURSES[1]])
    assert "queued" in str(queries.captured_queries[0]["sql"])
