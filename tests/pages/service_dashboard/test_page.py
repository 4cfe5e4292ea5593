"""A service's own dashboard, inside our page: for whom, at what, and for how long."""

from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory
from tests.pages.conftest import client_of, person, text
from tests.providers.conftest import calling

SERVICE = "https://service.example"


@pytest.fixture(autouse=True)
def provider(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **calling(SERVICE)}
    return settings.PROCTORING_RESULTS["PROVIDERS"]["proctortrack"]


@pytest.fixture
def reviewer():
    return client_of(person("view_sessions"))


@pytest.fixture
def attempt():
    exam = ProctoredExamFactory(external_id="exam-1", content_id="exam@1", exam_name="Midterm")
    return ExamAttemptFactory(submitted=True, exam=exam, external_id="session-1", exam_external_id="exam-1")


def page(**params):
    return reverse("proctoring_results:service_dashboard", args=[COURSE]), params


def frame(**params):
    return reverse("proctoring_results:open_service_dashboard", args=[COURSE]), params


def claims_in(answer, provider):
    token = parse_qs(urlsplit(answer["Location"]).query)["jwt"][0]
    return jwt.decode(token, provider["client_secret"], algorithms=["HS256"])


def test_the_page_opens_the_dashboard_of_the_courses_service_in_a_frame(reviewer, attempt):
    answer = reviewer.get(*page())
    assert answer.status_code == 200
    assert f'src="{frame()[0]}?provider=proctortrack"' in answer.content.decode()


def test_the_services_host_is_the_one_exception_of_the_policy(reviewer, attempt):
    policy = reviewer.get(*page())["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert policy.endswith(f"frame-src 'self' {SERVICE}")


@pytest.mark.parametrize(
    ("params", "place"),
    [
        ({"provider": "proctortrack"}, (None, None)),
        ({"exam": "exam@1"}, ("exam-1", None)),
        ({"attempt": None}, ("exam-1", "session-1")),
    ],
)
def test_the_token_says_who_and_at_what(reviewer, attempt, provider, params, place):
    params = {name: value or attempt.attempt_code for name, value in params.items()}
    answer = reviewer.get(*frame(**params))
    assert answer.status_code == 302
    assert answer["Location"].startswith(f"{SERVICE}/api/v1/instructor/{provider['client_id']}/?jwt=")
    claims = claims_in(answer, provider)
    assert (claims.get("exam_id"), claims.get("attempt_id")) == place
    assert (claims["iss"], claims["course_id"]) == (provider["client_id"], COURSE)
    assert set(claims["user"]) == {"id", "full_name", "email"}


def test_each_opening_has_a_token_of_its_own_that_lives_a_minute(reviewer, attempt, provider):
    with time_machine.travel(timezone.now(), tick=False):
        first, second = (claims_in(reviewer.get(*frame(exam="exam@1")), provider) for _ in range(2))
        assert first["exp"] == int(timezone.now().timestamp()) + 60
    assert first["jti"] != second["jti"]


def test_the_opening_is_kept_nowhere_and_named_to_nobody(reviewer, attempt):
    answer = reviewer.get(*frame(exam="exam@1"))
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Frame-Options"] == "SAMEORIGIN"


def test_our_ids_of_people_are_not_told(reviewer, attempt, provider):
    user = claims_in(reviewer.get(*frame(exam="exam@1")), provider)["user"]
    assert len(user["id"]) == 64


@pytest.mark.parametrize("place", [page, frame])
def test_who_may_not_see_sessions_gets_nothing(client, attempt, place):
    nobody = Client()
    assert client.get(*place(exam="exam@1")).status_code == 403
    assert "/accounts/login/" in nobody.get(*place(exam="exam@1"))["Location"]


@pytest.mark.parametrize("place", [page, frame])
@pytest.mark.parametrize(
    "params",
    [{"exam": "nowhere"}, {"attempt": "NONE"}, {"provider": "rpnow"}, {"provider": ""}, {"exam": "a\0b"}],
)
def test_what_is_not_there_is_not_found(reviewer, attempt, place, params):
    assert reviewer.get(*place(**params)).status_code == 404


@pytest.mark.parametrize("place", [page, frame])
def test_a_session_of_another_course_is_not_found(reviewer, attempt, place):
    other = ExamAttemptFactory(submitted=True, exam__course_id="another", external_id="x", exam_external_id="y")
    assert reviewer.get(*place(attempt=other.attempt_code)).status_code == 404


def test_an_exam_that_the_service_does_not_know_yet_opens_nothing(reviewer):
    ProctoredExamFactory(content_id="exam@2")
    assert "does not know this yet" in reviewer.get(*page(exam="exam@2")).content.decode()
    answer = reviewer.get(*frame(exam="exam@2"))
    assert (answer.status_code, answer["Cache-Control"]) == (404, "private, no-store")


def test_a_course_whose_services_have_no_dashboard_says_so(reviewer):
    ProctoredExamFactory(provider="rpnow")
    answer = reviewer.get(*page())
    assert "have no dashboard" in answer.content.decode()
    assert "<iframe" not in answer.content.decode()


def test_the_page_asks_as_many_queries_however_many_exams_and_attempts_there_are(reviewer, attempt):
    counts = []
    for number in (3, 57):
        for _ in range(number):
            ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(external_id=None))
        with CaptureQueriesContext(connection) as queries:
            assert reviewer.get(*page(attempt=attempt.attempt_code)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_the_page_of_a_session_says_whose_it_is_and_leads_back(reviewer, attempt):
    links = text(reviewer.get(*page(attempt=attempt.attempt_code)))
    assert f"The session of {attempt.user.username}, Midterm." in links
    assert f'href="{reverse("proctoring_results:session", args=[attempt.attempt_code])}"' in links
