"""``case.json``: everything that is stored about a session, for programs. ``docs/reference/session-export.md`` says it.

Keys of tables are not in it: people are named, reviews, incidents and evidence are numbered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.core.serializers.json import DjangoJSONEncoder

from proctoring_results.lms import lms
from proctoring_results.people import email_of
from proctoring_results.providers.exam_rules import rules_of

from .case import ByReview

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models import Model

    from proctoring_results.models import (
        Appeal,
        Disclosure,
        Evidence,
        Incident,
        ReportDownload,
        SessionLook,
        StatusChange,
    )

    from .case import Case
    from .pictures import Pictures

# A field that is renamed, removed or changes its meaning makes a new one; new fields do not.
SCHEMA_VERSION = 1
# The fields that stand in the file as they are stored. The others are keys, and what only the app itself needs.
EXAM = (
    "course_id", "content_id", "exam_name", "time_limit_mins", "due_date", "is_proctored", "is_practice_exam",
    "is_active", "provider", "external_id",
)  # fmt: skip
ATTEMPT = (
    "attempt_code", "provider", "external_id", "track", "status", "created_at", "started_at", "completed_at",
    "extra_time_mins", "allowed_time_limit_mins", "is_sample_attempt", "taking_as_proctored", "archived_at",
    "archive_reason", "withheld_until",
)  # fmt: skip
CHANGE = ("at", "from_status", "to_status", "source", "reason", "category")
EFFECT = ("kind", "call", "state", "queued_at", "done_at", "tries", "problem")
DISCLOSURE = ("at", "kind", "address", "purpose")
REVIEW = (
    "review_status", "standing", "source", "claimed_name", "received_at", "sent_at", "version_reason",
    "suspicious_count", "rules_violation_count", "other_count", "score", "score_label", "score_scale", "raw_data",
)  # fmt: skip
INCIDENT = ("status", "kind", "severity", "comment", "start", "stop", "dismissed_at", "dismissal_reason")
EVIDENCE = ("kind", "start", "stop")


def json_parts(case: Case, pictures: Pictures) -> Iterator[str]:
    """Yield the text of an object whose lists are written entry by entry. One review at a time is in memory."""
    yield "{\n"
    yield f'"version": {SCHEMA_VERSION},\n'
    for name, value in _heads(case).items():
        yield f'"{name}": {_text(value)},\n'
    yield from _list("changes", (_change(case, change) for change in case.changes.iterator()))
    yield from _list("appeals", (_appeal(case, appeal) for appeal in case.appeals.iterator()))
    yield from _list("effects", (_fields(effect, EFFECT) for effect in case.effects.iterator()))
    yield from _list("looks", (_look(case, look) for look in case.looks.iterator()))
    yield from _list("disclosures", (_disclosure(case, one) for one in case.disclosures.iterator()))
    yield from _list("downloads", (_download(one) for one in case.downloads.iterator()))
    yield from _list("pictures", ({"path": one.path, "sha256": one.sha256} for one in pictures.files))
    yield from _list("reviews", _reviews(case, pictures), last=True)
    yield "}\n"


def _heads(case: Case) -> dict[str, Any]:
    attempt, user, rules = case.attempt, case.attempt.user, rules_of(case.attempt)
    return {
        "as_of": case.as_of,
        "exported_by": _username(case.export.user),
        "exported_at": case.export.at,
        "purpose": case.export.purpose,
        "exam": _fields(attempt.exam, EXAM),
        "learner": {"username": user.get_username(), "email": email_of(user), "name": lms().learner_name(user)},
        "attempt": {
            **_fields(attempt, ATTEMPT),
            "archived_by": _username(attempt.archived_by),
            "current_review": case.number_of(attempt.current_review_id),
        },
        "rules": {
            "review_policy": rules.sent.review_policy,
            "rules": rules.sent.rules,
            "as_of_start": rules.is_of_start,
            "changed_since": rules.has_changed,
        },
    }


def _list(name: str, items: Iterator[dict[str, Any]], *, last: bool = False) -> Iterator[str]:
    yield f'"{name}": [\n'
    for number, item in enumerate(items):
        yield (",\n" if number else "") + _text(item)
    yield "]\n" if last else "],\n"


def _change(case: Case, change: StatusChange) -> dict[str, Any]:
    return {
        **_fields(change, CHANGE),
        "by": _username(change.by),
        "review": case.number_of(change.review_id),
    }


def _appeal(case: Case, appeal: Appeal) -> dict[str, Any]:
    answer = case.answer_to(appeal)
    return {
        **_fields(appeal, ("at", "text", "answer_due_at")),
        "decided_at": appeal.decision.at,
        "answered_at": answer.at if answer else None,
        "answered_by": _username(answer.by) if answer else None,
        "status_after": answer.to_status if answer else None,
        "answer_reason": answer.reason if answer else None,
    }


def _look(case: Case, look: SessionLook) -> dict[str, Any]:
    return {"at": look.at, "user": _username(look.user), "review": case.number_of(look.review_id)}


def _disclosure(case: Case, disclosure: Disclosure) -> dict[str, Any]:
    evidence, file = disclosure.evidence, disclosure.report
    return {
        **_fields(disclosure, DISCLOSURE),
        "user": _username(disclosure.user),
        "review": case.number_of(evidence.review_id) if evidence else None,
        "evidence": evidence.position + 1 if evidence else None,
        "file_name": file.file_name if file else None,
        "sha256": (file.sha256 or None) if file else None,
        "manifest_sha256": (file.manifest_sha256 or None) if file else None,
    }


def _download(download: ReportDownload) -> dict[str, Any]:
    return {
        **_fields(download, ("at", "outcome", "address")),
        "user": _username(download.user),
        "file_name": download.report.file_name,
    }


def _reviews(case: Case, pictures: Pictures) -> Iterator[dict[str, Any]]:
    incidents, evidence = ByReview(case.incidents), ByReview(case.evidence.defer("url"))
    for review in case.reviews.iterator(chunk_size=1):
        yield {
            "review": case.number_of(review.pk),
            **_fields(review, REVIEW),
            "reviewed_by": _username(review.reviewed_by),
            "version_of": case.number_of(review.version_of_id),
            "incidents": [_incident(incident) for incident in incidents.of(review)],
            "evidence": [_evidence(item, pictures) for item in evidence.of(review)],
        }


def _incident(incident: Incident) -> dict[str, Any]:
    return {
        "incident": incident.position + 1,
        **_fields(incident, INCIDENT),
        "dismissed_by": _username(incident.dismissed_by),
    }


def _evidence(evidence: Evidence, pictures: Pictures) -> dict[str, Any]:
    return {
        "evidence": evidence.position + 1,
        **_fields(evidence, EVIDENCE),
        "incident": evidence.incident.position + 1 if evidence.incident else None,
        "picture": pictures.path_of(evidence),
        "missing": pictures.missing.get(evidence.pk),
    }


def _username(user: AbstractBaseUser | None) -> str | None:
    return user.get_username() if user else None


def _fields(row: Model, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _text(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
