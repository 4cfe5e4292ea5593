"""Who requested a report deletes it, after one more question; and everybody of the team sees who downloaded it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import Report, ReportDownload
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import ReportFactory, UserFactory
from tests.faults.harness import stored
from tests.pages.conftest import ALL, client_of, person, text


@pytest.fixture
def own(instructor) -> Report:
    return ReportFactory(ready=True, requested_by=instructor)


def delete_url(report: Report) -> str:
    return reverse("proctoring_results:delete_report", args=[report.task_id])


def state(report: Report) -> str:
    return Report.objects.get(pk=report.pk).state


def test_the_requester_is_led_to_a_page_that_asks_and_deletes(client, page_url, own):
    assert f'href="{delete_url(own)}"' in text(client.get(page_url))
    question = text(client.get(delete_url(own)))
    assert own.file_name in question
    assert f'<form method="post" action="{delete_url(own)}">' in question
    assert f'href="{page_url}"' in question
    assert state(own) == "ready"
    page = text(client.post(delete_url(own), follow=True))
    assert "The report was deleted." in page
    assert own.file_name not in page
    assert state(own) == "expired"


def test_nobody_else_has_the_button(page_url, own):
    assert delete_url(own) not in text(client_of(person(*ALL)).get(page_url))
    own.requested_by.user_permissions.clear()
    own.requested_by.user_permissions.set(person("view_reports", "download_report").user_permissions.all())
    assert delete_url(own) not in text(client_of(own.requested_by).get(page_url))


def test_a_report_that_was_deleted_in_another_tab_is_not_asked_about(client, own):
    client.post(delete_url(own))
    for answer in (client.get(delete_url(own), follow=True), client.post(delete_url(own), follow=True)):
        assert "Only a report that is ready can be deleted." in text(answer)


def test_the_sweep_removes_the_file_of_a_deleted_report(client, own):
    key = own.file.storage_key
    client.post(delete_url(own))
    assert key in stored()
    sweep_reports()
    assert key not in stored()


def test_a_link_to_a_deleted_report_says_when_and_by_whom_it_was_removed(client, own):
    colleague = person(*ALL)
    links = {
        one: reverse("proctoring_results:download", args=[api.download_link(own, one)])
        for one in (client.user, colleague)
    }
    client.post(delete_url(own))
    for reader, link in links.items():
        response = client_of(reader).get(link)
        assert response.status_code == 410
        assert f"was removed on {timezone.now():%-d %b %Y} by its owner" in text(response)


def test_django_admin_shows_who_deleted_it_and_when(client, own):
    client.post(delete_url(own))
    admin = Client()
    admin.force_login(UserFactory(admin=True))
    page = text(admin.get(reverse("admin:proctoring_results_report_change", args=[own.pk])))
    assert "Deleted by:" in page
    assert str(client.user) in page.split("Deleted by:")[1]


# --- Who downloaded it ---


def downloaded(report: Report, *users) -> None:
    for user in users:
        ReportDownload.objects.create(report=report, user=user, at=timezone.now(), outcome="downloaded")


def test_the_team_reads_how_often_a_report_was_downloaded_and_by_whom_last(client, page_url, own):
    downloaded(own, client.user, UserFactory(username="grace"))
    page = text(client.get(page_url))
    assert "Downloaded 2 ×, last by grace, <time" in page.replace("</bdi>", "").replace("<bdi>", "")


def test_a_report_that_nobody_has_downloaded_says_so(client, page_url, own):
    assert "Not downloaded yet" in text(client.get(page_url))


def test_who_may_not_download_does_not_read_who_did(page_url, own):
    downloaded(own, UserFactory(username="grace"))
    page = text(client_of(person("view_reports", "generate_report")).get(page_url))
    assert own.file_name.split("_")[0] in page
    assert "ownloaded" not in page
    assert "grace" not in page


def test_more_reports_cost_no_more_queries(client, page_url, own, django_assert_max_num_queries):
    client.get(page_url)
    for report in ReportFactory.create_batch(5, ready=True, requested_by=client.user):
        downloaded(report, UserFactory())
    with django_assert_max_num_queries(19):
        client.get(page_url)
