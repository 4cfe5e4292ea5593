"""Colleagues in the list: who is looking, who has looked, the next one, and a list that renews itself."""

import pytest
from django.urls import reverse

from proctoring_results import api
from proctoring_results.models import SessionClaim
from proctoring_results.services.claims import claim_session
from proctoring_results.services.looks import record_look
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory
from tests.host.models import CourseRole, Role
from tests.rest.calling import signed_in
from tests.rest.v1.calling import member_of

pytestmark = pytest.mark.django_db

LIST = reverse("proctoring_results:sessions", args=[COURSE])
TAKE = reverse("proctoring_results:take_next", args=[COURSE])


@pytest.fixture
def reviewer():
    return member_of(COURSE)


@pytest.fixture
def client(reviewer):
    return signed_in(reviewer)


@pytest.fixture
def colleague():
    colleague = member_of(COURSE)
    colleague.first_name, colleague.last_name = "Grace", "Hopper"
    colleague.save()
    return colleague


@pytest.fixture
def attempt():
    return flagged()


def flagged(**fields):
    return ExamAttemptFactory(submitted=True, status="second_review_required", **fields)


def text_of(client, query=""):
    return " ".join(client.get(LIST + query).content.decode().split())


def is_session(answer, attempt) -> bool:
    return answer.status_code == 303 and f"/sessions/{attempt.attempt_code}/" in answer["Location"]


def test_the_list_names_who_is_looking_and_who_has_looked(client, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    record_look(attempt.attempt_code, by=colleague)
    text = text_of(client)
    assert "Grace Hopper is looking" in text
    assert "Looked at by <bdi>Grace Hopper</bdi>" in text


def test_ones_own_claim_is_called_so(client, reviewer, attempt):
    claim_session(attempt.attempt_code, by=reviewer)
    assert "You are looking" in text_of(client)


def test_a_learner_of_the_team_sees_nobody_at_their_own_attempt(colleague, attempt):
    CourseRole.objects.create(user=attempt.user, course_id=COURSE, role=Role.INSTRUCTOR)
    claim_session(attempt.attempt_code, by=colleague)
    record_look(attempt.attempt_code, by=colleague)
    text = text_of(signed_in(attempt.user))
    assert attempt.user.username in text
    assert "Grace Hopper" not in text


def test_reading_the_list_claims_nothing(client, attempt):
    text_of(client)
    assert not SessionClaim.objects.exists()


# --- The next one ---


def test_the_next_one_is_claimed_and_opened_as_from_the_list(client, reviewer, attempt):
    answer = client.post(TAKE, {"filters": "tab=attention"})
    assert is_session(answer, attempt)
    assert "list=attention" in answer["Location"]
    assert SessionClaim.objects.get().user == reviewer


def test_what_a_colleague_claims_is_not_the_next_one(client, colleague, attempt):
    other = flagged()
    claim_session(attempt.attempt_code, by=colleague)
    assert is_session(client.post(TAKE), other)


def test_the_next_one_is_of_the_list_with_its_filters(client, attempt):
    other = flagged(exam=ProctoredExamFactory(content_id="final"))
    answer = client.post(TAKE, {"filters": "tab=attention&exam=final"})
    assert is_session(answer, other)
    assert "final" in answer["Location"]


def test_when_none_is_left_the_list_says_so(client, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    answer = client.post(TAKE, follow=True)
    assert "There is no session left at which nobody is looking." in answer.content.decode()


@pytest.mark.parametrize("filters", ["since=yesterday", "search=forged", "tab=odd&sort=odd", "%00=%00"])
def test_filters_that_cannot_be_read_lead_to_some_session(client, attempt, filters):
    assert is_session(client.post(TAKE, {"filters": filters}), attempt)


def test_who_may_only_look_has_no_such_button_and_gets_none(attempt):
    viewer = signed_in(member_of(COURSE, Role.VIEWER))
    assert "pr-take" not in text_of(viewer)
    assert viewer.post(TAKE).status_code == 403
    assert not SessionClaim.objects.exists()


def test_next_passes_over_what_a_colleague_claims(client, colleague, attempt):
    claimed, free = flagged(), flagged()
    claim_session(claimed.attempt_code, by=colleague)
    answer = client.get(reverse("proctoring_results:next_session", args=[attempt.attempt_code]) + "?list=attention")
    assert f"/sessions/{free.attempt_code}/" in answer["Location"]


# --- The list renews itself ---


def stamp(client) -> str:
    return client.get(LIST).context["stamp"]


def poll(client, known) -> int:
    return client.get(LIST, headers={"If-None-Match": f'"{known}"'}).status_code


def test_as_long_as_nothing_happens_the_answer_is_empty(client, attempt, django_assert_max_num_queries):
    known = stamp(client)
    with django_assert_max_num_queries(8):
        assert poll(client, known) == 304


@pytest.mark.parametrize("event", ["decision", "claim", "look", "review", "attempt"])
def test_the_list_is_renewed_when_a_colleague_has_done_something(client, colleague, attempt, event):
    known = stamp(client)
    match event:
        case "decision":
            api.pass_attempt(attempt.attempt_code, by=colleague, reason="Fine")
        case "claim":
            claim_session(attempt.attempt_code, by=colleague)
        case "look":
            record_look(attempt.attempt_code, by=colleague)
        case "review":
            api.record_review(attempt.attempt_code, "Suspicious")
        case "attempt":
            flagged()
    assert poll(client, known) == 200


def test_what_happens_in_another_course_renews_nothing(client, attempt):
    elsewhere = flagged(exam__course_id="another")
    known = stamp(client)
    claim_session(elsewhere.attempt_code, by=member_of("another"))
    record_look(elsewhere.attempt_code, by=member_of("another"))
    assert poll(client, known) == 304


def test_a_message_waits_for_the_persons_next_click(client, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    client.post(TAKE)
    assert poll(client, "old") == 200
    assert "There is no session left" in text_of(client)
