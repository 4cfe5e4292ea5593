"""The people, courses and exams of the demonstration. Each is created only if it is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from oauth2_provider.models import get_application_model

from example_project.campus.models import Course, CourseRole, Enrolment, ExamContent, ProviderAccount, Role
from proctoring_results import api

from .questions import QUESTIONS

DEMO_COURSE = "course-v1:DemoX+PR101+2026"
# An id of the older format, with slashes.
OTHER_COURSE = "DemoX/HIST201/2026"


@dataclass(frozen=True, slots=True)
class Person:
    username: str
    first_name: str
    last_name: str
    may_sign_in: bool = True
    is_admin: bool = False


PEOPLE = (
    Person("admin", "Ada", "Administrator", is_admin=True),
    Person("instructor", "Ines", "Instructor"),
    Person("viewer", "Viktor", "Viewer"),
    Person("learner", "Lea", "Learner"),
    Person("outsider", "Otto", "Outsider"),
    Person("proctortrack", "Proctortrack", "Service", may_sign_in=False),
    Person("historian", "Hanna", "Historian", may_sign_in=False),
)
# Printed by `make demo`. The password is the username.
SIGN_INS = (
    ("admin", "everything, and the admin pages"),
    ("instructor", "runs the course: reports, sessions, decisions"),
    ("viewer", "sees the reports of the course, cannot make any"),
    ("learner", "takes exams"),
    ("outsider", "has an account but no course"),
)


@dataclass(frozen=True, slots=True)
class ExamPlan:
    content_id: str
    name: str
    minutes: int
    provider: str = "proctortrack"
    is_proctored: bool = True
    is_practice: bool = False
    due_in_days: int | None = None


FINAL = ExamPlan("exam@final", "Final exam", 120, due_in_days=45)
MIDTERM = ExamPlan("exam@midterm", "Midterm exam", 90)
QUIZ = ExamPlan("exam@quiz-3", "Quiz 3, conditional probability", 30, provider="rpnow")
ORAL = ExamPlan("exam@résumé", "Résumé “dés et cartes”; partie 1", 45)
CHINESE = ExamPlan("exam@期末", "期末考试（概率论）", 60, provider="rpnow")  # noqa: RUF001
PRACTICE = ExamPlan("exam@practice", "Practice exam: try it out", 10, is_practice=True)
TIMED = ExamPlan("exam@timed", "Timed exercise", 20, is_proctored=False)
EXAMS = (MIDTERM, FINAL, QUIZ, ORAL, CHINESE, PRACTICE, TIMED)
OTHER_EXAMS = (
    ExamPlan("sequential/essay", "Essay on sources", 60),
    ExamPlan("sequential/dates", "=Dates and places", 20, provider="rpnow"),
)


def weekly_tests(number: int) -> tuple[ExamPlan, ...]:
    """Return more exams, for courses with very many attempts."""
    return tuple(ExamPlan(f"exam@week-{week}", f"Weekly test {week}", 30) for week in range(1, number + 1))


REVIEW_POLICY = (
    "Notes on paper and a calculator are allowed.\n"
    "A second person in the room, a second screen or a phone in the hand is Suspicious.\n"
    "Music in the background is a Rules Violation."
)


def make_people() -> dict[str, User]:
    return {person.username: _make_person(person) for person in PEOPLE}


def _make_person(person: Person) -> User:
    user, is_new = User.objects.get_or_create(
        username=person.username,
        defaults={
            "first_name": person.first_name,
            "last_name": person.last_name,
            "email": f"{person.username}@campus.example",
            "is_staff": person.is_admin,
            "is_superuser": person.is_admin,
        },
    )
    if is_new:
        user.set_password(person.username if person.may_sign_in else None)
        user.save(update_fields=["password"])
    return user


def make_provider(user: User) -> None:
    """Create the account of a service that sends reviews."""
    ProviderAccount.objects.get_or_create(user=user, defaults={"provider": user.username})
    make_client(user)


def make_client(user: User) -> None:
    """Create OAuth credentials for a user. The client id and the secret are both the username."""
    kind = get_application_model()
    kind.objects.get_or_create(
        client_id=user.username,
        defaults={
            "user": user,
            "name": user.username,
            "client_secret": user.username,
            "client_type": kind.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": kind.GRANT_CLIENT_CREDENTIALS,
        },
    )


def make_course(course_id: str, people: dict[str, User], now: datetime) -> Course:
    names = {DEMO_COURSE: "Introduction to Probability", OTHER_COURSE: "History: Reading the Sources"}
    course, _ = Course.objects.get_or_create(
        course_id=course_id,
        defaults={
            "name": names.get(course_id, f"Demonstration course {course_id}"[:255]),
            "about": "Chance, expectation and what follows from them. With proctored exams."
            if course_id != OTHER_COURSE
            else "Who wrote it, when, and why? With proctored exams.",
            "start": now - timedelta(days=130),
            "end": now + timedelta(days=90),
        },
    )
    if course_id == OTHER_COURSE:
        roles = {"historian": Role.INSTRUCTOR}
    else:
        roles = {"instructor": Role.INSTRUCTOR, "viewer": Role.VIEWER}
        Enrolment.objects.get_or_create(
            user=people["learner"], course=course, defaults={"track": "verified", "student_number": "3141592"}
        )
    for name, role in roles.items():
        CourseRole.objects.get_or_create(user=people[name], course=course, role=role)
    return course


def make_exam(course: Course, plan: ExamPlan, now: datetime) -> tuple[api.ProctoredExam, ExamContent]:
    content, _ = ExamContent.objects.get_or_create(
        course=course, content_id=plan.content_id, defaults={"questions": QUESTIONS}
    )
    try:
        return api.get_exam(course.course_id, plan.content_id), content
    except api.NotFound:
        due = None if plan.due_in_days is None else now + timedelta(days=plan.due_in_days)
        exam = api.create_exam(
            course.course_id,
            plan.content_id,
            exam_name=plan.name,
            time_limit_mins=plan.minutes,
            provider=plan.provider,
            due_date=due,
            is_proctored=plan.is_proctored,
            is_practice_exam=plan.is_practice,
            review_policy=REVIEW_POLICY if plan.is_proctored else "",
        )
        return exam, content
