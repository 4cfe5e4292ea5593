"""*Choose kind, exam, dates or format*: what it will have before the click, and what is wrong beside the field."""

import pytest
from django.urls import reverse
from django.utils.html import escape

from proctoring_results.models import Report
from proctoring_results.reports.kinds.exam_results import ExamResults
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, ReportFactory
from tests.pages.conftest import client_of, person, text

pytestmark = pytest.mark.django_db

GENERATE = reverse("proctoring_results:generate_report", args=[COURSE])


@pytest.fixture
def final():
    exam = ProctoredExamFactory(content_id="exam@final", exam_name="Final exam")
    ExamAttemptFactory(exam=exam, rejected=True)
    ExamAttemptFactory(exam=exam, verified=True)
    ExamAttemptFactory(rejected=True)
    return exam


def test_what_is_chosen_stands_there_in_words_with_the_number_of_rows(client, page_url, final):
    page = text(client.get(page_url, {"exam": "exam@final", "status": "rejected", "format": "csv_excel"}))
    for text_of_it in ("Exam: Final exam", "Status: Failed (rejected)", "CSV for Excel", "About 1 row"):
        assert text_of_it in page
    assert "Exam: exam@final" not in page


def test_what_was_shown_is_generated_and_its_file_says_so(client, page_url, final):
    params = {"exam": "exam@final", "status": "rejected", "since": "2000-01-01", "format": "csv_semicolon"}
    page = text(client.get(page_url, params))
    for name, value in {**params, "kind": ExamResults.name}.items():
        assert f'<input type="hidden" name="{name}" value="{value}">' in page
    assert client.post(GENERATE, params).status_code == 303
    report = Report.objects.get()
    assert report.filters == {"exam": "exam@final", "status": "rejected", "since": "2000-01-01"}
    assert report.format == "csv_semicolon"
    assert "_proctored_exam_results_report_Final_exam-rejected-since-2000-01-01_" in report.file_name


def test_nothing_chosen_is_the_usual_report(client):
    client.post(GENERATE)
    report = Report.objects.get()
    assert (report.kind, report.filters, report.format) == (ExamResults.name, {}, "csv")


def test_a_choice_without_a_match_is_a_file_with_its_header(client, page_url, final):
    assert "No rows: the file would have its header only." in text(client.get(page_url, {"until": "2000-01-01"}))


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"since": "2026-05-02", "until": "2026-05-01"}, "This day is before “Started from”."),
        ({"exam": "exam@other"}, "Select a valid choice. exam@other is not one of the available choices."),
        ({"status": "passed"}, "Select a valid choice. passed is not one of the available choices."),
        ({"kind": "grades"}, "Select a valid choice. grades is not one of the available choices."),
        ({"format": "pdf"}, "Select a valid choice. pdf is not one of the available choices."),
    ],
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_made(client, page_url, final, method, params, sentence):
    response = client.get(page_url, params) if method == "get" else client.post(GENERATE, params)
    assert response.status_code == 400
    assert sentence in text(response)
    assert not Report.objects.exists()
    if "since" in params:
        assert 'value="2026-05-02"' in text(response)


def test_a_report_too_long_for_its_format_is_refused_with_the_way_out(client, page_url, final, monkeypatch):
    monkeypatch.setattr("proctoring_results.reports.formats.FileFormat.max_rows", 1)
    page = text(client.get(page_url, {"status": "rejected"}))
    assert "takes 1 rows, and this report has about 2. Choose CSV, or narrow it." in page
    assert "pr-generate-chosen" not in page
    assert client.post(GENERATE, {"status": "rejected"}).status_code == 400
    assert not Report.objects.exists()


def test_a_report_that_was_just_generated_is_offered_in_place_of_a_second_one(client, page_url):
    report = ReportFactory(ready=True, requested_by=client.user)
    client.post(GENERATE)
    assert Report.objects.get() == report
    assert (
        f"The same report was generated less than a minute ago. You can download it below: {report.file_name}"
        in text(client.get(page_url))
    )


def test_kinds_with_a_permission_of_their_own_are_offered_to_those_who_have_it(client, page_url, final):
    offered = 'value="proctored_exam_decisions_report"'
    rights = ("view_reports", "generate_report")
    assert offered not in text(client_of(person(*rights)).get(page_url))
    assert offered in text(client_of(person(*rights, "report_decisions")).get(page_url))


def test_who_may_only_look_has_nothing_to_choose(page_url, final):
    page = text(client_of(person("view_reports")).get(page_url, {"status": "rejected"}))
    assert "pr-choose" not in page


def test_what_sessions_lists_can_be_exported(final):
    client = client_of(person("view_sessions", "view_reports", "generate_report"))
    sessions = reverse("proctoring_results:sessions", args=[COURSE])
    page = text(client.get(sessions, {"tab": "decided", "exam": "exam@final", "status": "rejected"}))
    address = reverse("proctoring_results:data_download", args=[COURSE])
    query = "archived=without&tab=decided&exam=exam%40final&status=rejected"
    assert f'<a href="{address}?{escape(query)}#pr-choose">' in page
    assert "About 1 row" in text(client.get(f"{address}?{query}"))
    assert "Export what I see" not in text(client_of(person("view_sessions")).get(sessions))


def test_the_last_format_and_the_wish_for_a_mail_are_there_the_next_time(client, page_url):
    client.post(GENERATE, {"format": "csv_semicolon", "notify": "on"})
    page = text(client.get(page_url))
    assert '<option value="csv_semicolon" selected>' in page
    assert '<input type="checkbox" name="notify" autocomplete="off" checked>' in page
    client.post(GENERATE, {"format": "csv"})
    assert " checked>" not in text(client.get(page_url))


def test_who_ticks_it_is_written_to_and_nobody_else(client):
    client.post(GENERATE, {"notify": "on"})
    report = Report.objects.get()
    assert list(report.notifications.values_list("user", flat=True)) == [client.user.pk]


def test_nobody_without_an_address_is_asked_about_mails(client, page_url):
    client.user.email = ""
    client.user.save()
    assert "Tell me by email" not in text(client.get(page_url))
