"""What stands in the rows of each kind, on every database."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from proctoring_results import api
from proctoring_results.choices import ReportKind, Source
from proctoring_results.models import ExamAttempt, Incident
from tests.factories import (
    ExamAttemptFactory,
    ExamReviewFactory,
    IncidentFactory,
    ProctoredExamFactory,
    UserFactory,
)
from tests.reports.reading import rows

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def team():
    return UserFactory(username="team", admin=True)


@pytest.fixture
def attempt():
    return submitted()


def submitted(**options) -> ExamAttempt:
    exam = ProctoredExamFactory(exam_name=options.pop("exam_name", "Final"))
    return ExamAttemptFactory(submitted=True, exam=exam, **options)


def reviewed(attempt: ExamAttempt, *incidents: api.IncidentData, status: str = "Suspicious", **options) -> None:
    with time_machine.travel(NOON, tick=False):
        api.record_review(attempt.attempt_code, status, incidents=incidents, **options)


def incident(comment: str = "seen", status: str = "Suspicious", **options) -> api.IncidentData:
    return api.IncidentData(status=status, comment=comment, **options)


# --- Incidents ---


def test_each_incident_is_a_row_with_all_that_was_marked(attempt):
    reviewed(
        attempt,
        incident("phone", start=12.5, stop=90, kind="desktop"),
        incident("=book", status="a label of its own"),
    )
    first, second = rows(kind=ReportKind.INCIDENTS)
    assert list(first.items()) == [
        ("course_id", attempt.exam.course_id),
        ("exam_name", "Final"),
        ("username", attempt.user.username),
        ("email", attempt.user.email),
        ("attempt_code", attempt.attempt_code),
        ("status", "second_review_required"),
        ("review_status", "Suspicious"),
        ("incident", "1"),
        ("start_seconds", "12.5"),
        ("stop_seconds", "90"),
        ("incident_kind", "desktop"),
        ("incident_status", "Suspicious"),
        ("comment", "phone"),
        ("dismissed", "False"),
        ("dismissed_at", ""),
        ("dismissed_by", ""),
        ("dismissal_reason", ""),
        ("source", "proctortrack"),
    ]
    assert (second["incident"], second["start_seconds"], second["stop_seconds"]) == ("2", "", "")
    assert (second["incident_status"], second["comment"]) == ("a label of its own", "'=book")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(0, "0"), (-0.0, "0"), (90, "90"), (90.0, "90"), (12.5, "12.5"), (100, "100"), (0.1 + 0.2, "0.3")],
        *[(3_600.25, "3600.25"), (-1.5, "-1.5"), (-1e-9, "0"), (1e-6, "0.000001"), (1 / 3, "0.333333")],
        *[(86_399.999, "86399.999"), (999_999_999, "999999999"), (1e9, ""), (-1e9, ""), (1e300, ""), (None, "")],
    ],
)
def test_seconds_are_the_same_text_from_every_database(seconds, text):
    review = ExamReviewFactory()
    ExamAttempt.objects.update(current_review=review)
    IncidentFactory(review=review, start=seconds, stop=seconds)
    [row] = rows(kind=ReportKind.INCIDENTS)
    assert (row["start_seconds"], row["stop_seconds"]) == (text, text)


def test_a_dismissed_incident_stays_with_who_dismissed_it_when_and_why(attempt, team):
    reviewed(attempt, incident("phone"), incident("book"))
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        api.dismiss_incident(Incident.objects.get(comment="phone").pk, by=team, reason="A calculator.")
    dismissed, other = rows(kind=ReportKind.INCIDENTS)
    assert {name: dismissed[name] for name in dismissed if "dismiss" in name} == {
        "dismissed": "True",
        "dismissed_at": "2026-05-01T13:00:00Z",
        "dismissed_by": "team",
        "dismissal_reason": "A calculator.",
    }
    assert (dismissed["incident"], dismissed["comment"], dismissed["source"]) == ("1", "phone", "proctortrack")
    assert (other["comment"], other["dismissed"], other["dismissed_by"]) == ("book", "False", "")


def test_only_incidents_of_the_current_review_are_rows(attempt):
    reviewed(attempt, incident("old"))
    reviewed(attempt, incident("new"))
    submitted()
    assert [row["comment"] for row in rows(kind=ReportKind.INCIDENTS)] == ["new"]


def test_incidents_are_in_the_order_of_attempts_and_of_the_review():
    for name in ("b", "Z", "ä", "𝔸", "ﬀ"):
        reviewed(submitted(exam_name=name), *[incident(f"{number}") for number in range(11)])
    in_file = [(row["exam_name"], row["incident"]) for row in rows(kind=ReportKind.INCIDENTS)]
    assert in_file == [(name, str(number)) for name in ("Z", "b", "ä", "ﬀ", "𝔸") for number in range(1, 12)]


# --- Decisions ---


def decide(attempt: ExamAttempt, verb, team, minutes: int, reason: str) -> None:
    with time_machine.travel(NOON + timedelta(minutes=minutes), tick=False):
        verb(attempt.attempt_code, by=team, reason=reason, category="other")


def test_each_decision_is_a_row_with_who_when_from_to_and_why(attempt, team):
    reviewed(attempt, incident())
    decide(attempt, api.fail_attempt, team, 1, "-5 points")
    decide(attempt, api.pass_attempt, UserFactory(username="=boss", admin=True), 2, "An appeal.")
    first, second = rows(kind=ReportKind.DECISIONS)
    assert list(first.items()) == [
        ("course_id", attempt.exam.course_id),
        ("exam_name", "Final"),
        ("username", attempt.user.username),
        ("email", attempt.user.email),
        ("attempt_code", attempt.attempt_code),
        ("decided_at", "2026-05-01T12:01:00Z"),
        ("decided_by", "team"),
        ("decided_via", "person"),
        ("from_status", "second_review_required"),
        ("to_status", "rejected"),
        ("reason", "'-5 points"),
        ("category", "other"),
    ]
    assert [second[name] for name in ("decided_by", "from_status", "to_status", "reason")] == [
        *["'=boss", "rejected", "verified", "An appeal."]
    ]


def test_a_decision_that_a_service_reports_is_a_row_and_its_own_reviews_are_none(attempt, team):
    reviewed(submitted(), status="Clean")
    reviewed(attempt, reviewed_by=team, claimed_name="Team")
    [row] = rows(kind=ReportKind.DECISIONS)
    assert (row["decided_via"], row["to_status"], row["attempt_code"]) == (
        Source.REPORTED.value,
        "rejected",
        attempt.attempt_code,
    )


def test_decisions_at_one_moment_are_in_the_order_in_which_they_were_made(attempt, team):
    for verb, reason in ((api.fail_attempt, "z"), (api.pass_attempt, "y"), (api.fail_attempt, "x")):
        decide(attempt, verb, team, 1, reason)
    assert [row["reason"] for row in rows(kind=ReportKind.DECISIONS)] == ["z", "y", "x"]


# --- Extended results ---


def extended(**filters: str) -> list[dict[str, str]]:
    names = "provider track attempt_number is_archived extra_time_mins decided_at decided_by dismissed_incidents"
    return [{name: row[name] for name in names.split()} for row in rows(kind=ReportKind.EXTENDED_RESULTS, **filters)]


def test_extended_results_have_all_of_an_attempt(team):
    attempt = submitted(track="=verified", extra_time_mins=15)
    reviewed(attempt, incident("phone"), incident("book"))
    api.dismiss_incident(Incident.objects.get(comment="phone").pk, by=team, reason="A calculator.")
    decide(attempt, api.fail_attempt, team, 1, "x")
    decide(attempt, api.pass_attempt, UserFactory(username="boss", admin=True), 2, "y")
    assert extended() == [
        {
            "provider": "proctortrack",
            "track": "'=verified",
            "attempt_number": "1",
            "is_archived": "False",
            "extra_time_mins": "15",
            "decided_at": "2026-05-01T12:02:00Z",
            "decided_by": "boss",
            "dismissed_incidents": "1",
        }
    ]


def test_without_a_decision_and_a_review_nothing_is_named_and_nothing_dismissed(attempt):
    [row] = extended()
    assert (row["decided_at"], row["decided_by"], row["dismissed_incidents"], row["extra_time_mins"]) == (
        *["", "", "0", "0"],
    )


def test_attempts_are_numbered_for_each_learner_and_exam_archived_ones_too(attempt):
    reviewed(attempt, incident())
    other = ExamAttemptFactory(submitted=True, user=attempt.user)
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        api.archive_attempt(attempt.attempt_code, reason="again")
        second = ExamAttemptFactory(submitted=True, user=attempt.user, exam=attempt.exam, started_at=NOON)
    all_rows = rows(kind=ReportKind.EXTENDED_RESULTS)
    numbers = {row["attempt_code"]: (row["attempt_number"], row["is_archived"]) for row in all_rows}
    assert numbers == {
        attempt.attempt_code: ("1", "True"),
        second.attempt_code: ("2", "False"),
        other.attempt_code: ("1", "False"),
    }
    # Its number does not depend on what else is in the file.
    assert [row["attempt_number"] for row in extended(archived="without", exam=attempt.exam.content_id)] == ["2"]
