"""The Quiz List, ready to be printed: the template asks no questions."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from proctoring_results.choices import ResultWord
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.navigation import sessions_url
from proctoring_results.queries.counts import QuizRow, quiz_list
from proctoring_results.rules import RESULT_LABELS


@dataclass(frozen=True, slots=True)
class Quiz:
    row: QuizRow
    sessions_url: str
    # By the names of the columns.
    counts: list[tuple[str, str]]
    requiring_attention: str


@dataclass(frozen=True, slots=True)
class QuizGroup:
    heading_id: str
    heading: str
    quizzes: list[Quiz]


def quiz_groups(course_id: str) -> list[QuizGroup]:
    """Return the proctored exams, and the practice exams separately."""
    quizzes = [_quiz(row) for row in quiz_list(course_id)]
    proctored = [quiz for quiz in quizzes if not quiz.row.exam.is_practice_exam]
    practice = [quiz for quiz in quizzes if quiz.row.exam.is_practice_exam]
    groups = [
        QuizGroup("pr-proctored", _("Proctored exams"), proctored),
        QuizGroup("pr-practice", _("Practice exams"), practice),
    ]
    return [group for group in groups if group.quizzes]


def _quiz(row: QuizRow) -> Quiz:
    counts = [
        (_("Attempts"), row.attempts),
        (str(RESULT_LABELS[ResultWord.PENDING]), row.pending),
        (str(RESULT_LABELS[ResultWord.SATISFACTORY]), row.satisfactory),
        (str(RESULT_LABELS[ResultWord.UNSATISFACTORY]), row.unsatisfactory),
        (_("In error"), row.in_error),
    ]
    return Quiz(
        row=row,
        sessions_url=sessions_url(row.exam),
        counts=[(name, number(count)) for name, count in counts],
        requiring_attention=number(row.requiring_attention) if row.requiring_attention else "",
    )
