"""People are shown, reported and searched whatever the site's user model has."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from proctoring_results import people
from proctoring_results.people import Person

ROOT = Path(__file__).resolve().parent.parent


def walk(model: str, fields: dict[str, str], search: str) -> dict:
    """Run ``tests/other_users/walk.py`` with this user model."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.other_users.walk", json.dumps(fields), search],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.other_users.settings", "USER_MODEL": model},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def accounts() -> dict:
    return walk("Account", {"mail": "ada@example.com"}, "ADA@")


@pytest.fixture(scope="module")
def candidates() -> dict:
    return walk("Candidate", {"number": "4711", "full_name": "Ada Lovelace"}, "lovelace")


@pytest.mark.parametrize("site", ["accounts", "candidates"])
def test_every_list_and_page_opens_with_any_user_model(site, request):
    walked = request.getfixturevalue(site)
    assert {address: status for address, status in (walked["lists"] | walked["pages"]).items() if status != 200} == {}


def test_without_a_username_field_the_report_has_what_people_sign_in_with(accounts):
    assert accounts["rows"]["proctored_exam_results_report"][2:4] == ["ada@example.com", "ada@example.com"]


def test_without_an_email_field_the_column_is_empty(candidates):
    assert candidates["rows"]["proctored_exam_results_report"][2:4] == ["4711", ""]
    assert candidates["rows"]["proctored_session_results_report"][0] == "4711"


def test_a_learner_without_a_name_is_found_by_address(accounts):
    assert accounts["found"] == [{"name": "ada@example.com", "username": "ada@example.com", "email": "ada@example.com"}]


def test_a_learner_without_an_address_is_found_by_name(candidates):
    assert candidates["found"] == [{"name": "Ada Lovelace", "username": "4711", "email": ""}]


@pytest.mark.parametrize(
    ("person", "name", "details", "label"),
    [
        (Person("Ada Lovelace", "ada", "a@b.c"), "Ada Lovelace", ["ada", "a@b.c"], "Ada Lovelace (ada)"),
        (Person("", "ada", "a@b.c"), "ada", ["a@b.c"], "ada"),
        (Person("", "", "a@b.c"), "a@b.c", [], "a@b.c"),
        (Person("Ada", "a@b.c", "a@b.c"), "Ada", ["a@b.c"], "Ada (a@b.c)"),
    ],
)
def test_a_person_is_called_by_name_then_username_then_address(person, name, details, label):
    assert (person.name, person.details, person.label) == (name, details, label)


def test_the_name_is_that_of_the_user_model():
    user = User(username="ada", first_name="Ada", last_name="Lovelace", email="a@b.c")
    assert people.person(user) == Person("Ada Lovelace", "ada", "a@b.c")


def test_people_are_searched_in_each_field_once():
    assert people.search_fields() == ["username", "email", "first_name", "last_name"]
