"""The provider's score in the list of sessions: it sorts, and says what it is."""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse

from proctoring_results import api
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory
from tests.pages.conftest import client_of, person, text

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture
def exam():
    return ProctoredExamFactory()


def scored(exam, score):
    attempt = ExamAttemptFactory(submitted=True, exam=exam)
    api.record_review(attempt.attempt_code, "Suspicious", score=score)
    return attempt.attempt_code


def page(**params):
    address = reverse("proctoring_results:sessions", args=[COURSE])
    return client_of(person("view_sessions")).get(address, params)


def codes(response):
    return [row.attempt.attempt_code for row in response.context["page"].list.rows]


def test_the_most_suspicious_score_comes_first_and_none_last(exam):
    low, none, high = (scored(exam, score) for score in (api.ScoreData(value=20), None, api.ScoreData(value=90)))
    trusted = scored(exam, api.ScoreData(value=5, highest=10, higher_is_worse=False))
    assert codes(page(sort="score")) == [high, trusted, low, none]
    assert codes(page(sort="-score")) == [none, low, trusted, high]


def test_a_list_with_scores_prints_them_and_sorts_by_them(exam):
    scored(exam, api.ScoreData(value=72, label="High"))
    printed = text(page())
    assert 'title="Signal of the service, not a finding."> score 72 of 100 “High” </span>' in printed
    assert 'id="pr-sort-score">Score</a>' in printed


def test_a_list_without_scores_says_nothing_of_them(exam):
    scored(exam, None)
    assert "pr-sort-score" not in text(page())


@pytest.mark.parametrize("sort", ["score", "-score"])
def test_the_next_session_follows_the_scores(exam, sort):
    for value in (20, 90, 50):
        scored(exam, api.ScoreData(value=value))
    client = client_of(person("view_sessions"))
    first, second, third = page(sort=sort).context["page"].list.rows

    def after(row) -> str:
        address = reverse("proctoring_results:next_session", args=[row.attempt.attempt_code])
        return client.get(f"{address}?{urlsplit(row.url).query}").url

    assert second.attempt.attempt_code in after(first)
    assert third.attempt.attempt_code in after(second)
