"""Pass and Fail in Django admin."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from proctoring_results import api
from proctoring_results.models import LmsEffect, StatusChange
from proctoring_results.services.selection import MAX_SELECTED
from tests.factories import COURSE, ExamAttemptFactory, UserFactory
from tests.host.models import CourseRole

pytestmark = pytest.mark.django_db


def address(name, *args):
    return reverse(f"admin:proctoring_results_examattempt_{name}", args=args)


def decide(attempt, verdict):
    return address("decide", attempt.pk, verdict)


def seen(page):
    return {name: page.context["form"].initial[name] or "" for name in ("seen_change", "seen_review")}


def post(client, attempt, verdict, **data):
    """As a browser does: the page first, then its form with what it showed."""
    page = client.get(decide(attempt, verdict))
    return client.post(decide(attempt, verdict), {**seen(page), **data}, follow=True)


def status(attempt):
    attempt.refresh_from_db()
    return attempt.status


def messages_of(response):
    return [str(message) for message in response.context["messages"]]


# --- One attempt ---


def test_a_fail_is_reverted_to_a_pass(admin, reviewed):
    answer = post(admin, reviewed, "pass", reason="It was the cat")
    assert answer.redirect_chain == [(address("change", reviewed.pk), 302)]
    assert messages_of(answer) == ["Decided Pass: the attempt was “Failed (rejected)” and is “Passed (verified)” now."]
    change = reviewed.changes.order_by("pk").last()
    assert (status(reviewed), change.source, change.reason) == ("verified", "person", "It was the cat")


def test_and_a_pass_to_a_fail(admin, reviewed):
    post(admin, reviewed, "pass", reason="x")
    post(admin, reviewed, "fail", reason="y", category="no_photo_id")
    assert status(reviewed) == "rejected"
    assert reviewed.changes.latest("pk").category == "no_photo_id"
    page = admin.get(address("change", reviewed.pk)).content.decode()
    assert '<p class="pr-detail">No photo ID</p>' in page


def test_a_fail_needs_a_category_and_a_pass_may_have_one(admin, reviewed):
    post(admin, reviewed, "pass", reason="x", category="other")
    answer = post(admin, reviewed, "fail", reason="y")
    assert "This field is required." in answer.content.decode()
    assert status(reviewed) == "verified"
    assert reviewed.changes.latest("pk").category == "other"


def test_a_site_without_categories_asks_for_none(admin, reviewed, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "REASON_CATEGORIES": {}}
    post(admin, reviewed, "pass", reason="x")
    post(admin, reviewed, "fail", reason="y")
    assert status(reviewed) == "rejected"


def test_it_stands_in_the_admins_own_history(admin, reviewed):
    post(admin, reviewed, "pass", reason="It was the cat")
    [entry] = LogEntry.objects.all()
    assert entry.object_id == str(reviewed.pk)
    assert "“Failed (rejected)” and is “Passed (verified)” now." in entry.get_change_message()
    assert "cat" not in entry.get_change_message()


def test_the_page_says_what_will_follow_and_changes_nothing(admin, reviewed):
    effects = LmsEffect.objects.count()
    page = admin.get(decide(reviewed, "pass")).content.decode()
    assert "The status becomes “Passed (verified)”; now it is “Failed (rejected)”." in page
    assert "The learner gets the mail “Satisfactory”." in page
    assert "A phone" in page
    assert (status(reviewed), LmsEffect.objects.count(), LogEntry.objects.count()) == ("rejected", effects, 0)


@pytest.mark.parametrize("reason", ["", " \n"])
def test_staff_cannot_decide_without_a_reason(admin, reviewed, reason):
    answer = post(admin, reviewed, "pass", reason=reason)
    assert "This field is required." in answer.content.decode()
    assert status(reviewed) == "rejected"


def test_a_stale_page_is_refused_with_the_fresh_state_and_the_reason_is_kept(admin, reviewed):
    page = admin.get(decide(reviewed, "pass"))
    api.record_review(reviewed.attempt_code, "Clean")
    answer = admin.post(decide(reviewed, "pass"), {**seen(page), "reason": "It was the cat"})
    assert answer.status_code == 409
    assert "Look again before you decide." in messages_of(answer)[0]
    assert "It was the cat" in answer.content.decode()
    assert "Review 2: “Clean”" in answer.content.decode()
    assert status(reviewed) == "rejected"
    assert admin.post(decide(reviewed, "pass"), {**seen(answer), "reason": "x"}).status_code == 302
    assert status(reviewed) == "verified"


def test_a_form_that_does_not_say_what_was_seen_is_stale(admin, reviewed):
    assert admin.post(decide(reviewed, "pass"), {"reason": "x"}).status_code == 409
    assert status(reviewed) == "rejected"


def test_what_cannot_be_decided_is_said(admin):
    attempt = ExamAttemptFactory(rejected=True, archived=True)
    page = admin.get(decide(attempt, "pass")).content.decode()
    assert "The attempt is archived; it cannot be decided." in page
    assert 'name="reason"' not in page


def test_an_error_becomes_a_message(admin):
    attempt = ExamAttemptFactory(started=True)
    answer = admin.post(decide(attempt, "pass"), {"reason": "x"}, follow=True)
    assert answer.redirect_chain == [(address("change", attempt.pk), 302)]
    assert "cannot change an attempt from “started” to “verified”" in messages_of(answer)[0]


def test_the_page_says_so_where_the_provider_does_second_reviews(admin, reviewed, settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"proctortrack": {"second_review_by": "provider"}}}
    assert "Second reviews are done by proctortrack." in admin.get(decide(reviewed, "pass")).content.decode()


def test_a_decision_needs_the_token_of_the_form(reviewed):
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory(admin=True))
    page = client.get(decide(reviewed, "pass"))
    assert client.post(decide(reviewed, "pass"), {**seen(page), "reason": "x"}).status_code == 403
    assert status(reviewed) == "rejected"


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("permissions", [["view_examattempt"], ["decide_attempt"], []], ids=str)
def test_nobody_decides_without_both_permissions(staff, reviewed, permissions, method):
    client = staff(*permissions)
    assert getattr(client, method)(decide(reviewed, "pass"), {"reason": "x"}).status_code == 403
    assert status(reviewed) == "rejected"


def test_one_who_is_not_of_the_staff_is_sent_to_sign_in(reviewed):
    answer = Client().get(decide(reviewed, "pass"))
    assert answer.status_code == 302
    assert reverse("admin:login") in answer["Location"]


def test_an_instructor_of_another_course_cannot_decide(staff, reviewed):
    client = staff("view_examattempt")
    CourseRole.objects.create(user=client.user, course_id="another")
    assert client.get(decide(reviewed, "pass")).status_code == 403


def test_a_role_in_the_course_is_enough(staff, reviewed):
    client = staff("view_examattempt")
    CourseRole.objects.create(user=client.user, course_id=COURSE)
    post(client, reviewed, "pass", reason="x")
    assert status(reviewed) == "verified"


@pytest.mark.parametrize(
    ("permissions", "fields", "expected"),
    [
        (["view_examattempt", "decide_attempt"], {"submitted": True}, ["pass", "fail"]),
        (["view_examattempt", "decide_attempt"], {"started": True}, []),
        (["view_examattempt", "decide_attempt"], {"submitted": True, "archived": True}, []),
        (["view_examattempt"], {"submitted": True}, []),
    ],
    ids=str,
)
def test_the_buttons_are_there_for_those_who_may_and_where_it_is_possible(staff, permissions, fields, expected):
    attempt = ExamAttemptFactory(**fields)
    page = staff(*permissions).get(address("change", attempt.pk)).content.decode()
    assert [verdict for verdict in ("pass", "fail") if decide(attempt, verdict) in page] == expected


def test_an_unknown_attempt_or_verdict_is_not_found(admin, reviewed):
    assert admin.get(decide(reviewed, "expel")).status_code == 404
    assert admin.get(address("decide", reviewed.pk + 1, "pass")).status_code == 404


# --- A selection ---


def choose(client, *attempts, **query):
    data = {"action": "pass_selected", "_selected_action": [attempt.pk for attempt in attempts]}
    return client.post(address("changelist"), data, follow=True, query_params=query)


def tokens(page):
    return [one.token for one in page.context["passable"]]


def pass_all(client, page, reason="Heard them"):
    return client.post(
        page.request["PATH_INFO"], {"attempt": tokens(page), "reason": reason, "category": "other"}, follow=True
    )


def test_a_selection_is_shown_with_what_will_be_passed_and_what_cannot_be(admin, reviewed):
    others = [ExamAttemptFactory(started=True), ExamAttemptFactory(verified=True)]
    page = choose(admin, reviewed, *others)
    assert page.context["passable"][0].preview.attempt == reviewed
    assert sorted(one.why_not for one in page.context["others"]) == [
        "It is passed already.",
        "The exam is not over yet; there is nothing to decide.",
    ]
    assert status(reviewed) == "rejected"


def test_a_selection_is_passed_with_one_reason(admin, reviewed):
    other = ExamAttemptFactory(submitted=True)
    answer = pass_all(admin, choose(admin, reviewed, other))
    assert {status(reviewed), status(other)} == {"verified"}
    changes = StatusChange.objects.filter(to_status="verified").values_list("reason", "category")
    assert set(changes) == {("Heard them", "other")}
    assert all(attempt.attempt_code in messages_of(answer)[0] for attempt in (reviewed, other))
    assert LogEntry.objects.count() == 2


def test_one_that_is_refused_keeps_no_other_from_being_passed(admin, reviewed):
    other = ExamAttemptFactory(submitted=True)
    page = choose(admin, reviewed, other)
    api.record_review(reviewed.attempt_code, "Clean")
    answer = pass_all(admin, page)
    assert (status(reviewed), status(other)) == ("rejected", "verified")
    assert [reviewed.attempt_code in message for message in messages_of(answer)] == [False, True]
    assert "Look again before you decide." in messages_of(answer)[1]


def test_one_whose_provider_does_second_reviews_is_refused_when_it_is_posted_too(admin, reviewed):
    other = ExamAttemptFactory(submitted=True, exam__provider="rpnow")
    page = choose(admin, reviewed, other)
    assert [candidate.why_not for candidate in page.context["others"]] == [
        "Second reviews are done by rpnow. Decide on the page of the session."
    ]
    data = {"attempt": [*tokens(page), f"{other.attempt_code}::"], "reason": "x"}
    answer = admin.post(page.request["PATH_INFO"], data, follow=True)
    assert (status(reviewed), status(other)) == ("verified", "submitted")
    assert "Second reviews are done by rpnow." in messages_of(answer)[1]


def test_more_than_may_be_passed_at_once_are_a_bad_request(admin, reviewed):
    where = f"{address('pass_selected')}?chosen={reviewed.pk}"
    tokens = [f"code{number}::" for number in range(MAX_SELECTED + 1)]
    assert admin.post(where, {"attempt": tokens, "reason": "x"}).status_code == 400


def test_an_attempt_that_does_not_exist_passes_no_other(admin, reviewed):
    page = choose(admin, reviewed)
    data = {"attempt": [*tokens(page), "unknown::"], "reason": "x"}
    assert admin.post(page.request["PATH_INFO"], data).status_code == 404
    assert status(reviewed) == "rejected"


def test_nothing_is_passed_that_the_form_does_not_name(admin, reviewed):
    where = f"{address('pass_selected')}?chosen={reviewed.pk}"
    answer = admin.post(where, {"reason": "x"}, follow=True)
    assert messages_of(answer) == ["No attempt was chosen."]
    assert status(reviewed) == "rejected"


def test_a_selection_is_not_passed_without_a_reason(admin, reviewed):
    answer = pass_all(admin, choose(admin, reviewed), reason=" ")
    assert "This field is required." in answer.content.decode()
    assert tokens(answer)
    assert status(reviewed) == "rejected"


def test_attempts_of_a_course_in_which_one_may_not_decide_are_named_and_left(staff, reviewed):
    client = staff("view_examattempt")
    elsewhere = ExamAttemptFactory(submitted=True, exam__course_id="another")
    CourseRole.objects.create(user=client.user, course_id=COURSE)
    where = f"{address('pass_selected')}?chosen={reviewed.pk},{elsewhere.pk}"
    page = client.get(where)
    assert [one.why_not for one in page.context["others"]] == ["You may not decide in this course."]
    client.post(where, {"attempt": [*tokens(page), f"{elsewhere.attempt_code}::"], "reason": "x"})
    assert (status(reviewed), status(elsewhere)) == ("verified", "submitted")


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("permissions", [["view_examattempt"], ["decide_attempt"]], ids=str)
def test_nobody_passes_a_selection_without_both_permissions(staff, reviewed, permissions, method):
    where = f"{address('pass_selected')}?chosen={reviewed.pk}"
    data = {"reason": "x"} if method == "post" else {}
    assert getattr(staff(*permissions), method)(where, data).status_code == 403
    assert status(reviewed) == "rejected"


def test_the_action_is_offered_to_those_who_may(staff, admin, reviewed):
    assert "pass_selected" in admin.get(address("changelist")).content.decode()
    assert "pass_selected" not in staff("view_examattempt").get(address("changelist")).content.decode()


def test_and_in_the_list_of_ones_own_course(staff, reviewed):
    client = staff("view_examattempt")
    CourseRole.objects.create(user=client.user, course_id=COURSE)
    assert "pass_selected" in client.get(address("changelist"), {"course": COURSE}).content.decode()


def test_too_many_are_not_passed_at_once(admin, monkeypatch, reviewed):
    monkeypatch.setattr("proctoring_results.services.selection.MAX_SELECTED", 1)
    answer = choose(admin, reviewed, ExamAttemptFactory(submitted=True))
    assert "At most 1 attempt can be passed at once." in messages_of(answer)[0]


@pytest.mark.parametrize("query", ["", "chosen=", "chosen=a", "chosen=1,,2", "chosen=1;2"])
def test_a_selection_that_the_list_did_not_make_is_a_bad_request(admin, query):
    assert admin.get(f"{address('pass_selected')}?{query}").status_code == 400


def test_a_token_that_the_page_did_not_make_is_a_bad_request(admin, reviewed):
    where = f"{address('pass_selected')}?chosen={reviewed.pk}"
    assert admin.post(where, {"attempt": "code:a:b", "reason": "x"}).status_code == 400


def test_the_page_of_a_selection_asks_the_same_number_of_queries_however_long_it_is(
    admin, reviewed, django_assert_num_queries
):
    many = [reviewed, *(ExamAttemptFactory(rejected=True, exam=reviewed.exam) for _ in range(9))]
    short, long = (
        f"{address('pass_selected')}?chosen={','.join(str(attempt.pk) for attempt in chosen)}"
        for chosen in (many[:1], many)
    )
    with CaptureQueriesContext(connection) as queries:
        admin.get(short)
    with django_assert_num_queries(len(queries)):
        admin.get(long)
