"""What stands on the Quiz List, ready to be printed: a template asks no questions."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from proctoring_results.pages._shared.navigation import sessions_url
from proctoring_results.pages._shared.paging import number
from proctoring_results.queries.counts import QuizRow, quiz_list


@dataclass(frozen=True, slots=True)
class Quiz:
    row: QuizRow
    sessions_url: str
    # Named as the columns are.
    counts: list[tuple[str, str]]
    requiring_attention: str


@dataclass(frozen=True, slots=True)
class QuizGroup:
    heading_id: str
    heading: str
    quizzes: list[Quiz]


def draw_quiz_list(course_id: str) -> list[QuizGroup]:
    """The proctored exams, and the practice exams apart."""
    drawn = [_quiz(row, sessions_url(row.exam)) for row in quiz_list(course_id)]
    groups = [
        ("pr-proctored", _("Proctored exams"), [quiz for quiz in drawn if not quiz.row.exam.is_practice_exam]),
        ("pr-practice", _("Practice exams"), [quiz for quiz in drawn if quiz.row.exam.is_practice_exam]),
    ]
    return [QuizGroup(*group) for group in groups if group[2]]


def _quiz(row: QuizRow, sessions_url: str) -> Quiz:
    counts = [
        (_("Attempts"), row.attempts),
        (_("Pending"), row.pending),
        (_("Satisfactory"), row.satisfactory),
        (_("Unsatisfactory"), row.unsatisfactory),
        (_("In error"), row.in_error),
    ]
    return Quiz(
        row=row,
        sessions_url=sessions_url,
        counts=[(name, number(count)) for name, count in counts],
        requiring_attention=number(row.requiring_attention) if row.requiring_attention else "",
    )
