"""How a list is asked for, and what is refused."""

import pytest
from django.test import Client

from tests.factories import COURSE, ProctoredExamFactory
from tests.rest.v1.calling import V1, problem, team_of

pytestmark = pytest.mark.django_db

EXAMS = f"{V1}exams/"


@pytest.fixture
def team():
    return team_of(COURSE)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "course_id"),
        ("course_id=", "course_id"),
        ("course_id=a%00b", "course_id"),
        (f"course_id={'x' * 256}", "course_id"),
        ("course_id=a&course_id=b", "course_id"),
        ("course_id=a&colour=blue", "colour"),
        ("course_id=a&page_size=0", "page_size"),
        ("course_id=a&page_size=201", "page_size"),
        ("course_id=a&page_size=many", "page_size"),
        ("course_id=a&page_size=1.0", "page_size"),
        ("course_id=a&page_size=" + "9" * 5000, "page_size"),
    ],
)
def test_what_cannot_be_understood_is_named(team, query, field):
    assert problem(team.get(f"{EXAMS}?{query}")) == (400, "invalid", field)


def first_cursor(client):
    ProctoredExamFactory.create_batch(2)
    return client.get(EXAMS, {"course_id": COURSE, "page_size": 1}).json()["next_cursor"]


@pytest.mark.parametrize(
    "change",
    [lambda one: one[:-1], lambda one: "x" + one, lambda one: "", lambda one: "é::", lambda one: one + "\ud800"],
)
def test_a_cursor_that_was_changed_is_refused(team, change):
    changed = change(first_cursor(team)).encode(errors="surrogatepass")
    assert problem(team.get(EXAMS, {"course_id": COURSE, "cursor": changed})) == (400, "invalid", "cursor")


def test_a_cursor_of_another_list_is_refused(team):
    cursor = first_cursor(team)
    admin = team_of("another")
    assert problem(admin.get(EXAMS, {"course_id": "another", "cursor": cursor})) == (400, "invalid", "cursor")


def test_a_refusal_is_not_kept_by_caches_and_says_how_to_sign_in():
    answer = Client().get(EXAMS)
    assert problem(answer) == (401, "not_authenticated", None)
    assert answer["WWW-Authenticate"].startswith("Bearer ")
    assert answer["Cache-Control"] == "no-store"


def test_calls_are_counted_by_person(team, settings):
    rates = {"DEFAULT_THROTTLE_RATES": {"proctoring_results_calls": "2/min"}}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, **rates}
    answers = [team.get(EXAMS, {"course_id": COURSE}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 61
    assert team_of(COURSE).get(EXAMS, {"course_id": COURSE}).status_code == 200


def test_while_the_cache_is_down_nobody_is_counted(team, settings, monkeypatch):
    rates = {"DEFAULT_THROTTLE_RATES": {"proctoring_results_calls": "1/min"}}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, **rates}

    def down(*_, **__):
        raise ConnectionError

    monkeypatch.setattr("django.core.cache.cache.get", down)
    assert [team.get(EXAMS, {"course_id": COURSE}).status_code for _ in range(3)] == [200] * 3
