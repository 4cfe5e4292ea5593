"""The attempts of a course: fields, filters, search, and paging."""

from datetime import UTC, datetime, timedelta

import pytest

from proctoring_results import api
from proctoring_results.filters import AttemptFilter
from proctoring_results.models import ExamAttempt
from proctoring_results.queries import merged
from proctoring_results.queries.sessions import sessions
from tests.factories import COURSE, ExamAttemptFactory, ExamReviewFactory, ProctoredExamFactory, UserFactory
from tests.rest.calling import post
from tests.rest.v1.calling import V1, pages, problem, team_of

pytestmark = [pytest.mark.database, pytest.mark.django_db]

ATTEMPTS, SEARCH = f"{V1}attempts/", f"{V1}attempts/search/"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def team():
    return team_of(COURSE)


@pytest.fixture
def exam():
    return ProctoredExamFactory(exam_name="Final")


def codes(client, **query):
    return [one["attempt_code"] for one in pages(client, ATTEMPTS, course_id=COURSE, **query)]


def look_for(client, **body):
    return post(client, SEARCH, {"course_id": COURSE, **body})


# ------------------------------------------------------------------------------------------------------- one attempt


def test_an_attempt_says_who_what_and_how_it_stands(team, exam):
    learner = UserFactory(username="ada", email="ada@example.com")
    attempt = ExamAttemptFactory(submitted=True, exam=exam, user=learner)
    incidents = [api.IncidentData(status="Suspicious", comment="x"), api.IncidentData(status="Odd", comment="y")]
    review = api.record_review(attempt.attempt_code, "Clean", incidents=incidents)
    body = team.get(f"{ATTEMPTS}{attempt.attempt_code}/").json()
    assert body["learner"] == {"name": "ada", "username": "ada", "email": "ada@example.com"}
    assert body["exam"] == {"id": exam.pk, "content_id": exam.content_id, "exam_name": "Final"}
    assert (body["status"], body["result"]) == ("verified", "satisfactory")
    assert (body["review_status"], body["current_review"]) == ("Clean", review.pk)
    assert (body["suspicious_count"], body["rules_violation_count"], body["other_count"]) == (1, 0, 1)
    assert body["attention_reasons"] == ["contradiction"]
    assert body["seen"] == {"change": attempt.changes.get().pk, "review": review.pk, "appeal": None}
    del body["seen"]
    assert pages(team, ATTEMPTS, course_id=COURSE) == [body]


def test_what_is_not_there_is_null(team, exam):
    attempt = ExamAttemptFactory(exam=exam)
    body = team.get(f"{ATTEMPTS}{attempt.attempt_code}/").json()
    assert (body["review_status"], body["current_review"], body["suspicious_count"]) == (None, None, 0)
    assert (body["result"], body["started_at"], body["attention_since"]) == (None, None, None)
    assert body["seen"] == {"change": None, "review": None, "appeal": None}


def test_a_recording_is_not_told(team, exam):
    attempt = ExamAttemptFactory(submitted=True, exam=exam)
    ExamReviewFactory(attempt=attempt, raw_data={"videoReviewLink": "https://secret.example"})
    for address in ("", "reviews/", "changes/"):
        assert b"secret.example" not in team.get(f"{ATTEMPTS}{attempt.attempt_code}/{address}").content


# ----------------------------------------------------------------------------------------------------------- filters


def test_archived_attempts_are_left_out_unless_asked_for(team, exam):
    current, archived = ExamAttemptFactory(exam=exam), ExamAttemptFactory(exam=exam, archived=True)
    assert codes(team) == [current.attempt_code]
    assert codes(team, archived="only") == [archived.attempt_code]
    assert set(codes(team, archived="with")) == {current.attempt_code, archived.attempt_code}


def test_attention_tells_those_that_wait_from_the_others(team, exam):
    waiting = ExamAttemptFactory(exam=exam, status="second_review_required")
    other = ExamAttemptFactory(exam=exam)
    assert codes(team, attention="only") == [waiting.attempt_code]
    assert codes(team, attention="without") == [other.attempt_code]


FILTERS = [
    {"tab": "practice"},
    {"tab": "waiting"},
    {"exam": "the-final"},
    {"status": "submitted"},
    {"review_status": "Suspicious"},
    {"review_status": "Not Reviewed"},
    {"result": "pending"},
    {"since": "2026-05-02"},
    {"until": "2026-05-01"},
    {"practice": "only"},
    {"practice": "without"},
    {"archived": "only"},
    {"archived": "with"},
    {"attention": "only"},
    {"attention": "without"},
    {"search": "grace"},
]


@pytest.mark.parametrize("filters", FILTERS, ids=lambda one: str(one))
def test_each_filter_finds_what_the_page_finds_and_not_everything(team, filters):
    final = ProctoredExamFactory(content_id="the-final")
    practice = ProctoredExamFactory(is_practice_exam=True)
    ExamAttemptFactory(exam=final, submitted=True, user=UserFactory(username="grace"))
    ExamAttemptFactory(exam=practice, submitted=True, status="second_review_required", started_at=NOON + DAY)
    ExamAttemptFactory(exam=practice, started=True, started_at=NOON + DAY, archived=True)
    suspicious = ExamReviewFactory(review_status="Suspicious", attempt__exam=final)
    ExamAttempt.objects.filter(pk=suspicious.attempt_id).update(current_review=suspicious)
    rows = [one["attempt_code"] for one in look_for(team, **filters).json()["results"]]
    search = filters.get("search", "")
    listed = sessions(COURSE, AttemptFilter.read({} if search else filters), search)
    assert sorted(rows) == sorted(one.attempt_code for one in listed)
    assert 0 < len(rows) < 4 + (filters == {"archived": "with"})


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "Verified"},
        {"status": ""},
        {"review_status": "clean"},
        {"since": "20260501"},
        {"since": "2026-02-30"},
        {"until": "2026-05-01T00:00:00Z"},
        {"practice": "with"},
        {"archived": "yes"},
        {"attention": "true"},
        {"order": "pk"},
        {"exam": ""},
        {"user": "ada"},
    ],
    ids=lambda one: str(one),
)
def test_a_filter_that_cannot_be_understood_is_named(team, filters):
    (field,) = filters
    assert problem(team.get(ATTEMPTS, {"course_id": COURSE, **filters})) == (400, "invalid", field)
    assert problem(look_for(team, **filters)) == (400, "invalid", field)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_beyond_all_exams_are_days_too(team, exam, day, settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    attempt = ExamAttemptFactory(exam=exam, submitted=True)
    assert codes(team, since=day) == ([attempt.attempt_code] if day < "2026" else [])
    assert codes(team, until=day) == ([attempt.attempt_code] if day > "2026" else [])


def test_an_exam_that_the_course_has_not_is_a_404(team):
    elsewhere = ProctoredExamFactory(course_id="another")
    answer = team.get(ATTEMPTS, {"course_id": COURSE, "exam": elsewhere.content_id})
    assert problem(answer) == (404, "not_found", None)


# ------------------------------------------------------------------------------------------------------------ search


def test_a_search_is_not_taken_from_the_address(team):
    answer = team.get(ATTEMPTS, {"course_id": COURSE, "search": "ada"})
    assert problem(answer) == (400, "invalid", "search")
    answer = post(team, f"{SEARCH}?search=ada", {"course_id": COURSE})
    assert problem(answer) == (400, "invalid", "search")


@pytest.mark.parametrize("term", ["ada", "ADA@example", "sjostrom Ása", "{code}"])
def test_a_learner_is_found_by_name_address_or_code(team, exam, term):
    names = {"first_name": "Åsa", "last_name": "Sjöström"}
    attempt = ExamAttemptFactory(exam=exam, user=UserFactory(username="ada", email="ada@example.com", **names))
    ExamAttemptFactory(exam=exam)
    results = look_for(team, search=term.format(code=attempt.attempt_code[:8].lower())).json()["results"]
    assert [one["attempt_code"] for one in results] == [attempt.attempt_code]


def test_a_search_goes_on_by_its_own_cursor_only(team, exam):
    ExamAttemptFactory.create_batch(3, exam=exam)
    first = look_for(team, search="learner", page_size=2).json()
    second = look_for(team, search="learner", page_size=2, cursor=first["next_cursor"]).json()
    assert len({one["attempt_code"] for one in first["results"] + second["results"]}) == 3
    answer = look_for(team, search="learne", cursor=first["next_cursor"])
    assert problem(answer) == (400, "invalid", "cursor")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("[]", "body"),
        ("{", "body"),
        (b"\xff", "body"),
        ({}, "course_id"),
        ({"course_id": 5}, "course_id"),
        ({"course_id": COURSE, "search": ["x"]}, "search"),
        ({"course_id": COURSE, "search": "x" * 256}, "search"),
        ({"course_id": COURSE, "search": "a\0b"}, "search"),
        ({"course_id": COURSE, "page_size": True}, "page_size"),
        ({"course_id": COURSE, "page_size": 2.0}, "page_size"),
        ({"course_id": COURSE, "since": 20260501}, "since"),
        ({"course_id": COURSE, "since": "2026-11-01", "until": "2026-08-01"}, "until"),
        ({"course_id": COURSE, "status": ["submitted"]}, "status"),
        ({"course_id": COURSE, "cursor": None}, "cursor"),
        ({"course_id": COURSE, "é" * 500: 1}, "é" * 200 + "…"),
    ],
)
def test_a_body_that_cannot_be_understood_is_named(team, body, field):
    assert problem(post(team, SEARCH, body)) == (400, "invalid", field)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_that_is_no_json_is_a_415(team, content_type):
    answer = post(team, SEARCH, '{"course_id": "a"}', content_type=content_type)
    assert problem(answer) == (415, "unsupported_media_type", None)


# ------------------------------------------------------------------------------------------------------------ paging


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_paging_to_the_end_shows_each_attempt_once_in_order(team, exam, order):
    for number in range(7):
        # Some of the same moment.
        ExamAttemptFactory(exam=exam, last_activity_at=NOON + timedelta(microseconds=number // 3))
    rows = pages(team, ATTEMPTS, course_id=COURSE, page_size=2, order=order)
    sign = "-" if order == "newest" else ""
    expected = ExamAttempt.objects.order_by(f"{sign}last_activity_at", f"{sign}pk").values_list(
        "attempt_code", flat=True
    )
    assert [one["attempt_code"] for one in rows] == list(expected)


def test_from_the_oldest_on_nothing_is_missed_that_happens_meanwhile(team, exam):
    made = [ExamAttemptFactory(exam=exam, submitted=True, last_activity_at=NOON) for _ in range(4)]
    query = {"course_id": COURSE, "order": "oldest", "page_size": 2}
    first = team.get(ATTEMPTS, query).json()
    for attempt in (made[0], made[3]):
        api.record_review(attempt.attempt_code, "Clean")
    rest = pages(team, ATTEMPTS, **query, cursor=first["next_cursor"])
    assert {one["attempt_code"] for one in rest} == {made[number].attempt_code for number in (0, 2, 3)}


def test_a_row_that_changes_while_the_page_is_read_does_not_turn_it_back(team, exam, monkeypatch):
    made = [ExamAttemptFactory(exam=exam, submitted=True, last_activity_at=NOON - DAY * days) for days in range(4)]
    as_it_was = merged.with_rows

    def after_something_happened(attempts):
        ExamAttempt.objects.filter(pk=made[1].pk).update(last_activity_at=NOON + DAY)
        return as_it_was(attempts)

    monkeypatch.setattr(merged, "with_rows", after_something_happened)
    rows = pages(team, ATTEMPTS, course_id=COURSE, page_size=2)
    assert [one["attempt_code"] for one in rows] == [attempt.attempt_code for attempt in made]


@pytest.mark.parametrize("number", [1, 40])
def test_the_list_takes_the_same_queries_for_few_and_many(team, exam, number, django_assert_num_queries):
    for _ in range(number):
        review = ExamReviewFactory(attempt__exam=exam, attempt__status="second_review_required")
        waiting = {"current_review": review, "attention_since": NOON}
        ExamAttempt.objects.filter(pk=review.attempt_id).update(**waiting)
    # Session, person, roles, exams, attempts (2), why they wait.
    with django_assert_num_queries(7):
        assert len(team.get(ATTEMPTS, {"course_id": COURSE}).json()["results"]) == number
