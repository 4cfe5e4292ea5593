import inspect
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, Source
from proctoring_results.lms import NullLMS
from proctoring_results.models import ExamAttempt, LmsEffect
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NINE, tick=False) as travel:
        yield travel


@pytest.fixture
def ready(clock):
    return ExamAttemptFactory(status=AttemptStatus.READY_TO_START)


def exam_of(**fields):
    return ProctoredExamFactory(**fields)


def under_way(clock, *, minutes=60, **exam) -> ExamAttempt:
    attempt = ExamAttemptFactory(status=AttemptStatus.READY_TO_START, exam=exam_of(time_limit_mins=minutes, **exam))
    return api.start_attempt(attempt.attempt_code, by=attempt.user)


# --- Creation ---


def test_an_attempt_copies_provider_and_track():
    attempt = api.create_attempt(UserFactory(), exam_of(provider="rpnow"), track="verified", extra_time_mins=15)
    assert (attempt.provider, attempt.track, attempt.extra_time_mins) == ("rpnow", "verified", 15)
    assert attempt.status == AttemptStatus.CREATED


def test_a_second_attempt_is_refused_while_one_is_open_and_carries_it():
    learner, exam = UserFactory(), exam_of()
    first = api.create_attempt(learner, exam)
    with pytest.raises(api.AttemptAlreadyOpen) as refused:
        api.create_attempt(learner, exam)
    assert refused.value.attempt == first
    assert ExamAttempt.objects.count() == 1


def test_a_declined_attempt_leaves_room_for_a_new_one():
    learner, exam = UserFactory(), exam_of()
    first = api.create_attempt(learner, exam)
    api.decline_attempt(first.attempt_code, by=learner)
    assert api.create_attempt(learner, exam) != first


def test_an_archived_attempt_leaves_room_for_a_new_one_and_stays():
    learner, exam, admin = UserFactory(), exam_of(), UserFactory(admin=True)
    first = api.create_attempt(learner, exam)
    api.archive_attempt(first.attempt_code, reason="Power cut", by=admin)
    second = api.create_attempt(learner, exam)
    first.refresh_from_db()
    assert (first.archived_by, first.archive_reason) == (admin, "Power cut")
    assert list(api.attempts_of(learner, exam)) == [second, first]
    assert api.open_attempt(learner, exam) == second


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"is_active": False}, "inactive"), ({"due_date": NINE - timedelta(minutes=1)}, "over")],
)
def test_an_exam_that_cannot_be_taken_takes_no_attempt(clock, fields, reason):
    with pytest.raises(api.ExamNotAvailable) as refused:
        api.create_attempt(UserFactory(), exam_of(**fields))
    assert refused.value.reason == reason


@pytest.mark.parametrize("extra", [-1, 1.5, True, "10", 10**9])
def test_extra_time_that_is_no_number_of_minutes_is_refused(extra):
    with pytest.raises(api.InvalidInput, match="extra_time_mins"):
        api.create_attempt(UserFactory(), exam_of(), extra_time_mins=extra)


def test_a_practice_exam_gives_sample_attempts():
    assert api.create_attempt(UserFactory(), exam_of(is_practice_exam=True)).is_sample_attempt


# --- Who ---


def test_the_attempts_own_learner_is_the_learner_and_anyone_else_the_host(ready):
    api.start_attempt(ready.attempt_code, by=ready.user)
    api.mark_ready_to_submit(ready.attempt_code, by=UserFactory())
    assert list(ready.changes.order_by("pk").values_list("source", flat=True)) == [Source.LEARNER, Source.HOST]


def test_a_learner_cannot_start_before_the_software_is_ready():
    attempt = ExamAttemptFactory()
    with pytest.raises(api.IllegalTransition):
        api.start_attempt(attempt.attempt_code, by=attempt.user)
    attempt.refresh_from_db()
    assert attempt.started_at is None


def test_a_learner_cannot_complete_time_out_or_expire(clock):
    attempt = under_way(clock)
    for verb in (api.complete_attempt, api.time_out_attempt, api.expire_attempt):
        with pytest.raises(api.IllegalTransition):
            verb(attempt.attempt_code, by=attempt.user)


def test_getting_ready_step_by_step():
    attempt = api.create_attempt(UserFactory(), exam_of())
    assert api.mark_download_clicked(attempt.attempt_code, by=attempt.user).status == "download_software_clicked"
    assert api.mark_ready_to_start(attempt.attempt_code).status == "ready_to_start"
    assert api.mark_error(attempt.attempt_code, reason="Camera").status == "error"
    assert attempt.changes.last().reason == "Camera"


# --- The time allowed ---


def test_the_time_allowed_is_the_limit_and_the_extra_time(clock):
    attempt = ExamAttemptFactory(
        status=AttemptStatus.READY_TO_START, exam=exam_of(time_limit_mins=60), extra_time_mins=30
    )
    attempt = api.start_attempt(attempt.attempt_code, by=attempt.user)
    assert (attempt.started_at, attempt.allowed_time_limit_mins) == (NINE, 90)
    assert api.time_left(attempt) == timedelta(minutes=90)


@pytest.mark.parametrize(
    ("left", "minutes"),
    [
        (timedelta(seconds=1), 1),
        (timedelta(seconds=55), 1),
        (timedelta(minutes=1), 1),
        (timedelta(minutes=20, seconds=59), 21),
    ],
)
def test_the_exam_ends_exactly_at_the_due_date_and_the_minutes_begun_are_for_people(clock, left, minutes):
    attempt = under_way(clock, due_date=NINE + left)
    assert (attempt.status, attempt.ends_at, attempt.allowed_time_limit_mins) == ("started", NINE + left, minutes)


def test_an_attempt_can_be_created_until_the_due_date(clock):
    exam = exam_of(due_date=NINE + timedelta(seconds=1))
    assert api.create_attempt(UserFactory(), exam).status == "created"
    clock.shift(timedelta(seconds=1))
    with pytest.raises(api.ExamNotAvailable):
        api.create_attempt(UserFactory(), exam)


class EndsAtTen(NullLMS):
    def course_end(self, course_id):
        return NINE + timedelta(hours=1)


def test_the_time_allowed_is_cut_to_the_courses_end(clock, settings):
    settings.PROCTORING_RESULTS = {"LMS": f"{__name__}.EndsAtTen"}
    assert under_way(clock, minutes=90).allowed_time_limit_mins == 60


def test_the_time_allowed_is_set_once(clock):
    attempt = under_way(clock)
    clock.shift(timedelta(minutes=10))
    api.mark_ready_to_submit(attempt.attempt_code, by=attempt.user)
    attempt = api.start_attempt(attempt.attempt_code, by=attempt.user)
    assert (attempt.status, attempt.started_at, attempt.allowed_time_limit_mins) == ("started", NINE, 60)


@pytest.mark.parametrize("late_by", [timedelta(0), timedelta(seconds=1), timedelta(days=1)])
def test_a_start_after_the_due_date_gives_an_expired_attempt(clock, late_by):
    attempt = ExamAttemptFactory(status=AttemptStatus.READY_TO_START, exam=exam_of(due_date=NINE - late_by))
    attempt = api.start_attempt(attempt.attempt_code, by=attempt.user)
    assert attempt.status == AttemptStatus.EXPIRED
    assert attempt.started_at is None
    attempt.refresh_from_db()
    assert attempt.status == AttemptStatus.EXPIRED


@pytest.mark.parametrize(
    ("due_date", "reason"),
    [
        (NINE - timedelta(hours=2), "The due date passed before the exam was started."),
        (NINE + timedelta(hours=2), "The course ended before the exam was started."),
        (None, "The course ended before the exam was started."),
    ],
)
def test_the_history_says_what_came_first_the_due_date_or_the_courses_end(clock, monkeypatch, due_date, reason):
    monkeypatch.setattr(NullLMS, "course_end", lambda *_: NINE - timedelta(hours=1))
    attempt = ExamAttemptFactory(status=AttemptStatus.READY_TO_START, exam=exam_of(due_date=due_date))
    api.start_attempt(attempt.attempt_code, by=attempt.user)
    assert attempt.changes.get().reason == reason


def test_two_starts_are_one(ready, clock):
    api.start_attempt(ready.attempt_code, by=ready.user)
    clock.shift(timedelta(minutes=5))
    again = api.start_attempt(ready.attempt_code, by=ready.user)
    assert again.started_at == NINE
    assert ready.changes.count() == 1


# --- The end ---


def test_a_hand_in_ends_the_exam_now(clock):
    attempt = under_way(clock)
    clock.shift(timedelta(minutes=40))
    attempt = api.submit_attempt(attempt.attempt_code, by=attempt.user)
    assert (attempt.status, attempt.completed_at) == ("submitted", NINE + timedelta(minutes=40))
    assert api.time_left(attempt) is None


def test_a_hand_in_at_the_last_moment_counts(clock):
    attempt = under_way(clock)
    clock.shift(timedelta(minutes=60))
    assert api.submit_attempt(attempt.attempt_code, by=attempt.user).status == "submitted"


@pytest.mark.parametrize(("setting", "status"), [("timed_out", "timed_out"), ("submitted", "submitted")])
def test_a_late_hand_in_ends_at_the_exact_moment(clock, settings, setting, status):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "LATE_HAND_IN": setting}
    attempt = under_way(clock)
    clock.shift(timedelta(minutes=61))
    attempt = api.submit_attempt(attempt.attempt_code, by=attempt.user)
    assert (attempt.status, attempt.completed_at) == (status, NINE + timedelta(minutes=60))


def test_going_back_after_the_limit_gives_the_attempt_that_has_ended(clock):
    attempt = under_way(clock)
    api.mark_ready_to_submit(attempt.attempt_code, by=attempt.user)
    clock.shift(timedelta(minutes=61))
    assert api.start_attempt(attempt.attempt_code, by=attempt.user).status == "timed_out"


def test_a_second_hand_in_of_the_learner_finds_the_attempt_as_it_stands(clock):
    attempt = under_way(clock)
    api.submit_attempt(attempt.attempt_code, by=attempt.user)
    api.record_review(attempt.attempt_code, "Clean")
    assert api.submit_attempt(attempt.attempt_code, by=attempt.user).status == "verified"


def test_a_hand_in_of_an_exam_that_was_never_started_is_illegal():
    attempt = ExamAttemptFactory()
    with pytest.raises(api.IllegalTransition):
        api.submit_attempt(attempt.attempt_code, by=attempt.user)


def test_the_host_completes_and_hands_in_later_and_the_first_moment_stands(clock):
    attempt = under_way(clock)
    api.complete_attempt(attempt.attempt_code)
    clock.shift(timedelta(minutes=5))
    assert api.submit_attempt(attempt.attempt_code).completed_at == NINE


def test_a_time_out_ends_at_the_limit(clock):
    attempt = under_way(clock)
    clock.shift(timedelta(hours=3))
    assert api.time_out_attempt(attempt.attempt_code).completed_at == NINE + timedelta(minutes=60)


def test_archiving_twice_is_archiving_once():
    attempt = ExamAttemptFactory()
    first = api.archive_attempt(attempt.attempt_code, reason="a")
    again = api.archive_attempt(attempt.attempt_code, reason="b")
    assert (again.archived_at, again.archive_reason) == (first.archived_at, "a")


VERBS_ABOUT_AN_ATTEMPT = sorted(
    name
    for name, verb in vars(api).items()
    if inspect.isfunction(verb) and {"attempt_code", "by"} <= inspect.signature(verb).parameters.keys()
)


@pytest.mark.parametrize("verb", VERBS_ABOUT_AN_ATTEMPT)
@pytest.mark.parametrize("status", [AttemptStatus.REJECTED, AttemptStatus.SECOND_REVIEW_REQUIRED, AttemptStatus.ERROR])
def test_no_verb_lets_a_learner_change_their_own_result_whatever_they_may(verb, status):
    attempt = ExamAttemptFactory(status=status, user=UserFactory(admin=True))
    function = getattr(api, verb)
    texts = {name: "x" for name in ("reason", "text", "purpose") if name in inspect.signature(function).parameters}
    with suppress(api.ProctoringResultsError):
        function(attempt.attempt_code, by=attempt.user, **texts)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.archived_at) == (status, None)


def test_nobody_archives_their_own_attempt():
    attempt = ExamAttemptFactory(rejected=True, user=UserFactory(admin=True))
    with pytest.raises(api.OwnAttempt, match="your own attempt"):
        api.archive_attempt(attempt.attempt_code, reason="x", by=attempt.user)
    assert not LmsEffect.objects.exists()


# --- Exams ---


def test_an_exam_is_registered_once():
    exam = api.create_exam(COURSE, "c", exam_name="Final", time_limit_mins=90, provider="proctortrack")
    with pytest.raises(api.ExamAlreadyExists):
        api.create_exam(COURSE, "c", exam_name="Final", time_limit_mins=90, provider="proctortrack")
    assert api.get_exam(COURSE, "c") == exam
    assert list(api.exams_in_course(COURSE)) == [exam]


def test_an_exam_is_changed_by_name():
    exam = ProctoredExamFactory()
    changed = api.update_exam(exam.course_id, exam.content_id, exam_name="Final", is_active=False)
    assert (changed.exam_name, changed.is_active, changed.time_limit_mins) == ("Final", False, 60)


def test_another_provider_has_its_own_id_of_the_exam():
    exam = ProctoredExamFactory(external_id="old-1")
    assert api.update_exam(exam.course_id, exam.content_id, exam_name="Final").external_id == "old-1"
    assert api.update_exam(exam.course_id, exam.content_id, provider="examity").external_id is None
    changed = api.update_exam(exam.course_id, exam.content_id, provider="rpnow", external_id="new-1")
    assert changed.external_id == "new-1"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("exam_name", ""),
        ("exam_name", "a\0b"),
        ("exam_name", "\ud800"),
        ("exam_name", "x" * 256),
        ("time_limit_mins", 0),
        ("time_limit_mins", "60"),
        ("due_date", datetime(2026, 5, 1)),  # noqa: DTZ001  without a zone on purpose
        ("is_active", 1),
        ("provider", None),
        ("course_id", "x"),
    ],
)
def test_a_wrong_value_of_an_exam_is_refused_by_name(field, value):
    exam = ProctoredExamFactory()
    with pytest.raises((api.InvalidInput, TypeError), match=field):
        api.update_exam(exam.course_id, exam.content_id, **{field: value})


@pytest.mark.database
def test_course_ids_are_compared_byte_by_byte():
    ProctoredExamFactory(course_id="edX/Demo")
    for other in ("edx/demo", "edX/Demo ", "edX/Démo"):
        assert not api.exams_in_course(other).exists()


def test_what_is_not_there_is_named():
    with pytest.raises(api.NotFound, match="exam"):
        api.get_exam(COURSE, "none")
    with pytest.raises(api.NotFound, match="attempt"):
        api.get_attempt("none")
    with pytest.raises(api.NotFound, match="report"):
        api.get_report("none")


def test_time_left_is_never_less_than_nothing():
    attempt = ExamAttemptFactory(started=True, started_at=timezone.now() - timedelta(hours=2))
    assert api.time_left(attempt) == timedelta(0)
