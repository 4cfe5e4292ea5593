"""The grade book as learners see it: their grades, with held grades shown as 0."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .models import Certificate, Course, ExamContent, Grade, HeldGrade

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# The share of all points in the course that a certificate requires.
PASS_MARK = 0.5


@dataclass(frozen=True, slots=True)
class Score:
    """A score as the learner sees it: 0 if the grade is held."""

    earned: int
    possible: int
    is_held: bool


def scores(user: AbstractBaseUser, course: Course) -> dict[str, Score]:
    """Return a learner's scores in a course, by the content id of the exam."""
    held = set(HeldGrade.objects.filter(user=user.pk, content__course=course).values_list("content_id", flat=True))
    grades = Grade.objects.filter(user=user.pk, content__course=course).select_related("content")
    return {
        grade.content.content_id: Score(
            0 if grade.content.pk in held else grade.earned, grade.possible, grade.content.pk in held
        )
        for grade in grades
    }


def hold(user: AbstractBaseUser, content: ExamContent) -> None:
    HeldGrade.objects.get_or_create(user_id=user.pk, content=content)


def release(user: AbstractBaseUser, content: ExamContent) -> None:
    HeldGrade.objects.filter(user=user.pk, content=content).delete()


def invalidate_certificate(user: AbstractBaseUser, course: Course) -> None:
    Certificate.objects.filter(user=user.pk, course=course).update(is_valid=False)


def evaluate_certificate(user: AbstractBaseUser, course: Course) -> None:
    """Issue or invalidate the certificate, depending on the scores that the learner sees now."""
    current_scores = scores(user, course).values()
    possible = sum(score.possible for score in current_scores)
    is_held = HeldGrade.objects.filter(user=user.pk, content__course=course).exists()
    earned = possible > 0 and not is_held and sum(score.earned for score in current_scores) >= PASS_MARK * possible
    if earned:
        Certificate.objects.update_or_create(user_id=user.pk, course=course, defaults={"is_valid": True})
    else:
        invalidate_certificate(user, course)
