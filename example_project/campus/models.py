"""A small LMS: courses, who learns in them, who runs them, and the grade book."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


class CourseQuerySet(models.QuerySet["Course"]):
    def of(self, user: User) -> Self:
        """The courses in which a person learns or has a role."""
        return self.filter(Q(enrolments__user=user) | Q(roles__user=user)).distinct()


class Course(models.Model):
    course_id = models.CharField(max_length=255, unique=True, help_text="Opaque: never taken apart.")
    name = models.CharField(max_length=255)
    about = models.TextField(blank=True)
    start = models.DateTimeField()
    end = models.DateTimeField(null=True, blank=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ["name", "course_id"]

    def __str__(self) -> str:
        return self.name


class Enrolment(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="enrolments")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrolments")
    track = models.CharField(max_length=64, default="audit", help_text="“verified”, “audit” …")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "course"], name="a_learner_enrols_once_in_a_course")]

    def __str__(self) -> str:
        return f"{self.user} in {self.course} ({self.track})"


class Role(models.TextChoices):
    INSTRUCTOR = "instructor", "instructor"
    STAFF = "staff", "course staff"
    VIEWER = "viewer", "viewer"


class CourseRole(models.Model):
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="course_roles")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=32, choices=Role)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "course", "role"], name="a_role_is_given_once")]

    def __str__(self) -> str:
        return f"{self.user}: {self.role} in {self.course}"


class ProviderAccount(models.Model):
    """A person who is none: the account of a proctoring service, for which it may send reviews."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="provider_account")
    provider = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.user}: {self.provider}"


def check_questions(questions: Any) -> None:
    """Raise ValidationError unless these are questions as ``ExamContent.questions`` describes them."""
    if not isinstance(questions, list):
        raise ValidationError("A list of questions is needed.")
    for number, question in enumerate(questions, 1):
        if not isinstance(question, dict) or not isinstance(question.get("text"), str):
            raise ValidationError(f"Question {number} has no text.")
        choices, right = question.get("choices"), question.get("right")
        if not isinstance(choices, list) or not choices or not all(isinstance(choice, str) for choice in choices):
            raise ValidationError(f"Question {number} has no choices.")
        if not isinstance(right, int) or not 0 <= right < len(choices):
            raise ValidationError(f"Question {number} does not say which choice is right.")


class ExamContent(models.Model):
    """What an exam asks. Its time, its dates and its attempts are known to proctoring_results."""

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="exam_contents")
    content_id = models.CharField(max_length=255)
    questions = models.JSONField(
        default=list,
        validators=[check_questions],
        help_text='A list of {"text": "…", "choices": ["…", "…"], "right": 0}.',
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["course", "content_id"], name="content_has_one_place_in_a_course")
        ]

    def __str__(self) -> str:
        return self.content_id


class AnswerSheet(models.Model):
    """What a learner has answered in one attempt: the number of a question to the number of a choice."""

    attempt_code = models.CharField(max_length=64, unique=True)
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField(auto_now=True)
    # Set once, when the exam is over; nothing is written on the sheet after.
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.attempt_code


class Grade(models.Model):
    """The grade book: what a learner has earned in an exam, at the last hand-in."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grades")
    content = models.ForeignKey(ExamContent, on_delete=models.CASCADE, related_name="grades")
    earned = models.PositiveIntegerField()
    possible = models.PositiveIntegerField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "content"], name="one_grade_per_learner_and_exam")]

    def __str__(self) -> str:
        return f"{self.earned}/{self.possible}"


class HeldGrade(models.Model):
    """While this row is there, 0 is shown in place of the learner's grade, which stays as it is underneath."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="held_grades")
    content = models.ForeignKey(ExamContent, on_delete=models.CASCADE, related_name="held_grades")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "content"], name="a_grade_is_held_once")]

    def __str__(self) -> str:
        return f"{self.user}: 0 in {self.content}"


class CreditRequirement(models.Model):
    """How a learner stands with an exam that credit asks for."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="credit_requirements")
    content = models.ForeignKey(ExamContent, on_delete=models.CASCADE, related_name="credit_requirements")
    state = models.CharField(max_length=16)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "content"], name="one_credit_state_per_learner_and_exam")
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.state} in {self.content}"


class Certificate(models.Model):
    """Earned with half of all points of a course, and lost while a grade is held."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="certificates")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="certificates")
    is_valid = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "course"], name="one_certificate_per_learner_and_course")
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.course}: {'valid' if self.is_valid else 'invalid'}"


class Viewing(models.Model):
    """A member of the course team looked at the course as a learner: who, at whom, from when to when."""

    viewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="viewings")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="viewed")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="viewings")
    began_at = models.DateTimeField()
    # NULL while it goes on, or after a browser that was closed without signing out, until the viewer's next one.
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.viewer} as {self.learner} in {self.course}"
