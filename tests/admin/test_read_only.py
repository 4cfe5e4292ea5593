"""Django admin shows rows, and changes nothing but by a retry."""

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from proctoring_results.models import Erasure, LmsEffect, ProviderMessage, ReportDownload
from tests.factories import (
    COURSE,
    EvidenceFactory,
    ExamAttemptFactory,
    ExamReviewFactory,
    IncidentFactory,
    ProctoredExamFactory,
    ReportFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

MODELS = [
    "evidence",
    "incident",
    "erasure",
    "proctoredexam",
    "examattempt",
    "examreview",
    "lmseffect",
    "providermessage",
    "report",
    "reportdownload",
]


def list_url(model: str) -> str:
    return reverse(f"admin:proctoring_results_{model}_changelist")


@pytest.fixture
def one_of_each():
    attempt, now = ExamAttemptFactory(submitted=True), timezone.now()
    review = ExamReviewFactory(attempt=attempt)
    IncidentFactory(review=review)
    EvidenceFactory(review=review)
    LmsEffect.objects.create(kind="grade", user=attempt.user, attempt=attempt, queued_at=now, next_try_at=now)
    ProviderMessage.objects.create(
        provider="proctortrack", channel="rest_ready", attempt=attempt, sha256="0", body=b"", received_at=now
    )
    report = ReportFactory(ready=True)
    ReportDownload.objects.create(report=report, user=report.requested_by, at=now, outcome="downloaded")
    Erasure.objects.create(user=attempt.user, by=report.requested_by, at=now, reason="Asked for.", attempts=1)


def parked_effect_of(attempt) -> LmsEffect:
    return LmsEffect.objects.create(
        kind="mail", state="parked", user=attempt.user, exam=attempt.exam, attempt=attempt, queued_at=timezone.now()
    )


def parked(attempt) -> LmsEffect:
    effect = LmsEffect.objects.filter(attempt=attempt, kind="grade").get()
    LmsEffect.objects.filter(pk=effect.pk).update(
        state="parked", next_try_at=None, tries=40, problem="ConnectionError: the grade service is down"
    )
    return effect


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_and_offers_nothing_to_add(admin, reviewed, model):
    ReportFactory(ready=True)
    page = admin.get(list_url(model))
    assert page.status_code == 200
    assert reverse(f"admin:proctoring_results_{model}_add") not in page.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_nothing_can_be_added_or_deleted(admin, model):
    assert admin.get(reverse(f"admin:proctoring_results_{model}_add")).status_code == 403
    page = admin.post(list_url(model), {"action": "delete_selected", "_selected_action": "1"})
    assert "delete_selected" not in page.content.decode()


def test_the_page_of_an_attempt_shows_who_did_what_when_and_why(admin, reviewed):
    page = admin.get(reverse("admin:proctoring_results_examattempt_change", args=[reviewed.pk])).content.decode()
    for text in (
        reviewed.attempt_code,
        "Failed (rejected)",
        "Waiting for your decision (second_review_required)",
        "Seen the recording",
        "Suspicious",
    ):
        assert text in page
    assert 'type="submit"' not in page.split('id="content-main"')[1]


def test_an_attempt_cannot_be_changed_by_a_post(admin, reviewed):
    address = reverse("admin:proctoring_results_examattempt_change", args=[reviewed.pk])
    assert admin.post(address, {"status": "verified"}).status_code == 403
    reviewed.refresh_from_db()
    assert reviewed.status == "rejected"


def test_the_page_of_a_review_does_not_show_raw_data(admin, reviewed):
    review = reviewed.reviews.get()
    page = admin.get(reverse("admin:proctoring_results_examreview_change", args=[review.pk])).content.decode()
    assert "Suspicious" in page
    assert "not shown in passing" not in page


@pytest.mark.parametrize("field", ["username", "email", "code"])
def test_an_attempt_is_found_by_learner_and_code(admin, reviewed, field):
    ExamAttemptFactory(user__username="somebody.else")
    terms = {"username": reviewed.user.username, "email": reviewed.user.email, "code": reviewed.attempt_code}
    page = admin.get(list_url("examattempt"), {"q": terms[field]}).content.decode()
    assert reviewed.attempt_code in page
    assert "somebody.else" not in page


@pytest.mark.parametrize("model", sorted({*MODELS} - {"proctoredexam", "incident", "evidence"}))
def test_every_list_finds_people_whatever_the_case_accent_or_order(admin, one_of_each, model):
    get_user_model().objects.update(first_name="Åsa", last_name="Sjöström")
    for search, number in (("SJOSTROM asa", 1), ("asa berg", 0)):
        page = admin.get(list_url(model), {"q": search})
        assert len(page.context["cl"].result_list) == number


def test_a_list_shows_people_by_name_with_the_username(admin):
    ExamAttemptFactory(user__first_name="Åsa", user__last_name="Sjöström", user__username="asa1")
    assert '<td class="field-user">Åsa Sjöström (asa1)</td>' in admin.get(list_url("examattempt")).content.decode()


def test_a_search_for_too_many_people_says_so_and_lists_nothing(admin, monkeypatch):
    monkeypatch.setattr("proctoring_results.queries.search.MAX_PEOPLE", 0)
    ExamAttemptFactory()
    page = admin.get(list_url("examattempt"), {"q": "learner"})
    assert "matches too many people" in page.content.decode()
    assert list(page.context["cl"].result_list) == []


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("view", ["add", "change", "delete"])
def test_no_row_is_added_changed_or_deleted_by_a_post(admin, one_of_each, model, view):
    row = apps.get_model("proctoring_results", model).objects.get()
    address = reverse(f"admin:proctoring_results_{model}_{view}", args=[] if view == "add" else [row.pk])
    assert admin.post(address, {"post": "yes"}).status_code == 403
    row.refresh_from_db()


@pytest.mark.parametrize("model", MODELS)
def test_a_list_takes_the_same_number_of_queries_for_any_number_of_rows(
    admin, one_of_each, model, django_assert_max_num_queries
):
    some_of_each(3)
    admin.get(list_url(model))  # queries that a process makes once
    with CaptureQueriesContext(connection) as short:
        admin.get(list_url(model))
    some_of_each(57)
    assert len(short) < 20
    with django_assert_max_num_queries(len(short)):
        admin.get(list_url(model))


def some_of_each(number: int) -> None:
    now = timezone.now()
    for index in range(number):
        attempt = ExamAttemptFactory(rejected=True, exam__course_id=f"course {index}", exam__provider=f"p{index}")
        attempt.current_review = ExamReviewFactory(attempt=attempt)
        attempt.save()
        parked_effect_of(attempt)
        ProviderMessage.objects.create(
            provider="proctortrack", channel="rest_ready", attempt=attempt, sha256="0", body=b"", received_at=now
        )
        report = ReportFactory(ready=True)
        ReportDownload.objects.create(report=report, user=report.requested_by, at=now, outcome="downloaded")
        Erasure.objects.create(user=attempt.user, by=report.requested_by, at=now, reason="Asked for.", attempts=1)


def test_the_page_of_an_attempt_takes_the_same_number_of_queries_for_any_history(
    admin, reviewed, django_assert_max_num_queries
):
    address = reverse("admin:proctoring_results_examattempt_change", args=[reviewed.pk])
    admin.get(address)
    with CaptureQueriesContext(connection) as short:
        admin.get(address)
    for _ in range(10):
        ExamReviewFactory(attempt=reviewed)
        parked_effect_of(reviewed)
    with django_assert_max_num_queries(len(short)):
        admin.get(address)


# --- Filters ---


@pytest.mark.parametrize(
    ("query", "usernames"),
    [
        ({"course": COURSE}, ["practice", "rejected", "reviewed", "archived"]),
        ({"course": "edX/Demo"}, ["elsewhere"]),
        ({"course": "edX/demo"}, []),
        ({"course": "a\0b"}, []),
        ({"status": "rejected"}, ["rejected"]),
        ({"status": "a\0b"}, []),
        ({"current_review__review_status__exact": "Suspicious"}, ["reviewed"]),
        ({"provider": "rpnow"}, ["elsewhere"]),
        ({"provider": "a\0b"}, []),
        ({"practice": "yes"}, ["practice"]),
        ({"archived": "yes"}, ["archived"]),
        ({"archived": "no", "practice": "no", "course": COURSE}, ["rejected", "reviewed"]),
    ],
    ids=str,
)
def test_filters_narrow_the_list_of_attempts(admin, query, usernames):
    def make(name, **fields):
        return ExamAttemptFactory(user__username=name, **fields)

    make("practice", submitted=True, exam__is_practice_exam=True)
    make("rejected", rejected=True)
    reviewed = make("reviewed", submitted=True)
    reviewed.current_review = ExamReviewFactory(attempt=reviewed, review_status="Suspicious")
    reviewed.save()
    make("archived", submitted=True, archived=True)
    make("elsewhere", verified=True, exam__course_id="edX/Demo", exam__provider="rpnow")
    page = admin.get(list_url("examattempt"), query)
    assert sorted(attempt.user.username for attempt in page.context["cl"].result_list) == sorted(usernames)


def test_a_status_reads_the_same_in_list_filter_and_page(admin, reviewed):
    attempts = admin.get(list_url("examattempt")).content.decode()
    filters = attempts.split('id="changelist-filter"')[1]
    assert '<td class="field-labelled_status">Failed (rejected)</td>' in attempts
    assert "Failed (rejected)" in filters
    assert "Waiting for your decision (second_review_required)" in filters
    page = admin.get(reverse("admin:proctoring_results_examattempt_change", args=[reviewed.pk])).content.decode()
    assert "<strong>Failed (rejected)</strong>" in page


def test_the_course_filter_keeps_other_filters_and_suggests_all_courses(admin):
    for number in range(3):
        ProctoredExamFactory(course_id=f"course-{number}")
        ProctoredExamFactory(course_id=f"course-{number}")
    query = {"practice": "no", "q": "ada", "course": "course-1", "p": "1"}
    page = admin.get(list_url("examattempt"), query).content.decode()
    assert page.count('<option value="course-') == 3
    form = page.split('class="pr-course-filter"')[1].split("</form>")[0]
    assert 'name="practice" value="no"' in form
    assert 'name="q" value="ada"' in form
    assert 'name="p"' not in form


# --- Lag ---


def test_the_list_of_effects_says_how_far_the_lms_is_behind(admin, reviewed):
    parked(reviewed)
    page = admin.get(list_url("lmseffect")).content.decode()
    assert "effects are waiting, the oldest since" in page
    assert "1 was given up" in page


def test_the_list_of_effects_says_that_nothing_waits(admin):
    page = admin.get(list_url("lmseffect")).content.decode()
    assert "No effect is waiting." in page
    assert "None was given up." in page


def test_a_provider_call_is_listed_with_its_kind(admin):
    attempt, now = ExamAttemptFactory(), timezone.now()
    LmsEffect.objects.create(kind="provider", call="create_attempt", attempt=attempt, queued_at=now, next_try_at=now)
    page = admin.get(list_url("lmseffect")).content.decode()
    assert '<td class="field-call">register the attempt</td>' in page


@pytest.mark.django_db(transaction=True)
def test_a_parked_effect_is_tried_again(admin, reviewed, enqueued):
    effect = parked(reviewed)
    before = timezone.now()
    enqueued.clear()
    answer = admin.post(list_url("lmseffect"), {"action": "retry", "_selected_action": effect.pk}, follow=True)
    assert "1 effect will be tried again." in answer.content.decode()
    effect.refresh_from_db()
    assert (effect.state, effect.tries) == ("waiting", 0)
    assert effect.queued_at >= before
    assert enqueued == ["proctoring_results.deliver_effects"]


def test_a_retry_leaves_effects_that_are_not_parked(admin, reviewed):
    effect = LmsEffect.objects.filter(attempt=reviewed, kind="mail").get()
    LmsEffect.objects.filter(pk=effect.pk).update(state="done", next_try_at=None)
    admin.post(list_url("lmseffect"), {"action": "retry", "_selected_action": effect.pk})
    effect.refresh_from_db()
    assert effect.state == "done"


def test_a_retry_needs_the_permission(reviewed, staff):
    effect = parked(reviewed)
    client = staff("view_lmseffect")
    assert client.get(list_url("lmseffect")).status_code == 200
    client.post(list_url("lmseffect"), {"action": "retry", "_selected_action": effect.pk})
    effect.refresh_from_db()
    assert effect.state == "parked"


def test_staff_without_permission_sees_nothing():
    client = Client()
    client.force_login(UserFactory(is_staff=True))
    assert {client.get(list_url(model)).status_code for model in MODELS} == {403}
