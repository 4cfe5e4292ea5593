"""An incident is dismissed and taken back: a new version of the review, and nothing moves."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from proctoring_results import api
from proctoring_results.choices import ReviewStanding, Source
from proctoring_results.crypto import decrypt
from proctoring_results.models import ExamReview, LmsEffect
from tests.factories import ExamAttemptFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


def incident(comment, status="Suspicious", **fields):
    return api.IncidentData(status=status, comment=comment, **fields)


def video(url="https://video.example/1"):
    return api.EvidenceData(kind="video", url=url)


def reviewed(attempt, status="Suspicious", *incidents, **fields):
    incidents = incidents or (incident("a"), incident("b"), incident("c", "Rules Violation"))
    review = api.record_review(attempt.attempt_code, status, incidents=incidents, **fields)
    attempt.refresh_from_db()
    return review


def first(review):
    return review.incidents.order_by("position").first()


def columns(review):
    return review.suspicious_count, review.suspicious_comments, review.rules_violation_count


def test_dismissing_makes_a_new_version_that_counts_one_less(attempt, admin):
    before = reviewed(attempt)
    review = api.dismiss_incident(first(before).pk, by=admin, reason=" It was the cat ")
    attempt.refresh_from_db()
    assert attempt.current_review == review
    assert (review.version_of, review.reviewed_by, review.source) == (before, admin, Source.PERSON)
    assert (review.review_status, review.version_reason) == ("Suspicious", "It was the cat")
    assert columns(review) == (1, "b", 1)
    assert columns(before) == (2, "a; b", 1)


def test_the_new_version_has_all_incidents_and_the_dismissed_one_says_who_and_why(attempt, admin):
    before = reviewed(attempt, "Suspicious", incident("a", kind="webcam", start=1, stop=2), incident("b"))
    review = api.dismiss_incident(first(before).pk, by=admin, reason="cat")
    a, b = review.incidents.order_by("position")
    assert (a.comment, a.kind, a.start, a.stop) == ("a", "webcam", 1.0, 2.0)
    assert (a.dismissed_by, a.dismissal_reason, a.dismissed_at) == (admin, "cat", review.received_at)
    assert (b.comment, b.is_dismissed) == ("b", False)
    assert not first(before).is_dismissed


def test_evidence_goes_along_with_its_incident(attempt, admin):
    before = reviewed(
        attempt, "Suspicious", incident("a"), incident("b", evidence=(video("https://b.example/"),)), evidence=[video()]
    )
    review = api.dismiss_incident(first(before).pk, by=admin, reason="cat")
    stored = [(decrypt(one.url), one.incident and one.incident.comment) for one in review.evidence.order_by("position")]
    assert stored == [("https://video.example/1", None), ("https://b.example/", "b")]
    assert {one.incident.review for one in review.evidence.exclude(incident=None)} == {review}
    assert before.evidence.count() == 2


def test_it_changes_no_status_and_nothing_follows(attempt, admin):
    before = reviewed(attempt)
    effects = LmsEffect.objects.count()
    api.dismiss_incident(first(before).pk, by=admin, reason="cat")
    attempt.refresh_from_db()
    assert (attempt.status, attempt.changes.count()) == ("second_review_required", 1)
    assert LmsEffect.objects.count() == effects


def test_it_is_taken_back_by_another_version(attempt, admin):
    dismissed = api.dismiss_incident(first(reviewed(attempt)).pk, by=admin, reason="cat")
    review = api.restore_incident(first(dismissed).pk, by=admin, reason="no cat")
    attempt.refresh_from_db()
    assert (attempt.current_review, review.version_of, review.version_reason) == (review, dismissed, "no cat")
    assert columns(review) == (2, "a; b", 1)
    assert not any(one.is_dismissed for one in review.incidents.all())


def test_a_providers_later_review_starts_from_its_own_incidents(attempt, admin):
    api.dismiss_incident(first(reviewed(attempt)).pk, by=admin, reason="cat")
    later = reviewed(attempt)
    assert (attempt.current_review, columns(later)) == (later, (2, "a; b", 1))


def test_new_information_stays_that_until_a_person_decides_and_then_its_newest_version_counts(attempt, admin):
    reviewed(attempt)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    later = reviewed(attempt)
    review = api.dismiss_incident(first(later).pk, by=admin, reason="cat")
    attempt.refresh_from_db()
    assert (review.standing, attempt.current_review == review) == (ReviewStanding.AFTER_DECISION, False)
    assert api.pass_attempt(attempt.attempt_code, by=admin, reason="y").current_review == review


def test_a_clean_review_that_no_longer_contradicts_itself_needs_no_attention(attempt, admin):
    review = reviewed(attempt, "Clean", incident("a"))
    assert attempt.attention_since is not None
    api.dismiss_incident(first(review).pk, by=admin, reason="cat")
    attempt.refresh_from_db()
    assert attempt.attention_since is None


# --- Several ---


def keys_of(review, *positions):
    return [review.incidents.get(position=position).pk for position in positions]


def dismissed_in(review):
    return [one.position for one in review.incidents.order_by("position") if one.is_dismissed]


def test_several_are_dismissed_with_one_reason_in_one_version_and_restored_in_another(attempt, admin):
    before = reviewed(attempt)
    review = api.dismiss_incidents(before.pk, keys_of(before, 0, 2), by=admin, reason=" Two cats ")
    attempt.refresh_from_db()
    assert (attempt.current_review, review.version_of, review.version_reason) == (review, before, "Two cats")
    assert dismissed_in(review) == [0, 2]
    assert {one.dismissal_reason for one in review.incidents.exclude(dismissed_at=None)} == {"Two cats"}
    assert columns(review) == (1, "b", 0)
    again = api.restore_incidents(review.pk, keys_of(review, 0, 2), by=admin, reason="No cats")
    assert (again.version_of, columns(again), dismissed_in(again)) == (review, (2, "a; b", 1), [])
    assert ExamReview.objects.count() == 3


def test_if_one_of_several_cannot_be_dismissed_none_is(attempt, admin):
    review = api.dismiss_incident(first(reviewed(attempt)).pk, by=admin, reason="x")
    with pytest.raises(api.IncidentNotInState, match=r"^Incident 1 has been dismissed already\."):
        api.dismiss_incidents(review.pk, keys_of(review, 0, 1), by=admin, reason="x")
    with pytest.raises(api.IncidentNotInState, match=r"^Incidents 2, 3 have not been dismissed\."):
        api.restore_incidents(review.pk, keys_of(review, 2, 0, 1), by=admin, reason="x")
    assert ExamReview.objects.count() == 2


def test_incidents_of_another_review_are_refused_by_their_ids(attempt, admin):
    other = keys_of(reviewed(ExamAttemptFactory(submitted=True)), 0, 1)
    review = reviewed(attempt)
    with pytest.raises(api.InvalidInput, match=rf"incidents: .*: {other[0]}, {other[1]}\."):
        api.dismiss_incidents(review.pk, [*keys_of(review, 0), *other], by=admin, reason="x")
    assert unchanged(attempt)


def test_no_incident_at_all_is_refused(attempt, admin):
    with pytest.raises(api.InvalidInput, match="incidents: must not be empty"):
        api.dismiss_incidents(reviewed(attempt).pk, [], by=admin, reason="x")


def test_of_an_unknown_review_nothing_is_dismissed(admin):
    with pytest.raises(api.NotFound):
        api.dismiss_incidents(1, [1], by=admin, reason="x")


def test_a_thousand_are_dismissed_by_as_many_queries_as_one_of_them(attempt, admin):
    counts = []
    for number in (1, 1_000):
        review = reviewed(attempt, "Suspicious", *[incident("a")] * 1_000)
        keys = list(review.incidents.values_list("pk", flat=True)[:number])
        with CaptureQueriesContext(connection) as queries:
            api.dismiss_incidents(review.pk, keys, by=admin, reason="x")
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --- Refusals ---


def unchanged(attempt):
    return ExamReview.objects.filter(version_of__isnull=False).count() == 0


@pytest.mark.parametrize("verb", [api.dismiss_incident, api.restore_incident])
def test_it_needs_the_permission(attempt, verb):
    review = reviewed(attempt)
    with pytest.raises(api.AccessDenied, match="decide_attempt"):
        verb(first(review).pk, by=UserFactory(), reason="x")
    assert unchanged(attempt)


@pytest.mark.parametrize("verb", [api.dismiss_incident, api.restore_incident])
@pytest.mark.parametrize("reason", ["", " \n", "a\0", "x" * 10_001])
def test_it_needs_a_reason_that_can_be_kept(attempt, admin, verb, reason):
    review = reviewed(attempt)
    with pytest.raises(api.InvalidInput, match="reason"):
        verb(first(review).pk, by=admin, reason=reason)
    assert unchanged(attempt)


def test_an_unknown_incident_is_not_found(admin):
    with pytest.raises(api.NotFound):
        api.dismiss_incident(1, by=admin, reason="x")


def test_of_an_older_version_nothing_is_dismissed(attempt, admin):
    before = reviewed(attempt)
    api.dismiss_incident(first(before).pk, by=admin, reason="x")
    with pytest.raises(api.StaleDecision):
        api.dismiss_incident(first(before).pk, by=admin, reason="x")
    assert ExamReview.objects.count() == 2


def test_a_stale_page_is_refused(attempt, admin):
    review = reviewed(attempt)
    seen = api.Seen(attempt.changes.get().pk, review.pk)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x", seen=seen)
    with pytest.raises(api.StaleDecision):
        api.dismiss_incident(first(review).pk, by=admin, reason="x", seen=seen)
    assert unchanged(attempt)


def test_what_is_dismissed_already_or_was_never_is_refused(attempt, admin):
    review = reviewed(attempt)
    with pytest.raises(api.IncidentNotInState):
        api.restore_incident(first(review).pk, by=admin, reason="x")
    dismissed = api.dismiss_incident(first(review).pk, by=admin, reason="x")
    with pytest.raises(api.IncidentNotInState):
        api.dismiss_incident(first(dismissed).pk, by=admin, reason="x")


def test_an_archived_attempt_stays_as_it_is(attempt, admin):
    review = reviewed(attempt)
    api.archive_attempt(attempt.attempt_code, reason="x")
    with pytest.raises(api.AttemptIsArchived):
        api.dismiss_incident(first(review).pk, by=admin, reason="x")


def test_incidents_of_a_review_that_was_replaced_stay_as_they_are(attempt, admin):
    older = reviewed(attempt)
    reviewed(attempt)
    with pytest.raises(api.IncidentNotInState):
        api.dismiss_incident(first(older).pk, by=admin, reason="x")


def test_a_review_that_waits_for_the_end_of_the_exam_stays_as_it_is(admin):
    review = reviewed(ExamAttemptFactory(started=True))
    with pytest.raises(api.IncidentNotInState):
        api.dismiss_incident(first(review).pk, by=admin, reason="x")
