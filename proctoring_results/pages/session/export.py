"""The data of one session in a ZIP file: JSON of everything, a table of its incidents, and what they are."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import IO, TYPE_CHECKING, Any, Generic, TypeVar
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string

from proctoring_results.guard import guarded_text
from proctoring_results.lms import lms
from proctoring_results.models import Disclosure, Evidence, Incident, StatusChange
from proctoring_results.people import email_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model, QuerySet

    from proctoring_results.models import ExamAttempt, ExamReview
RowT = TypeVar("RowT", Incident, Evidence)

# Of session.json, as docs/reference/session-export.md describes it. A field that is renamed or removed makes a new one.
SCHEMA_VERSION = 1
MAX_IN_MEMORY = 2 * 1024 * 1024  # bytes; a larger ZIP goes to a file
COLUMNS = (
    "review", "incident", "status", "kind", "comment", "start", "stop", "dismissed_by", "dismissed_at",
    "dismissal_reason",
)  # fmt: skip
# The fields that are exported as they are stored. The others are keys, and what only the app itself needs.
EXAM = (
    "course_id", "content_id", "exam_name", "time_limit_mins", "due_date", "is_proctored", "is_practice_exam",
    "is_active", "provider", "external_id",
)  # fmt: skip
ATTEMPT = (
    "attempt_code", "provider", "external_id", "track", "status", "created_at", "started_at", "completed_at",
    "extra_time_mins", "allowed_time_limit_mins", "is_sample_attempt", "taking_as_proctored", "archived_at",
    "archive_reason", "erased_at",
)  # fmt: skip
CHANGE = ("at", "from_status", "to_status", "source", "reason")
EFFECT = ("kind", "call", "state", "queued_at", "done_at", "tries", "problem")
DISCLOSURE = ("at", "kind", "address")
REVIEW = (
    "review_status", "standing", "source", "claimed_name", "received_at", "sent_at", "version_reason",
    "suspicious_count", "rules_violation_count", "other_count", "raw_data",
)  # fmt: skip
INCIDENT = ("status", "kind", "comment", "start", "stop", "dismissed_at", "dismissal_reason")
EVIDENCE = ("kind", "start", "stop")


def file_name(attempt: ExamAttempt, now: datetime) -> str:
    return f"proctored_session_{attempt.attempt_code}_{now:%Y-%m-%d-%H%M%S}.zip"


def export(attempt: ExamAttempt, by: AbstractBaseUser, now: datetime) -> IO[bytes]:
    """Return the ZIP, to be read from its beginning. It holds no addresses of evidence.

    One review at a time is in memory. All entries have the same time, in UTC.
    """
    # The response that sends it closes it.
    file = tempfile.SpooledTemporaryFile(MAX_IN_MEMORY)  # noqa: SIM115
    with ZipFile(file, "w") as archive:
        with archive.open(_entry("session.json", now), "w") as entry:
            for part in _json(attempt, by, now):
                entry.write(part.encode())
        entry = archive.open(_entry("incidents.csv", now), "w")
        with entry, io.TextIOWrapper(entry, "utf-8", newline="") as text:
            csv.writer(text).writerows(_rows(attempt))
        context = {
            "attempt": attempt,
            "by": by.get_username(),
            "moment": f"{now.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            "course_name": lms().course_name(attempt.exam.course_id),
        }
        archive.writestr(_entry("README.txt", now), render_to_string("proctoring_results/session/export.txt", context))
    file.seek(0)
    return file


def _entry(name: str, now: datetime) -> ZipInfo:
    moment = now.astimezone(UTC)
    entry = ZipInfo(name, moment.timetuple()[:6])
    entry.compress_type = ZIP_DEFLATED
    return entry


def _json(attempt: ExamAttempt, by: AbstractBaseUser, now: datetime) -> Iterator[str]:
    """Yield the text of an object whose lists are written entry by entry."""
    numbers = {pk: number for number, pk in enumerate(attempt.reviews.order_by("pk").values_list("pk", flat=True), 1)}
    changes = attempt.changes.select_related("by").order_by("pk").iterator()
    disclosures = attempt.disclosures.select_related("user", "evidence").defer("evidence__url").order_by("pk")
    yield "{\n"
    yield f'"version": {SCHEMA_VERSION},\n'
    yield f'"exported_at": {_text(now)},\n'
    yield f'"exported_by": {_text(by.get_username())},\n'
    yield f'"exam": {_text(_fields(attempt.exam, EXAM))},\n'
    yield f'"learner": {_text(_learner(attempt))},\n'
    yield f'"attempt": {_text(_attempt(attempt, numbers))},\n'
    yield from _list("changes", (_change(change, numbers) for change in changes))
    yield from _list("effects", (_fields(effect, EFFECT) for effect in attempt.effects.order_by("pk").iterator()))
    yield from _list("disclosures", (_disclosure(disclosure, numbers) for disclosure in disclosures.iterator()))
    yield from _list("reviews", _reviews_in_full(attempt, numbers), last=True)
    yield "}\n"


def _list(name: str, items: Iterator[dict[str, Any]], *, last: bool = False) -> Iterator[str]:
    yield f'"{name}": [\n'
    for number, item in enumerate(items):
        yield (",\n" if number else "") + _text(item)
    yield "]\n" if last else "],\n"


def _reviews(attempt: ExamAttempt) -> Iterator[ExamReview]:
    return attempt.reviews.select_related("reviewed_by").order_by("pk").iterator(chunk_size=1)


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


def _attempt(attempt: ExamAttempt, numbers: Mapping[int, int]) -> dict[str, Any]:
    return {
        **_fields(attempt, ATTEMPT),
        "archived_by": _username(attempt.archived_by),
        "current_review": numbers.get(attempt.current_review_id or 0),
    }


def _change(change: StatusChange, numbers: Mapping[int, int]) -> dict[str, Any]:
    return {
        **_fields(change, CHANGE),
        "by": _username(change.by),
        "review": numbers.get(change.review_id or 0),
    }


def _disclosure(disclosure: Disclosure, numbers: Mapping[int, int]) -> dict[str, Any]:
    evidence = disclosure.evidence
    return {
        **_fields(disclosure, DISCLOSURE),
        "user": _username(disclosure.user),
        "review": numbers.get(evidence.review_id) if evidence else None,
        "evidence": evidence.position + 1 if evidence else None,
    }


def _reviews_in_full(attempt: ExamAttempt, numbers: Mapping[int, int]) -> Iterator[dict[str, Any]]:
    incidents = ByReview(Incident.objects.select_related("dismissed_by"), attempt)
    evidence = ByReview(Evidence.objects.select_related("incident").defer("url"), attempt)
    for review in _reviews(attempt):
        yield {
            "review": numbers.get(review.pk),
            **_fields(review, REVIEW),
            "reviewed_by": _username(review.reviewed_by),
            "version_of": numbers.get(review.version_of_id or 0),
            "incidents": [_incident(incident) for incident in incidents.of(review)],
            "evidence": [_evidence(item) for item in evidence.of(review)],
        }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "incident": incident.position + 1,
        **_fields(incident, INCIDENT),
        "dismissed_by": _username(incident.dismissed_by),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "evidence": evidence.position + 1,
        **_fields(evidence, EVIDENCE),
        "incident": evidence.incident.position + 1 if evidence.incident else None,
    }


def _learner(attempt: ExamAttempt) -> dict[str, Any]:
    user = attempt.user
    return {"username": user.get_username(), "email": email_of(user), "name": lms().learner_name(user)}


def _username(user: AbstractBaseUser | None) -> str | None:
    return user.get_username() if user else None


def _fields(row: Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


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
