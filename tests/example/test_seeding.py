"""What the demo is seeded with is what the app itself would have written."""

from io import StringIO

import pytest
from django.core.management import call_command

from proctoring_results import api
from proctoring_results.models import Appeal, ExamAttempt, StatusChange
from proctoring_results.models.attention import attention_reasons
from proctoring_results.rules import seriousness

pytestmark = pytest.mark.django_db


@pytest.fixture
def attempts():
    call_command("seed_demo", attempts=2_000, stdout=StringIO())
    return list(ExamAttempt.objects.select_related("exam", "current_review", "exam_rules"))


def test_attempts_require_attention_as_the_app_works_it_out(attempts):
    stored = {attempt.pk for attempt in attempts if attempt.attention_since is not None}
    waiting = {attempt.pk for attempt in attempts if attempt.review_waits_since is not None}
    assert stored - waiting == set(attention_reasons(attempts)) - waiting
    assert stored


def test_attempts_know_how_serious_they_are_and_who_decided(attempts):
    assert [one for one in attempts if one.seriousness != seriousness(one.current_review)] == []
    last: dict[int, StatusChange] = {}
    for change in StatusChange.objects.order_by("pk"):
        last[change.attempt_id] = change
    deciders = {pk: one.by_id for pk, one in last.items() if one.source == "person"}
    assert {one.pk: one.decided_by_id for one in attempts if one.decided_by_id} == deciders != {}


def test_decisions_that_a_service_reported_stand_on_their_attempts(attempts):
    reported = set(StatusChange.objects.filter(source="reported").values_list("attempt", flat=True))
    assert {attempt.pk for attempt in attempts if attempt.has_reported_decision} == reported != set()


def test_each_attempt_that_began_has_the_rules_that_its_service_was_sent(attempts):
    assert {attempt.started_at is not None for attempt in attempts} == {True, False}
    assert [one for one in attempts if (one.exam_rules is None) is not (one.started_at is None)] == []
    assert [one for one in attempts if one.exam_rules and one.exam_rules.exam_id != one.exam_id] == []


def test_an_appeal_is_open_another_one_answered_and_the_learner_who_signs_in_may_appeal(attempts):
    answered, waiting = Appeal.objects.order_by("pk")
    assert (answered.answer.by.username, waiting.answer) == ("admin", None)
    assert waiting.attempt.appeal_due_at == waiting.answer_due_at
    failed = next(one for one in attempts if one.user.username == "learner" and one.status == "rejected")
    assert api.learner_result(failed.user, failed.exam).appeal_until
