"""Answer sheets and the grade book."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from .models import AnswerSheet, ExamContent, Grade

Answers = dict[str, int]


def answers_in(attempt_code: str) -> Answers:
    answer_sheet = AnswerSheet.objects.filter(attempt_code=attempt_code).first()
    return answer_sheet.answers if answer_sheet else {}


def parse_answers(content: ExamContent, posted: Mapping[str, str]) -> Answers:
    """Return the answers in a posted form (``question-0=2`` …), omitting invalid choices."""
    answers: Answers = {}
    for number, question in enumerate(content.questions):
        value = posted.get(f"question-{number}", "")
        if value.isascii() and value.isdigit() and int(value) < len(question["choices"]):
            answers[str(number)] = int(value)
    return answers


def create_answer_sheet(attempt_code: str) -> None:
    """Create an empty answer sheet when an exam starts. A second call changes nothing."""
    AnswerSheet.objects.get_or_create(attempt_code=attempt_code)


def save_answers(attempt_code: str, answers: Answers) -> bool:
    """Save answers while the answer sheet is open. Return whether it was open."""
    # One UPDATE: a second tab must not change answers that the first has just submitted.
    unfinished = AnswerSheet.objects.filter(attempt_code=attempt_code, closed_at=None)
    return bool(unfinished.update(answers=answers, saved_at=timezone.now()))


@transaction.atomic
def close_and_grade(attempt_code: str, user: User, content: ExamContent, *, counts: bool) -> None:
    """Close the answer sheet of a finished exam and grade it. A second call changes nothing.

    An attempt without an answer sheet was not taken on these pages; whoever ran that exam grades it.
    """
    closed = AnswerSheet.objects.filter(attempt_code=attempt_code, closed_at=None).update(closed_at=timezone.now())
    if not closed or not counts:
        return
    answers = answers_in(attempt_code)
    earned = sum(answers.get(str(number)) == question["right"] for number, question in enumerate(content.questions))
    Grade.objects.update_or_create(
        user=user, content=content, defaults={"earned": earned, "possible": len(content.questions)}
    )
