"""The values of filters that differ by course. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.utils.translation import gettext as _

from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import OF_PEOPLE, SERVICE, AttemptFilter, Filter
from proctoring_results.models import ExamAttempt, StatusChange
from proctoring_results.people import person, sortable_name

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam

# A list over several courses has none of them.
OF_COURSES = ("exam", "provider", *OF_PEOPLE)


class FilterChoices:
    """The values of each filter, and what they are called, in a course with these exams. One query, for people."""

    def __init__(self, exams: Sequence[ProctoredExam], params: Mapping[str, Any]) -> None:
        """``params`` are the filters that are set: a reviewer whom they name is offered, too."""
        self._exams, self._reviewer = exams, params.get("reviewer", "")

    def of(self, one: Filter) -> Sequence[tuple[str, Any]]:
        match one.name:
            case "exam":
                return [(exam.content_id, exam.exam_name) for exam in self._exams]
            case "provider":
                return [(name, name) for name in sorted({exam.provider for exam in self._exams})]
            case "reviewer":
                return self._people
            case "decided_by":
                return [*self._people, (SERVICE, _("the service"))]
        return one.choices

    @cached_property
    def _people(self) -> list[tuple[str, str]]:
        return [(str(one.pk), person(one).label) for one in deciders_in(self._exams, self._reviewer)]


def deciders_in(exams: Sequence[ProctoredExam], reviewer: str = "") -> list[AbstractBaseUser]:
    """Return the people whose Pass or Fail is the status of an attempt at one of these exams. One query.

    Whose every decision was reversed is not among them, but for the person with the key ``reviewer``: to look for all
    of these would be to read the history of the course.
    """
    decided = ExamAttempt.objects.filter(exam__in=exams, decided_by__isnull=False).order_by()
    condition = Q(pk__in=decided.values("decided_by").distinct())
    try:
        key = AttemptFilter.read({"reviewer": reviewer}).reviewer
    except InvalidInput:
        key = ""
    if key:
        decisions = StatusChange.objects.decisions().filter(Q(by=key), attempt__exam__in=exams)
        condition |= Q(pk=key, pk__in=decisions.values("by"))
    people = get_user_model()._base_manager.filter(condition)
    return list(people.order_by(sortable_name(), "pk"))
