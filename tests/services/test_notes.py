"""Notes of the team about a session."""

import pytest

from proctoring_results import api
from proctoring_results.exceptions import NotYourNote
from proctoring_results.models import TeamNote
from proctoring_results.services.notes import MAX_NOTE_LENGTH, add_note, withdraw_note
from tests.factories import ExamAttemptFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def ann():
    return UserFactory(admin=True, username="ann")


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


@pytest.fixture
def note(attempt, ann):
    return add_note(attempt.attempt_code, by=ann, text=" Ask the invigilator ")


def test_a_note_is_kept_without_white_space_around_it(note, ann):
    assert (note.author, note.text, note.is_withdrawn) == (ann, "Ask the invigilator", False)


@pytest.mark.parametrize("text", ["", "  ", "\u3164", "a\0b", "\ud800", "x" * (MAX_NOTE_LENGTH + 1), None])
def test_a_note_without_a_text_that_can_be_kept_is_refused_by_its_field(attempt, ann, text):
    with pytest.raises(api.InvalidInput) as refusal:
        add_note(attempt.attempt_code, by=ann, text=text)
    assert refusal.value.field == "text"
    assert not TeamNote.objects.exists()


def test_its_author_withdraws_a_note_and_its_text_is_gone(note, ann):
    withdraw_note(note.pk, by=ann)
    note.refresh_from_db()
    assert (note.text, note.is_withdrawn) == ("", True)


def test_a_note_is_withdrawn_once(note, ann):
    assert withdraw_note(note.pk, by=ann).withdrawn_at == withdraw_note(note.pk, by=ann).withdrawn_at


def test_nobody_else_withdraws_a_note(note):
    with pytest.raises(NotYourNote):
        withdraw_note(note.pk, by=UserFactory(admin=True))
    note.refresh_from_db()
    assert note.text


def test_an_unknown_note_is_not_withdrawn(ann):
    with pytest.raises(api.NotFound):
        withdraw_note(1, by=ann)


def test_nobody_writes_a_note_without_the_permission_to_decide(attempt):
    with pytest.raises(api.AccessDenied):
        add_note(attempt.attempt_code, by=UserFactory(), text="Hello")


def test_nobody_writes_a_note_about_themselves(ann):
    with pytest.raises(api.OwnAttempt):
        add_note(ExamAttemptFactory(submitted=True, user=ann).attempt_code, by=ann, text="I am innocent")


def test_no_note_is_written_about_an_erased_learner(attempt, ann):
    api.erase_learner(attempt.user, by=ann, reason="Asked")
    with pytest.raises(api.AttemptIsErased):
        add_note(attempt.attempt_code, by=ann, text="Hello")


def test_notes_are_erased_with_the_learner(note, attempt, ann):
    api.erase_learner(attempt.user, by=ann, reason="Asked")
    note.refresh_from_db()
    assert (note.text, note.is_withdrawn) == ("", True)


def test_notes_are_erased_with_their_author(note, ann):
    api.erase_learner(ann, by=UserFactory(admin=True), reason="Left the university")
    note.refresh_from_db()
    assert (note.text, note.is_withdrawn) == ("", True)
