"""Generate, Cancel and Retry: POST, permission, one verb, and back to the page with a sentence."""

import pytest
from django.test import Client
from django.urls import reverse

from proctoring_results.models import Report
from tests.factories import COURSE, ReportFactory
from tests.pages.conftest import client_of, person, text


def url(name: str, argument: object) -> str:
    return reverse(f"proctoring_results:{name}", args=[argument])


def test_a_click_makes_a_report_and_says_so(client, page_url, enqueued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(url("generate_report", COURSE))
    report = Report.objects.get()
    assert (response.status_code, response.url) == (303, page_url)
    assert enqueued == [(report.pk,)]
    assert (
        "The proctored exam results report is being created. To view the status of the report, see Pending Tasks below."
    ) in text(client.get(page_url))


def test_the_sentence_is_said_once_and_in_one_place(client, page_url):
    client.post(url("generate_report", COURSE))
    sentence = '<p class="pr-notice" data-pr-level="success">The proctored exam results report is being created.'
    first, second = text(client.get(page_url)), text(client.get(page_url))
    assert first.count(sentence) == 1
    assert '<ul class="messages"' not in first
    assert sentence not in second


def test_the_second_click_makes_no_second_report(client):
    client.post(url("generate_report", COURSE))
    page = text(client.post(url("generate_report", COURSE), follow=True))
    assert Report.objects.count() == 1
    assert "The proctored exam results report is currently being created." in page
    assert "You will be able to download the report when it is complete." in page


@pytest.mark.parametrize(("state", "times"), [("queued", 1), ("running", 0)])
def test_the_second_click_enqueues_a_report_again_that_no_worker_has(
    client, enqueued, django_capture_on_commit_callbacks, state, times
):
    client.post(url("generate_report", COURSE))
    Report.objects.update(state=state)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url("generate_report", COURSE))
    assert enqueued == [(Report.objects.get().pk,)] * times


@pytest.mark.parametrize("course_id", ["edX/DemoX/Demo_Course", "course-v1:edX+DemoX+Demo_Course", "Кyрс/1 & 2?"])
def test_any_course_id_comes_through(client, course_id):
    client.post(url("generate_report", course_id))
    assert Report.objects.get().course_id == course_id


def test_cancel_stops_the_report(client, page_url):
    report = ReportFactory()
    page = text(client.post(url("cancel_report", report.task_id), follow=True))
    report.refresh_from_db()
    assert report.state == "cancelled"
    assert "The task was cancelled." in page


def test_a_finished_report_cannot_be_cancelled(client):
    page = text(client.post(url("cancel_report", ReportFactory(ready=True).task_id), follow=True))
    assert "already finished" in page


def test_retry_queues_a_failed_report_again(client):
    report = ReportFactory(failed=True)
    page = text(client.post(url("retry_report", report.task_id), follow=True))
    report.refresh_from_db()
    assert report.state == "queued"
    assert "The proctored exam results report is being created." in page


def test_retry_while_the_same_is_made_says_that_it_is(client):
    client.post(url("generate_report", COURSE))
    page = text(client.post(url("retry_report", ReportFactory(failed=True).task_id), follow=True))
    assert "is currently being created." in page


# ---------------------------------------------------------------------------------------------------------- refusals


@pytest.fixture(params=["generate_report", "cancel_report", "retry_report"])
def button(request) -> str:
    if request.param == "generate_report":
        return url(request.param, COURSE)
    return url(request.param, ReportFactory(failed=request.param == "retry_report").task_id)


def states() -> list[str]:
    return list(Report.objects.values_list("state", flat=True))


def test_without_permission_a_button_does_nothing(button):
    before = states()
    response = client_of(person("view_reports", "download_report")).post(button)
    assert response.status_code == 403
    assert COURSE not in text(response)
    assert states() == before


def test_a_button_is_not_a_link(client, button):
    before = states()
    assert client.get(button).status_code == 405
    assert states() == before


def test_without_its_token_a_button_does_nothing(instructor, button):
    before = states()
    client = Client(enforce_csrf_checks=True)
    client.force_login(instructor)
    assert client.post(button).status_code == 403
    assert states() == before


def test_a_stranger_signs_in_and_comes_back_to_the_page(button, page_url):
    before = states()
    response = Client().post(button, headers={"referer": f"http://testserver{page_url}"})
    assert response.status_code == 302
    assert response.url.startswith(f"{reverse('login')}?next=http%3A//testserver/proctoring/courses/")
    assert states() == before


def test_nobody_is_sent_to_a_foreign_page_after_signing_in(button):
    response = Client().post(button, headers={"referer": "https://evil.example/"})
    assert "evil" not in response.url


def test_an_unknown_report_is_not_found(client):
    unknown = "00000000-0000-4000-8000-000000000000"
    assert client.post(url("cancel_report", unknown)).status_code == 404
    assert client.post(url("retry_report", unknown)).status_code == 404
