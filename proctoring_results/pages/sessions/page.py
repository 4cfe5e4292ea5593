"""The page Sessions, ready to be printed: the template asks no questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results import permissions
from proctoring_results.choices import Archived, AttentionReason
from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import AttemptFilter, in_words
from proctoring_results.lms import course_zone, lms
from proctoring_results.models.attention import attention_reasons
from proctoring_results.pages._shared.came_from import ATTENTION, OTHERS, list_params
from proctoring_results.pages._shared.filter_form import FilterForm
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.paging import Pager, page_of, pager
from proctoring_results.pages._shared.permission_names import MissingPermission, missing_permission
from proctoring_results.pages._shared.search import Search, problem_of
from proctoring_results.pages._shared.statuses import StatusBadge, explanations_url, review_badge, status_badge
from proctoring_results.people import Person
from proctoring_results.providers.registry import provider_named
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.queries.sessions import attempts_of_learners, sessions
from proctoring_results.rules import status_label
from proctoring_results.services.selection import why_not_with_others

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt, ProctoredExam


# What requires attention is a list of its own here, with a page number of that name.
NO_FILTERS = ("attention",)


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
    review: StatusBadge | None
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
    # “1 of 38”, if the list is narrowed by a search or filters.
    count: str
    # If there is nothing in it.
    sentence: str


@dataclass(frozen=True, slots=True)
class SessionsPage:
    form: FilterForm
    # As they stand in the address, with the search.
    filters: str
    filter_labels: list[str]
    # If the list is of one exam.
    exam_name: str
    search: Search
    # Beside the field, and then nothing is listed.
    search_problem: str
    # The same list without its search, and without filters too, but of the same exam; empty if there are none.
    unsearched: str
    unfiltered: str
    # Data Download with a report of what is listed. Empty with a search, which no report has, and for a person who may
    # not generate reports.
    export_url: str
    # In which the days of the filters are.
    time_zone: str
    may_decide: bool
    # To decide, for a person who may not.
    missing: MissingPermission | None
    whom_to_ask: str
    # Providers of the exams listed that do second reviews themselves.
    second_reviewers: list[str]
    lists: list[SessionList]

    @property
    def is_refused(self) -> bool:
        return bool(self.form.errors or self.search_problem)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks at the list."""

    # A person who may decide.
    decider: AbstractBaseUser | None
    # Where the statuses are explained; empty for somebody who may not see it.
    explanations: str


def filter_form(params: Mapping[str, Any], exams: Iterable[ProctoredExam]) -> FilterForm:
    return FilterForm(params, exams, without=NO_FILTERS)


def sessions_page(course_id: str, user: AbstractBaseUser, params: Mapping[str, Any], search: Search) -> SessionsPage:
    """``params`` are those of the address: filters, and page numbers."""
    exams = list(exams_in_course(course_id).with_result())
    form = filter_form(params, exams)
    may_decide = permissions.may(user, permissions.DECIDE_ATTEMPT, course_id)
    viewer = Viewer(user if may_decide else None, explanations_url(user, course_id))
    filters, problem = form.filters(), search.problem
    with_search = filters | ({"search": search.token} if search.token else {})
    lists: list[SessionList] = []
    if form.is_valid() and not problem:
        try:
            lists = _lists(course_id, form.attempt_filter(), search.text, params, with_search, viewer)
        except InvalidInput as refusal:
            problem = problem_of(refusal)
    listed = [exam for exam in exams if filters.get("exam", exam.content_id) == exam.content_id]
    providers = sorted({exam.provider for exam in listed})
    return SessionsPage(
        form=form,
        filters=urlencode(with_search),
        filter_labels=in_words(filters) if form.is_valid() else [],
        exam_name=listed[0].exam_name if "exam" in filters and listed else "",
        search=search,
        search_problem=problem,
        export_url=_export_url(course_id, user, filters) if form.is_valid() and not search.token else "",
        time_zone=str(course_zone(course_id)),
        unsearched=f"?{urlencode(filters)}",
        unfiltered=f"?{urlencode(_of_exam(filters))}" if _is_narrowed(with_search) else "",
        may_decide=may_decide,
        missing=None if may_decide else missing_permission(permissions.DECIDE_ATTEMPT),
        whom_to_ask="" if may_decide else lms().whom_to_ask(course_id),
        second_reviewers=[name for name in providers if provider_named(name).policy.provider_does_second_reviews],
        lists=lists,
    )


def _export_url(course_id: str, user: AbstractBaseUser, filters: Mapping[str, str]) -> str:
    needed = (permissions.VIEW_REPORTS, permissions.GENERATE_REPORT)
    if not all(permissions.may(user, permission, course_id) for permission in needed):
        return ""
    # A report has archived attempts unless it is asked to leave them out; the list is the other way round.
    query = urlencode({"archived": Archived.WITHOUT.value, **filters})
    return f"{reverse('proctoring_results:data_download', args=[course_id])}?{query}#pr-choose"


def _of_exam(filters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in filters.items() if name == "exam"}


def _is_narrowed(filters: Mapping[str, str]) -> bool:
    """Return whether there is more than the choice of an exam, which makes a list of its own."""
    return dict(filters) != _of_exam(filters)


def _lists(
    course_id: str,
    attempt_filter: AttemptFilter,
    search: str,
    params: Mapping[str, Any],
    filters: Mapping[str, str],
    viewer: Viewer,
) -> list[SessionList]:
    both = sessions(course_id, attempt_filter, search)
    waiting = page_of(both.requiring_attention, params.get("attention"))
    others = page_of(both.others, params.get("page"))
    attempts = [*waiting, *others]
    of_learners = attempts_of_learners(attempts)
    reasons = attention_reasons(list(waiting))
    query = urlencode(filters)
    rows = {
        attempt.pk: _row(
            attempt, reasons.get(attempt.pk, []), of_learners[attempt.user_id, attempt.exam_id], query, viewer
        )
        for attempt in attempts
    }
    return [
        SessionList(
            "pr-attention",
            [rows[attempt.pk] for attempt in waiting],
            pager(waiting, "attention", params=filters, page=others.number),
            *_attention(course_id, attempt_filter, waiting.paginator.count, is_narrowed=_is_narrowed(filters)),
        ),
        SessionList(
            "pr-others",
            [rows[attempt.pk] for attempt in others],
            pager(others, "page", params=filters, attention=waiting.number),
            number(others.paginator.count),
            _("No other session matches.") if _is_narrowed(filters) else _("No other sessions here."),
        ),
    ]


def _attention(course_id: str, attempt_filter: AttemptFilter, count: int, *, is_narrowed: bool) -> tuple[str, str]:
    """Return the number of sessions that require attention, and a sentence for none.

    In a narrowed list the number is of all without the search and the filters: they are still to be done.
    """
    nothing = _("Nothing requires attention here.")
    if not is_narrowed:
        return number(count), nothing
    every = sessions(course_id, AttemptFilter(exam=attempt_filter.exam)).requiring_attention.count()
    params = {"count": number(count), "every": number(every)}
    waiting = ngettext("%(every)s requires attention.", "%(every)s require attention.", every) % params
    return _("%(count)s of %(every)s") % params, waiting if every else nothing


def _row(
    attempt: ExamAttempt,
    reasons: list[AttentionReason],
    of_learner: list[ExamAttempt],
    query: str,
    viewer: Viewer,
) -> SessionRow:
    review = attempt.current_review
    return SessionRow(
        attempt=attempt,
        learner=attempt.learner,
        url=session_url(attempt, list_params(ATTENTION if attempt.attention_since else OTHERS, query)),
        status=status_badge(attempt.status, viewer.explanations),
        review=review_badge(review.review_status, viewer.explanations) if review else None,
        suspicious=review.suspicious_count if review else 0,
        violations=review.rules_violation_count if review else 0,
        # The status says already that a second review is required.
        reasons=[str(reason.label) for reason in reasons if reason is not AttentionReason.SECOND_REVIEW],
        at=attempt.attention_since or attempt.last_activity_at,
        other_attempts=[_link(n, other) for n, other in enumerate(of_learner, 1) if other.pk != attempt.pk],
        may_be_passed=viewer.decider is not None and not why_not_with_others(attempt, viewer.decider),
    )


def _link(number: int, attempt: ExamAttempt) -> AttemptLink:
    params = {"number": number, "status": status_label(attempt.status)}
    if attempt.archived_at:
        return AttemptLink(_("Attempt %(number)d: %(status)s, archived") % params, session_url(attempt))
    return AttemptLink(_("Attempt %(number)d: %(status)s") % params, session_url(attempt))
