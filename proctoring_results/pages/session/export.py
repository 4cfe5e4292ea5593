"""The data of one session in a ZIP file: JSON of everything, a table of its incidents, and what they are."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string

from proctoring_results.guard import guarded_text
from proctoring_results.lms import lms
from proctoring_results.models import Evidence, Incident
from proctoring_results.people import email_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model, QuerySet

    from proctoring_results.models import ExamAttempt, ExamReview
RowT = TypeVar("RowT", Incident, Evidence)

MAX_IN_MEMORY = 2 * 1024 * 1024  # bytes; a larger ZIP goes to a file
COLUMNS = (
    "review", "incident", "status", "kind", "comment", "start", "stop", "dismissed_by", "dismissed_at",
    "dismissal_reason",
)  # fmt: skip


def file_name(attempt: ExamAttempt, now: datetime) -> str:
    return f"proctored_session_{attempt.attempt_code}_{now:%Y-%m-%d-%H%M%S}.zip"


def export(attempt: ExamAttempt, by: AbstractBaseUser, now: datetime) -> IO[bytes]:
    """Return the ZIP, to be read from its beginning. It holds no addresses of evidence.

    One review at a time is in memory.
    """
    # The response that sends it closes it.
    file = tempfile.SpooledTemporaryFile(MAX_IN_MEMORY)  # noqa: SIM115
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        with archive.open("session.json", "w") as entry:
            for part in _json(attempt):
                entry.write(part.encode())
        with archive.open("incidents.csv", "w") as entry, io.TextIOWrapper(entry, "utf-8", newline="") as text:
            csv.writer(text).writerows(_rows(attempt))
        context = {"attempt": attempt, "by": by.get_username(), "now": now, "course_name": _course_name(attempt)}
        archive.writestr("README.txt", render_to_string("proctoring_results/session/export.txt", context))
    file.seek(0)
    return file


def _course_name(attempt: ExamAttempt) -> str:
    return lms().course_name(attempt.exam.course_id)


def _json(attempt: ExamAttempt) -> Iterator[str]:
    """Yield the text of an object whose lists are written entry by entry."""
    yield "{\n"
    yield f'"exam": {_text(_fields(attempt.exam))},\n'
    yield f'"learner": {_text(_learner(attempt))},\n'
    yield f'"attempt": {_text(_fields(attempt))},\n'
    yield from _list("changes", map(_fields, attempt.changes.order_by("pk").iterator()))
    yield from _list("effects", map(_fields, attempt.effects.order_by("pk").iterator()))
    yield from _list("disclosures", map(_fields, attempt.disclosures.order_by("pk").iterator()))
    yield from _list("reviews", _reviews_in_full(attempt), last=True)
    yield "}\n"


def _list(name: str, items: Iterator[dict[str, Any]], *, last: bool = False) -> Iterator[str]:
    yield f'"{name}": [\n'
    for number, item in enumerate(items):
        yield (",\n" if number else "") + _text(item)
    yield "]\n" if last else "],\n"


def _reviews(attempt: ExamAttempt) -> Iterator[ExamReview]:
    return attempt.reviews.order_by("pk").iterator(chunk_size=1)


class ByReview(Generic[RowT]):
    """Rows of the reviews of an attempt, handed out review by review from one query."""

    def __init__(self, rows: QuerySet[RowT], attempt: ExamAttempt) -> None:
        ordered = rows.filter(review__attempt=attempt).order_by("review_id", "position").iterator()
        self.groups: Iterator[tuple[int, Iterator[RowT]]] = groupby(ordered, key=lambda row: row.review_id)
        self.ahead: tuple[int, Iterator[RowT]] | None = next(self.groups, None)

    def of(self, review: ExamReview) -> list[RowT]:
        """Return the rows of a review. Ask once for each review, in their order."""
        if self.ahead is None or self.ahead[0] != review.pk:
            return []
        rows = list(self.ahead[1])
        self.ahead = next(self.groups, None)
        return rows


def _reviews_in_full(attempt: ExamAttempt) -> Iterator[dict[str, Any]]:
    incidents, evidence = ByReview(Incident.objects.all(), attempt), ByReview(Evidence.objects.defer("url"), attempt)
    for review in _reviews(attempt):
        yield {
            **_fields(review),
            "incidents": [_fields(incident) for incident in incidents.of(review)],
            "evidence": [_fields(item) for item in evidence.of(review)],
        }


def _learner(attempt: ExamAttempt) -> dict[str, Any]:
    user = attempt.user
    return {
        "id": user.pk,
        "username": user.get_username(),
        "email": email_of(user),
        "name": lms().learner_name(user),
    }


def _fields(row: Model) -> dict[str, Any]:
    """Return the stored columns, by the names in the reference of the models."""
    deferred = row.get_deferred_fields()
    fields = [field for field in row._meta.concrete_fields if field.attname not in deferred]
    return {field.name: getattr(row, field.attname) for field in fields}


def _text(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _rows(attempt: ExamAttempt) -> Iterator[list[str]]:
    """Guarded as the report's cells: a spreadsheet must not run what somebody wrote."""
    yield list(COLUMNS)
    incidents = ByReview(Incident.objects.select_related("dismissed_by"), attempt)
    for number, review in enumerate(_reviews(attempt), 1):
        for incident in incidents.of(review):
            cells = (
                number,
                incident.position + 1,
                incident.status,
                incident.kind,
                incident.comment,
                incident.start,
                incident.stop,
                incident.dismissed_by.get_username() if incident.dismissed_by else "",
                incident.dismissed_at.isoformat() if incident.dismissed_at else "",
                incident.dismissal_reason,
            )
            yield [guarded_text("" if cell is None else str(cell)) for cell in cells]
