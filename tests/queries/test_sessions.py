"""The sessions of a course, in their order."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from proctoring_results.choices import SessionSort, SessionTab
from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import AttemptFilter
from proctoring_results.models import ExamAttempt
from proctoring_results.queries import merged
from proctoring_results.queries import search as search_module
from proctoring_results.queries.merged import MergedSessions
from proctoring_results.queries.sessions import (
    NO_DEADLINE,
    ListOrder,
    attempts_of_learners,
    key_at,
    neighbour,
    place_of,
    sessions,
    tab_numbers,
)
from proctoring_results.services.status import make_current
from tests.factories import COURSE, ExamAttemptFactory, ExamReviewFactory, ProctoredExamFactory, UserFactory
from tests.fakes import raising
from tests.host.lms import HostLMS

pytestmark = [pytest.mark.database, pytest.mark.django_db]

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def exam():
    return ProctoredExamFactory(exam_name="Final")


def submitted(exam, **fields):
    return ExamAttemptFactory(submitted=True, exam=exam, **fields)


def waiting(exam, days_ago, **fields):
    since = timezone.now() - timedelta(days=days_ago)
    return submitted(exam, status="second_review_required", attention_since=since, **fields)


def listed(search="", **filters) -> set:
    return set(sessions(COURSE, AttemptFilter.read(filters), search))


def in_list(tab, sort="", **filters) -> MergedSessions:
    return sessions(COURSE, AttemptFilter(tab=SessionTab(tab), **filters), order=ListOrder.read(sort))


def test_first_comes_what_requires_attention_longest_waiting_first(exam):
    new, old = waiting(exam, 1), waiting(exam, 9)
    submitted(exam)
    assert list(in_list("attention")) == [old, new]


@pytest.mark.usefixtures("merged_or_sorted")
def test_open_appeals_come_before_that_the_earliest_deadline_first(exam):
    exams = [exam, ProctoredExamFactory()]
    due_in_days = {1: NOON + timedelta(days=7), 3: NOON + timedelta(days=3)}
    ages = {days: waiting(exams[days % 2], days, appeal_due_at=due_in_days.get(days)) for days in (1, 2, 3, 4)}
    assert in_list("attention")[0:4] == [ages[3], ages[1], ages[4], ages[2]]
    # The other way round they are sorted by nothing else than what the column shows.
    assert in_list("attention", "-time")[0:4] == [ages[1], ages[2], ages[3], ages[4]]


def test_then_the_others_newest_activity_first(exam):
    old, new = submitted(exam, last_activity_at=NOON), submitted(exam, last_activity_at=NOON + timedelta(days=1))
    assert list(in_list("all")) == [new, old]


def test_only_those_of_the_course_that_have_a_result(exam):
    matching = submitted(exam)
    submitted(ProctoredExamFactory(course_id="another"))
    submitted(ProctoredExamFactory(is_proctored=False))
    assert listed() == {matching}


def test_of_one_exam(exam):
    matching = submitted(exam)
    submitted(ProctoredExamFactory())
    assert listed(exam=exam.content_id) == {matching}
    assert listed(exam="unknown") == set()


def test_by_status_and_by_the_current_reviews(exam):
    verified, suspicious = submitted(exam, status="verified"), submitted(exam, status="verified")
    suspicious.current_review = ExamReviewFactory(attempt=suspicious, review_status="Suspicious")
    suspicious.save()
    submitted(exam)
    assert listed(status="verified") == {verified, suspicious}
    assert listed(review_status="Suspicious") == {suspicious}


def test_by_days_both_included(exam):
    days = [NOON + timedelta(days=number) for number in range(-1, 3)]
    _, first, second, _ = (submitted(exam, started_at=day) for day in days)
    assert listed(since=date(2026, 5, 1), until=date(2026, 5, 2)) == {first, second}


def test_by_practice(exam):
    real, practice = submitted(exam), submitted(ProctoredExamFactory(is_practice_exam=True))
    assert (listed(practice="only"), listed(practice="without")) == ({practice}, {real})


def test_archived_attempts_only_if_the_filter_says_so(exam):
    matching, archived = submitted(exam), submitted(exam, archived=True)
    assert listed() == {matching}
    assert listed(archived="only") == {archived}
    assert listed(archived="with") == {matching, archived}


@pytest.mark.parametrize("search", ["ada.l", "LOVELACE", "@maths.example", "AB-12", "ab-12"])
def test_by_username_address_or_code(exam, search):
    ada = UserFactory(username="ada.lovelace", email="ada@maths.example")
    matching = submitted(exam, user=ada, attempt_code="AB-1234")
    submitted(exam)
    assert listed(search=search) == {matching}


@pytest.fixture(params=[0, merged.SORT_LIMIT], ids=["merged", "sorted"])
def merged_or_sorted(request, monkeypatch):
    """Few sessions are sorted, and those of many exams merged: nobody may see which."""
    monkeypatch.setattr(merged, "SORT_LIMIT", request.param)


def test_the_sessions_of_a_single_exam_stand_in_their_order(merged_or_sorted, exam):
    # Another one, without attempts.
    ProctoredExamFactory()
    ages = {days: submitted(exam, last_activity_at=NOON - timedelta(days=days)) for days in (2, 1, 3)}
    assert in_list("all")[0:2] == [ages[1], ages[2]]


@pytest.mark.usefixtures("merged_or_sorted")
def test_pages_follow_each_other_across_exams():
    one, another, _ = (ProctoredExamFactory() for _ in range(3))
    moments = [(one, 1), (another, 5), (another, 3), (one, 4), (one, 3)]
    made = [submitted(exam, last_activity_at=NOON + timedelta(days=day)) for exam, day in moments]
    others = in_list("all")
    pages = [others[start : start + 2] for start in (0, 2, 4, 6)]
    assert (others.count(), pages) == (5, [[made[1], made[3]], [made[4], made[2]], [made[0]], []])


@pytest.mark.usefixtures("merged_or_sorted")
def test_those_that_wait_follow_each_other_across_exams_too():
    made = [waiting(ProctoredExamFactory(), days) for days in (1, 3, 2)]
    assert in_list("attention")[1:9] == [made[2], made[0]]


@pytest.mark.usefixtures("merged_or_sorted")
@pytest.mark.parametrize("exams", [1, 3])
def test_a_page_is_three_queries(django_assert_num_queries, exams):
    for _ in range(exams):
        submitted(ProctoredExamFactory())
    others = in_list("all")
    with django_assert_num_queries(3):
        assert others.count() == exams
        assert [(one.user.username, one.exam.exam_name, one.current_review) for one in others[:2]]


@pytest.mark.usefixtures("merged_or_sorted")
def test_without_exams_and_without_sessions_pages_are_empty():
    assert (in_list("all").count(), in_list("all")[:5]) == (0, [])
    ProctoredExamFactory()
    assert (in_list("all").count(), in_list("all")[:5]) == (0, [])


@pytest.mark.parametrize(
    "search",
    ["sjostrom", "SJÖSTRÖM", "Sjöström", "sjo\u0308stro\u0308m", "åsa sjo", "sjöström  ASA", "asa@", "ASA.SJÖ"],
)
def test_a_learner_is_found_whatever_the_case_accent_or_order(exam, search):
    person = UserFactory(username="asa.sjö", first_name="Åsa", last_name="Sjöström", email="Asa@example.com")
    matching = submitted(exam, user=person)
    submitted(exam, user=UserFactory(first_name="Åsa", last_name="Berg", username="berg", email="berg@example.com"))
    assert listed(search=search) == {matching}


def test_letters_of_other_scripts_are_found_as_they_are(exam):
    matching = submitted(exam, user=UserFactory(first_name="Κωνσταντίνος", last_name="Łukasz Sørensen"))
    submitted(exam)
    assert [listed(search=search) for search in ("κωνσταντινοσ", "lukasz", "sorensen")] == [{matching}] * 3


def test_words_of_one_name_only_find_that_person(exam):
    submitted(exam, user=UserFactory(first_name="Ana", last_name="Berg"))
    submitted(exam, user=UserFactory(first_name="Eva", last_name="Vanderberg"))
    assert listed(search="Ana Vanderberg") == set()


def test_people_of_other_courses_are_not_found(exam):
    submitted(exam)
    submitted(ProctoredExamFactory(course_id="another"), user=UserFactory(email="9@maths.example"))
    assert listed(search="@maths") == set()


@pytest.fixture
def numbered(monkeypatch):
    """A host that knows the student numbers of these people."""
    numbers: dict[str, list] = {}
    monkeypatch.setattr(HostLMS, "search", lambda self, course_id, text: numbers.get(text, []), raising=False)
    return numbers


def test_a_learner_is_found_by_a_number_of_the_hosts_among_those_of_the_course(exam, numbered):
    matching, _, elsewhere = submitted(exam), submitted(exam), submitted(ProctoredExamFactory(course_id="another"))
    numbered["A 1234"] = [matching.user, elsewhere.user]
    assert listed(search="A 1234") == {matching}
    assert listed(search="1234") == set()


def test_a_host_that_fails_is_searched_by_name(exam, monkeypatch):
    monkeypatch.setattr(HostLMS, "search", raising(ConnectionError()), raising=False)
    matching = submitted(exam, user=UserFactory(username="ada"))
    assert listed(search="ada") == {matching}


def test_a_search_for_too_many_people_is_refused(exam, monkeypatch):
    monkeypatch.setattr(search_module, "MAX_PEOPLE", 2)
    for _ in range(3):
        submitted(exam)
    with pytest.raises(InvalidInput, match="Write more of the name"):
        sessions(COURSE, search="learner")


def test_days_in_the_wrong_order_are_refused():
    with pytest.raises(InvalidInput, match="until"):
        AttemptFilter(since=date(2026, 11, 1), until=date(2026, 8, 1))


def test_a_day_is_a_day_of_the_site_whatever_the_zone_of_the_viewer(exam, settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    matching = submitted(exam, started_at=datetime(2026, 4, 30, 18, 30, tzinfo=UTC))
    submitted(exam, started_at=datetime(2026, 4, 30, 18, 29, tzinfo=UTC))
    with timezone.override("America/New_York"):
        assert listed(since=date(2026, 5, 1), until=date(2026, 5, 1)) == {matching}


def test_a_list_is_one_query(exam, django_assert_num_queries):
    for _ in range(3):
        waiting(exam, 1)
    rows = in_list("attention")
    with django_assert_num_queries(1):
        assert [(one.user.username, one.exam.exam_name, one.current_review) for one in rows]


def test_all_attempts_of_many_learners_come_in_one_query(exam, django_assert_num_queries):
    one = submitted(exam)
    another = submitted(exam)
    again = submitted(exam, user=another.user, archived=True)
    submitted(ProctoredExamFactory(), user=one.user)
    with django_assert_num_queries(1):
        by_learner = attempts_of_learners([one, another])
    assert by_learner == {(one.user.pk, exam.pk): [one], (another.user.pk, exam.pk): [another, again]}
    assert attempts_of_learners([]) == {}


def ends(attempt):
    return NO_DEADLINE, attempt.attention_since, attempt.pk


def test_a_list_goes_on_and_back_from_a_place_in_it(exam):
    first, second, third = (waiting(exam, days) for days in (3, 2, 1))
    waiting(ProctoredExamFactory(), 2)
    listed = in_list("attention", exam=exam.content_id)
    assert [neighbour(listed, one, ends(one)) for one in (first, second, third)] == [second, third, None]
    assert [neighbour(listed, one, ends(one), before=True) for one in (first, second, third)] == [None, first, second]


def test_a_list_is_left_at_the_place_that_a_session_had_before_it_was_decided(exam):
    _, second, third = (waiting(exam, days) for days in (3, 2, 1))
    place = ends(second)
    ExamAttempt.objects.filter(pk=second.pk).update(attention_since=None)
    listed = in_list("attention")
    assert neighbour(listed, second, place) == third


def test_the_newest_activity_comes_first_in_the_list_of_the_others(exam):
    old, new = submitted(exam), submitted(exam)
    listed = in_list("all")
    ordered = list(listed)
    assert set(ordered) == {old, new}
    place = ordered[0].last_activity_at, ordered[0].pk
    assert neighbour(listed, ordered[0], place) == ordered[1]
    assert neighbour(listed, ordered[0], None) == ordered[1]


def test_without_a_place_the_list_begins(exam):
    first = waiting(exam, 1)
    listed = in_list("attention")
    assert neighbour(listed, submitted(exam, status="verified"), None) == first


# --- Lists and their order ---


def reviewed(exam, verdict, suspicious=0, **fields):
    """A session whose review is as serious as that, as the services store it."""
    attempt = submitted(exam, **fields)
    review = ExamReviewFactory(
        attempt=attempt, review_status=verdict, suspicious_count=suspicious, video_count=suspicious
    )
    make_current(attempt, review)
    attempt.save()
    return attempt


def test_each_list_has_its_sessions_and_practice_has_its_own(exam):
    flagged, over, verified = waiting(exam, 1), submitted(exam), submitted(exam, status="verified")
    practice = submitted(ProctoredExamFactory(is_practice_exam=True), status="verified")
    lists = {tab: set(in_list(tab)) for tab in SessionTab}
    assert lists == {
        "attention": {flagged},
        "waiting": {over},
        "decided": {verified},
        "all": {flagged, over, verified},
        "practice": {practice},
    }


def test_how_many_stand_in_each_list_is_one_query(exam, django_assert_num_queries):
    other = ProctoredExamFactory()
    waiting(exam, 1), submitted(exam), submitted(other)
    every = sessions(COURSE)
    with django_assert_num_queries(1):
        numbers = tab_numbers(every)
    assert numbers["attention"] == {exam.pk: 1}
    assert numbers["waiting"] == {exam.pk: 1, other.pk: 1}
    assert numbers["practice"] == {}


@pytest.fixture
def mixed(exam):
    """Sessions that differ in everything by which a list can be sorted."""
    people = [("Berg", "Ana"), ("berg", "Bo"), ("Adler", "Cem")]
    ana, bo, cem = (UserFactory(last_name=last, first_name=first) for last, first in people)
    algebra = ProctoredExamFactory(exam_name="Algebra")
    return {
        "ana": reviewed(exam, "Clean", user=ana, status="verified", decided_by=cem),
        "bo": reviewed(exam, "Suspicious", 1, user=bo, status="rejected", decided_by=ana),
        "cem": reviewed(algebra, "Suspicious", 2, user=cem, status="verified", decided_by=bo),
    }


@pytest.mark.usefixtures("merged_or_sorted")
@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("learner", ["cem", "ana", "bo"]),
        ("-learner", ["bo", "ana", "cem"]),
        ("exam", ["cem", "bo", "ana"]),
        ("result", ["cem", "ana", "bo"]),
        ("review", ["cem", "bo", "ana"]),
        ("-review", ["ana", "bo", "cem"]),
        ("decider", ["ana", "bo", "cem"]),
        ("", ["cem", "bo", "ana"]),
        ("-time", ["ana", "bo", "cem"]),
    ],
)
def test_a_list_is_sorted_by_each_column_both_ways(mixed, sort, expected):
    names = {attempt.pk: name for name, attempt in mixed.items()}
    assert [names[one.pk] for one in in_list("decided", sort)[0:9]] == expected


@pytest.mark.usefixtures("merged_or_sorted")
@pytest.mark.parametrize("tab", ["attention", "waiting", "all"])
@pytest.mark.parametrize("sort", [f"{sign}{sort}" for sort in SessionSort for sign in ("", "-")])
def test_a_list_in_any_order_goes_on_and_back_session_by_session(tab, sort):
    order = ListOrder.read(sort)
    for number in range(8):
        exam = ProctoredExamFactory() if number % 3 == 0 else ProctoredExamFactory(exam_name="The same")
        make = waiting if tab == "attention" else submitted
        due_at = NOON + timedelta(days=number % 2) if number % 3 == 1 else None
        make(exam, *([number // 2] if tab == "attention" else []), seriousness=number % 2, appeal_due_at=due_at)
    listed = in_list(tab, sort)
    attempts = listed[0:20]
    assert attempts == list(listed)
    assert len(attempts) == 8
    keys = [key_at(listed, order, place_of(one, SessionTab(tab), order)) for one in attempts]
    after = [neighbour(listed, one, key) for one, key in zip(attempts, keys, strict=True)]
    before = [neighbour(listed, one, key, before=True) for one, key in zip(attempts, keys, strict=True)]
    assert after == [*attempts[1:], None]
    assert before == [None, *attempts[:-1]]
    positions = [listed.position(one, key) for one, key in zip(attempts, keys, strict=True)]
    assert positions == [(number, 8, True) for number in range(8)]


def test_a_session_that_has_left_the_list_has_no_position(exam):
    one, other = waiting(exam, 2), waiting(exam, 1)
    key = ends(one)
    ExamAttempt.objects.filter(pk=one.pk).update(attention_since=None)
    assert in_list("attention").position(one, key) == (0, 1, False)
    assert in_list("attention").position(other, ends(other)) == (0, 1, True)


@pytest.mark.parametrize("text", ["", "time", "x", "-x", "--review", "-"])
def test_an_order_that_is_none_is_the_order_by_time(text):
    assert ListOrder.read(text) == ListOrder()


@pytest.mark.parametrize("text", ["review", "-review", "-time", ""])
def test_an_order_stands_in_an_address_as_it_is_read(text):
    assert ListOrder.read(text).param == text
