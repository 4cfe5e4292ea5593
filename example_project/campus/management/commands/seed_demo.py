from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from example_project.campus.models import Course
from example_project.campus.seeding import courses, texts
from example_project.campus.seeding.bulk import bulk_writing
from example_project.campus.seeding.writer import AttemptWriter, Exam
from proctoring_results import api

# With more attempts than this, the course gets more exams, and only the last status change of each attempt is written.
MANY = 20_000
HISTORIES = 4_000


class Command(BaseCommand):
    help = (
        "Fill the example with people, courses, exams and attempts. Existing data is kept: a course with attempts "
        f"gets no more. With more than {MANY:,} attempts, only the last status change of each is written."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--attempts", type=int, default=400, help="how many attempts the course gets (%(default)s)")
        parser.add_argument("--course", default=courses.DEMO_COURSE, help="id of the course (%(default)s)")

    def handle(self, *, attempts: int, course: str, **options: Any) -> None:
        if attempts < 0 or not 0 < len(course) <= 255:
            raise CommandError(
                "The number of attempts must not be negative, and the course id needs 1 to 255 characters."
            )
        now = timezone.now().replace(second=0, microsecond=0)
        people = courses.make_people()
        courses.make_provider(people["proctortrack"])
        courses.make_client(people["instructor"])
        other = courses.make_course(courses.OTHER_COURSE, people, now)
        self._seed(other, courses.OTHER_EXAMS, 40, people, now)
        plans = courses.EXAMS + (courses.weekly_tests(20) if attempts > MANY else ())
        self._seed(courses.make_course(course, people, now), plans, attempts, people, now)

    def _seed(
        self, course: Course, plans: tuple[courses.ExamPlan, ...], number: int, people: dict[str, User], now: datetime
    ) -> None:
        with bulk_writing():
            if api.attempts_in_course(course.course_id).exists():
                self.stdout.write(f"{course.course_id} already has attempts: nothing is added.")
                return
            writer = AttemptWriter(course, now, people["instructor"], whole=number <= MANY)
            exams = {plan: writer.exam(*courses.make_exam(course, plan, now), min(HISTORIES, number)) for plan in plans}
            has_people = number > MANY // 1000
            written = self._learner(writer, exams, people["learner"]) if has_people else 0
            appealing = self._appealing(writer, exams) if has_people else []
            writer.write(list(exams.values()), number - written - len(appealing), self._progress(number))
        self._appeal(course, appealing, people["admin"])
        self.stdout.write(f"{course.course_id}: {number:,} attempts in {len(exams)} exams.")

    def _learner(self, writer: AttemptWriter, exams: dict[courses.ExamPlan, Exam], learner: User) -> int:
        """Write attempts of the learner who can sign in, so that there are results to read and exams to take."""
        statuses = {
            courses.MIDTERM: "verified",
            courses.ORAL: "second_review_required",
            courses.QUIZ: "declined",
            courses.CHINESE: "rejected",
        }
        known = {plan: status for plan, status in statuses.items() if plan in exams}
        for plan, status in known.items():
            writer.write_one(learner.pk, exams[plan], status)
        return len(known)

    def _appealing(self, writer: AttemptWriter, exams: dict[courses.ExamPlan, Exam]) -> list[int]:
        """Write attempts of learners whom the service has failed, so that each member of the team may answer them."""
        learners = [writer.learner()[0] for _ in texts.APPEALS] if courses.QUIZ in exams else []
        for learner in learners:
            writer.write_one(learner, exams[courses.QUIZ], "rejected")
        return learners

    def _appeal(self, course: Course, learners: list[int], reviewer: User) -> None:
        """Let the learners appeal. The first appeal is answered, the others are open."""
        for number, learner in enumerate(User.objects.filter(pk__in=learners).order_by("pk")):
            attempt = api.attempts_in_course(course.course_id).get(user=learner)
            api.appeal(attempt.attempt_code, by=learner, text=texts.APPEALS[number])
            if number == 0:
                api.fail_attempt(attempt.attempt_code, by=reviewer, reason=texts.ANSWER)

    def _progress(self, number: int) -> Any:
        last_printed = 0

        def show(done: int) -> None:
            nonlocal last_printed
            if number > MANY and done - last_printed >= 100_000:
                last_printed = done
                self.stdout.write(f"  {done:,} of {number:,} attempts")
                self.stdout.flush()

        return show
