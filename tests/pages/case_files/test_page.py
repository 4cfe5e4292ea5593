"""The page from which a session is exported: the purpose, what becomes of the file, and who has done so before."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results.models import Disclosure, Report, ReportDownload
from tests.factories import COURSE, ExamAttemptFactory, make_ready
from tests.pages.conftest import client_of, person, text
from tests.reports.case_files import PURPOSE, exported


@pytest.fixture
def attempt():
    return ExamAttemptFactory(
        submitted=True, user__first_name="Ada", user__last_name="Lovelace", exam__exam_name="Final <exam>"
    )


def url(attempt) -> str:
    return reverse("proctoring_results:export_session", args=[attempt.attempt_code])


def page_of(client, attempt) -> str:
    answer = client.get(url(attempt))
    assert answer.status_code == 200
    return text(answer)


def request(client, attempt, purpose=PURPOSE):
    return client.post(url(attempt), {"purpose": purpose}, REMOTE_ADDR="192.0.2.7")


# --- The request ---


def test_nobody_has_exported_it_yet(exporting, attempt):
    page = page_of(exporting, attempt)
    assert "Ada Lovelace" in page
    assert "Final &lt;exam&gt;" in page
    assert "Who has exported this session" in page
    assert "Nobody yet." in page


def test_a_request_says_so_and_stands_in_the_list(exporting, attempt):
    answer = request(exporting, attempt)
    assert (answer.status_code, answer.url) == (303, url(attempt))
    page = page_of(exporting, attempt)
    assert "The case file is being made. You can leave this page while that goes on." in page
    assert PURPOSE in page
    assert "Waiting for its turn" in page
    assert Disclosure.objects.get().address == "192.0.2.7"


@pytest.mark.parametrize(("purpose", "problem"), [("", "Please say what"), ("x" * 1_001, "at most 1000 characters")])
def test_a_purpose_that_will_not_do_is_said_at_its_field_and_stays_there(exporting, attempt, purpose, problem):
    answer = request(exporting, attempt, purpose)
    assert answer.status_code == 400
    page = text(answer)
    assert problem in page
    assert 'aria-invalid="true"' in page
    assert f">{purpose}</textarea>" in page
    assert not Report.objects.exists()


def test_a_second_click_says_that_it_is_being_made(exporting, attempt):
    request(exporting, attempt)
    request(exporting, attempt)
    assert "You have asked for this case file already. It is being made." in page_of(exporting, attempt)
    assert Report.objects.count() == 1


def test_what_was_written_is_still_there_after_signing_in_again(reviewer, attempt):
    client = Client()
    answer = client.post(url(attempt), {"purpose": "Hearing of May"})
    assert answer.status_code == 302
    client.force_login(reviewer)
    page = page_of(client, attempt)
    assert "Nothing was requested, because you had to sign in again." in page
    assert ">Hearing of May</textarea>" in page
    assert not Report.objects.exists()


def test_an_erased_session_cannot_be_exported(exporting, attempt):
    attempt.erased_at = timezone.now()
    attempt.save()
    page = page_of(exporting, attempt)
    assert "there is nothing to export" in page
    assert "<textarea" not in page
    request(exporting, attempt)
    assert not Report.objects.exists()


# --- Who comes in ---


def test_who_may_only_look_is_refused(looking, attempt):
    assert looking.get(url(attempt)).status_code == 403
    assert request(looking, attempt).status_code == 403
    assert not Disclosure.objects.exists()


def test_who_may_only_export_is_refused(attempt):
    assert client_of(person("export_session")).get(url(attempt)).status_code == 403


def test_nobody_sees_the_case_files_about_themselves():
    own = ExamAttemptFactory(submitted=True, user=person("view_sessions", "export_session"))
    exported(own, purpose="Suspected of cheating")
    answer = client_of(own.user).get(url(own))
    assert answer.status_code == 403
    assert "Suspected" not in text(answer)


# --- The list ---


@pytest.fixture
def mine(exporting, attempt):
    return exported(attempt, by=exporting.user)


def ready(report: Report, **fields) -> Report:
    make_ready(report, b"PK")
    Report.objects.filter(pk=report.pk).update(**fields)
    return report


def download_links(page: str) -> list[str]:
    return re.findall(r'href="(/[^"]*/reports/download/[^"]*)"', page)


def test_a_ready_file_has_a_link_for_who_requested_it(exporting, attempt, mine):
    ready(mine, sha256="ab" * 32, manifest_sha256="cd" * 32)
    page = page_of(exporting, attempt)
    (link,) = download_links(page)
    assert mine.file_name in page
    assert "ab" * 32 in page
    assert "cd" * 32 in page
    answer = exporting.get(link)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    assert answer.getvalue() == b"PK"
    assert "Downloaded 1 ×" in page_of(exporting, attempt)


def test_others_see_who_exported_it_and_why_but_get_no_link(exporting, attempt):
    other = person("view_sessions", "export_session")
    ready(exported(attempt, by=other))
    page = page_of(exporting, attempt)
    assert other.username in page
    assert PURPOSE in page
    assert "Only who requested it can download it." in page
    assert download_links(page) == []
    assert not re.findall(r"/(cancel|retry|delete)/", page)


def test_while_it_is_made_it_says_how_far_it_is(exporting, attempt, mine):
    Report.objects.filter(pk=mine.pk).update(state="running", step="fetching", rows_done=2, rows_total=7)
    page = page_of(exporting, attempt)
    assert "Fetching pictures from the proctoring service" in page
    assert "2 of 7 pictures" in page
    assert 'value="2" max="7"' in page
    assert 'data-pr-under-way="true"' in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"state": "running", "step": "packing", "rows_total": 7}, "Putting the files together"),
        ({"state": "cancelled"}, "Cancelled."),
        ({"state": "expired"}, "The file was removed."),
        ({"state": "failed", "failure": "storage", "reference": "0123ABCD"}, "could not be stored"),
    ],
)
def test_what_became_of_it_is_said(exporting, attempt, mine, fields, sentence):
    more = {} if fields["state"] == "running" else {"unfinished_key": None, "next_try_at": None}
    Report.objects.filter(pk=mine.pk).update(**fields, **more)
    page = page_of(exporting, attempt)
    assert sentence in page
    assert "of 7 pictures" not in page
    assert fields.get("reference", "") in page


def test_over_its_lifetime_it_is_removed_before_any_sweep(exporting, attempt, mine):
    ready(mine, expires_at=timezone.now() - timedelta(seconds=1))
    page = page_of(exporting, attempt)
    assert "The file was removed." in page
    assert download_links(page) == []


@pytest.mark.parametrize("button", ["cancel_report", "retry_report", "delete_report"])
def test_its_buttons_lead_back_to_this_page(exporting, attempt, mine, button):
    if button == "retry_report":
        Report.objects.filter(pk=mine.pk).update(state="failed", unfinished_key=None, next_try_at=None)
    if button == "delete_report":
        ready(mine)
    address = reverse(f"proctoring_results:{button}", args=[mine.task_id])
    assert address in page_of(exporting, attempt)
    answer = exporting.post(address)
    assert (answer.status_code, answer.url) == (303, url(attempt))


def test_a_link_that_is_too_old_leads_back_to_this_page(exporting, attempt, mine):
    ready(mine)
    (link,) = download_links(page_of(exporting, attempt))
    Report.objects.filter(pk=mine.pk).update(expires_at=timezone.now())
    answer = exporting.get(link)
    assert answer.status_code == 410
    assert f'href="{url(attempt)}"' in text(answer)
    assert ReportDownload.objects.get().outcome == "file_gone"


def test_data_download_lists_no_case_file(client, attempt, mine):
    page = text(client.get(reverse("proctoring_results:data_download", args=[COURSE])))
    assert str(mine.task_id) not in page
    assert "No tasks currently running." in page


def test_a_case_file_has_no_page_about_columns(exporting, mine):
    assert exporting.get(reverse("proctoring_results:report_readme", args=[mine.task_id])).status_code == 404


def test_the_page_asks_as_many_queries_however_many_there_are(exporting, attempt, django_assert_max_num_queries):
    ready(exported(attempt, by=exporting.user))
    with django_assert_max_num_queries(19) as queries:
        page_of(exporting, attempt)
    for _ in range(9):
        ready(exported(attempt))
    with django_assert_max_num_queries(len(queries)):
        page_of(exporting, attempt)
