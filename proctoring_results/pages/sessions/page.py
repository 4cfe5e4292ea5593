"""The page Sessions, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from proctoring_results import permissions
from proctoring_results.choices import AttentionReason
from proctoring_results.lms import lms
from proctoring_results.models.attention import attention_reasons
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.paging import Pager, page_of, pager
from proctoring_results.pages._shared.permission_names import MissingPermission, missing_permission
from proctoring_results.pages._shared.statuses import StatusBadge, status_badge
from proctoring_results.people import Person
from proctoring_results.providers.policy import policy_of
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.queries.sessions import AttemptFilter, attempts_of_learners, sessions
from proctoring_results.rules import status_label, tone_of
from proctoring_results.services.selection import why_not_with_others

from .forms import FilterForm

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt


@dataclass(frozen=True, slots=True)
class AttemptLink:
    """Another attempt of the same learner at the same exam."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    attempt: ExamAttempt
    learner: Person
    url: str
    status: StatusBadge
    review: str
    review_tone: str
    suspicious: int
    violations: int
    reasons: list[str]
    # Waiting since, or the last activity.
    at: datetime
    other_attempts: list[AttemptLink]
    may_be_passed: bool


@dataclass(frozen=True, slots=True)
class SessionList:
    name: str
    rows: list[SessionRow]
    pager: Pager
    total: str


@dataclass(frozen=True, slots=True)
class SessionsPage:
    form: FilterForm
    filters: str
    is_filtered: bool
    # If the list is of one exam.
    exam_name: str
    filter_labels: list[str]
    search: str
    may_decide: bool
    # To decide, for a person who may not.
    missing: MissingPermission | None
    whom_to_ask: str
    # Providers of the exams listed that do second reviews themselves.
    second_reviewers: list[str]
    lists: list[SessionList]


def sessions_page(course_id: str, user: AbstractBaseUser, params: Mapping[str, Any], search: str) -> SessionsPage:
    """``params`` are those of the address: filters, and page numbers."""
    exams = list(exams_in_course(course_id).with_result())
    form = FilterForm(params, exams)
    may_decide = permissions.may(user, permissions.DECIDE_ATTEMPT, course_id)
    filters, is_valid = form.filters(), form.is_valid()
    listed = [exam for exam in exams if filters.get("exam", exam.content_id) == exam.content_id]
    providers = sorted({exam.provider for exam in listed})
    return SessionsPage(
        form=form,
        filters=urlencode(filters),
        is_filtered=bool(filters),
        exam_name=listed[0].exam_name if "exam" in filters and listed else "",
        filter_labels=form.labels() if is_valid else [],
        search=search,
        may_decide=may_decide,
        missing=None if may_decide else missing_permission(permissions.DECIDE_ATTEMPT),
        whom_to_ask="" if may_decide else lms().whom_to_ask(course_id),
        second_reviewers=[name for name in providers if policy_of(name).provider_does_second_reviews],
        lists=_lists(course_id, form.attempt_filter(search), params, filters, may_decide) if is_valid else [],
    )


def _lists(
    course_id: str,
    attempt_filter: AttemptFilter,
    params: Mapping[str, Any],
    filters: Mapping[str, str],
    may_decide: bool,
) -> list[SessionList]:
    both = sessions(course_id, attempt_filter)
    waiting = page_of(both.requiring_attention, params.get("attention"))
    others = page_of(both.others, params.get("page"))
    attempts = [*waiting, *others]
    of_learners = attempts_of_learners(attempts)
    reasons = attention_reasons(list(waiting))
    rows = {
        attempt.pk: _row(
            attempt, reasons.get(attempt.pk, []), of_learners[attempt.user_id, attempt.exam_id], may_decide
        )
        for attempt in attempts
    }
    return [
        SessionList(
            "pr-attention",
            [rows[attempt.pk] for attempt in waiting],
            pager(waiting, "attention", params=filters, page=others.number),
            number(waiting.paginator.count),
        ),
        SessionList(
            "pr-others",
            [rows[attempt.pk] for attempt in others],
            pager(others, "page", params=filters, attention=waiting.number),
            number(others.paginator.count),
        ),
    ]


def _row(
    attempt: ExamAttempt, reasons: list[AttentionReason], of_learner: list[ExamAttempt], may_decide: bool
) -> SessionRow:
    review = attempt.current_review
    return SessionRow(
        attempt=attempt,
        learner=attempt.learner,
        url=session_url(attempt),
        status=status_badge(attempt.status),
        review=review.get_review_status_display() if review else "",
        review_tone=tone_of(review.review_status) if review else "",
        suspicious=review.suspicious_count if review else 0,
        violations=review.rules_violation_count if review else 0,
        # The status says already that a second review is required.
        reasons=[str(reason.label) for reason in reasons if reason is not AttentionReason.SECOND_REVIEW],
        at=attempt.attention_since or attempt.last_activity_at,
        other_attempts=[_link(n, other) for n, other in enumerate(of_learner, 1) if other.pk != attempt.pk],
        may_be_passed=may_decide and not why_not_with_others(attempt),
    )


def _link(number: int, attempt: ExamAttempt) -> AttemptLink:
    params = {"number": number, "status": status_label(attempt.status)}
    if attempt.archived_at:
        return AttemptLink(_("Attempt %(number)d: %(status)s, archived") % params, session_url(attempt))
    return AttemptLink(_("Attempt %(number)d: %(status)s") % params, session_url(attempt))
