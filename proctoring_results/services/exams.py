"""Exams: the host registers and changes them."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from datetime import datetime
from typing import TypedDict, Unpack

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from proctoring_results.database import in_transaction
from proctoring_results.exceptions import ExamAlreadyExists, InvalidInput, NotFound
from proctoring_results.models import ProctoredExam
from proctoring_results.validation import clean_key, clean_text, clean_whole_number

from .effects import queue_exam_call, queue_levels_at

A_YEAR = 366 * 24 * 60  # minutes
MAX_POLICY_LENGTH = 32 * 1024  # characters
# A change of these is sent to the provider.
SENT_TO_PROVIDER = (
    "exam_name",
    "time_limit_mins",
    "is_proctored",
    "is_practice_exam",
    "is_active",
    "review_policy",
    "provider",
)
# After a change of these, grade, credit and certificate are told once more.
SWITCHES = ("is_proctored", "is_practice_exam", "is_active")


class ExamChanges(TypedDict, total=False):
    """The fields that ``update_exam`` may change."""

    exam_name: str
    time_limit_mins: int
    provider: str
    due_date: datetime | None
    is_proctored: bool
    is_practice_exam: bool
    is_active: bool
    external_id: str | None
    review_policy: str


@in_transaction
def create_exam(
    course_id: str,
    content_id: str,
    *,
    exam_name: str,
    time_limit_mins: int,
    provider: str,
    due_date: datetime | None = None,
    is_proctored: bool = True,
    is_practice_exam: bool = False,
    is_active: bool = True,
    external_id: str | None = None,
    review_policy: str = "",
) -> ProctoredExam:
    """Register a timed exam of a course. Raises ``InvalidInput`` and ``ExamAlreadyExists``."""
    exam = ProctoredExam(course_id=clean_key("course_id", course_id), content_id=clean_key("content_id", content_id))
    _fill_in(
        exam,
        {
            "exam_name": exam_name,
            "time_limit_mins": time_limit_mins,
            "provider": provider,
            "due_date": due_date,
            "is_proctored": is_proctored,
            "is_practice_exam": is_practice_exam,
            "is_active": is_active,
            "external_id": external_id,
            "review_policy": review_policy,
        },
    )
    saved = _saved(exam)
    queue_exam_call(saved)
    return saved


@in_transaction
def update_exam(course_id: str, content_id: str, **changes: Unpack[ExamChanges]) -> ProctoredExam:
    """Change the fields that ``create_exam`` takes. Existing attempts stay what they are, and keep what they copied.

    Raises ``InvalidInput`` (unknown names, too, and an ``external_id`` of another exam) and ``NotFound``.
    """
    exam = ProctoredExam.objects.select_for_update().filter(course_id=course_id, content_id=content_id).first()
    if exam is None:
        raise NotFound("exam", content_id)
    if changes.get("provider", exam.provider) != exam.provider:
        # The id is the old provider's; the new one has yet to give the exam an id.
        changes.setdefault("external_id", None)
    before = copy(exam)
    _fill_in(exam, changes)
    saved = _saved(exam)
    if _differ(saved, before, SENT_TO_PROVIDER):
        queue_exam_call(saved)
    if _differ(saved, before, SWITCHES):
        queue_levels_at(saved)
    return saved


def _differ(exam: ProctoredExam, before: ProctoredExam, names: Iterable[str]) -> bool:
    return any(getattr(exam, name) != getattr(before, name) for name in names)


def _fill_in(exam: ProctoredExam, values: ExamChanges) -> None:
    for name, value in values.items():
        setattr(exam, name, _checked(name, value))


def _checked(name: str, value: object) -> object:
    match name:
        case "exam_name":
            return clean_text(name, value, min_length=1, max_length=255)
        case "provider":
            return clean_key(name, value, max_length=64)
        case "review_policy":
            return clean_text(name, value, max_length=MAX_POLICY_LENGTH)
        case "external_id":
            return None if value is None else clean_key(name, value)
        case "time_limit_mins":
            return clean_whole_number(name, value, min_value=1, max_value=A_YEAR)
        case "is_proctored" | "is_practice_exam" | "is_active":
            if not isinstance(value, bool):
                raise InvalidInput(name, _("must be true or false."))
            return value
        case "due_date":
            if value is not None and (not isinstance(value, datetime) or value.tzinfo is None):
                raise InvalidInput(name, _("must be a moment with a time zone."))
            return value
    raise InvalidInput(name, _("is not a field of an exam that can be set."))


def _saved(exam: ProctoredExam) -> ProctoredExam:
    try:
        with transaction.atomic():
            exam.save()
    except IntegrityError as error:
        _raise_if_id_is_taken(exam)
        raise ExamAlreadyExists(exam.course_id, exam.content_id) from error
    return exam


def _raise_if_id_is_taken(exam: ProctoredExam) -> None:
    """Raise ``InvalidInput`` if the provider knows another exam by this external id."""
    if exam.external_id is None:
        return
    # A locking read sees what others have committed, even under MariaDB's repeatable read.
    known = ProctoredExam.objects.select_for_update().filter(provider=exam.provider, external_id=exam.external_id)
    if owner := known.exclude(pk=exam.pk).first():
        problem = _("is already the id of the exam “%(exam)s”, for which %(provider)s has given it.")
        raise InvalidInput("external_id", problem % {"exam": owner, "provider": exam.provider})
