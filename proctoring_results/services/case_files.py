"""The case file of a session: requested for a purpose, which is kept on record."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.choices import CASE_FILE, DisclosureKind, ReportFormat
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import AttemptIsErased, InvalidInput, NotFound
from proctoring_results.models import Disclosure, Report
from proctoring_results.rules import has_result
from proctoring_results.validation import clean_reason

from .reports import case_file_key, save_and_enqueue
from .status import lock_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt

MAX_PURPOSE_LENGTH = 1_000  # characters


def request_case_file(
    attempt_code: str, *, purpose: str, by: AbstractBaseUser, address: str | None = None, enqueue: bool = True
) -> Report:
    """Request the case file of a session, and record who wants it, what for, and from which address.

    A worker builds it after the commit; with ``enqueue=False`` the caller has to build it. Only ``by`` can download it,
    by ``download_link``. Raises ``ReportAlreadyRunning`` (with the report) while the person's file for the same purpose
    is being made, ``AccessDenied`` (``OwnAttempt`` for the learner), ``InvalidInput`` (no purpose),
    ``AttemptIsErased`` and ``NotFound``.
    """
    purpose = _clean_purpose(purpose)
    return _request(attempt_code, purpose, by, address, enqueue=enqueue)


@in_transaction
def _request(attempt_code: str, purpose: str, by: AbstractBaseUser, address: str | None, *, enqueue: bool) -> Report:
    # Locked: an erasure either sees the file, or is seen here.
    attempt = lock_attempt(attempt_code)
    permissions.require_export(by, attempt)
    if not has_result(attempt):
        raise NotFound("session", attempt_code)
    if attempt.erased_at is not None:
        raise AttemptIsErased(attempt)
    now = timezone.now()
    export = Disclosure(
        user_id=by.pk, attempt=attempt, kind=DisclosureKind.EXPORT, purpose=purpose, at=now, address=address
    )
    report = Report(
        kind=CASE_FILE,
        course_id=attempt.exam.course_id,
        format=ReportFormat.ZIP,
        permission=permissions.EXPORT_SESSION,
        requested_by_id=by.pk,
        requested_at=now,
        next_try_at=now,
        unfinished_key=case_file_key(export),
    )
    export.report = save_and_enqueue(report, partial(_file_name, attempt), enqueue=enqueue)
    export.save(force_insert=True)
    return report


def _clean_purpose(purpose: str) -> str:
    try:
        return clean_reason(purpose, missing=_("Please say what the case file is for."), max_length=MAX_PURPOSE_LENGTH)
    except InvalidInput as refusal:
        raise InvalidInput("purpose", refusal.problem) from None


def _file_name(attempt: ExamAttempt, at: datetime) -> str:
    code = re.sub(r"[^\w.+-]", "_", attempt.attempt_code)
    return f"case_file_{code}_{at.astimezone(UTC):%Y-%m-%d-%H%M%S}.zip"
