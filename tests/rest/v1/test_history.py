"""What happened to an attempt: changes, reviews, incidents."""

import pytest
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import ExamReview
from tests.factories import COURSE, ExamAttemptFactory, ExamReviewFactory, IncidentFactory
from tests.rest.v1.calling import V1, member_of, pages, problem, team_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return team_of(COURSE)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


def of(attempt, resource):
    return f"{V1}attempts/{attempt.attempt_code}/{resource}/"


def test_changes_say_who_when_and_why_in_their_order(team, attempt):
    review = api.record_review(attempt.attempt_code, "Suspicious")
    person = member_of(COURSE)
    api.fail_attempt(attempt.attempt_code, by=person, reason="A book")
    first, second = pages(team, of(attempt, "changes"))
    assert (first["from_status"], first["to_status"]) == ("submitted", "second_review_required")
    assert (first["source"], first["by"], first["review"]) == ("provider", None, review.pk)
    assert (second["source"], second["by"], second["reason"]) == ("person", person.get_username(), "A book")


def test_an_appeal_has_its_text_its_deadline_and_then_its_answer(team, attempt, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "APPEAL_DAYS": 14}
    api.fail_attempt(attempt.attempt_code, by=member_of(COURSE), reason="A book")
    decision = attempt.changes.get()
    api.appeal(attempt.attempt_code, by=attempt.user, text="My cat")
    (opened,) = pages(team, of(attempt, "appeals"))
    due_at = team.get(f"{V1}attempts/{attempt.attempt_code}/").json()["appeal_due_at"]
    assert (
        opened.items() >= {"text": "My cat", "decision": decision.pk, "answer": None, "answer_due_at": due_at}.items()
    )
    api.pass_attempt(attempt.attempt_code, by=member_of(COURSE), reason="A cat")
    (answered,) = pages(team, of(attempt, "appeals"))
    assert answered["answer"] == attempt.changes.latest("pk").pk
    assert team.get(f"{V1}attempts/{attempt.attempt_code}/").json()["appeal_due_at"] is None


def test_a_dismissed_incident_says_by_whom_and_why(team, attempt):
    incidents = [api.IncidentData(status="Suspicious", comment=comment) for comment in ("looks away", "a noise")]
    review = api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)
    person = member_of(COURSE)
    api.dismiss_incident(review.incidents.get(position=1).pk, by=person, reason="A door")
    before, after = pages(team, of(attempt, "reviews"))
    assert (after["version_of"], after["version_reason"]) == (before["id"], "A door")
    assert [one["suspicious_count"] for one in (before, after)] == [2, 1]
    first, second = pages(team, of(attempt, f"reviews/{after['id']}/incidents"))
    assert (first["comment"], first["dismissed_by"], first["dismissal_reason"]) == ("looks away", None, "")
    assert (second["dismissed_by"], second["dismissal_reason"]) == (person.get_username(), "A door")
    assert second["dismissed_at"] is not None


@pytest.mark.parametrize("resource", ["changes", "reviews", "incidents"])
def test_paging_to_the_end_shows_each_row_once(team, attempt, resource):
    url, made = fill(attempt, resource, 5)
    assert [one["id"] for one in pages(team, url, page_size=2)] == made


@pytest.mark.parametrize("resource", ["changes", "reviews", "incidents"])
def test_a_cursor_of_another_attempt_is_refused(team, attempt, resource):
    cursor = team.get(fill(attempt, resource, 2)[0], {"page_size": 1}).json()["next_cursor"]
    url, _ = fill(ExamAttemptFactory(submitted=True), resource, 2)
    assert problem(team.get(url, {"cursor": cursor})) == (400, "invalid", "cursor")


@pytest.mark.parametrize("number", [1, 60])
@pytest.mark.parametrize(("resource", "queries"), [("changes", 5), ("reviews", 5), ("incidents", 6)])
def test_the_queries_are_the_same_for_few_and_many(team, attempt, resource, queries, number, django_assert_num_queries):
    url, made = fill(attempt, resource, number)
    with django_assert_num_queries(queries):
        assert len(team.get(url, {"page_size": 200}).json()["results"]) == len(made)


def fill(attempt, resource, number):
    if resource == "reviews":
        reviews = [ExamReviewFactory(attempt=attempt, reviewed_by=member_of(COURSE)) for _ in range(number)]
        return of(attempt, resource), [one.pk for one in reviews]
    if resource == "incidents":
        review: ExamReview = ExamReviewFactory(attempt=attempt)
        incidents = [
            IncidentFactory(
                review=review,
                position=number - place,
                dismissed_by=member_of(COURSE),
                dismissed_at=timezone.now(),
                dismissal_reason="A door",
            )
            for place in range(number)
        ]
        return of(attempt, f"reviews/{review.pk}/incidents"), [one.pk for one in reversed(incidents)]
    for place in range(number):
        verb = api.fail_attempt if place % 2 else api.pass_attempt
        verb(attempt.attempt_code, by=member_of(COURSE), reason="A reason")
    return of(attempt, resource), list(attempt.changes.order_by("pk").values_list("pk", flat=True))


@pytest.mark.parametrize("review_id", ["0", "x", "9" * 30])
def test_a_review_that_there_is_not_is_a_404(team, attempt, review_id):
    assert problem(team.get(of(attempt, f"reviews/{review_id}/incidents"))) == (404, "not_found", None)


def test_what_is_no_code_is_named(team):
    assert problem(team.get(f"{V1}attempts/a%00b/")) == (400, "invalid", "attempt_code")


def test_the_course_team_reads_the_providers_score(team, attempt):
    score = api.ScoreData(value=72, label="High", thresholds={"rejected": 70})
    incidents = [api.IncidentData(status="odd", severity="LOW")]
    review = api.record_review(attempt.attempt_code, "Clean", score=score, incidents=incidents)
    (body,) = pages(team, of(attempt, "reviews"))
    assert (body["score"], body["score_label"], body["score_rank"]) == (72.0, "High", 0.72)
    assert body["score_scale"]["thresholds"] == {"rejected": 70.0}
    (incident,) = pages(team, of(attempt, f"reviews/{review.pk}/incidents"))
    assert incident["severity"] == "LOW"
