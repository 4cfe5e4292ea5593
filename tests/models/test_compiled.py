"""Compiled queries say and write what Django's own would, on every database."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model, QuerySet
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from proctoring_results import crypto
from proctoring_results.models import (
    ExamAttempt,
    ExamReview,
    Incident,
    LmsEffect,
    ProctoredExam,
    ProviderMessage,
    StatusChange,
)
from proctoring_results.models.compiled import compiled, insert, update
from tests.factories import ExamAttemptFactory, ExamReviewFactory, ProctoredExamFactory, UserFactory

pytestmark = [pytest.mark.database, pytest.mark.django_db]

ODD = 'Ü "quoted" 100 % %s \\ 🎓'


def values(row: Model) -> dict[str, object]:
    """Of every column, as Python has it."""
    found = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    return {name: bytes(value) if isinstance(value, memoryview) else value for name, value in found.items()}


@pytest.fixture
def attempt() -> ExamAttempt:
    return ExamAttemptFactory(submitted=True, external_id=ODD, allowed_time_limit_mins=90)


# --------------------------------------------------------------------------------------------------------------- select


def test_finds_the_objects_that_the_queryset_finds(attempt):
    @compiled
    def of_status(status: str, provider: str) -> QuerySet[ExamAttempt]:
        return ExamAttempt.objects.filter(provider=provider, status=status).order_by("pk")

    other = ExamAttemptFactory(submitted=True)
    ExamAttemptFactory(started=True)
    for _ in range(2):
        found = of_status("submitted", attempt.provider)
        assert [values(one) for one in found] == [
            values(ExamAttempt.objects.get(pk=pk)) for pk in sorted([attempt.pk, other.pk])
        ]
    assert of_status("verified", attempt.provider) == []
    assert of_status("submitted", "rpnow") == []


def test_reads_json_and_bytes_as_the_queryset_does(attempt):
    @compiled
    def review(pk: int) -> QuerySet[ExamReview]:
        return ExamReview.objects.filter(pk=pk)

    kept = ExamReviewFactory(attempt=attempt, raw_data={"a": [1, None, {"b": ODD}]})
    found = review.first(kept.pk)
    assert found is not None
    assert values(found) == values(ExamReview.objects.get(pk=kept.pk))
    assert found.raw_data == {"a": [1, None, {"b": ODD}]}


def test_text_is_data_whatever_stands_in_it(attempt):
    @compiled
    def known_as(external_id: str) -> QuerySet[ExamAttempt]:
        return ExamAttempt.objects.filter(external_id=external_id)

    assert known_as(ODD) == [attempt]
    assert known_as("' OR 1=1 --") == []


def test_is_worded_once(attempt):
    asked = []

    @compiled
    def by_key(pk: int) -> QuerySet[ExamAttempt]:
        asked.append(pk)
        return ExamAttempt.objects.filter(pk=pk)

    other = ExamAttemptFactory()
    assert by_key.first(attempt.pk) == attempt
    assert by_key.first(other.pk) == other
    assert by_key.first(0) is None
    assert len(asked) == 1


def test_reads_only_what_the_queryset_loads(attempt):
    @compiled
    def by_key(pk: int) -> QuerySet[ExamAttempt]:
        return ExamAttempt.objects.filter(pk=pk).only("status")

    found = by_key.first(attempt.pk)
    assert found is not None
    assert found.get_deferred_fields() == {
        field.attname for field in ExamAttempt._meta.concrete_fields if field.attname not in {"id", "status"}
    }
    assert found.provider == attempt.provider


def test_an_object_that_was_found_is_saved_as_one_that_exists(attempt):
    @compiled
    def by_key(pk: int) -> QuerySet[ExamAttempt]:
        return ExamAttempt.objects.filter(pk=pk)

    found = by_key.first(attempt.pk)
    assert found is not None
    found.track = "verified"
    found.save()
    assert ExamAttempt.objects.get().track == "verified"


@pytest.mark.django_db(transaction=True)
def test_locks_rows_in_a_transaction_only(attempt):
    @compiled
    def locked(pk: int) -> QuerySet[ExamAttempt]:
        return ExamAttempt.objects.select_for_update().filter(pk=pk)

    with transaction.atomic():
        assert locked(attempt.pk) == [attempt]
    if not connection.features.has_select_for_update:
        # SQLite has nothing to lock a row with, and Django asks for no transaction there.
        assert locked(attempt.pk) == [attempt]
        return
    with pytest.raises(TransactionManagementError):
        locked(attempt.pk)


# --------------------------------------------------------------------------------------------------------------- insert


def new_rows(attempt: ExamAttempt) -> list[Model]:
    """One of each kind that a review writes, and one that fills in a moment of its own."""
    now = datetime(2026, 5, 1, 9, 30, 0, 123456, tzinfo=UTC)
    review = ExamReviewFactory(attempt=attempt)
    change = StatusChange(attempt=attempt, from_status="submitted", to_status="verified", at=now, source="provider")
    return [
        change,
        ExamReview(
            attempt=attempt,
            review_status="Clean",
            source="provider",
            raw_data={"text": ODD, "list": [1.5, True, None]},
            received_at=now,
            standing="applied",
            claimed_name=ODD,
        ),
        ProviderMessage(
            provider=attempt.provider,
            channel="rest_review",
            attempt=attempt,
            sha256="0" * 64,
            received_at=now,
            caller=ODD,
            body=crypto.encrypt(ODD),
            answer={"status": ODD},
            next_try_at=now + timedelta(minutes=1),
        ),
        LmsEffect(kind="notice", attempt=attempt, review=review, queued_at=now, next_try_at=now),
        ExamAttempt(user=UserFactory(), exam=attempt.exam, provider=attempt.provider, status="verified"),
    ]


@pytest.mark.parametrize("number", range(5))
def test_writes_the_row_that_django_would_write(attempt, number):
    row, same = (new_rows(attempt)[number] for _ in range(2))
    if isinstance(row, ExamAttempt):
        same.attempt_code = row.attempt_code + "2"
    insert(row)
    same.save(force_insert=True)
    ours, djangos = (values(type(row).objects.get(pk=one.pk)) for one in (row, same))
    differs = {"id", "created_at", "last_activity_at", "attempt_code", "user_id", "review_id", "body"}
    assert {name: value for name, value in ours.items() if name not in differs} == {
        name: value for name, value in djangos.items() if name not in differs
    }
    if isinstance(row, ProviderMessage):
        assert crypto.decrypt(ours["body"]) == ODD


def test_fills_in_what_a_field_fills_in_by_itself(attempt):
    before = timezone.now()
    row = ExamAttempt(user=UserFactory(), exam=attempt.exam, provider=attempt.provider, status="verified")
    insert(row)
    assert before <= row.created_at <= timezone.now()
    assert ExamAttempt.objects.get(pk=row.pk).created_at == row.created_at


@pytest.mark.parametrize("number", [2, 20, 21, 300])
def test_writes_many_rows_in_their_order(attempt, number):
    review = ExamReviewFactory(attempt=attempt)
    for _ in range(2):
        rows = [
            Incident(review=review, position=place, status="x", comment=f"{place} {ODD}", start=place / 2)
            for place in range(number)
        ]
        insert(*rows)
        kept = list(Incident.objects.filter(review=review).order_by("position"))
        assert [(one.position, one.comment, one.start) for one in kept] == [
            (place, f"{place} {ODD}", place / 2) for place in range(number)
        ]
        if connection.features.can_return_rows_from_bulk_insert:
            assert [row.pk for row in rows] == [one.pk for one in kept]
        Incident.objects.all().delete()


def test_writes_nothing_where_there_is_nothing(attempt):
    with CaptureQueriesContext(connection) as asked:
        insert()
    assert len(asked) == 0


def test_a_row_that_was_written_is_known_as_written(attempt):
    row = new_rows(attempt)[0]
    insert(row)
    row.reason = "Said later"
    row.save()
    assert StatusChange.objects.get().reason == "Said later"


def test_the_database_refuses_what_it_refuses_django(attempt):
    row = new_rows(attempt)[0]
    row.to_status = "nonsense"
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(row)
    assert row.pk is None
    assert not StatusChange.objects.exists()


# --------------------------------------------------------------------------------------------------------------- update


def test_writes_these_fields_of_this_row_and_no_others(attempt):
    other = ExamAttemptFactory(submitted=True)
    before, of_other = values(ExamAttempt.objects.get(pk=attempt.pk)), values(ExamAttempt.objects.get(pk=other.pk))
    review = ExamReviewFactory(attempt=attempt)
    attempt.status, attempt.current_review, attempt.completed_at = "verified", review, None
    attempt.track = "not written"
    assert update(attempt, ("status", "current_review", "completed_at"))
    assert values(ExamAttempt.objects.get(pk=attempt.pk)) == {
        **before,
        "status": "verified",
        "current_review_id": review.pk,
        "completed_at": None,
    }
    assert values(ExamAttempt.objects.get(pk=other.pk)) == of_other


def test_writes_json_text_and_nothing_at_all(attempt):
    message = new_rows(attempt)[2]
    message.save()
    message.answer, message.problem, message.next_try_at = {"why": [ODD, None]}, ODD, None
    assert update(message, ("answer", "problem", "next_try_at"))
    kept = ProviderMessage.objects.get()
    assert (kept.answer, kept.problem, kept.next_try_at) == ({"why": [ODD, None]}, ODD, None)


def test_writes_only_where_the_row_still_stands_so(attempt):
    exam = attempt.exam
    ProctoredExam.objects.filter(pk=exam.pk).update(provider="rpnow")
    exam.exam_name = "Another"
    assert not update(exam, ("exam_name",), provider="proctortrack")
    assert update(exam, ("exam_name",), provider="rpnow")
    assert ProctoredExam.objects.get(pk=exam.pk).exam_name == "Another"
    # What is there already is no reason to say that the row was not found.
    assert update(exam, ("exam_name",), provider="rpnow")


def test_says_that_there_is_no_such_row():
    exam = ProctoredExamFactory()
    exam.pk += 1_000
    assert not update(exam, ("exam_name",))
