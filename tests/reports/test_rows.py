"""What stands in the file."""

import csv
import io
from concurrent.futures import Future
from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TransactionTestCase

from proctoring_results import api
from proctoring_results.choices import AttemptStatus
from proctoring_results.guard import DANGEROUS, guarded_text
from proctoring_results.models import ExamAttempt, ExamReview, Incident, LmsEffect, ProctoredExam, Report
from proctoring_results.reports import build as build_module
from proctoring_results.reports.build import write_report
from proctoring_results.reports.rows import write_rows
from tests.factories import COURSE, ExamAttemptFactory, ExamReviewFactory, ProctoredExamFactory, UserFactory
from tests.fakes import raising
from tests.reports.reading import report_bytes, rows

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

HEADER = (
    b"course_id,exam_name,username,email,attempt_code,allowed_time_limit_mins,is_sample_attempt,started_at,"
    b"completed_at,status,review_status,Suspicious Count,Suspicious Comments,Rules Violation Count,"
    b"Rules Violation Comments\r\n"
)
RESULTS, SESSIONS = "proctored_exam_results_report", "proctored_session_results_report"


def test_the_header_is_exactly_so():
    assert report_bytes() == HEADER


def test_a_whole_file_byte_by_byte():
    exam = ProctoredExamFactory(exam_name='Final, "B"')
    learner = UserFactory(username="ada", email="ada@example.com")
    ExamAttemptFactory(user=learner, exam=exam, attempt_code="CODE-1", archived=True)
    attempt = ExamAttemptFactory(submitted=True, user=learner, exam=exam, attempt_code="CODE-2")
    api.record_review(
        attempt.attempt_code,
        "Suspicious",
        incidents=[
            api.IncidentData(status="Suspicious", comment="phone;\r\nthen \u201ebook\u201c"),
            api.IncidentData(status="Rules Violation", comment="=music"),
            api.IncidentData(status="Suspicious", comment="日本語"),
        ],
    )
    assert (
        report_bytes()
        == HEADER
        + (
            f'{COURSE},"Final, ""B""",ada,ada@example.com,CODE-1,,False,,,created,,0,,0,\r\n'
            f'{COURSE},"Final, ""B""",ada,ada@example.com,CODE-2,60,False,2026-05-01T09:30:00Z,2026-05-01T10:15:00Z,'
            f'second_review_required,Suspicious,2,"phone;\nthen \u201ebook\u201c; 日本語",1,\'=music\r\n'
        ).encode()
    )


def test_the_older_kind_byte_by_byte():
    exam = ProctoredExamFactory(exam_name="Final")
    ExamAttemptFactory(
        user=UserFactory(username="ada", email=""),
        exam=exam,
        attempt_code="CODE-1",
        status=AttemptStatus.READY_TO_START,
    )
    ExamAttemptFactory(submitted=True, user=UserFactory(username="bob"), exam=exam, attempt_code="CODE-2")
    assert report_bytes(kind=SESSIONS).decode() == (
        "user_email,exam_name,attempt_code,allowed_time_limit_mins,is_sample_attempt,started_at,completed_at,status\r\n"
        "ada,Final,CODE-1,,False,,,ready to start\r\n"
        "bob@example.com,Final,CODE-2,60,False,2026-05-01T09:30:00Z,2026-05-01T10:15:00Z,submitted\r\n"
    )


def test_practice_and_archived_attempts_are_rows_and_other_exams_and_courses_are_not():
    practice = ExamAttemptFactory(exam__is_practice_exam=True, exam__is_proctored=False)
    archived = ExamAttemptFactory(archived=True)
    ExamAttemptFactory(exam__is_proctored=False)
    ExamAttemptFactory(exam__course_id=COURSE.lower())
    assert {row["attempt_code"] for row in rows()} == {practice.attempt_code, archived.attempt_code}
    assert [row["is_sample_attempt"] for row in rows()] == ["True", "False"]


def test_one_exam_of_the_course():
    attempt, _ = ExamAttemptFactory(), ExamAttemptFactory()
    assert [row["attempt_code"] for row in rows(exam=attempt.exam.content_id)] == [attempt.attempt_code]


@pytest.mark.parametrize("status", AttemptStatus)
def test_not_reviewed_is_printed_if_an_exam_was_taken_and_could_be_reviewed(status):
    ExamAttemptFactory(status=status, started_at=datetime(2026, 5, 1, tzinfo=UTC))
    ExamAttemptFactory(status=status, started_at=None)
    reviewable = status in {"completed", "submitted", "timed_out", "second_review_required", "verified", "rejected"}
    assert [row["review_status"] for row in rows()] == ["", ""] or reviewable
    assert sorted(row["review_status"] for row in rows()) == ["", "Not Reviewed" if reviewable else ""]


def test_the_current_review_is_in_the_row():
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Clean")
    api.record_review(attempt.attempt_code, "Not Reviewed")
    assert [row["review_status"] for row in rows()] == ["Clean"]


def test_times_are_rounded_down_to_whole_seconds():
    last_microsecond = datetime(2026, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    ExamAttemptFactory(submitted=True, started_at=last_microsecond, completed_at=last_microsecond)
    assert [(row["started_at"], row["completed_at"]) for row in rows()] == [("2026-12-31T23:59:59Z",) * 2]


def test_the_order_is_exam_name_exam_username_start_attempt_by_code_point():
    for name in ("b", "B", "ä", "a", "Z", "𝔸", "ﬀ"):
        ExamAttemptFactory(exam__exam_name=name)
    assert [row["exam_name"] for row in rows()] == ["B", "Z", "a", "b", "ä", "ﬀ", "𝔸"]


def test_within_an_exam_learners_by_code_point_then_no_start_first_then_by_start():
    exam = ProctoredExamFactory()
    ann, zoe = UserFactory(username="ann"), UserFactory(username="Zoe")
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    second = ExamAttemptFactory(user=ann, exam=exam, archived=True, started_at=late)
    first = ExamAttemptFactory(user=ann, exam=exam, archived=True, started_at=early)
    none = ExamAttemptFactory(user=ann, exam=exam)
    other = ExamAttemptFactory(user=zoe, exam=exam)
    assert [row["attempt_code"] for row in rows()] == [attempt.attempt_code for attempt in (other, none, first, second)]


def test_two_exams_of_one_name_are_not_mixed():
    first, second = ProctoredExamFactory(exam_name="Quiz"), ProctoredExamFactory(exam_name="Quiz")
    later = [ExamAttemptFactory(exam=exam, user__username=f"u{n}") for n, exam in enumerate((second, first) * 2)]
    assert [row["attempt_code"] for row in rows()] == [later[i].attempt_code for i in (1, 3, 0, 2)]


@pytest.mark.parametrize("danger", [c for c in DANGEROUS if c != "\0"], ids=lambda c: f"U+{ord(c):04X}")
@pytest.mark.parametrize("spaces", ["", " ", "   "])
def test_a_cell_that_a_spreadsheet_would_run_is_guarded(danger, spaces):
    ExamAttemptFactory(exam__exam_name=f"{spaces}{danger}1+1", track="x")
    assert [row["exam_name"] for row in rows()] == [f"'{spaces}{danger}1+1"]


@pytest.mark.parametrize("harmless", ["a=1", "'=1", "\u3000=1", "\u00a0=1", "１", " ", "0"])
def test_a_harmless_cell_stays_as_it_is(harmless):
    ExamAttemptFactory(exam__exam_name=harmless)
    assert [row["exam_name"] for row in rows()] == [harmless]


def test_every_comment_is_guarded_and_the_joined_cell_too():
    attempt = ExamAttemptFactory(submitted=True)
    comments = ["fine", "=1", "\t2"]
    api.record_review(
        attempt.attempt_code,
        "Suspicious",
        incidents=[api.IncidentData(status="Suspicious", comment=comment) for comment in comments],
    )
    # As a row from another time, or another hand, might hold it.
    ExamReview.objects.update(rules_violation_comments="@joined")
    [row] = rows()
    assert row["Suspicious Comments"] == "fine; '=1; '\t2"
    assert row["Rules Violation Comments"] == "'@joined"


def test_the_rows_come_in_one_statement_and_are_not_counted_first():
    for number in range(3):
        review = ExamReviewFactory(attempt__exam__exam_name=f"{number}")
        ExamAttempt.objects.filter(pk=review.attempt_id).update(current_review=review)
    seen: list[str] = []

    def look(execute, sql, params, many, context):
        seen.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        assert len(rows()) == 3
    # The exams, and the rows; these by a cursor of the driver's but on SQLite.
    assert len(seen) == (2 if connection.vendor == "sqlite" else 1)
    assert not any(sql.startswith("SELECT COUNT") for sql in seen)


def at_once(work):
    """Do the work of a thread before it is asked for."""
    future = Future()
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
    return future


def progress_of(report: Report) -> list[tuple[int, int | None]]:
    progress: list[tuple[int, int | None]] = []
    write_report(report, io.BytesIO(), lambda step: None, lambda *counts: progress.append(counts))
    return progress


@pytest.fixture
def counted_from_the_start(monkeypatch):
    monkeypatch.setattr(build_module, "SECONDS_BEFORE_COUNTING", 0)
    monkeypatch.setattr(build_module, "in_thread", at_once)


def test_the_rows_are_counted_while_they_are_written(counted_from_the_start):
    ExamAttemptFactory.create_batch(2)
    assert progress_of(Report(course_id=COURSE, kind=RESULTS)) == [(0, None), (2, 2), (2, 2)]


def test_of_rows_that_were_added_since_the_count_there_are_no_more_than_all(counted_from_the_start, monkeypatch):
    ExamAttemptFactory.create_batch(2)
    monkeypatch.setattr(build_module, "count_rows", lambda rows: 1)
    assert progress_of(Report(course_id=COURSE, kind=RESULTS)) == [(0, None), (2, 2), (2, 2)]


def test_a_report_is_written_although_its_rows_cannot_be_counted(counted_from_the_start, monkeypatch):
    ExamAttemptFactory.create_batch(2)
    monkeypatch.setattr(build_module, "count_rows", raising(OperationalError("lock timeout")))
    assert progress_of(Report(course_id=COURSE, kind=RESULTS)) == [(0, None), (2, None), (2, 2)]


def test_rows_are_read_in_batches_and_progress_is_reported():
    exam = ProctoredExamFactory()
    users = [UserFactory.build(username=f"u{n:05}") for n in range(4_500)]
    type(users[0]).objects.bulk_create(users)
    ExamAttempt.objects.bulk_create(
        ExamAttempt(user=user, exam=exam, provider="p", open_key=user.username)
        for user in type(users[0]).objects.filter(username__startswith="u0")
    )
    assert progress_of(Report(course_id=COURSE, kind=RESULTS)) == [
        (0, None),
        (2_000, None),
        (4_000, None),
        (4_500, None),
        (4_500, 4_500),
    ]


@pytest.mark.postgresql
def test_postgresql_sends_the_rows_by_copy(monkeypatch):
    def never(connection):
        raise AssertionError("The slow way.")

    monkeypatch.setattr("proctoring_results.reports.rows._streaming_cursor", never)
    ExamAttemptFactory()
    assert len(rows()) == 1


# --- Anything that people and providers write ---

# Whatever every database can keep: no NUL, no surrogates.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
NASTY = st.text(st.sampled_from("=+-@＝＋－＠\t\r\n \"',;\u3000\u00a0\ufeffaé日𝔸"), max_size=6)
TEXTS = st.one_of(ANY_TEXT, NASTY)


def line(attempt: ExamAttempt, comments: list[str]) -> list[str]:
    """Return a row as the documents describe it, without the database."""
    joined = "; ".join(guarded_text(text.replace("\r\n", "\n").replace("\r", "\n")) for text in comments)
    texts = [attempt.exam.course_id, attempt.exam.exam_name, attempt.user.username, attempt.user.email]
    times = ["2026-05-01T09:30:00Z", "2026-05-01T10:15:00Z"]
    return [
        *[guarded_text(text) for text in (*texts, attempt.attempt_code)],
        *["60", "False", *times, "second_review_required", "Suspicious"],
        *[str(len(comments)), guarded_text(joined), "0", ""],
    ]


class AnyText(TransactionTestCase):
    """One course with anything in its names and comments, on whichever database."""

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(TEXTS, TEXTS, st.lists(TEXTS.filter(bool), max_size=3)), max_size=6))
    def test_the_file_is_the_same_bytes_from_every_database(self, examples):
        expected = []
        for number, (exam_name, name, comments) in enumerate(examples):
            attempt = ExamAttemptFactory(
                submitted=True,
                user=UserFactory(username=f"{name}{number}", email=name),
                exam=ProctoredExamFactory(exam_name=exam_name, content_id=f"c{number}"),
            )
            api.record_review(
                attempt.attempt_code,
                "Suspicious",
                incidents=[api.IncidentData(status="Suspicious", comment=comment) for comment in comments],
            )
            expected.append((exam_name, attempt.exam.pk, line(attempt, comments)))
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(row for *_, row in sorted(expected))
        assert report_bytes() == HEADER + text.getvalue().encode()
        self._forget()

    def _forget(self):
        LmsEffect.objects.all().delete()
        ExamAttempt.objects.update(current_review=None)
        for attempt in ExamAttempt.objects.all():
            attempt.changes.all().delete()
        Incident.objects.all().delete()
        ExamReview.objects.all().delete()
        ExamAttempt.objects.all().delete()
        ProctoredExam.objects.all().delete()
        get_user_model().objects.all().delete()


# ------------------------------------------------------------------------------------------------------------ the plan


def page_cost(database: BaseDatabaseWrapper) -> str:
    with database.cursor() as cursor:
        cursor.execute("SHOW random_page_cost")
        return cursor.fetchone()[0]


@pytest.mark.postgresql
def test_postgresql_is_told_that_the_rows_of_a_report_lie_close_together():
    rows = ExamAttempt.objects.annotate(cost=Func(Value("random_page_cost"), function="current_setting"))
    sink = io.BytesIO()
    ExamAttemptFactory()
    usual = page_cost(connection)
    write_rows(rows.values_list("cost"), connection, sink, lambda done: None)
    assert page_cost(connection) == usual, "the setting is left behind for the next user of a pooled connection"
    assert sink.getvalue().decode().strip() == "1.1"
