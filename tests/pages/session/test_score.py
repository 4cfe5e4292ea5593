"""The provider's score on the page of a session."""

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from proctoring_results import api
from proctoring_results.models import ExamReview
from tests.factories import ExamAttemptFactory
from tests.pages.conftest import client_of, person, text

pytestmark = pytest.mark.django_db

SCORE = api.ScoreData(
    value=7.5, label="Low trust", lowest=0, highest=10, thresholds={"attention": 6}, higher_is_worse=False
)


@pytest.fixture
def looking():
    return client_of(person("view_sessions"))


def url(attempt):
    return reverse("proctoring_results:session", args=[attempt.attempt_code])


def test_a_score_is_shown_as_a_signal_of_the_service(looking):
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(
        attempt.attempt_code, "Suspicious", score=SCORE, incidents=[api.IncidentData(status="odd", severity="HIGH")]
    )
    page = " ".join(strip_tags(text(looking.get(url(attempt)))).split())
    assert "Score of the service: 7.5 of 10 “Low trust” · its thresholds: attention 6" in page
    assert "a lower score is more suspicious · Signal of the service, not a finding." in page
    assert "severity by the service: HIGH" in page


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (api.ScoreData(value=72), "72 of 100"),
        (api.ScoreData(label="High"), "“High” ·"),
        (api.ScoreData(value=1, lowest=-3, highest=3), "1 on a scale from -3 to 3"),
    ],
)
def test_a_score_is_shown_on_its_own_scale(looking, score, expected):
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Clean", score=score)
    page = " ".join(strip_tags(text(looking.get(url(attempt)))).split())
    assert f"Score of the service: {expected}" in page


def test_a_scale_of_whole_numbers_is_shown_whatever_the_database_makes_of_them(looking):
    attempt = ExamAttemptFactory(submitted=True)
    review = api.record_review(attempt.attempt_code, "Clean", score=api.ScoreData(value=72))
    scale = {"lowest": 0, "highest": 100, "higher_is_worse": True, "thresholds": {"rejected": 70}}
    ExamReview.objects.filter(pk=review.pk).update(score_scale=scale)
    page = " ".join(strip_tags(text(looking.get(url(attempt)))).split())
    assert "72 of 100 · its thresholds: rejected 70" in page


def test_without_a_score_nothing_is_said_of_one(looking):
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Clean")
    assert "Score of the service" not in text(looking.get(url(attempt)))
