"""The team's part of a session: who is looking, who has looked, notes, and a page that renews itself."""

import pytest
from django.db.models import F
from django.test import Client
from django.urls import reverse

from proctoring_results import api
from proctoring_results.models import SessionClaim, SessionLook, TeamNote
from proctoring_results.services.claims import claim_session
from proctoring_results.services.looks import record_look
from proctoring_results.services.notes import add_note
from tests.factories import COURSE, ExamAttemptFactory, TeamNoteFactory
from tests.host.models import CourseRole, Role
from tests.rest.calling import signed_in
from tests.rest.v1.calling import member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True, status="second_review_required")


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


def url(attempt, view="session", query=""):
    return reverse(f"proctoring_results:{view}", args=[attempt.attempt_code]) + query


def text_of(client, attempt, query=""):
    return " ".join(client.get(url(attempt, query=query)).content.decode().split())


def act(client, attempt, action, **fields):
    return client.post(url(attempt, "team"), {"action": action, **fields}, follow=True)


# --- Claims ---


def test_while_nobody_is_looking_there_is_a_button_to_be_on_it(client, attempt):
    text = text_of(client, attempt)
    assert "I am on it" in text
    assert "looking at this session" not in text


def test_after_a_click_one_is_looking_and_can_leave_it_to_others(client, reviewer, attempt):
    answer = act(client, attempt, "claim")
    assert SessionClaim.objects.get().user == reviewer
    text = answer.content.decode()
    assert "You are looking at this session." in text
    assert "Leave it to others" in text


def test_a_colleague_is_named_and_can_be_relieved(client, reviewer, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    assert "Grace Hopper" in text_of(client, attempt)
    act(client, attempt, "take_over")
    assert SessionClaim.objects.get().user == reviewer


def test_a_click_on_an_old_page_takes_nothing_from_a_colleague(client, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    answer = act(client, attempt, "claim")
    assert SessionClaim.objects.get().user == colleague
    assert "is looking at this session." in answer.content.decode()


def test_one_can_leave_it_to_others(client, reviewer, attempt):
    claim_session(attempt.attempt_code, by=reviewer)
    act(client, attempt, "release")
    assert not SessionClaim.objects.exists()


def test_reading_a_page_claims_nothing(client, attempt):
    client.get(url(attempt, query="?list=attention"))
    assert not SessionClaim.objects.exists()


def test_the_script_claims_a_session_that_is_opened_from_a_list(client, attempt):
    assert 'data-pr-claim="300"' in text_of(client, attempt, "?list=attention")


def test_and_none_that_a_link_in_a_mail_leads_to_nor_one_that_requires_no_attention(client, attempt):
    assert "data-pr-claim=" not in text_of(client, attempt)
    api.pass_attempt(attempt.attempt_code, by=member_of(COURSE), reason="Fine")
    assert "data-pr-claim=" not in text_of(client, attempt, "?list=attention")


def test_and_none_that_a_colleague_claims(client, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    assert "data-pr-claimed" in text_of(client, attempt, "?list=attention")


def test_a_claim_refuses_no_decision(client, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    fields = {"verdict": "pass", "reason": "Fine", "seen_change": "", "seen_review": ""}
    assert client.post(url(attempt, "decide"), fields).status_code == 303
    assert not SessionClaim.objects.exists()


# --- Looks ---


def test_a_look_is_shown_with_its_name_and_in_the_history(client, reviewer, attempt):
    text = act(client, attempt, "look").content.decode()
    assert SessionLook.objects.get().user == reviewer
    assert "Looked at by:" in text
    assert "Looked at the session, and decided nothing." in text
    assert 'value="look"' not in text


def test_a_look_before_the_newest_review_says_so_and_can_be_repeated(client, reviewer, attempt):
    record_look(attempt.attempt_code, by=reviewer)
    api.record_review(attempt.attempt_code, "Suspicious")
    text = text_of(client, attempt)
    assert "(before the newest review)" in text
    assert 'value="look"' in text


# --- Notes ---


def test_a_note_is_shown_to_the_team(client, colleague, attempt):
    add_note(attempt.attempt_code, by=colleague, text="Ask the <invigilator>")
    text = text_of(client, attempt)
    assert "Ask the &lt;invigilator&gt;" in text
    assert 'value="withdraw"' not in text


def test_ones_own_note_can_be_withdrawn(client, reviewer, attempt):
    act(client, attempt, "note", text="Ask")
    note = TeamNote.objects.get()
    assert note.author == reviewer
    text = act(client, attempt, "withdraw", note=note.pk).content.decode()
    assert "This note was withdrawn." in text


@pytest.mark.parametrize("text", ["", "  ", "a\0b", "x" * 4_001])
def test_a_note_that_cannot_be_kept_is_still_there_with_what_is_wrong(client, attempt, text):
    answer = act(client, attempt, "note", text=text)
    assert answer.status_code == 400
    assert 'id="pr-note-problem"' in answer.content.decode()
    assert text in answer.content.decode()
    assert not TeamNote.objects.exists()


@pytest.mark.parametrize("note", ["", "0", "none", "9" * 30])
def test_an_unknown_note_is_not_found(client, attempt, note):
    assert act(client, attempt, "withdraw", note=note).status_code == 404


def test_a_note_of_somebody_else_is_not_withdrawn(client, colleague, attempt):
    note = TeamNoteFactory(attempt=attempt, author=colleague)
    assert act(client, attempt, "withdraw", note=note.pk).status_code == 403
    note.refresh_from_db()
    assert not note.is_withdrawn


def test_an_unknown_action_is_not_found(client, attempt):
    assert act(client, attempt, "erase").status_code == 404


def test_a_note_is_not_lost_when_the_sign_in_is_over(reviewer, attempt):
    client = Client()
    assert client.post(url(attempt, "team"), {"action": "note", "text": "Ask Ada"}).status_code == 302
    client.force_login(reviewer, backend="django.contrib.auth.backends.ModelBackend")
    text = " ".join(client.get(url(attempt, "team"), follow=True).content.decode().split())
    assert "Your note is still here." in text
    assert "Ask Ada" in text
    assert not TeamNote.objects.exists()


# --- Who sees it ---


def test_who_may_only_look_sees_it_and_has_no_buttons(colleague, attempt):
    add_note(attempt.attempt_code, by=colleague, text="Ask")
    claim_session(attempt.attempt_code, by=colleague)
    text = text_of(signed_in(member_of(COURSE, Role.VIEWER)), attempt)
    assert "Ask" in text
    assert "Grace Hopper" in text
    for action in ("claim", "take_over", "look", "note", "withdraw"):
        assert f'value="{action}"' not in text


def test_a_learner_of_the_team_sees_nothing_of_it(colleague, attempt):
    add_note(attempt.attempt_code, by=colleague, text="Zebra")
    CourseRole.objects.create(user=attempt.user, course_id=COURSE, role=Role.INSTRUCTOR)
    text = text_of(signed_in(attempt.user), attempt)
    assert "Zebra" not in text
    assert "pr-team" not in text


# --- The page renews itself ---


def stamp(client, attempt) -> str:
    return client.get(url(attempt)).context["stamp"]


def poll(client, attempt, known) -> int:
    return client.get(url(attempt), headers={"If-None-Match": f'"{known}"'}).status_code


def test_as_long_as_nothing_happens_the_answer_is_empty(client, attempt, django_assert_max_num_queries):
    known = stamp(client, attempt)
    with django_assert_max_num_queries(6):
        assert poll(client, attempt, known) == 304


@pytest.mark.parametrize("event", ["decision", "claim", "look", "note", "withdrawal", "review", "end of a claim"])
def test_the_page_is_renewed_when_a_colleague_has_done_something(client, colleague, attempt, event):
    note = add_note(attempt.attempt_code, by=colleague, text="Ask")
    if event == "end of a claim":
        claim_session(attempt.attempt_code, by=colleague)
    known = stamp(client, attempt)
    match event:
        case "decision":
            api.pass_attempt(attempt.attempt_code, by=colleague, reason="Fine")
        case "claim":
            claim_session(attempt.attempt_code, by=colleague)
        case "look":
            record_look(attempt.attempt_code, by=colleague)
        case "note":
            add_note(attempt.attempt_code, by=colleague, text="Ask again")
        case "withdrawal":
            act(signed_in(colleague), attempt, "withdraw", note=note.pk)
        case "review":
            api.record_review(attempt.attempt_code, "Suspicious")
        case "end of a claim":
            SessionClaim.objects.update(lease_until=F("claimed_at"))
    assert poll(client, attempt, known) == 200


def test_who_may_no_longer_see_it_is_told_so_whatever_the_stamp(client, reviewer, attempt):
    known = stamp(client, attempt)
    CourseRole.objects.filter(user=reviewer).delete()
    assert poll(client, attempt, known) == 403
