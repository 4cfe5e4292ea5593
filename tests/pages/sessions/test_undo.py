"""What was just decided can be undone from the next page, one session or a selection."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from proctoring_results.models import ExamAttempt, StatusChange
from proctoring_results.queries.preview import seen_now
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_minute(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}


@pytest.fixture
def admin(client):
    admin = UserFactory(admin=True)
    client.force_login(admin)
    return admin


@pytest.fixture
def attempts():
    exam = ProctoredExamFactory()
    return [ExamAttemptFactory(submitted=True, exam=exam) for _ in range(3)]


def decide(client, attempt, verdict="fail", came_from="", **fields):
    change, review, *_ = seen_now(attempt)
    fields |= {"verdict": verdict, "reason": "x", "category": "other"}
    fields |= {"seen_change": change or "", "seen_review": review or ""}
    url = reverse("proctoring_results:decide", args=[attempt.attempt_code])
    return client.post(f"{url}{came_from}", fields, follow=True).content.decode()


def pass_all(client, attempts, **fields):
    fields |= {"attempt": [attempt.attempt_code for attempt in attempts], "reason": "x"}
    return client.post(reverse("proctoring_results:pass_sessions", args=[COURSE]), fields).content.decode()


def undo(client, page, course_id=COURSE):
    keys = re.findall(r'name="decision" value="(\d+)"', page)
    response = client.post(
        reverse("proctoring_results:undo_decisions", args=[course_id]), {"decision": keys}, follow=True
    )
    return response.content.decode()


def statuses(attempts):
    return [ExamAttempt.objects.get(pk=attempt.pk).status for attempt in attempts]


def test_the_page_after_a_decision_offers_to_undo_it(client, admin, attempts):
    page = undo(client, decide(client, attempts[0]))
    assert "1 decision was undone." in page
    assert statuses(attempts)[0] == "submitted"


def test_so_does_the_page_to_which_decide_and_next_leads(client, admin, attempts):
    page = decide(client, attempts[0], then="next")
    assert re.findall(r'name="decision" value="(\d+)"', page) == [str(StatusChange.objects.get().pk)]


def test_each_key_that_the_page_names_leads_somewhere(client, admin, attempts):
    page = decide(client, attempts[1], came_from="?list=all")
    assert {*re.findall("<kbd>(.)</kbd>", page)} == {*re.findall('data-pr-key="(.)"', page), "?"}


@pytest.mark.parametrize("then", ["", "next"])
def test_whoever_undoes_is_where_they_decided_with_the_same_list(client, admin, attempts, then):
    came_from = "?list=all&filters=sort%3Dlearner"
    page = decide(client, attempts[0], came_from=came_from, then=then)
    [key] = re.findall(r'name="decision" value="(\d+)"', page)
    response = client.post(reverse("proctoring_results:undo_decisions", args=[COURSE]), {"decision": key})
    address = response.headers["Location"]
    assert address.startswith(reverse("proctoring_results:session", args=[attempts[0].attempt_code]) + came_from)


def test_a_selection_leads_back_to_the_list_with_its_filters(client, admin, attempts):
    page = pass_all(client, attempts, filters="tab=all&sort=learner")
    keys = re.findall(r'name="decision" value="(\d+)"', page)
    response = client.post(reverse("proctoring_results:undo_decisions", args=[COURSE]), {"decision": keys})
    assert "?tab=all&sort=learner" in response.headers["Location"]


def test_it_says_how_long_that_is_possible(client, admin, attempts):
    page = decide(client, attempts[0])
    assert re.search(r"data-pr-countdown>(59|60)<", page)


def test_the_list_offers_it_too(client, admin, attempts):
    decide(client, attempts[0])
    page = client.get(reverse("proctoring_results:sessions", args=[COURSE])).content.decode()
    assert "pr-undo" in page


def test_nothing_is_offered_after_the_time(client, admin, attempts):
    decide(client, attempts[0])
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        page = client.get(reverse("proctoring_results:session", args=[attempts[0].attempt_code])).content.decode()
    assert "pr-undo" not in page


def test_a_selection_is_undone_as_a_whole(client, admin, attempts):
    page = undo(client, pass_all(client, attempts))
    assert "3 decisions were undone." in page
    assert statuses(attempts) == ["submitted"] * 3


def test_what_can_no_longer_be_undone_is_named(client, admin, attempts):
    page = pass_all(client, attempts)
    another = UserFactory(admin=True)
    from proctoring_results import api

    api.fail_attempt(attempts[1].attempt_code, by=another, reason="x")
    page = undo(client, page)
    assert "2 decisions were undone." in page
    assert "Something has happened since" in page
    assert statuses(attempts) == ["submitted", "rejected", "submitted"]


def test_whoever_has_signed_in_anew_undoes_and_is_at_the_list(client, admin, attempts):
    page = decide(client, attempts[0])
    client.logout()
    client.force_login(admin)
    assert "1 decision was undone." in undo(client, page)
    assert statuses(attempts)[0] == "submitted"


@pytest.mark.parametrize("key", ["x", "-1", "1" * 19, ""])
def test_what_is_no_key_is_refused(client, admin, key):
    url = reverse("proctoring_results:undo_decisions", args=[COURSE])
    assert client.post(url, {"decision": key}).status_code == 404


def test_an_unknown_decision_is_not_found(client, admin):
    url = reverse("proctoring_results:undo_decisions", args=[COURSE])
    assert client.post(url, {"decision": "7"}).status_code == 404


def test_a_decision_of_another_course_is_not_found(client, admin, attempts):
    page = decide(client, attempts[0])
    keys = re.findall(r'name="decision" value="(\d+)"', page)
    url = reverse("proctoring_results:undo_decisions", args=["another"])
    assert client.post(url, {"decision": keys}).status_code == 404
    assert statuses(attempts)[0] == "rejected"
