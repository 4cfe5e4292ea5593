"""Claims, looks and notes of the team by the API."""

import pytest
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import SessionClaim, SessionLook, TeamNote
from proctoring_results.services.claims import claim_session
from proctoring_results.services.looks import record_look
from tests.factories import COURSE, ExamAttemptFactory, TeamNoteFactory, UserFactory
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, member_of, pages, problem, team_of

pytestmark = pytest.mark.django_db

RESOURCES = ("claim", "looks", "notes")


@pytest.fixture
def attempt():
    return flagged()


@pytest.fixture
def person():
    return member_of(COURSE)


@pytest.fixture
def client(person):
    return signed_in(person)


@pytest.fixture
def colleague():
    return member_of(COURSE)


def flagged(**fields):
    return ExamAttemptFactory(submitted=True, status="second_review_required", **fields)


def of(attempt, resource):
    return f"{V1}attempts/{attempt.attempt_code}/{resource}/"


def claim_next(client, **filters):
    return post(client, f"{V1}attempts/claim-next/", {"course_id": COURSE, **filters})


# --- Claims ---


def test_a_claim_says_who_is_looking_and_until_when(client, person, attempt):
    answer = post(client, of(attempt, "claim"), {}).json()
    assert answer == client.get(of(attempt, "claim")).json()
    assert answer["claim"]["user"] == {"username": person.get_username(), "name": person.get_username()}
    assert answer["claim"]["attempt_code"] == attempt.attempt_code
    assert answer["claim"]["until"] > answer["claim"]["claimed_at"]


def test_a_claim_needs_no_body(client, attempt):
    assert client.post(of(attempt, "claim"), "", content_type="application/json").status_code == 200
    assert SessionClaim.objects.exists()


def test_while_nobody_is_looking_there_is_no_claim(client, attempt):
    assert client.get(of(attempt, "claim")).json() == {"claim": None}


def test_a_session_that_a_colleague_claims_is_a_409_with_their_claim(client, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    answer = post(client, of(attempt, "claim"), {})
    assert problem(answer) == (409, "session_is_claimed", None)
    assert answer.json()["claim"]["user"]["username"] == colleague.get_username()
    assert SessionClaim.objects.get().user == colleague


def test_a_session_can_be_taken_over(client, person, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    assert post(client, of(attempt, "claim"), {"take_over": True}).status_code == 200
    assert SessionClaim.objects.get().user == person


def test_one_ends_ones_own_claim_and_no_other(client, person, colleague, attempt):
    claim_session(attempt.attempt_code, by=person)
    assert client.delete(of(attempt, "claim")).json() == {"claim": None}
    claim_session(attempt.attempt_code, by=colleague)
    claim = client.delete(of(attempt, "claim")).json()["claim"]
    assert claim["user"]["username"] == colleague.get_username()


def test_an_archived_session_is_not_claimed(client):
    archived = ExamAttemptFactory(submitted=True, archived=True)
    assert problem(post(client, of(archived, "claim"), {})) == (409, "attempt_is_archived", None)


def test_the_claims_of_a_course_are_those_that_stand(client, colleague, attempt):
    ended = flagged()
    for one in (attempt, ended):
        claim_session(one.attempt_code, by=colleague)
    SessionClaim.objects.filter(attempt=ended).update(lease_until=timezone.now())
    [claim] = pages(client, f"{V1}claims/", course_id=COURSE)
    assert claim["attempt_code"] == attempt.attempt_code


def test_the_claims_of_another_course_are_not_among_them(client, colleague):
    elsewhere = flagged(exam__course_id="another")
    claim_session(elsewhere.attempt_code, by=UserFactory(admin=True))
    assert pages(client, f"{V1}claims/", course_id=COURSE) == []


# --- The next one ---


def test_the_next_one_is_claimed_and_shown(client, person, attempt):
    assert claim_next(client).json()["attempt"] == client.get(f"{V1}attempts/{attempt.attempt_code}/").json()
    assert SessionClaim.objects.get().user == person


def test_when_none_is_left_there_is_no_attempt(client, colleague, attempt):
    claim_session(attempt.attempt_code, by=colleague)
    assert claim_next(client).json() == {"attempt": None}


def test_the_next_one_is_by_the_filters_of_attempts(client, attempt):
    other = flagged()
    answer = claim_next(client, exam=other.exam.content_id).json()
    assert answer["attempt"]["attempt_code"] == other.attempt_code


@pytest.mark.parametrize(
    ("filters", "status", "field"),
    [
        ({"status": "odd"}, 400, "status"),
        ({"since": "2026-05-02", "until": "2026-05-01"}, 400, "until"),
        ({"page_size": 5}, 400, "page_size"),
        ({"exam": "none"}, 404, None),
    ],
)
def test_a_wrong_filter_claims_nothing(client, attempt, filters, status, field):
    answer = claim_next(client, **filters)
    assert (answer.status_code, answer.json().get("field")) == (status, field)
    assert not SessionClaim.objects.exists()


# --- Looks ---


def test_a_look_says_who_and_at_which_review(client, person, attempt):
    review = api.record_review(attempt.attempt_code, "Suspicious")
    look = post(client, of(attempt, "looks"), {}).json()
    assert [look] == pages(client, of(attempt, "looks"))
    assert (look["user"]["username"], look["review"]) == (person.get_username(), review.pk)


def test_the_same_look_again_has_the_same_id(client, attempt):
    assert len({post(client, of(attempt, "looks"), {}).json()["id"] for _ in range(2)}) == 1


# --- Notes ---


def test_a_note_is_kept_for_the_team(client, person, attempt):
    answer = post(client, of(attempt, "notes"), {"text": "Ask the invigilator"})
    assert answer.status_code == 201
    assert [answer.json()] == pages(client, of(attempt, "notes"))
    assert (answer.json()["author"]["username"], answer.json()["text"]) == (
        person.get_username(),
        "Ask the invigilator",
    )


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": " "}, {"text": 1}, {"text": "x" * 4_001}])
def test_a_note_without_a_text_is_refused_by_its_field(client, attempt, body):
    assert problem(post(client, of(attempt, "notes"), body)) == (400, "invalid", "text")
    assert not TeamNote.objects.exists()


def test_a_note_that_is_withdrawn_has_no_text(client, person, attempt):
    note = TeamNoteFactory(attempt=attempt, author=person)
    withdrawn = client.delete(f"{of(attempt, 'notes')}{note.pk}/").json()
    assert withdrawn["text"] == ""
    assert [withdrawn] == pages(client, of(attempt, "notes"))


def test_a_note_of_somebody_else_is_not_withdrawn(client, colleague, attempt):
    note = TeamNoteFactory(attempt=attempt, author=colleague)
    assert problem(client.delete(f"{of(attempt, 'notes')}{note.pk}/")) == (403, "not_your_note", None)


@pytest.mark.parametrize("note_id", ["0", "none", "9" * 30])
def test_a_note_of_another_session_is_not_found(client, person, attempt, note_id):
    note = TeamNoteFactory(author=person)
    for key in (note_id, note.pk):
        assert problem(client.delete(f"{of(attempt, 'notes')}{key}/"))[:2] == (404, "not_found")
    note.refresh_from_db()
    assert note.text


# --- One's own attempt ---


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_learner_of_the_team_sees_nothing_about_their_own_attempt(client, person, colleague, resource):
    own = flagged(user=person)
    assert problem(client.get(of(own, resource)))[:2] == (403, "own_attempt")
    assert problem(post(client, of(own, resource), {"text": "x"} if resource == "notes" else {}))[:2] == (
        403,
        "own_attempt",
    )


def test_nor_that_somebody_looks_at_it(client, person, colleague):
    claim_session(flagged(user=person).attempt_code, by=colleague)
    assert pages(client, f"{V1}claims/", course_id=COURSE) == []


# --- Everywhere ---


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_session_of_another_course_is_not_found(resource, attempt):
    stranger = team_of("another")
    assert problem(stranger.get(of(attempt, resource)))[:2] == (404, "not_found")


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_form_of_a_person_needs_its_csrf_token(client, attempt, resource):
    client.handler.enforce_csrf_checks = True
    assert problem(post(client, of(attempt, resource), {"text": "x"}))[:2] == (403, "permission_denied")
    assert not SessionClaim.objects.exists()
    assert not SessionLook.objects.exists()


def test_erased_sessions_take_no_look_and_no_note(client, attempt):
    api.erase_learner(attempt.user, by=UserFactory(admin=True), reason="Asked")
    assert problem(post(client, of(attempt, "looks"), {})) == (409, "attempt_is_erased", None)
    assert problem(post(client, of(attempt, "notes"), {"text": "x"})) == (409, "attempt_is_erased", None)


def test_pages_of_looks_show_each_once(client, attempt):
    made = [record_look(attempt.attempt_code, by=UserFactory(admin=True)).pk for _ in range(5)]
    assert [look["id"] for look in pages(client, of(attempt, "looks"), page_size=2)] == made
