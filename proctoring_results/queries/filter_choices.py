"""The values of filters that differ by course. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from proctoring_results.filters import SERVICE, Filter
from proctoring_results.models import ExamAttempt
from proctoring_results.people import person, sortable_name

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam

# A list over several courses has none of them.
OF_COURSES = ("exam", "provider", "decided_by")


def choices_of(one: Filter, exams: Sequence[ProctoredExam]) -> Sequence[tuple[str, Any]]:
    """Return the values of a filter, and what they are called, in a course with these exams."""
    match one.name:
        case "exam":
            return [(exam.content_id, exam.exam_name) for exam in exams]
        case "provider":
            return [(name, name) for name in sorted({exam.provider for exam in exams})]
        case "decided_by":
            people = [(str(one.pk), person(one).label) for one in deciders_in(exams)]
            return [*people, (SERVICE, _("the service"))]
    return one.choices


def deciders_in(exams: Sequence[ProctoredExam]) -> list[AbstractBaseUser]:
    """Return the people who have decided Pass or Fail of an attempt at one of these exams. One query."""
    decided = ExamAttempt.objects.filter(exam__in=exams, decided_by__isnull=False).order_by()
    people = get_user_model()._base_manager.filter(pk__in=decided.values("decided_by").distinct())
    return list(people.order_by(sortable_name(), "pk"))
