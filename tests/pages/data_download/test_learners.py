"""*Did this learner pass?* on Data Download."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from proctoring_results import api
from proctoring_results.pages._shared.search import LEARNERS, SESSIONS, make_token
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.pages.conftest import client_of, person, text


@pytest.fixture
def exam():
    return ProctoredExamFactory(exam_name="Final exam")


@pytest.fixture
def ada():
    return UserFactory(username="ada", first_name="Ada", last_name="Lovelace")


def address() -> str:
    return reverse("proctoring_results:search_learners", args=[COURSE])


def ask(client, search: str) -> str:
    """The part of the page with the answers."""
    page = text(client.get(client.post(address(), {"search": search}).url))
    return page[page.index('<section id="pr-learner"') :].split("</section>")[0]


def test_a_decision_answers_in_one_line(client, exam, ada):
    attempt = ExamAttemptFactory(exam=exam, user=ada, submitted=True)
    api.fail_attempt(attempt.attempt_code, by=UserFactory(username="ines", admin=True), reason="A secret reason")
    answer = ask(client, "ada")
    assert "<bdi>Ada Lovelace (ada)</bdi>" in answer
    assert "<strong>Final exam</strong>" in answer
    assert '#status-rejected" target="_blank" rel="noopener">Failed</a>' in answer
    assert '<small class="pr-stored">rejected</small>' in answer
    assert "The learner reads: <strong>Unsatisfactory</strong>" in answer
    assert "Decided by" in answer
    assert "ines" in answer
    assert "A secret reason" not in answer


def test_a_review_answers_in_one_line(client, exam, ada):
    attempt = ExamAttemptFactory(exam=exam, user=ada, submitted=True)
    api.record_review(attempt.attempt_code, "Clean")
    answer = ask(client, "lovelace")
    assert "The learner reads: <strong>Satisfactory</strong>" in answer
    assert "Reviewed Clean on" in answer


def test_what_nobody_has_reviewed_says_so(client, exam, ada):
    ExamAttemptFactory(exam=exam, user=ada, submitted=True)
    answer = ask(client, "ada")
    assert "The learner reads: <strong>Pending</strong>" in answer
    assert "Not reviewed yet." in answer


def test_of_several_attempts_it_says_which_counts(client, exam, ada):
    ExamAttemptFactory(exam=exam, user=ada, rejected=True)
    ExamAttemptFactory(exam=exam, user=ada, verified=True)
    ExamAttemptFactory(exam=exam, user=ada, status="expired", archived=True)
    answer = ask(client, "ada")
    assert "Attempt 2 of 3 counts, the newest that is not archived." in answer
    assert "Another attempt is Failed: until that changes, the score is 0." in answer


def test_where_all_are_archived_it_says_so(client, exam, ada):
    ExamAttemptFactory(exam=exam, user=ada, verified=True, archived=True)
    answer = ask(client, "ada")
    assert "No attempt counts: every one is archived." in answer
    assert "The learner reads" not in answer


def test_nobody_found_says_so(client, exam):
    answer = ask(client, "<nobody>")
    assert "Nobody who has taken a proctored exam in this course is found by “&lt;nobody&gt;”." in answer


def test_more_than_ten_says_so(client, exam):
    for number in range(11):
        ExamAttemptFactory(exam=exam, user=UserFactory(username=f"anna-{number}"), verified=True)
    answer = ask(client, "anna")
    assert answer.count("<bdi>") == 10
    assert "There are more than 10: write more of the name." in answer


def test_a_search_that_is_too_long_says_why(client, exam):
    assert "The search must have at most 255 characters." in ask(client, "x" * 300)


def test_an_empty_search_leads_back_to_the_page(client, page_url):
    assert client.post(address(), {"search": " "}).url == f"{page_url}#pr-learner"


def test_no_name_stands_in_the_address(client, page_url):
    url = client.post(address(), {"search": "lovelace"}).url
    assert url.startswith(f"{page_url}?learner=")
    assert "lovelace" not in url.lower()


@pytest.mark.parametrize("change", ["another person", "another course", "another page", "nonsense"])
def test_a_search_that_is_not_ones_own_is_not_answered(client, page_url, exam, ada, change):
    ExamAttemptFactory(exam=exam, user=ada, verified=True)
    token = {
        "another person": make_token(LEARNERS, "ada", UserFactory(), COURSE),
        "another course": make_token(LEARNERS, "ada", client.user, "another"),
        "another page": make_token(SESSIONS, "ada", client.user, COURSE),
        "nonsense": "x",
    }[change]
    page = text(client.get(page_url, {"learner": token}))
    assert "Lovelace" not in page
    assert "belongs to somebody else" in page


def test_who_may_neither_download_nor_see_sessions_may_not_ask(page_url, exam, ada):
    ExamAttemptFactory(exam=exam, user=ada, verified=True)
    viewer = person("view_reports", "generate_report")
    token = make_token(LEARNERS, "ada", viewer, COURSE)
    page = text(client_of(viewer).get(page_url, {"learner": token}))
    assert "Did this learner pass?" not in page
    assert "Lovelace" not in page
    assert client_of(viewer).post(address(), {"search": "ada"}).status_code == 403


def test_who_may_see_sessions_gets_the_way_to_the_session(exam, ada):
    attempt = ExamAttemptFactory(exam=exam, user=ada, verified=True)
    session = reverse("proctoring_results:session", args=[attempt.attempt_code])
    assert f'href="{session}"' in ask(client_of(person("view_reports", "view_sessions")), "ada")
    assert session not in ask(client_of(person("view_reports", "download_report")), "ada")


@pytest.mark.database
def test_the_page_asks_as_many_queries_for_ten_learners_as_for_one(client, exam):
    for number in range(10):
        attempt = ExamAttemptFactory(exam=exam, user=UserFactory(username=f"ben-{number}"), submitted=True)
        api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")

    def queries(search: str) -> int:
        url = client.post(address(), {"search": search}).url
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url).status_code == 200
        # Those of the host's permissions are the host's.
        return len([query for query in captured if "host_courserole" not in query["sql"]])

    assert queries("ben-1") == queries("ben") < 20
