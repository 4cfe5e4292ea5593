"""Every stored word that people meet is explained, and what is said agrees with the rules."""

import itertools

import pytest

from proctoring_results.choices import AttemptStatus, NoResultWord, ResultWord, ReviewStatus
from proctoring_results.meanings import REVIEW_MEANINGS, STATUS_MEANINGS, learner_reads
from proctoring_results.providers.policy import Policy


def test_every_status_has_a_meaning_and_a_cause():
    assert list(STATUS_MEANINGS) == list(AttemptStatus)
    assert all(str(one.meaning) and str(one.cause) for one in STATUS_MEANINGS.values())


def test_every_review_status_has_a_meaning_and_an_exam_result():
    assert list(REVIEW_MEANINGS) == list(ReviewStatus)
    assert {status.value: str(one.exam_result) for status, one in REVIEW_MEANINGS.items()} == {
        "Clean": "Pass",
        "Not Reviewed": "n/a",
        "Rules Violation": "Pass",
        "Suspicious": "Fail",
    }
    assert all(str(one.meaning) for one in REVIEW_MEANINGS.values())


@pytest.mark.parametrize("review_status", ReviewStatus)
def test_a_review_leads_where_the_meanings_say(review_status):
    policies = [Policy(on_suspicious="second_review"), Policy(on_suspicious="reject")]
    led_to = {policy.status_after(review_status, decided_by_a_person=False) for policy in policies}
    assert led_to - {None} == set(REVIEW_MEANINGS[review_status].leads_to)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (AttemptStatus.VERIFIED, ResultWord.SATISFACTORY.label),
        (AttemptStatus.REJECTED, ResultWord.UNSATISFACTORY.label),
        (AttemptStatus.SECOND_REVIEW_REQUIRED, ResultWord.PENDING.label),
        (AttemptStatus.EXPIRED, NoResultWord.EXPIRED.label),
        (AttemptStatus.STARTED, ""),
    ],
)
def test_what_the_learner_reads_is_what_the_rules_say(status, expected):
    assert learner_reads(status) == expected


@pytest.mark.parametrize(
    ("status", "phrases"),
    [
        (AttemptStatus.EXPIRED, ["course end date", "due date", "passed before the learner completed"]),
        (AttemptStatus.REJECTED, ["score of 0", "academic credit", "“Suspicious”", "course team"]),
        (AttemptStatus.SECOND_REVIEW_REQUIRED, ["Proctortrack", "RPNow", "do not need to take any action"]),
        (AttemptStatus.VERIFIED, ["“Clean” or “Rules Violation”"]),
    ],
)
def test_the_causes_that_the_documents_name_are_named(status, phrases):
    explanation = f"{STATUS_MEANINGS[status].meaning} {STATUS_MEANINGS[status].cause}"
    assert [phrase for phrase in phrases if phrase not in explanation] == []


def test_no_result_word_is_typed_twice():
    texts = itertools.chain.from_iterable((one.meaning, one.cause) for one in STATUS_MEANINGS.values())
    assert [text for text in texts if "atisfactory" in str(text)] == []
