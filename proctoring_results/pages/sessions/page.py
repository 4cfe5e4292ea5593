"""What stands on Sessions, ready to be printed: a template asks no questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from proctoring_results import api, permissions
from proctoring_results.choices import AttentionReason
from proctoring_results.lms import lms
from proctoring_results.models.attention import attention_reasons
from proctoring_results.pages._shared.paging import Pager, number, page_of, pager
from proctoring_results.providers.policy import policy_of
from proctoring_results.queries.sessions import AttemptFilter, attempts_of_learners, sessions
from proctoring_results.services.selection import why_not_with_others

from .forms import FilterForm

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt


@dataclass(frozen=True, slots=True)
class Go:
    """Another attempt of the same learner at the same exam."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    attempt: ExamAttempt
    learner: str
    email: str
    url: str
    review: str
    suspicious: int
    violations: int
    reasons: list[str]
    # Since when it waits, or when something last happened.
    at: datetime
    goes: list[Go]
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
    # The one exam that is shown, if it is one; and what else is filtered by.
    exam_name: str
    filters_in_words: list[str]
    search: str
    may_decide: bool
    whom_to_ask: str
    # Providers of the exams shown that do second reviews themselves.
    second_reviewers: list[str]
    lists: list[SessionList]


def draw_sessions(course_id: str, user: AbstractBaseUser, asked: Mapping[str, Any], search: str) -> SessionsPage:
    """The sessions of a course, as the filters in the address say, and what is searched for."""
    exams = list(api.exams_in_course(course_id).with_result())
    form = FilterForm(asked, exams)
    may_decide = permissions.may(user, permissions.DECIDE_ATTEMPT, course_id)
    kept, is_valid = form.kept(), form.is_valid()
    shown = [exam for exam in exams if kept.get("exam", exam.content_id) == exam.content_id]
    return SessionsPage(
        form=form,
        filters=urlencode(kept),
        is_filtered=bool(kept),
        exam_name=shown[0].exam_name if "exam" in kept and shown else "",
        filters_in_words=form.in_words() if is_valid else [],
        search=search,
        may_decide=may_decide,
        whom_to_ask="" if may_decide else lms().whom_to_ask(course_id),
        second_reviewers=sorted(
            provider
            for provider in {exam.provider for exam in shown}
            if policy_of(provider).provider_does_second_reviews
        ),
        lists=_lists(course_id, form.wanted(search), asked, kept, may_decide) if is_valid else [],
    )


def _lists(
    course_id: str, wanted: AttemptFilter, asked: Mapping[str, Any], kept: Mapping[str, str], may_decide: bool
) -> list[SessionList]:
    found = sessions(course_id, wanted)
    first, others = page_of(found.requiring_attention, asked.get("attention")), page_of(found.others, asked.get("page"))
    rows = [*first, *others]
    goes = attempts_of_learners(rows)
    reasons = attention_reasons(list(first))
    drawn = {
        attempt.pk: _row(attempt, reasons.get(attempt.pk, []), goes[attempt.user_id, attempt.exam_id], may_decide)
        for attempt in rows
    }
    return [
        SessionList(
            "pr-attention",
            [drawn[one.pk] for one in first],
            pager(first, "attention", kept=kept, page=others.number),
            number(first.paginator.count),
        ),
        SessionList(
            "pr-others",
            [drawn[one.pk] for one in others],
            pager(others, "page", kept=kept, attention=first.number),
            number(others.paginator.count),
        ),
    ]


def _row(attempt: ExamAttempt, reasons: list[AttentionReason], goes: list[ExamAttempt], may_decide: bool) -> SessionRow:
    review = attempt.current_review
    return SessionRow(
        attempt=attempt,
        learner=attempt.user.get_username(),
        email=getattr(attempt.user, attempt.user.get_email_field_name(), ""),
        url=_url(attempt),
        review=review.get_review_status_display() if review else "",
        suspicious=review.suspicious_count if review else 0,
        violations=review.rules_violation_count if review else 0,
        # That a second review is required is what the status says.
        reasons=[str(reason.label) for reason in reasons if reason is not AttentionReason.SECOND_REVIEW],
        at=attempt.attention_since or attempt.last_activity_at,
        goes=[_go(number, one) for number, one in enumerate(goes, 1) if one.pk != attempt.pk],
        may_be_passed=may_decide and not why_not_with_others(attempt),
    )


def _go(number: int, attempt: ExamAttempt) -> Go:
    words = {"number": number, "status": attempt.get_status_display()}
    if attempt.archived_at:
        return Go(_("Attempt %(number)d: %(status)s, archived") % words, _url(attempt))
    return Go(_("Attempt %(number)d: %(status)s") % words, _url(attempt))


def _url(attempt: ExamAttempt) -> str:
    return reverse("proctoring_results:session", args=[attempt.attempt_code])
