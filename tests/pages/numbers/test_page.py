"""The page of numbers: what stands on it, and for whom."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

import proctoring_results
from proctoring_results import api
from proctoring_results.models import ExamAttempt
from proctoring_results.pages._shared.formats import duration
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.pages.conftest import client_of, person, text

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def page_url() -> str:
    return reverse("proctoring_results:numbers", args=[COURSE])


@pytest.fixture
def client() -> Client:
    return client_of(person("view_sessions"))


def reviewed(status: str = "Clean", *incidents: str, **facts) -> ExamAttempt:
    attempt = ExamAttemptFactory(submitted=True, completed_at=NOON, **facts)
    api.record_review(
        attempt.attempt_code, status, incidents=[api.IncidentData(status=label, comment="x") for label in incidents]
    )
    ExamAttempt.objects.filter(pk=attempt.pk).update(reviewed_at=NOON + timedelta(hours=26))
    return attempt


# ------------------------------------------------------------------------------------------------------------- people


def test_a_stranger_signs_in_first(page_url):
    assert Client().get(page_url).url.startswith(reverse("login"))


def test_without_permission_the_page_is_refused_and_names_nothing(page_url):
    response = client_of(person("view_reports", "generate_report", "download_report")).get(page_url)
    assert response.status_code == 403
    assert "view_sessions" in text(response)
    assert COURSE not in text(response)


def test_the_report_is_linked_for_those_who_may_see_it(client, page_url):
    report = reverse("proctoring_results:data_download", args=[COURSE])
    assert f'<a href="{report}">Go to the report</a>' not in text(client.get(page_url))
    assert f'<a href="{report}">Go to the report</a>' in text(
        client_of(person("view_sessions", "view_reports")).get(page_url)
    )


@pytest.mark.parametrize("query", ["?exam=nowhere", "?exam=a%00b", "?exam=" + "x" * 256])
def test_what_is_no_exam_of_the_course_is_not_found(client, page_url, query):
    assert client.get(page_url + query).status_code == 404


def test_a_course_id_with_slashes_comes_through(client):
    assert client.get(reverse("proctoring_results:numbers", args=["edX/DemoX/Demo"])).status_code == 200


# -------------------------------------------------------------------------------------------------------------- words


def test_a_course_without_attempts_says_so_and_draws_nothing(client, page_url):
    page = text(client.get(page_url))
    assert "There are no attempts yet." in page
    assert "<svg" not in page


def test_the_tiles(client, page_url):
    attempt = reviewed("Suspicious", "Suspicious", "unknown")
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="seen")
    reviewed("Suspicious", "Rules Violation")
    ExamAttemptFactory()
    assert client.get(page_url).context["page"].tiles == [
        ("Attempts", "3"),
        ("Submitted or timed out", "2"),
        ("Require Attention", "1"),
        ("Incidents", "3"),
        ("Decisions by staff", "1"),
        ("Median review time", "1 day 2 h"),
    ]


def test_results_are_followed_by_the_statuses_that_are_there(client, page_url):
    for facts in ({"submitted": True}, {"verified": True}, {"verified": True}, {"status": "error"}):
        ExamAttemptFactory(**facts)
    rows = client.get(page_url).context["page"].results
    assert [(row.name, row.number, row.percent, row.is_detail) for row in rows] == [
        ("Pending", "1", "25 %", False),
        ("Submitted", "1", "25 %", True),
        ("Passed", "2", "50 %", False),
        ("Failed", "0", "–", False),
        ("Under way", "0", "–", False),
        ("Without a result", "1", "25 %", False),
        ("Error", "1", "25 %", True),
    ]


def test_incidents_stand_under_the_tabs_of_the_session(client, page_url):
    attempt = ExamAttemptFactory(submitted=True)
    kinds = ("webcam", "room", "room", "onboarding")
    incidents = [api.IncidentData(status="Suspicious", comment="x", kind=kind) for kind in kinds]
    api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)
    response = client.get(page_url)
    assert [(row.name, row.number, row.percent) for row in response.context["page"].parts] == [
        ("Video Monitoring", "1", "25 %"),
        ("Online Violations", "0", "–"),
        ("Verification scans", "2", "50 %"),
        ("Onboarding", "1", "25 %"),
    ]
    assert '<table class="pr-figures" aria-labelledby="pr-parts-heading">' in text(response)


def test_archived_and_practice_attempts_are_named(client, page_url):
    ExamAttemptFactory(archived=True)
    ExamAttemptFactory.create_batch(2, exam__is_practice_exam=True)
    page = text(client.get(page_url))
    assert "1 of them is archived. 2 are practice." in page


def test_every_number_of_a_chart_stands_in_its_table(client, page_url):
    reviewed()
    page = text(client.get(page_url))
    assert 'aria-label="Submitted or timed out per day, 1 May 2026 to ' in page
    assert '<th scope="row">1 May 2026</th> <td class="pr-number">1</td>' in page


def test_how_long_reviews_take_with_the_number_that_it_rests_on(client, page_url):
    reviewed()
    page = client.get(page_url).context["page"]
    assert page.review_facts == [("Median", "1 day 2 h"), ("90th percentile", "1 day 2 h"), ("Reviews counted", "1")]
    assert [row.name for row in page.review_times if row.number != "0"] == ["1 to 3 days"]


@pytest.mark.parametrize(
    ("minutes", "label"),
    [
        (0, "under 1 min"),
        (59, "59 min"),
        (60, "1 h"),
        (61, "1 h 1 min"),
        (1440, "1 day"),
        (1501, "1 day 1 h"),
        (2880, "2 days"),
    ],
)
def test_a_time_in_words(minutes, label):
    assert duration(timedelta(minutes=minutes)) == label


def test_almost_none_is_not_none_and_almost_all_is_not_all(client, page_url):
    exam = ProctoredExamFactory()
    ExamAttemptFactory.create_batch(300, exam=exam, verified=True)
    ExamAttemptFactory(exam=exam, rejected=True)
    rows = client.get(page_url).context["page"].results
    shares = {row.name: row.percent for row in rows}
    assert (shares["Passed"], shares["Failed"]) == ("99 %", "< 1 %")


def test_one_exam_is_shown_and_stays_chosen(client, page_url):
    attempt, _ = reviewed(exam__exam_name="Final <b>"), reviewed()
    response = client.get(page_url, {"exam": attempt.exam.content_id})
    assert response.context["page"].tiles[0] == ("Attempts", "1")
    assert f'<option value="{attempt.exam.content_id}" selected>Final &lt;b&gt;</option>' in text(response)


def test_only_exams_with_results_can_be_chosen(client, page_url):
    ProctoredExamFactory(exam_name="Exercise", is_proctored=False)
    assert "Exercise" not in text(client.get(page_url))


# ------------------------------------------------------------------------------------------------------------ drawing


def test_the_strict_policy_has_nothing_to_refuse(client, page_url):
    reviewed("Suspicious", "Suspicious")
    response = client.get(page_url)
    assert "style-src 'self'" in response.headers["Content-Security-Policy"]
    page = text(response)
    assert "<svg" in page
    assert " style=" not in page
    assert "<script>" not in page
    assert "<style" not in page


def test_a_language_with_decimal_commas_changes_no_attribute(client, page_url):
    for status in ("Clean", "Clean", "Clean", "Suspicious"):
        reviewed(status)
    with translation.override("de"):
        page = text(client.get(page_url))
    assert 'width="75%"' in page
    assert "," not in "".join(part.split(">")[0] for part in page.split("<rect")[1:])


def test_the_page_stands_without_a_host(client, page_url, settings):
    own = Path(proctoring_results.__file__).parent / "templates"
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [own]}]
    reviewed()
    assert "Campus" not in text(client.get(page_url))


@pytest.mark.database
def test_many_attempts_and_exams_take_as_many_queries_as_few(client, page_url):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page_url).status_code == 200
        return len(captured)

    reviewed("Suspicious", "Suspicious")
    with_one = queries()
    for _ in range(40):
        reviewed("Suspicious", "Suspicious")
    assert queries() == with_one < 20
