"""A list of Sessions as an address names it: tab, order, filters and search. And a session's place in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.http import QueryDict

from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import FILTER_NAMES, AttemptFilter
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.queries.sessions import key_at, sessions

from .filter_form import FilterForm
from .search import SESSIONS, read_search

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt, ProctoredExam
    from proctoring_results.queries.merged import MergedSessions, SortKey

    from .came_from import CameFrom

# The tabs of the page stand for these.
NO_FILTERS = ("tab", "attention", "practice")


@dataclass(frozen=True, slots=True)
class Position:
    """“4 of 38”: where a session stands in a list."""

    number: int
    count: int


def filter_form(params: Mapping[str, Any], exams: Iterable[ProctoredExam]) -> FilterForm:
    return FilterForm(params, exams, without=NO_FILTERS)


def list_of(attempt: ExamAttempt, origin: CameFrom, user: AbstractBaseUser) -> MergedSessions:
    """Return the list that somebody came from; that of the exam if the filters cannot be read."""
    course_id, params = attempt.exam.course_id, QueryDict(origin.filters)
    # What the filters that are not set could be, would cost a query for exams and one for people.
    is_of_this = params.get("exam") in (None, "", attempt.exam.content_id)
    exams = [attempt.exam] if is_of_this else exams_in_course(course_id).with_result()
    form = FilterForm(params, exams, without=[*NO_FILTERS, *(name for name in FILTER_NAMES if not params.get(name))])
    search = read_search(SESSIONS, params.get("search", ""), user, course_id)
    if form.is_valid() and not search.problem:
        filters = replace(form.attempt_filter(), tab=origin.tab)
        try:
            keys = [attempt.exam_id] if filters.exam == attempt.exam.content_id else None
            return sessions(course_id, filters, search.text, order=origin.order, exams=keys)
        except InvalidInput:
            pass
    return sessions(course_id, AttemptFilter(tab=origin.tab, exam=attempt.exam.content_id), order=origin.order)


def position_of(attempt: ExamAttempt, origin: CameFrom, user: AbstractBaseUser) -> Position | None:
    """Return the position of a session in the list that somebody came from; None once it has left the list."""
    listed = list_of(attempt, origin, user)
    key = sort_key(listed, origin)
    if key is None:
        return None
    before, count, is_there = listed.position(attempt, key)
    return Position(before + 1, count) if is_there else None


def sort_key(listed: MergedSessions, origin: CameFrom) -> SortKey | None:
    return key_at(listed, origin.order, origin.place) if origin.place else None
