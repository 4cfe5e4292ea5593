"""A small LMS: courses, their learners and teams, and the grade book."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q


class CourseQuerySet(models.QuerySet["Course"]):
    def of(self, user: User) -> Self:
        """Return the courses in which a person is enrolled or has a role."""
        return self.filter(Q(enrolments__user=user) | Q(roles__user=user)).distinct()


class Course(models.Model):
    course_id = models.CharField(max_length=255, unique=True, help_text="Opaque: never parsed.")
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
    student_number = models.CharField(max_length=16, blank=True, help_text="At the university that sent the learner.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "course"], name="a_learner_enrols_once_in_a_course")]
        indexes = [models.Index(fields=["course", "student_number"], name="enrolment_by_student_number")]

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
    """The user account of a proctoring service, and the provider whose reviews it may send."""

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
    """The questions of an exam. proctoring_results stores its time limit, dates and attempts."""

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
    """A learner's answers in one attempt: question number → number of the chosen answer."""

    attempt_code = models.CharField(max_length=64, unique=True)
    answers = models.JSONField(default=dict)
    saved_at = models.DateTimeField(auto_now=True)
    # Set once, when the exam is over. No answer is saved after that.
    closed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.attempt_code


class Grade(models.Model):
    """An entry in the grade book: a learner's points in an exam, from the latest attempt handed in."""

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
    """While this row exists, learners see 0 in place of their grade. The grade itself is not changed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="held_grades")
    content = models.ForeignKey(ExamContent, on_delete=models.CASCADE, related_name="held_grades")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "content"], name="a_grade_is_held_once")]

    def __str__(self) -> str:
        return f"{self.user}: 0 in {self.content}"


class CreditRequirement(models.Model):
    """The state of one exam that is required for credit, for one learner."""

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
    """A certificate is earned with half of the points in a course, and is invalid while a grade is held at 0."""

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
    """A record that a member of the course team viewed the course as one of its learners."""

    viewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="viewings")
    learner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="viewed")
    course = models.ForeignKey(Course, on_delete=models.PROTECT, related_name="viewings")
    began_at = models.DateTimeField()
    # NULL while it lasts. If the browser was closed without signing out, it ends when the viewer begins the next one.
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.viewer} as {self.learner} in {self.course}"
