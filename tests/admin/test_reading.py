"""Django admin shows, and writes nothing but a retry."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import LmsEffect
from tests.factories import ExamAttemptFactory, ReportFactory, UserFactory

pytestmark = pytest.mark.django_db

MODELS = [
    "erasure",
    "proctoredexam",
    "examattempt",
    "examreview",
    "lmseffect",
    "providermessage",
    "report",
    "reportdownload",
]


def listed(model: str) -> str:
    return reverse(f"admin:proctoring_results_{model}_changelist")


@pytest.fixture(autouse=True)
def bells(monkeypatch):
    rung = []
    monkeypatch.setattr("proctoring_results.tasks.ring", lambda task, *args: rung.append(task.name))
    return rung


@pytest.fixture
def admin():
    client = Client()
    client.force_login(UserFactory(admin=True))
    return client


@pytest.fixture
def reviewed():
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(
        attempt.attempt_code,
        "Suspicious",
        incidents=[api.IncidentData(status="Suspicious", comment="A phone")],
        raw_data={"secret": "not shown in passing"},
    )
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="Seen the recording")
    attempt.refresh_from_db()
    return attempt


def parked(attempt) -> LmsEffect:
    effect = LmsEffect.objects.filter(attempt=attempt, kind="grade").get()
    LmsEffect.objects.filter(pk=effect.pk).update(
        state="parked", next_try_at=None, tries=40, problem="ConnectionError: the grade service is down"
    )
    return effect


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_and_offers_nothing_to_add(admin, reviewed, model):
    ReportFactory(ready=True)
    page = admin.get(listed(model))
    assert page.status_code == 200
    assert reverse(f"admin:proctoring_results_{model}_add") not in page.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_or_deleted(admin, model):
    assert admin.get(reverse(f"admin:proctoring_results_{model}_add")).status_code == 403
    page = admin.post(listed(model), {"action": "delete_selected", "_selected_action": "1"})
    assert "delete_selected" not in page.content.decode()


def test_an_attempts_page_shows_who_did_what_when_and_why(admin, reviewed):
    page = admin.get(reverse("admin:proctoring_results_examattempt_change", args=[reviewed.pk])).content.decode()
    for words in (
        reviewed.attempt_code,
        "rejected",
        "second review required",
        "Seen the recording",
        "Suspicious",
        "grade",
    ):
        assert words in page
    assert 'type="submit"' not in page.split('id="content-main"')[1]


def test_an_attempt_cannot_be_changed_by_a_post(admin, reviewed):
    address = reverse("admin:proctoring_results_examattempt_change", args=[reviewed.pk])
    assert admin.post(address, {"status": "verified"}).status_code == 403
    reviewed.refresh_from_db()
    assert reviewed.status == "rejected"


def test_what_a_provider_sent_is_not_shown_in_passing(admin, reviewed):
    review = reviewed.reviews.get()
    page = admin.get(reverse("admin:proctoring_results_examreview_change", args=[review.pk])).content.decode()
    assert "A phone" in page
    assert "not shown in passing" not in page


@pytest.mark.parametrize("field", ["username", "email", "code"])
def test_an_attempt_is_found_by_learner_and_code(admin, reviewed, field):
    ExamAttemptFactory(user__username="somebody.else")
    words = {"username": reviewed.user.username, "email": reviewed.user.email, "code": reviewed.attempt_code}
    page = admin.get(listed("examattempt"), {"q": words[field]}).content.decode()
    assert reviewed.attempt_code in page
    assert "somebody.else" not in page


def test_the_lists_ask_the_same_number_of_queries_however_long_they_are(admin, django_assert_max_num_queries):
    for _ in range(30):
        ExamAttemptFactory(submitted=True)
    with django_assert_max_num_queries(12):
        admin.get(listed("examattempt"))


@pytest.mark.django_db(transaction=True)
def test_a_parked_effect_is_tried_again(admin, reviewed, bells):
    effect = parked(reviewed)
    before = timezone.now()
    bells.clear()
    answer = admin.post(listed("lmseffect"), {"action": "retry", "_selected_action": effect.pk}, follow=True)
    assert "1 parked effect is tried again." in answer.content.decode()
    effect.refresh_from_db()
    assert (effect.state, effect.tries) == ("waiting", 0)
    assert effect.queued_at >= before
    assert bells == ["proctoring_results.deliver_effects"]


def test_what_is_not_parked_stays_as_it_is(admin, reviewed):
    effect = LmsEffect.objects.filter(attempt=reviewed, kind="mail").get()
    LmsEffect.objects.filter(pk=effect.pk).update(state="done", next_try_at=None)
    admin.post(listed("lmseffect"), {"action": "retry", "_selected_action": effect.pk})
    effect.refresh_from_db()
    assert effect.state == "done"


def test_a_retry_needs_the_permission(reviewed):
    effect = parked(reviewed)
    reader = UserFactory(is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_lmseffect"))
    client = Client()
    client.force_login(reader)
    assert client.get(listed("lmseffect")).status_code == 200
    client.post(listed("lmseffect"), {"action": "retry", "_selected_action": effect.pk})
    effect.refresh_from_db()
    assert effect.state == "parked"


def test_staff_without_permission_sees_nothing():
    client = Client()
    client.force_login(UserFactory(is_staff=True))
    assert {client.get(listed(model)).status_code for model in MODELS} == {403}
