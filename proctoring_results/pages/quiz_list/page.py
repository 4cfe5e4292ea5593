"""The Quiz List, ready to be printed: the template asks no questions."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from proctoring_results.choices import AttemptStatus, ResultWord, SessionTab
from proctoring_results.meanings import STATUS_MEANINGS
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.navigation import sessions_url
from proctoring_results.queries.counts import QuizRow, quiz_list
from proctoring_results.rules import RESULT_LABELS, RESULT_WORDS, status_label


@dataclass(frozen=True, slots=True)
class QuizCount:
    # The name of the column.
    name: str
    number: str
    # What the name means; empty if it says so itself.
    meaning: str
    # The list of what is counted; empty if that is nothing.
    url: str


@dataclass(frozen=True, slots=True)
class Quiz:
    row: QuizRow
    sessions_url: str
    counts: list[QuizCount]
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
    tab = SessionTab.PRACTICE if row.exam.is_practice_exam else SessionTab.ALL
    everything = sessions_url(row.exam, tab=tab.value, archived="with")
    passed, failed, in_error = AttemptStatus.VERIFIED, AttemptStatus.REJECTED, AttemptStatus.ERROR
    counts = [
        _count(_("Attempts"), row.attempts, "", everything),
        _count(str(RESULT_LABELS[ResultWord.PENDING]), row.pending, _pending(), f"{everything}&result=pending"),
        _in_status(str(RESULT_LABELS[ResultWord.SATISFACTORY]), row.satisfactory, passed, everything),
        _in_status(str(RESULT_LABELS[ResultWord.UNSATISFACTORY]), row.unsatisfactory, failed, everything),
        _in_status(_("In error"), row.in_error, in_error, everything),
    ]
    return Quiz(
        row=row,
        sessions_url=sessions_url(row.exam),
        counts=counts,
        requiring_attention=number(row.requiring_attention) if row.requiring_attention else "",
    )


def _in_status(name: str, count: int, status: AttemptStatus, everything: str) -> QuizCount:
    return _count(name, count, str(STATUS_MEANINGS[status].meaning), f"{everything}&status={status}")


def _count(name: str, count: int, meaning: str, url: str) -> QuizCount:
    return QuizCount(name, number(count), meaning, url if count else "")


def _pending() -> str:
    """Return the statuses that are counted as pending."""
    return ", ".join(status_label(status) for status, result in RESULT_WORDS.items() if result is ResultWord.PENDING)
