"""A provider's score: kept and shown, and nothing is decided by it."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest

import proctoring_results
from proctoring_results import api
from proctoring_results.models import ExamAttempt, ExamReview, Incident, LmsEffect
from proctoring_results.providers.base import ScoreData
from tests.factories import ExamAttemptFactory, UserFactory
from tests.rest.calling import account_of, post, rest_attempt, reviewed, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SCALE = {"lowest": 0.0, "highest": 100.0, "higher_is_worse": True, "thresholds": {}}
TRUST = {"lowest": 0, "highest": 10, "higher_is_worse": False, "thresholds": {"attention": 6, "rejected": 4}}


@pytest.fixture
def provider():
    rest_attempt("ext-1", submitted=True)
    return signed_in(account_of())


def send(provider, score, **fields):
    answer = post(provider, reviewed(), {"status": "passed", "score": score, **fields})
    assert answer.status_code == 200
    return answer.json()


def test_a_number_is_stored_on_the_usual_scale(provider):
    assert "notes" not in send(provider, 72)
    review = ExamReview.objects.get()
    assert (review.score, review.score_label, review.score_scale, review.score_rank) == (72.0, "", SCALE, 0.72)


def test_number_word_scale_and_thresholds_are_stored_as_the_provider_says_them(provider):
    send(provider, {**TRUST, "value": 3, "label": "Low trust"})
    review = ExamReview.objects.get()
    assert (review.score, review.score_label, review.score_scale) == (3.0, "Low trust", TRUST)
    assert review.score_rank == pytest.approx(0.7)


def test_a_word_alone_is_shown_and_has_no_place_in_the_order(provider):
    send(provider, {"label": "High"})
    review = ExamReview.objects.get()
    assert (review.score, review.score_label, review.score_rank) == (None, "High", None)


def test_a_class_says_where_its_word_stands():
    attempt = ExamAttemptFactory(submitted=True)
    review = api.record_review(attempt.attempt_code, "Clean", score=ScoreData(label="HIGH", rank=0.9))
    assert (review.score_label, review.score_rank) == ("HIGH", 0.9)


@pytest.mark.parametrize(("value", "rank"), [(-5, 0.0), (150, 1.0), (1e308, 1.0), (-1e308, 0.0)])
def test_a_score_beyond_its_scale_stands_at_the_end(provider, value, rank):
    send(provider, value)
    assert ExamReview.objects.get().score_rank == rank


@pytest.mark.parametrize(
    ("score", "stored", "note"),
    [
        ("72", 72.0, "score: a number in quotes; stored as a number."),
        ("much", None, "score: no number; left out."),
        ([1], None, "score: no number; left out."),
        (True, None, "score: no number; left out."),
        ({"value": 5, "lowest": 9, "highest": 1}, 5.0, "score: its scale has no lowest and highest number"),
        ({"value": 5, "highest": "x"}, 5.0, "score, highest: no number; left out."),
        ({"value": 5, "thresholds": 7}, 5.0, "score, thresholds: no object; left out."),
        ({"value": 5, "thresholds": {"red": "x"}}, 5.0, "score, thresholds, red: no number; left out."),
        ({"value": 5, "thresholds": dict.fromkeys("abcdefghijkl", 1)}, 5.0, "score, thresholds: only 10 are stored."),
        ({"value": 5, "label": "x" * 99}, 5.0, "score, label: cut to 64 characters."),
        ({"value": 5, "higher_is_worse": "no"}, 5.0, "score, higher_is_worse: not true or false; true is taken."),
    ],
)
def test_an_odd_score_loses_no_verdict_and_the_answer_names_it(provider, score, stored, note):
    answer = send(provider, score)
    assert (answer["status"], ExamReview.objects.get().score) == ("verified", stored)
    assert any(each.startswith(note) for each in answer["notes"])


@pytest.mark.parametrize(("severity", "stored"), [("HIGH", "HIGH"), (0.7, "0.7"), (None, ""), ("x" * 99, "x" * 64)])
def test_the_severity_of_an_incident_is_stored_as_it_came(provider, severity, stored):
    send(provider, 5, comments=[{"comment": "Looks away", "status": "Suspicious", "severity": severity}])
    assert Incident.objects.get().severity == stored


def test_the_attempt_has_the_place_of_its_current_reviews_score(provider):
    send(provider, 72)
    assert ExamAttempt.objects.get().score_place == 7201
    send(provider, 10)
    assert ExamAttempt.objects.get().score_place == 1001
    send(provider, None)
    assert ExamAttempt.objects.get().score_place == 0


def test_a_version_of_a_review_has_the_same_score(provider):
    comment = {"comment": "Looks away", "status": "Suspicious", "severity": "LOW"}
    send(provider, {**TRUST, "value": 3, "label": "Low trust"}, comments=[comment])
    api.dismiss_incident(Incident.objects.get().pk, by=UserFactory(admin=True), reason="The cat")
    fields = ("score", "score_label", "score_scale", "score_rank")
    before, after = ExamReview.objects.order_by("pk").values_list(*fields)
    assert before == after
    assert set(Incident.objects.values_list("severity", flat=True)) == {"LOW"}


# --- It decides nothing ---


@pytest.mark.parametrize("verdict", ["passed", "violation", "suspicious", "not_reviewed"])
def test_status_attention_and_effects_are_the_same_whatever_the_score(verdict):
    provider = signed_in(account_of())
    outcomes = []
    for number, score in enumerate((None, 0, 100, {"label": "Critical", "value": 100, "thresholds": {"rejected": 1}})):
        attempt = rest_attempt(f"ext-{number}", submitted=True)
        comment = {"comment": "Looks away", "status": "odd", "severity": "critical" if score else None}
        body = {"status": verdict, "score": score, "comments": [comment]}
        post(provider, reviewed(f"ext-{number}"), body)
        attempt.refresh_from_db()
        effects = list(LmsEffect.objects.filter(attempt=attempt).order_by("pk").values_list("kind", flat=True))
        outcomes.append((attempt.status, attempt.attention_since is not None, effects))
    assert all(outcome == outcomes[0] for outcome in outcomes)


@pytest.mark.parametrize(
    "module",
    ["rules.py", "transitions.py", "providers/policy.py", "services/decisions.py", "services/selection.py",
     "models/attention.py", "effects/registry.py", "queries/learner.py", "queries/preview.py"],
)  # fmt: skip
def test_what_decides_reads_no_score(module):
    tree = ast.parse((Path(proctoring_results.__file__).parent / module).read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    texts = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    assert not [name for name in names | texts if name.startswith(("score", "severity"))]


def test_an_undone_decision_leaves_the_place_of_the_score_before(provider, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}
    send(provider, 72, status="suspicious")
    attempt, admin = ExamAttempt.objects.get(), UserFactory(admin=True)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="Seen")
    send(provider, 10)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="Seen again")
    assert ExamAttempt.objects.get().score_place == 1001
    api.undo_decision(attempt.attempt_code, by=admin)
    assert ExamAttempt.objects.get().score_place == 7201
