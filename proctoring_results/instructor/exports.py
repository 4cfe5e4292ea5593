"""The data of one session in a ZIP file: JSON of everything, a table of its incidents, and what they are."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string

from proctoring_results.guard import guarded_text
from proctoring_results.lms import lms

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model

    from proctoring_results.models import ExamAttempt, ExamReview

IN_MEMORY = 2 * 1024 * 1024  # bytes; what is larger goes to a file
COLUMNS = (
    "review", "incident", "status", "kind", "comment", "start", "stop", "dismissed_by", "dismissed_at",
    "dismissal_reason",
)  # fmt: skip


def file_name(attempt: ExamAttempt, now: datetime) -> str:
    return f"proctored_session_{attempt.attempt_code}_{now:%Y-%m-%d-%H%M%S}.zip"


def export(attempt: ExamAttempt, by: AbstractBaseUser, now: datetime) -> IO[bytes]:
    """The ZIP, at its beginning. One review at a time is in memory. Addresses of evidence are not in it."""
    # Closed by whoever sends it.
    file = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115
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
    """An object whose lists are written entry by entry."""
    yield "{\n"
    yield f'"exam": {_text(_fields(attempt.exam))},\n'
    yield f'"learner": {_text(_learner(attempt))},\n'
    yield f'"attempt": {_text(_fields(attempt))},\n'
    yield from _list("changes", map(_fields, attempt.changes.order_by("pk").iterator()))
    yield from _list("effects", map(_fields, attempt.effects.order_by("pk").iterator()))
    yield from _list("disclosures", map(_fields, attempt.disclosures.order_by("pk").iterator()))
    yield from _list("reviews", map(_review, _reviews(attempt)), last=True)
    yield "}\n"


def _list(name: str, items: Iterator[dict[str, Any]], *, last: bool = False) -> Iterator[str]:
    yield f'"{name}": [\n'
    for number, item in enumerate(items):
        yield (",\n" if number else "") + _text(item)
    yield "]\n" if last else "],\n"


def _reviews(attempt: ExamAttempt) -> Iterator[ExamReview]:
    return attempt.reviews.order_by("pk").iterator(chunk_size=1)


def _review(review: ExamReview) -> dict[str, Any]:
    return {
        **_fields(review),
        "incidents": [_fields(one) for one in review.incidents.order_by("position")],
        "evidence": [
            {key: value for key, value in _fields(one).items() if key != "url"}
            for one in review.evidence.order_by("position")
        ],
    }


def _learner(attempt: ExamAttempt) -> dict[str, Any]:
    user = attempt.user
    return {
        "id": user.pk,
        "username": user.get_username(),
        "email": getattr(user, user.get_email_field_name(), ""),
        "name": lms().learner_name(user),
    }


def _fields(row: Model) -> dict[str, Any]:
    """The columns as they are stored, by the names that the reference of the models has."""
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}


def _text(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _rows(attempt: ExamAttempt) -> Iterator[list[str]]:
    """Guarded as the report's cells: a spreadsheet must not run what somebody wrote."""
    yield list(COLUMNS)
    for number, review in enumerate(_reviews(attempt), 1):
        for incident in review.incidents.select_related("dismissed_by").order_by("position"):
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
