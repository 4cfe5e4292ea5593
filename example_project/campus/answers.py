"""Answer sheets and the grade book."""

from collections.abc import Mapping

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from .models import AnswerSheet, ExamContent, Grade

Answers = dict[str, int]


def answers_in(attempt_code: str) -> Answers:
    sheet = AnswerSheet.objects.filter(attempt_code=attempt_code).first()
    return sheet.answers if sheet else {}


def readable_answers(content: ExamContent, posted: Mapping[str, str]) -> Answers:
    """The answers in a posted form, ``question-0=2`` and so on; what is no choice of a question is left out."""
    answers: Answers = {}
    for number, question in enumerate(content.questions):
        value = posted.get(f"question-{number}", "")
        if value.isascii() and value.isdigit() and int(value) < len(question["choices"]):
            answers[str(number)] = int(value)
    return answers


def lay_out(attempt_code: str) -> None:
    """An empty sheet for an exam that starts. Twice is once."""
    AnswerSheet.objects.get_or_create(attempt_code=attempt_code)


def save_answers(attempt_code: str, answers: Answers) -> bool:
    """Write on the sheet while it is open. Says whether it was."""
    # One UPDATE: a second tab must not write on a sheet that the first has just handed in.
    open_sheet = AnswerSheet.objects.filter(attempt_code=attempt_code, closed_at=None)
    return bool(open_sheet.update(answers=answers, saved_at=timezone.now()))


@transaction.atomic
def close_and_grade(attempt_code: str, user: User, content: ExamContent, *, counts: bool) -> None:
    """The exam is over: nothing is written any more, and the grade stands in the book. Twice is once.

    An attempt without a sheet was not taken on these pages, and is graded by whoever gave it.
    """
    closed = AnswerSheet.objects.filter(attempt_code=attempt_code, closed_at=None).update(closed_at=timezone.now())
    if not closed or not counts:
        return
    answers = answers_in(attempt_code)
    earned = sum(answers.get(str(number)) == question["right"] for number, question in enumerate(content.questions))
    Grade.objects.update_or_create(
        user=user, content=content, defaults={"earned": earned, "possible": len(content.questions)}
    )
