"""The page of numbers: what stands on it, and for whom."""

import codecs
import csv
import io
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

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
    assert [(tile.name, tile.text) for tile in client.get(page_url).context["page"].tiles] == [
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


@pytest.mark.parametrize(
    ("query", "attempts", "sentence"),
    [
        ("", "1", "Practice attempts are not counted. Archived attempts are not counted."),
        ("?archived=with", "2", "Practice attempts are not counted. Archived attempts are counted, too."),
        ("?practice=only", "3", "Practice attempts alone are counted. Archived attempts are not counted."),
    ],
)
def test_practice_and_archived_attempts_are_switched_on(client, page_url, query, attempts, sentence):
    ExamAttemptFactory(verified=True)
    ExamAttemptFactory(archived=True)
    ExamAttemptFactory.create_batch(3, exam__is_practice_exam=True)
    response = client.get(page_url + query)
    assert response.context["page"].tiles[0].text == attempts
    assert sentence in text(response)


def test_a_practice_exam_is_shown_without_a_switch(client, page_url):
    exam = ExamAttemptFactory(exam__is_practice_exam=True).exam
    assert client.get(page_url, {"exam": exam.content_id}).context["page"].tiles[0].text == "1"


def test_a_switch_that_there_is_not_is_refused(client, page_url):
    assert client.get(page_url + "?archived=perhaps").status_code == 404


def test_every_number_of_a_chart_stands_in_its_table(client, page_url):
    reviewed()
    page = text(client.get(page_url))
    assert 'aria-label="Submitted or timed out per day, 1 May 2026 to ' in page
    assert '<th scope="row">1 May 2026</th> <td class="pr-number"> <a class="pr-list-link"' in page


def test_the_value_of_a_column_is_read_on_focus(client, page_url):
    reviewed()
    page = text(client.get(page_url))
    assert '" aria-label="1 May 2026: 1"> <rect class="pr-column-area"' in page
    assert ">1 May 2026: 1</text>" in page


def test_how_long_reviews_take_with_the_number_that_it_rests_on(client, page_url):
    reviewed()
    page = client.get(page_url).context["page"]
    facts = [(tile.name, tile.text) for tile in page.review_facts]
    assert facts == [("Median", "1 day 2 h"), ("90th percentile", "1 day 2 h"), ("Reviews counted", "1")]
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
    assert response.context["page"].tiles[0].text == "1"
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


# ------------------------------------------------------------------------------------------- the sessions behind each


@pytest.fixture
def busy_course():
    """Attempts of every kind at two exams, some archived, some practice, some decided."""
    admin = UserFactory(admin=True)
    first, second = (ProctoredExamFactory(exam_name=name) for name in ("Final", "Midterm"))
    rehearsal = ProctoredExamFactory(exam_name="Rehearsal", is_practice_exam=True)
    for exam in (first, second, rehearsal):
        for status in ("created", "started", "submitted", "timed_out", "verified", "rejected", "declined", "error"):
            ExamAttemptFactory(exam=exam, status=status)
        reviewed("Clean", exam=exam)
        reviewed("Rules Violation", "Rules Violation", exam=exam)
        reviewed("Suspicious", "Suspicious", exam=exam)
        api.fail_attempt(reviewed("Suspicious", exam=exam).attempt_code, by=admin, reason="Seen")
        api.archive_attempt(reviewed("Clean", exam=exam).attempt_code, reason="Mistake")
    return first


def linked(page) -> list[tuple[str, int, str]]:
    """Return every number of the page that is a link: what it counts, the number, and where it leads."""
    figures = [(tile.name, tile.count, tile.url) for tile in (*page.tiles, *page.review_facts)]
    bars = [*page.results, *page.outcomes, *page.incidents, *page.parts, *page.review_times]
    figures += [(row.name, row.count, row.list_url) for row in bars]
    for exam in page.compared:
        figures += [
            (f"{exam.name}, {name}", figure.count, figure.url)
            for name, figure in zip(page.compared_columns, exam.figures, strict=True)
        ]
    for row in page.over_time.rows:
        figures += [(row.name, one.count, one.url) for one in (row.handed_in, row.passed, row.failed, row.decided)]
    for chart in page.over_time.charts:
        figures += [(column.text, int(column.text.rpartition(": ")[2]), column.url) for column in chart.columns]
    for row in page.reviewers or ():
        figures += [(row.name, figure.count, figure.url) for figure in (row.decisions, row.passed, row.failed)]
    return [figure for figure in figures if figure[2]]


def counts_of(page, url: str) -> int:
    """Return how many sessions a list has; of a list of incidents, how many these sessions have of them."""
    group = parse_qs(urlsplit(url).query).get("incidents", parse_qs(urlsplit(url).query).get("min_incidents"))
    if group is None:
        return sum(int(tab.count.split()[0]) for tab in page.tabs if tab.is_current)
    reviews = [row.attempt.current_review for row in page.list.rows]
    labels = ("suspicious", "rules_violation", "other") if group == ["1"] else group
    return sum(getattr(review, f"{label}_count") for review in reviews for label in labels)


@pytest.mark.parametrize("query", ["", "?archived=with", "?practice=only", "?practice=only&archived=only", "?exam"])
def test_each_number_leads_to_a_list_of_just_as_many_sessions(page_url, busy_course, query):
    client = client_of(person("view_sessions", "decide_attempt"))
    address = f"{page_url}?{urlencode({'exam': busy_course.content_id})}" if query == "?exam" else page_url + query
    figures = linked(client.get(address).context["page"])
    assert len(figures) >= 6
    listed = {url: client.get(url).context["page"] for _, _, url in figures}
    numbers = [(name, counts_of(listed[url], url)) for name, _, url in figures]
    assert numbers == [(name, count) for name, count, _ in figures]


def test_every_count_is_a_link(client, page_url, busy_course):
    page = client.get(page_url).context["page"]
    rows = [*page.results, *page.outcomes, *page.incidents, *page.parts, *page.review_times]
    assert [row.name for row in rows if row.count and not row.list_url] == []
    assert {row.name for row in rows if row.list_url} >= {"Suspicious", "Video Monitoring", "1 to 3 days"}
    assert [row.name for row in rows if not row.count and row.list_url] == []


def test_a_session_that_was_decided_twice_is_two_decisions_and_one_line(client, page_url):
    attempt, admin = reviewed("Suspicious"), UserFactory(admin=True)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="Seen")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="Seen again")
    tile = client.get(page_url).context["page"].tiles[4]
    assert (tile.name, tile.text) == ("Decisions by staff", "2")
    assert [tab.count for tab in client.get(tile.url).context["page"].tabs if tab.is_current] == ["1"]


def test_a_reviewer_whose_every_decision_was_reversed_has_a_list_and_others_are_not_named(page_url):
    attempt, ada, stranger = reviewed("Suspicious"), UserFactory(admin=True, username="ada"), UserFactory()
    api.fail_attempt(attempt.attempt_code, by=ada, reason="Seen")
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True, username="bo"), reason="Seen again")
    client = client_of(person("view_sessions", "decide_attempt"))
    rows = {row.username: row for row in client.get(page_url).context["page"].reviewers}
    listed = client.get(rows["ada"].failed.url).context["page"]
    assert [row.attempt for row in listed.list.rows] == [attempt]
    assert [chip.label for chip in listed.chips] == ["Decision by staff: Failed", "Reviewer: ada"]
    unknown = client.get(reverse("proctoring_results:sessions", args=[COURSE]), {"reviewer": stranger.pk})
    assert unknown.context["page"].list is None
    assert stranger.username not in text(unknown)


def test_exams_stand_side_by_side_and_one_alone_does_not(client, page_url, busy_course):
    page = client.get(page_url).context["page"]
    assert [exam.name for exam in page.compared] == ["Final", "Midterm"]
    assert client.get(page.compared[0].url).context["page"].exam_name == "Final"
    assert client.get(page.compared[0].url).context["page"].compared == []


# ------------------------------------------------------------------------------------------------------- by reviewer


def test_only_those_who_may_decide_see_who_decided(client, page_url):
    attempt = reviewed("Suspicious")
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True, username="ada-the-judge"), reason="Seen")
    assert "ada-the-judge" not in text(client.get(page_url))
    assert client.get(page_url).context["page"].reviewers is None
    deciding = client_of(person("view_sessions", "decide_attempt"))
    assert "ada-the-judge" in text(deciding.get(page_url))


# --------------------------------------------------------------------------------------------------------------- CSV


def lines_of(client, query="") -> list[list[str]]:
    response = client.get(reverse("proctoring_results:numbers_csv", args=[COURSE]) + query)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.content.startswith(codecs.BOM_UTF8)
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


def test_the_file_has_each_number_of_the_page(client, page_url, busy_course):
    page = client.get(page_url + "?archived=with").context["page"]
    head, *lines = lines_of(client, "?archived=with")
    assert head == ["Part", "Row", "Column", "Number"]
    for name, count, _ in linked(page):
        assert str(count) in [line[3] for line in lines], name
    assert ["Exams side by side", "Final", "Attempts", str(page.compared[0].figures[0].count)] in lines
    assert lines[0] == ["All exams of the course", "", "Attempts", page.tiles[0].text]


def test_the_file_names_the_day_and_is_named_by_course_and_time(client):
    reviewed()
    assert ["Over time", "2026-05-01", "Submitted or timed out", "1"] in lines_of(client)
    name = client.get(reverse("proctoring_results:numbers_csv", args=[COURSE]))["Content-Disposition"]
    assert re.fullmatch(r'attachment; filename="course-v1_DemoX\+PR101\+2026_numbers_[0-9-]{17}.csv"', name)


def test_no_cell_of_the_file_runs_as_a_formula(client):
    for name in ("=1+1", "@x"):
        ExamAttemptFactory(verified=True, exam__exam_name=name)
    assert {line[1] for line in lines_of(client) if line[0] == "Exams side by side"} == {"'=1+1", "'@x"}


def test_the_file_names_people_to_those_who_may_decide_alone(client):
    attempt = reviewed("Suspicious")
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True, username="ada-the-judge"), reason="Seen")
    assert not [line for line in lines_of(client) if "ada-the-judge" in line]
    deciding = client_of(person("view_sessions", "decide_attempt"))
    assert ["Decisions by reviewer", "ada-the-judge", "Decisions", "1"] in lines_of(deciding)
