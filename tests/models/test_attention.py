"""Whether a person has to look at an attempt, through everything that can happen to it."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.db.models import Min
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from proctoring_results import api
from proctoring_results.choices import AttentionReason, EffectState
from proctoring_results.effects.deliver import deliver
from proctoring_results.models import ExamAttempt, LmsEffect
from proctoring_results.models.attention import attention_reasons
from proctoring_results.services.effects import retry_effects
from proctoring_results.services.upkeep import look_for_waiting_reviews
from tests.factories import ExamAttemptFactory, UserFactory
from tests.histories import HISTORIES, tell

pytestmark = [pytest.mark.database, pytest.mark.django_db]

SUSPICIOUS = api.IncidentData(status="Suspicious", comment="x")


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


def reasons(attempt) -> list[AttentionReason]:
    """As they are, and as they are kept: the two must agree."""
    computed = attention_reasons([ExamAttempt.objects.get(pk=attempt.pk)]).get(attempt.pk, [])
    attempt.refresh_from_db()
    assert (attempt.attention_since is not None) is bool(computed)
    return computed


def review(attempt, status, *incidents):
    api.record_review(attempt.attempt_code, status, incidents=incidents)


def test_nobody_has_to_look_at_what_was_only_handed_in(attempt):
    assert reasons(attempt) == []


def test_a_second_review_until_somebody_decides(attempt, admin):
    review(attempt, "Suspicious", SUSPICIOUS)
    assert reasons(attempt) == ["second_review"]
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    assert reasons(attempt) == []


def test_a_clean_review_with_a_suspicious_incident_until_somebody_decides(attempt, admin):
    review(attempt, "Clean", SUSPICIOUS)
    assert reasons(attempt) == ["contradiction"]
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    assert reasons(attempt) == []


def test_a_suspicious_review_without_a_suspicious_incident_until_somebody_decides(attempt, admin):
    review(attempt, "Suspicious", api.IncidentData(status="ok", comment="x"))
    assert reasons(attempt) == ["second_review", "no_incident"]
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    assert reasons(attempt) == []


@pytest.mark.parametrize(("status", "incident"), [("Clean", "Rules Violation"), ("Rules Violation", "Suspicious")])
def test_other_reviews_do_not_contradict_themselves(attempt, status, incident):
    review(attempt, status, api.IncidentData(status=incident, comment="x"))
    assert reasons(attempt) == []


def test_new_information_after_a_decision_until_somebody_decides_again(attempt, admin):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    review(attempt, "Clean")
    assert reasons(attempt) == ["new_information"]
    api.fail_attempt(attempt.attempt_code, by=admin, reason="y")
    assert reasons(attempt) == []


def test_several_reasons_at_once(attempt, admin):
    review(attempt, "Suspicious")
    LmsEffect.objects.update(state=EffectState.PARKED, next_try_at=None)
    review(attempt, "Suspicious", SUSPICIOUS)
    assert reasons(attempt) == ["second_review", "parked_effect"]


def test_an_effect_that_is_parked_until_it_is_tried_again(attempt, admin, settings, monkeypatch):
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "LMS": "tests.fakes.RememberingLMS",
        "EFFECT_PATIENCE": timedelta(microseconds=1),
    }
    monkeypatch.setattr("tests.fakes.RememberingLMS.set_credit", lambda *_: 1 / 0)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    credit = LmsEffect.objects.get(kind="credit")
    with pytest.raises(ZeroDivisionError):
        deliver(credit.pk)
    assert reasons(attempt) == ["parked_effect"]
    retry_effects([credit.pk])
    assert reasons(attempt) == []


def test_nobody_has_to_look_at_an_archived_attempt(attempt):
    review(attempt, "Suspicious")
    api.archive_attempt(attempt.attempt_code, reason="x")
    assert reasons(attempt) == []


def test_it_waits_since_the_first_reason(attempt):
    first = datetime(2026, 5, 1, tzinfo=UTC)
    for days in (0, 1, 2):
        with time_machine.travel(first + timedelta(days=days), tick=False):
            review(attempt, "Suspicious", *[SUSPICIOUS] * days)
    attempt.refresh_from_db()
    assert (attempt.attention_since, attempt.last_activity_at) == (first, first + timedelta(days=2))


def test_it_is_kept_when_a_person_first_decided(attempt, admin):
    first = datetime(2026, 5, 1, tzinfo=UTC)
    review(attempt, "Clean")
    assert ExamAttempt.objects.get().decided_at is None
    for days, decide in enumerate((api.fail_attempt, api.pass_attempt, api.pass_attempt)):
        with time_machine.travel(first + timedelta(days=days), tick=False):
            decide(attempt.attempt_code, by=admin, reason="x")
        assert ExamAttempt.objects.get().decided_at == first


def test_each_thing_that_happens_is_an_activity(attempt, admin):
    seen = [attempt.last_activity_at]
    for verb in (
        lambda: review(attempt, "Not Reviewed"),
        lambda: review(attempt, "Suspicious", SUSPICIOUS),
        lambda: api.pass_attempt(attempt.attempt_code, by=admin, reason="x"),
        lambda: api.pass_attempt(attempt.attempt_code, by=admin, reason="again"),
        lambda: api.archive_attempt(attempt.attempt_code, reason="x"),
    ):
        with time_machine.travel(timezone.now() + timedelta(minutes=len(seen))):
            verb()
        attempt.refresh_from_db()
        seen.append(attempt.last_activity_at)
    assert seen == sorted(set(seen))


def test_one_query_says_it_of_many(django_assert_num_queries):
    attempts = [ExamAttemptFactory(submitted=True, status="second_review_required") for _ in range(5)]
    with django_assert_num_queries(1):
        assert len(attention_reasons(attempts)) == 5


def test_effects_that_are_tried_again_read_all_reviews_at_once_and_no_raw_data():
    attempts = [ExamAttemptFactory(submitted=True) for _ in range(4)]
    for attempt in attempts:
        review(attempt, "Clean")
    parked = LmsEffect.objects.filter(kind="credit")
    parked.update(state=EffectState.PARKED, next_try_at=None)
    with CaptureQueriesContext(connection) as queries:
        assert retry_effects([effect.pk for effect in parked]) == 4
    read = [query["sql"] for query in queries if "suspicious_count" in query["sql"]]
    assert len(read) == 1
    assert "raw_data" not in read[0]


class TestWhateverHappened(TestCase):
    @settings(max_examples=50, suppress_health_check=[HealthCheck.too_slow])
    @given(HISTORIES, st.booleans())
    def test_what_is_kept_is_what_the_facts_say_after_each_step(self, events, is_practice):
        tell(events, is_practice, look=self.look)

    def look(self, attempts):
        # As time passes, a review may have waited too long.
        look_for_waiting_reviews()
        for attempt in attempts:
            self.look_at(attempt)

    def look_at(self, attempt):
        reasons(attempt)
        assert attempt.decided_at == attempt.changes.filter(source="person").aggregate(first=Min("at"))["first"]
