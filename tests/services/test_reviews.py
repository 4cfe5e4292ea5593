from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, ReviewStanding, Source
from proctoring_results.models import ExamReview, Incident
from proctoring_results.services.selection import pass_selection, preview_selection
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = pytest.mark.django_db


def incident(status="Suspicious", comment="Looks away", **fields):
    return api.IncidentData(status=status, comment=comment, **fields)


def handed_in(provider="proctortrack", **fields):
    return ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(provider=provider), **fields)


def review(attempt, status, *incidents, **fields):
    stored = api.record_review(attempt.attempt_code, status, incidents=incidents, **fields)
    attempt.refresh_from_db()
    return stored


# --- What follows ---


def test_a_persons_review_that_arrives_late_replaces_no_later_one_of_a_person():
    attempt, dean, now = handed_in(), UserFactory(admin=True), timezone.now()
    later = review(attempt, "Suspicious", reviewed_by=dean, sent_at=now)
    late = review(attempt, "Clean", reviewed_by=dean, sent_at=now - timedelta(minutes=1))
    assert late.standing == ReviewStanding.OUTDATED
    assert (attempt.status, attempt.current_review) == ("rejected", later)


def test_a_persons_review_that_arrives_late_replaces_one_of_the_provider_alone():
    attempt, now = handed_in(), timezone.now()
    review(attempt, "Suspicious", sent_at=now)
    late = review(attempt, "Clean", reviewed_by=UserFactory(admin=True), sent_at=now - timedelta(minutes=1))
    assert late.standing == ReviewStanding.APPLIED
    assert (attempt.status, attempt.current_review) == ("verified", late)


@pytest.mark.parametrize(
    ("provider", "status", "becomes"),
    [
        ("proctortrack", "Clean", "verified"),
        ("proctortrack", "Rules Violation", "verified"),
        ("proctortrack", "Suspicious", "second_review_required"),
        ("proctortrack", "Not Reviewed", "submitted"),
        ("rpnow", "Clean", "verified"),
        ("rpnow", "Suspicious", "rejected"),
        ("rpnow", "Rules Violation", "verified"),
        ("a provider nobody described", "Suspicious", "second_review_required"),
    ],
)
def test_a_review_changes_the_status_as_the_providers_policy_says(provider, status, becomes):
    attempt = handed_in(provider)
    stored = review(attempt, status)
    assert attempt.status == becomes
    assert attempt.current_review == stored


def test_a_host_sets_a_providers_policy(settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"proctortrack": {"on_suspicious": "reject"}}}
    attempt = handed_in()
    review(attempt, "Suspicious")
    assert attempt.status == "rejected"


@pytest.mark.parametrize(
    ("on_violation", "becomes"),
    [("verify", "verified"), ("second_review", "second_review_required"), ("reject", "rejected")],
)
def test_a_host_says_where_a_rules_violation_leads(settings, on_violation, becomes):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"proctortrack": {"on_violation": on_violation}}}
    attempt = handed_in()
    review(attempt, "Rules Violation")
    assert attempt.status == becomes


def test_a_reported_decision_on_a_rules_violation_is_a_pass(settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"proctortrack": {"on_violation": "reject"}}}
    attempt = handed_in()
    review(attempt, "Rules Violation", reviewed_by=UserFactory(admin=True))
    assert attempt.status == "verified"


def test_the_change_knows_its_review():
    attempt = handed_in()
    stored = review(attempt, "Clean")
    change = attempt.changes.get()
    assert (change.source, change.review, change.by) == (Source.PROVIDER, stored, None)


@pytest.mark.parametrize(("status", "becomes"), [("Suspicious", "rejected"), ("Clean", "verified")])
def test_a_review_by_a_person_who_may_decide_is_a_reported_decision(status, becomes):
    attempt, admin = handed_in(), UserFactory(admin=True)
    review(attempt, status, reviewed_by=admin)
    assert attempt.status == becomes
    assert (attempt.changes.get().source, attempt.changes.get().by) == (Source.REPORTED, None)


def test_a_review_by_a_person_who_may_not_decide_is_refused_whole():
    attempt = handed_in()
    with pytest.raises(api.AccessDenied):
        review(attempt, "Clean", reviewed_by=UserFactory())
    assert not ExamReview.objects.exists()


# --- What is kept ---


def test_the_reports_columns_are_computed_when_the_review_arrives():
    stored = review(
        handed_in(),
        "Suspicious",
        incident(comment="one"),
        incident("Rules Violation", "two"),
        incident(comment="=three\r\nfour\rfive"),
        incident("other", "six"),
    )
    assert (stored.suspicious_count, stored.suspicious_comments) == (2, "one; '=three\nfour\nfive")
    assert (stored.rules_violation_count, stored.rules_violation_comments) == (1, "two")


def test_where_incidents_were_seen_is_counted_when_the_review_arrives():
    kinds = ("desktop", "id", "room", "onboarding", "webcam", "")
    stored = review(handed_in(), "Suspicious", *(incident(kind=kind) for kind in kinds))
    counts = (stored.video_count, stored.online_count, stored.verification_count, stored.onboarding_count)
    assert counts == (2, 1, 2, 1)


@pytest.mark.database
def test_each_incident_is_counted_where_it_was_seen_or_the_database_refuses():
    stored = review(handed_in(), "Suspicious", incident(), incident("odd"))
    with pytest.raises(IntegrityError, match="each_incident_of_a_review_was_seen_somewhere"), transaction.atomic():
        ExamReview.objects.filter(pk=stored.pk).update(video_count=1)


def test_incidents_are_kept_as_they_came_and_in_their_order():
    stored = review(
        handed_in(), "Suspicious", incident(comment="a\r\nb", kind="audio", start=1.5, stop=2), incident("odd", "c")
    )
    rows = list(stored.incidents.values_list("position", "status", "kind", "comment", "start", "stop"))
    assert rows == [(0, "Suspicious", "audio", "a\r\nb", 1.5, 2.0), (1, "odd", "", "c", None, None)]


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("review_status", {"review_status": "clean"}),
        ("review_status", {"review_status": None}),
        (r"raw_data.a\[0\]", {"raw_data": {"a": ["\0"]}}),
        ("raw_data.b", {"raw_data": {"b": float("inf")}}),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name_and_nothing_is_kept(field, call):
    attempt = handed_in()
    with pytest.raises(api.InvalidInput, match=field):
        api.record_review(attempt.attempt_code, **{"review_status": "Clean", **call})
    assert not ExamReview.objects.exists()
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("odd", "stored"),
    [
        ({"comment": "a\0b"}, {"comment": "ab"}),
        ({"comment": None}, {"comment": ""}),
        ({"status": "\udfff"}, {"status": "?"}),
        ({"start": float("nan"), "stop": "1"}, {"start": None, "stop": 1.0}),
        ({"start": 10**400}, {"start": None}),
        ({"kind": "k" * 70}, {"kind": "k" * 64}),
    ],
)
def test_an_odd_incident_is_stored_as_well_as_can_be(odd, stored):
    row = review(handed_in(), "Suspicious", incident(**odd)).incidents.get()
    assert {name: getattr(row, name) for name in stored} == stored


@pytest.mark.parametrize(
    ("sent_at", "stored"),
    [(datetime.fromisoformat("2026-05-01"), True), ("2026-05-01T00:00:00Z", True), ("soon", False)],
)
def test_a_time_of_sending_without_a_zone_or_sense_loses_no_review(sent_at, stored):
    assert review(handed_in(), "Clean", sent_at=sent_at).sent_at == (
        datetime(2026, 5, 1, tzinfo=UTC) if stored else None
    )


# --- When it comes at another time ---


def test_a_review_before_the_exam_is_over_waits_and_is_applied_when_it_is_over():
    attempt = ExamAttemptFactory(started=True)
    stored = review(attempt, "Clean")
    assert (stored.standing, attempt.status, attempt.current_review) == (ReviewStanding.WAITING, "started", None)
    attempt = api.submit_attempt(attempt.attempt_code, by=attempt.user)
    stored.refresh_from_db()
    assert (stored.standing, attempt.status, attempt.current_review) == (ReviewStanding.APPLIED, "verified", stored)


def test_reviews_that_waited_are_applied_in_their_order():
    attempt = ExamAttemptFactory(started=True)
    review(attempt, "Clean")
    last = review(attempt, "Suspicious")
    attempt = api.time_out_attempt(attempt.attempt_code)
    assert (attempt.status, attempt.current_review) == ("second_review_required", last)
    assert [change.to_status for change in attempt.changes.order_by("pk")] == [
        "timed_out",
        "verified",
        "second_review_required",
    ]


def test_a_newer_review_replaces_the_older_one():
    attempt = handed_in()
    review(attempt, "Clean")
    newer = review(attempt, "Suspicious")
    assert (attempt.status, attempt.current_review) == ("second_review_required", newer)


def test_a_newer_review_is_barred_where_the_policy_says_so(settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"proctortrack": {"newer_replaces_older": False}}}
    attempt = handed_in()
    older = review(attempt, "Clean")
    newer = review(attempt, "Suspicious")
    assert (attempt.status, attempt.current_review) == ("verified", older)
    assert newer.standing == ReviewStanding.BARRED


def test_not_reviewed_is_current_only_while_there_is_no_other():
    attempt = handed_in()
    assert review(attempt, "Not Reviewed") == attempt.current_review
    clean = review(attempt, "Clean")
    late = review(attempt, "Not Reviewed")
    assert (attempt.current_review, late.standing) == (clean, ReviewStanding.INCOMPLETE)


def test_a_review_of_an_archived_attempt_is_stored_and_changes_nothing():
    attempt = handed_in(archived=True)
    stored = review(attempt, "Suspicious")
    assert (stored.standing, attempt.status, attempt.current_review) == (ReviewStanding.ARCHIVED, "submitted", None)


@pytest.mark.parametrize("status", [AttemptStatus.DECLINED, AttemptStatus.EXPIRED, AttemptStatus.ERROR])
def test_a_review_that_cannot_change_the_attempt_is_stored_beside(status):
    attempt = ExamAttemptFactory(status=status)
    stored = review(attempt, "Clean")
    assert (stored.standing, attempt.status, attempt.current_review) == (
        ReviewStanding.ILLEGAL_TRANSITION,
        status,
        None,
    )


# --- Decisions ---


def test_a_decision_is_a_change_and_no_review():
    attempt, admin = handed_in(), UserFactory(admin=True)
    suspicious = review(attempt, "Suspicious")
    attempt = api.pass_attempt(attempt.attempt_code, by=admin, reason="It was the cat")
    change = attempt.changes.order_by("pk").last()
    assert (attempt.status, attempt.current_review) == ("verified", suspicious)
    assert (change.source, change.by, change.reason) == (Source.PERSON, admin, "It was the cat")
    assert ExamReview.objects.count() == 1


def test_a_decision_is_reverted_by_the_other():
    attempt, admin = handed_in(), UserFactory(admin=True)
    for verb, status in (
        (api.fail_attempt, "rejected"),
        (api.pass_attempt, "verified"),
        (api.fail_attempt, "rejected"),
    ):
        assert verb(attempt.attempt_code, by=admin, reason="x").status == status
    assert attempt.changes.count() == 3


def test_the_same_decision_again_is_kept_as_a_change():
    attempt, admin = handed_in(), UserFactory(admin=True)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="a")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="b")
    assert list(attempt.changes.order_by("pk").values_list("from_status", "to_status")) == [
        ("submitted", "verified"),
        ("verified", "verified"),
    ]


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_a_decision_needs_a_reason(reason):
    attempt = handed_in()
    with pytest.raises(api.InvalidInput, match="reason"):
        api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason=reason)
    assert not attempt.changes.exists()


def test_a_decision_needs_the_permission():
    attempt = handed_in()
    with pytest.raises(api.AccessDenied, match="decide_attempt"):
        api.fail_attempt(attempt.attempt_code, by=UserFactory(), reason="x")
    attempt.refresh_from_db()
    assert attempt.status == "submitted"


@pytest.mark.parametrize("verb", [api.pass_attempt, api.fail_attempt])
def test_nobody_decides_about_their_own_attempt(verb):
    attempt = handed_in(user=UserFactory(admin=True))
    with pytest.raises(api.OwnAttempt, match="your own attempt"):
        verb(attempt.attempt_code, by=attempt.user, reason="I know myself")
    assert not attempt.changes.exists()


def test_nobody_passes_their_own_attempt_in_a_selection():
    own, other = handed_in(user=UserFactory(admin=True)), handed_in()
    by = own.user
    codes = {own.attempt_code: None, other.attempt_code: None}
    assert [bool(one.why_not) for one in preview_selection(codes, by=by)] == [True, False]
    outcomes = pass_selection(codes, by=by, reason="seen")
    assert [one.is_passed for one in outcomes] == [False, True]
    assert "your own attempt" in outcomes[0].problem


def test_nobody_dismisses_an_incident_of_their_own_attempt():
    own = handed_in(user=UserFactory(admin=True))
    row = review(own, "Suspicious", incident()).incidents.get()
    with pytest.raises(api.OwnAttempt):
        api.dismiss_incident(row.pk, by=own.user, reason="it was the cat")


def test_nobody_is_reported_as_the_judge_of_their_own_attempt():
    attempt = handed_in(user=UserFactory(admin=True))
    with pytest.raises(api.OwnAttempt):
        review(attempt, "Clean", reviewed_by=attempt.user)
    assert not ExamReview.objects.exists()


def test_an_attempt_under_way_cannot_be_decided():
    attempt = ExamAttemptFactory(started=True)
    with pytest.raises(api.IllegalTransition):
        api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")


def test_a_decision_on_a_stale_page_is_refused_with_the_fresh_state():
    attempt, admin = handed_in(), UserFactory(admin=True)
    seen = api.Seen(None, None)
    newest = review(attempt, "Suspicious")
    with pytest.raises(api.StaleDecision) as refused:
        api.fail_attempt(attempt.attempt_code, by=admin, reason="x", seen=seen)
    assert (refused.value.review, refused.value.change) == (newest, attempt.changes.get())
    fresh = api.Seen(attempt.changes.get().pk, newest.pk)
    assert api.fail_attempt(attempt.attempt_code, by=admin, reason="x", seen=fresh).status == "rejected"


def test_a_persons_decision_outranks_a_providers_later_review_until_a_person_decides_again():
    attempt, admin = handed_in(), UserFactory(admin=True)
    first = review(attempt, "Suspicious")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    later = review(attempt, "Suspicious")
    assert (attempt.status, attempt.current_review) == ("verified", first)
    assert later.standing == ReviewStanding.AFTER_DECISION
    attempt = api.fail_attempt(attempt.attempt_code, by=admin, reason="seen the new one")
    later.refresh_from_db()
    assert (attempt.status, attempt.current_review, later.standing) == ("rejected", later, ReviewStanding.APPLIED)


@pytest.mark.database
def test_a_decision_and_a_submission_read_no_raw_data():
    """It may be a megabyte, and nothing follows from it."""
    attempt, under_way, dean = handed_in(), ExamAttemptFactory(started=True), UserFactory(admin=True)
    review(under_way, "Suspicious", raw_data={"a": 1})
    review(attempt, "Suspicious", raw_data={"a": 1})
    api.fail_attempt(attempt.attempt_code, by=dean, reason="x")
    review(attempt, "Clean", raw_data={"a": 2})
    with CaptureQueriesContext(connection) as queries:
        api.pass_attempt(attempt.attempt_code, by=dean, reason="x")
        api.submit_attempt(under_way.attempt_code)
    assert [query["sql"] for query in queries if "raw_data" in query["sql"]] == []
    attempt.refresh_from_db()
    under_way.refresh_from_db()
    assert (attempt.current_review.raw_data, under_way.current_review.raw_data) == ({"a": 2}, {"a": 1})
