from itertools import product

import pytest
from django.db import transaction

from proctoring_results.choices import DECIDED_STATUSES, OPEN_STATUSES, OVER_STATUSES, AttemptStatus, EffectKind, Source
from proctoring_results.exceptions import AttemptIsArchived, IllegalTransition, NotFound
from proctoring_results.models import ExamAttempt, StatusChange
from proctoring_results.services.status import change_status, lock_attempt
from proctoring_results.transitions import TRANSITIONS, UNDO_TRANSITIONS, Facts
from tests.factories import ExamAttemptFactory, UserFactory

pytestmark = pytest.mark.django_db

# Undo has a table of its own, and tests in test_undo.py.
ALL = list(product(AttemptStatus, AttemptStatus, [source for source in Source if source is not Source.UNDO]))
S = AttemptStatus

# The table of the design, written down a second time, as the documents have it. L H P D U, and R: P names D.
TABLE = """
created: download_software_clicked LH, ready_to_start PH, started H, declined LH, expired UH, error H
download_software_clicked: ready_to_start PH, started H, declined LH, expired UH, error H
ready_to_start: started LH, declined LH, expired UH, error H
started: ready_to_submit LH, completed H, submitted LHU, timed_out UH, expired UH, error H
ready_to_submit: started L, completed H, submitted LHU, timed_out UH, expired UH, error H
completed: submitted HU, second_review_required P, verified PRD, rejected PRD, error H
submitted: second_review_required P, verified PRD, rejected PRD, error H
timed_out: submitted HU, second_review_required P, verified PRD, rejected PRD, error H
second_review_required: verified PRD, rejected PRD, error H
verified: rejected DPR, second_review_required DP
rejected: verified DPR, second_review_required DP
error: submitted HP, verified DPR, rejected DPR, second_review_required DP
"""
LETTERS = {"L": Source.LEARNER, "H": Source.HOST, "P": Source.PROVIDER, "D": Source.PERSON, "U": Source.UPKEEP}
LETTERS["R"] = Source.REPORTED


def table() -> dict[tuple[str, str], frozenset[Source]]:
    transitions = {}
    for line in TABLE.strip().splitlines():
        start, cells = line.split(": ")
        for cell in cells.split(", "):
            to, who = cell.split(" ")
            transitions[start, to] = frozenset(LETTERS[letter] for letter in who)
    return transitions


def attempt_in(status: AttemptStatus) -> ExamAttempt:
    if status in (S.CREATED, S.DOWNLOAD_SOFTWARE_CLICKED, S.READY_TO_START, S.DECLINED, S.EXPIRED):
        return ExamAttemptFactory(status=status)
    return ExamAttemptFactory(started=True, status=status)


def change(attempt: ExamAttempt, to: AttemptStatus, source: Source) -> StatusChange | None:
    by, reason = (UserFactory(), "because") if source is Source.PERSON else (None, "")
    with transaction.atomic():
        return change_status(lock_attempt(attempt.attempt_code), to, source=source, by=by, reason=reason)


def test_the_table_is_the_one_of_the_design():
    assert {pair: transition.by for pair, transition in TRANSITIONS.items()} == table()


def test_undo_leads_back_from_each_decision_of_a_person_and_nothing_follows():
    decisions = {pair for pair, who in table().items() if Source.PERSON in who and pair[1] in DECIDED_STATUSES}
    assert set(UNDO_TRANSITIONS) == {(to, start) for start, to in decisions}
    assert {(row.by, row.effects) for row in UNDO_TRANSITIONS.values()} == {(frozenset({Source.UNDO}), ())}


def test_undo_needs_a_decision_that_has_not_taken_effect():
    undo = UNDO_TRANSITIONS[S.VERIFIED, S.SUBMITTED]
    assert undo.allows(facts(source=Source.UNDO, decision_is_withheld=True))
    assert not undo.allows(facts(source=Source.UNDO))


def test_no_decision_of_a_person_calls_a_provider():
    """Calls are made in order: one that waits for a decision to take effect would let others wait."""
    calls = [
        pair for pair, row in TRANSITIONS.items() if Source.PERSON in row.by and EffectKind.PROVIDER in row.effects
    ]
    assert calls == []


@pytest.mark.parametrize(("start", "to", "source"), ALL, ids=lambda choice: choice.value)
def test_an_attempt_makes_the_transitions_of_the_table_and_no_other(start, to, source, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "LATE_HAND_IN": "submitted"}
    attempt = attempt_in(start)
    if start is to:
        made = change(attempt, to, source)
        assert (made is not None) == (source in (Source.PERSON, Source.REPORTED))
    elif source in table().get((start, to), ()):
        assert change(attempt, to, source).to_status == to
    else:
        with pytest.raises(IllegalTransition):
            change(attempt, to, source)
        assert not attempt.changes.exists()
    attempt.refresh_from_db()
    assert attempt.status == (to if attempt.changes.exists() else start)


def facts(**changes) -> Facts:
    known = {
        "source": Source.PROVIDER,
        "was_started": True,
        "time_is_left": True,
        "is_outranked": False,
        "the_host_hands_in": False,
        "decision_is_withheld": False,
    }
    return Facts(**{**known, **changes})


@pytest.mark.parametrize(("start", "to"), [(S.VERIFIED, S.REJECTED), (S.REJECTED, S.VERIFIED), (S.ERROR, S.VERIFIED)])
def test_a_provider_changes_nothing_that_a_person_has_decided(start, to):
    assert TRANSITIONS[start, to].allows(facts())
    assert not TRANSITIONS[start, to].allows(facts(is_outranked=True))
    assert TRANSITIONS[start, to].allows(facts(source=Source.PERSON))


def test_a_provider_lifts_an_error_only_if_the_exam_was_started():
    assert not TRANSITIONS[S.ERROR, S.VERIFIED].allows(facts(was_started=False))
    assert TRANSITIONS[S.ERROR, S.VERIFIED].allows(facts(was_started=False, source=Source.PERSON))


def test_a_learner_goes_back_only_while_time_is_left():
    assert TRANSITIONS[S.READY_TO_SUBMIT, S.STARTED].allows(facts(source=Source.LEARNER))
    assert not TRANSITIONS[S.READY_TO_SUBMIT, S.STARTED].allows(facts(source=Source.LEARNER, time_is_left=False))


def test_upkeep_hands_in_only_where_the_host_does():
    assert not TRANSITIONS[S.STARTED, S.SUBMITTED].allows(facts(source=Source.UPKEEP))
    assert TRANSITIONS[S.STARTED, S.SUBMITTED].allows(facts(source=Source.UPKEEP, the_host_hands_in=True))


def test_declined_and_expired_lead_nowhere():
    assert not {start for start, _ in TRANSITIONS} & {S.DECLINED, S.EXPIRED}


@pytest.mark.parametrize("to", sorted(set(AttemptStatus) - OPEN_STATUSES))
def test_an_attempt_that_is_over_leaves_room_for_a_new_one(to):
    start = next(start for (start, end) in TRANSITIONS if end == to)
    attempt = attempt_in(start)
    source = sorted(TRANSITIONS[start, to].by)[0]
    ExamAttempt.objects.filter(pk=attempt.pk).update(open_key=attempt.open_key)
    change(attempt, to, source)
    attempt.refresh_from_db()
    assert attempt.open_key is None


@pytest.mark.parametrize("to", sorted(OVER_STATUSES))
def test_the_end_of_the_exam_is_kept_once(to):
    attempt = attempt_in(S.STARTED)
    change(attempt, to, Source.HOST)
    attempt.refresh_from_db()
    first = attempt.completed_at
    assert first is not None
    if (to, S.SUBMITTED) in TRANSITIONS:
        change(attempt, S.SUBMITTED, Source.HOST)
        attempt.refresh_from_db()
        assert attempt.completed_at == first


def test_an_archived_attempt_never_changes():
    attempt = ExamAttemptFactory(submitted=True, archived=True)
    with pytest.raises(AttemptIsArchived):
        change(attempt, S.VERIFIED, Source.PROVIDER)


def test_an_unknown_attempt_is_named():
    with pytest.raises(NotFound, match="NO-SUCH-CODE"), transaction.atomic():
        lock_attempt("NO-SUCH-CODE")


@pytest.mark.database
def test_attempt_codes_are_compared_byte_by_byte():
    attempt = ExamAttemptFactory(attempt_code="CODE-A")
    for other in ("code-a", "CODE-A ", "CODE-Á"):
        with pytest.raises(NotFound), transaction.atomic():
            lock_attempt(other)
    with transaction.atomic():
        assert lock_attempt("CODE-A") == attempt
