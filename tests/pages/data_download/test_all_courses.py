"""The page with one report over all courses of a person."""

import pytest
from django.urls import reverse
from django.utils import timezone

from proctoring_results.models import Report
from tests.factories import COURSE, ExamAttemptFactory, ReportFactory
from tests.host.models import CourseRole, Role
from tests.pages.conftest import client_of, person, text

PAGE, GENERATE = reverse("proctoring_results:all_reports"), reverse("proctoring_results:generate_all_reports")
COURSES = ["course-v1:A+1", "course-v1:B+1", "course-v1:C+1"]


@pytest.fixture(autouse=True)
def attempts():
    return [ExamAttemptFactory(submitted=True, exam__course_id=course) for course in COURSES]


@pytest.fixture
def team():
    return member(*COURSES[:2])


@pytest.fixture
def client(team):
    return client_of(team)


def member(*courses):
    user = person()
    for course_id in courses:
        CourseRole.objects.create(user=user, course_id=course_id, role=Role.INSTRUCTOR)
    return user


def test_the_page_names_the_courses_in_which_the_person_may(client):
    page = text(client.get(PAGE))
    assert "One report about the 2 courses" in page
    assert [course for course in COURSES if f"<code>{course}</code>" in page] == COURSES[:2]
    assert f'action="{GENERATE}"' in page


def test_one_click_requests_one_report_and_leads_back_to_it(client, team):
    answer = client.post(GENERATE)
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    report = Report.objects.get()
    assert (report.courses, report.requested_by) == (COURSES[:2], team)
    page = text(client.get(PAGE))
    assert str(report.task_id) in page
    assert "2 courses" in page
    assert "is being created" in page


def test_what_is_chosen_has_its_rows_and_no_exam(client):
    page = text(client.get(PAGE, {"status": "submitted", "format": "csv_excel"}))
    assert "About 2 rows" in page
    assert 'name="exam"' not in page
    client.post(GENERATE, {"status": "submitted", "format": "csv_excel"})
    report = Report.objects.get()
    assert (report.filters, report.format) == ({"status": "submitted"}, "csv_excel")


@pytest.mark.parametrize("params", [{"status": "unknown"}, {"since": "2026-05-02", "until": "2026-05-01"}])
def test_a_wrong_choice_is_refused_on_the_page(client, params):
    assert client.get(PAGE, params).status_code == 400
    assert client.post(GENERATE, params).status_code == 400
    assert not Report.objects.exists()


def test_an_exam_in_the_request_is_refused(client, attempts):
    assert client.post(GENERATE, {"exam": attempts[0].exam.content_id}).status_code == 400
    assert not Report.objects.exists()


def test_a_ready_report_has_a_link_for_who_may_in_each_of_its_courses(client, team):
    report = ReportFactory(course_id="", courses=COURSES[:2], requested_by=team, ready=b"a,b\r\n")
    page = client.get(PAGE)
    link = page.context["page"].reports[0].token
    answer = client.get(reverse("proctoring_results:download", args=[link]))
    assert b"".join(answer.streaming_content) == b"a,b\r\n"
    CourseRole.objects.filter(user=team, course_id=COURSES[1]).delete()
    assert client.get(PAGE).context["page"].reports[0].token == ""
    assert client.get(reverse("proctoring_results:download", args=[link])).status_code == 403
    assert report.file_name in text(client.get(PAGE)).replace("<wbr>", "")


def test_others_reports_are_not_there(client):
    ReportFactory(course_id="", courses=COURSES[:2], ready=True)
    ReportFactory(course_id="", courses=COURSES[:2])
    page = client.get(PAGE).context["page"]
    assert (page.tasks, page.reports) == ([], [])


def test_who_may_view_everywhere_sees_everybodys_and_generates_none():
    ReportFactory(course_id="", courses=COURSES[:2], ready=True)
    client = client_of(person("view_reports"))
    page = client.get(PAGE).context["page"]
    assert (len(page.reports), page.reports[0].token, page.may_generate) == (1, "", False)
    assert client.post(GENERATE).status_code == 403


def test_who_has_lost_all_courses_still_sees_what_was_requested(team, client):
    ReportFactory(course_id="", courses=COURSES[:2], requested_by=team, ready=True)
    CourseRole.objects.filter(user=team).delete()
    page = client.get(PAGE).context["page"]
    assert (page.reports[0].token, page.may_generate) == ("", False)


def test_who_may_nowhere_sees_no_page():
    assert client_of(person()).get(PAGE).status_code == 403
    assert client_of(member("course-v1:without+exams")).get(PAGE).status_code == 403


@pytest.mark.parametrize(("action", "state"), [("cancel", "cancelled"), ("retry", "queued")])
def test_cancel_and_retry_lead_back_to_the_page(client, team, action, state):
    report = ReportFactory(course_id="", courses=COURSES[:2], requested_by=team, failed=action == "retry")
    answer = client.post(reverse(f"proctoring_results:{action}_report", args=[report.task_id]))
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert Report.objects.get().state == state


def test_a_file_that_is_gone_leads_back_to_the_page(client, team):
    report = ReportFactory(course_id="", courses=COURSES[:2], requested_by=team, ready=True)
    link = client.get(PAGE).context["page"].reports[0].token
    Report.objects.filter(pk=report.pk).update(expires_at=timezone.now())
    answer = client.get(reverse("proctoring_results:download", args=[link]))
    assert answer.status_code == 410
    assert f'href="{PAGE}"' in text(answer)


def test_data_download_leads_there_where_there_is_another_course():
    own = reverse("proctoring_results:data_download", args=[COURSES[0]])
    assert f'href="{PAGE}"' in text(client_of(member(COURSES[0])).get(own))
    viewer = person()
    CourseRole.objects.create(user=viewer, course_id=COURSES[0], role=Role.VIEWER)
    assert f'href="{PAGE}"' not in text(client_of(viewer).get(own))


def test_data_download_leads_nowhere_in_a_site_with_one_course(attempts):
    for attempt in attempts:
        exam = attempt.exam
        attempt.delete()
        exam.delete()
    ExamAttemptFactory()
    own = reverse("proctoring_results:data_download", args=[COURSE])
    assert f'href="{PAGE}"' not in text(client_of(member(COURSE)).get(own))


def test_twenty_reports_take_as_many_queries_as_one(client, team, django_assert_max_num_queries):
    def reports(number):
        for _ in range(number):
            ReportFactory(course_id="", courses=COURSES[:2], requested_by=team, ready=True)

    reports(1)
    with django_assert_max_num_queries(60) as first:
        client.get(PAGE)
    reports(19)
    with django_assert_max_num_queries(len(first)):
        client.get(PAGE)
