"""Stories, told of learners on certain days: rows, in bulk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from random import Random

from django.contrib.auth.models import User
from django.db import connection

from example_project.campus.models import Course, Enrolment, ExamContent, Grade, HeldGrade
from proctoring_results.api import ProctoredExam
from proctoring_results.choices import REVIEWABLE_STATUSES, SessionPart, Source
from proctoring_results.models import Evidence, ExamAttempt, ExamReview, Incident, StatusChange

from . import texts
from .bulk import Table, analyse, flush_all, take_up_the_keys
from .histories import DAY, HOUR, MINUTE, PLOTS, TIMED_PLOTS, Since, Story, many

ROWS_AT_ONCE = 5_000
# Every story ends within so many days; a course's exams are spread over so many.
MAX_DAYS, SPREAD = 6, 118
GOES = ((1, 2, 3, 4), (90, 7, 2, 1))


@dataclass(slots=True)
class Exam:
    row: ProctoredExam
    content: ExamContent
    # Endless, in an order of their own.
    stories: Iterator[Story]

    @property
    def limit(self) -> int:
        return self.row.time_limit_mins


class Narrator:
    """Writes attempts with all that belongs to them. ``whole`` is False where the last change is enough."""

    def __init__(self, course: Course, now: datetime, decider: User, *, whole: bool) -> None:
        self.rng = Random(course.course_id)
        self.course, self.now, self.decider_id, self.whole = course, now, decider.pk, whole
        self.suffix = "+00" if connection.vendor == "postgresql" else ""
        self.stories: dict[tuple[str, bool], list[Story]] = {}
        self.users = Table(
            User, "password", "is_superuser", "username", "first_name", "last_name", "email", "is_staff", "is_active",
            "date_joined",
        )  # fmt: skip
        self.enrolments = Table(Enrolment, "user", "course", "track")
        self.attempts = Table(
            ExamAttempt, "user", "exam", "attempt_code", "provider", "track", "external_id", "status", "created_at",
            "started_at", "completed_at", "reviewed_at", "decided_at", "ends_at", "extra_time_mins",
            "allowed_time_limit_mins", "is_sample_attempt", "taking_as_proctored", "current_review", "archived_at",
            "archived_by", "archive_reason", "open_key", "last_activity_at", "attention_since",
        )  # fmt: skip
        self.reviews = Table(
            ExamReview, "attempt", "review_status", "reviewed_by", "claimed_name", "source", "raw_data", "received_at",
            "standing", "suspicious_count", "suspicious_comments", "rules_violation_count", "rules_violation_comments",
            "other_count", *(f"{part}_count" for part in SessionPart), "version_reason",
        )  # fmt: skip
        self.incidents = Table(
            Incident, "review", "position", "status", "kind", "comment", "start", "stop", "dismissal_reason"
        )
        self.evidence = Table(Evidence, "review", "incident", "position", "kind", "url", "start", "stop")
        self.changes = Table(
            StatusChange, "attempt", "from_status", "to_status", "at", "source", "by", "reason", "review"
        )
        self.grades = Table(Grade, "user", "content", "earned", "possible", "updated_at")
        self.held_grades = Table(HeldGrade, "user", "content")
        self.tables = (
            self.users, self.enrolments, self.attempts, self.reviews, self.incidents, self.evidence, self.changes,
            self.grades, self.held_grades,
        )  # fmt: skip

    def exam(self, row: ProctoredExam, content: ExamContent, number: int) -> Exam:
        """An exam, and so many stories to be told of it in turn. Exams of one provider begin at different ones."""
        watched = row.is_proctored or row.is_practice_exam
        stories = self._stories(row.provider, watched, number)
        return Exam(row, content, islice(cycle(stories), self.rng.randrange(len(stories)), None))

    def _stories(self, provider: str, watched: bool, number: int) -> list[Story]:
        key = (provider, watched)
        if key not in self.stories:
            self.stories[key] = many(self.rng, PLOTS if watched else TIMED_PLOTS, provider, number)
        return self.stories[key]

    def tell(self, exams: list[Exam], number: int, progress: Callable[[int], None]) -> None:
        """Learners come, one after the other, and take exams until there are so many attempts."""
        left, rng = number, self.rng
        while left:
            learner, track = self.learner()
            for exam in exams:
                # Not everybody takes every exam.
                goes = min(left, rng.choices(*GOES)[0]) if rng.random() < 0.7 else 0
                self.goes(learner, track, exam, goes)
                left -= goes
            if len(self.attempts.rows) >= ROWS_AT_ONCE:
                flush_all(self.tables)
                progress(number - left)
        flush_all(self.tables)
        take_up_the_keys(self.tables)
        analyse(self.tables)

    def learner(self) -> tuple[int, str]:
        rng, number = self.rng, self.users.last_id + 1
        first_names, last_names = rng.choice(texts.NAMES)
        first, last = rng.choice(first_names), rng.choice(last_names)
        # As Django's own rule for usernames wants it; the number keeps them apart.
        name = "".join(letter for letter in f"{first}.{last}".lower() if letter.isalnum() or letter in ".-_")
        joined = self.at(self.now - timedelta(days=140, minutes=rng.randrange(100_000)))
        user = self.users.add(
            "!seeded-without-password", False, f"{name}.{number}", first, last, f"learner.{number}@students.example",
            False, True, joined,
        )  # fmt: skip
        track = rng.choices(("verified", "audit", "professional"), (80, 12, 8))[0]
        self.enrolments.add(user, self.course.pk, track)
        return user, track

    def goes(self, learner: int, track: str, exam: Exam, number: int) -> None:
        """Some goes of one learner at one exam: all but the last are over and done, or were archived."""
        rng, slot = self.rng, SPREAD / number if number else 0
        for go in range(number):
            story, is_last = next(exam.stories), go == number - 1
            kept = story.status in ("declined", "expired") if not is_last else rng.random() > 0.03
            if kept and story.is_open:
                created = self.now - self._lead(story, exam)
            else:
                start = self.now - timedelta(days=SPREAD + MAX_DAYS + 1)
                created = start + timedelta(days=(go + rng.random() * 0.6) * slot)
            self.attempt(learner, track, exam, story, created, archived=not kept)
            if kept and is_last:
                self._grade(learner, exam, story, created)

    def one(self, learner: int, exam: Exam, status: str) -> None:
        """One attempt of a learner who is known, ended in this status."""
        story = next(story for story in exam.stories if story.status == status)
        created = self.now - timedelta(days=MAX_DAYS + 3)
        self.attempt(learner, "verified", exam, story, created)
        self._grade(learner, exam, story, created)

    def _lead(self, story: Story, exam: Exam) -> timedelta:
        """How long ago an attempt began that is open now."""
        since, amount = story.now
        if since is Since.CREATED:
            return timedelta(seconds=amount + self.rng.uniform(MINUTE, DAY))
        return timedelta(seconds=story.setup + amount * (exam.limit + story.extra_mins) * MINUTE + MINUTE)

    def attempt(
        self, learner: int, track: str, exam: Exam, story: Story, created: datetime, *, archived: bool = False
    ) -> None:
        row, rng, allowed = exam.row, self.rng, exam.limit + story.extra_mins
        started = created + timedelta(seconds=story.setup)
        done = started + timedelta(minutes=allowed * story.used)
        under_way = story.status in ("started", "ready_to_submit") and not archived

        def moment(since: Since, amount: float) -> str:
            if since is Since.STARTED:
                return self.at(started + timedelta(minutes=allowed * amount))
            return self.at((created if since is Since.CREATED else done) + timedelta(seconds=amount))

        first_review, code = self.reviews.last_id + 1, _code(rng)
        reviews = [first_review + number for number in range(len(story.verdicts))]
        # What is still to be told about an attempt makes the provider know it first.
        known_as = code.lower() if story.was_started and not under_way else None
        end, end_amount = story.now
        last = moment(end, end_amount + (HOUR if archived and end is not Since.STARTED else 0))
        attempt = self.attempts.add(
            learner, row.pk, code, row.provider, track, known_as, str(story.status),
            self.at(created),
            self.at(started) if story.was_started else None,
            self.at(done) if story.was_done else None,
            moment(*story.first_verdict) if story.first_verdict else None,
            moment(*story.first_decision) if story.first_decision else None,
            self.at(started + timedelta(minutes=allowed)) if under_way else None,
            story.extra_mins, allowed if story.was_started else None, row.is_practice_exam, row.is_proctored,
            None if story.current is None else reviews[story.current],
            last if archived else None,
            self.decider_id if archived else None, rng.choice(texts.ARCHIVED) if archived else "",
            f"{row.pk}:{learner}" if story.is_open and not archived else None,
            last, moment(*story.attention) if story.attention and not archived else None,
        )  # fmt: skip
        self._reviews(attempt, story, moment)
        for step in story.steps if self.whole else story.steps[-1:]:
            by = {Source.LEARNER: learner, Source.PERSON: self.decider_id}.get(step.source)
            verdict = None if step.verdict is None else reviews[step.verdict]
            self.changes.add(
                attempt, str(step.start), str(step.to), moment(*step.at), str(step.source), by, step.reason, verdict
            )

    def _reviews(self, attempt: int, story: Story, moment: Callable[[Since, float], str]) -> None:
        for verdict in story.verdicts:
            source = Source.PERSON if verdict.by_person else Source.PROVIDER
            review = self.reviews.add(
                attempt, str(verdict.status), self.decider_id if verdict.by_person else None, verdict.claimed_name,
                str(source), verdict.raw, moment(*verdict.at), str(verdict.standing), verdict.suspicious_count,
                verdict.suspicious_comments, verdict.rules_violation_count, verdict.rules_violation_comments,
                verdict.other_count, *verdict.counts_by_part, "",
            )  # fmt: skip
            incidents = [
                self.incidents.add(review, place, mark.status, mark.kind, mark.comment, mark.start, mark.stop, "")
                for place, mark in enumerate(verdict.marks)
            ]
            for place, piece in enumerate(verdict.pieces):
                incident = None if piece.mark is None else incidents[piece.mark]
                self.evidence.add(review, incident, place, str(piece.kind), piece.url, piece.start, piece.stop)

    def _grade(self, learner: int, exam: Exam, story: Story, created: datetime) -> None:
        if not self.whole or exam.row.is_practice_exam or story.status not in REVIEWABLE_STATUSES:
            return
        possible = len(exam.content.questions)
        earned = min(possible, self.rng.randint(possible // 3, possible + 2))
        self.grades.add(learner, exam.content.pk, earned, possible, self.at(created + timedelta(days=1)))
        if story.status == "rejected" and exam.row.is_proctored:
            self.held_grades.add(learner, exam.content.pk)

    def at(self, moment: datetime) -> str:
        """A moment as every database reads it."""
        return f"{moment.replace(tzinfo=None)}{self.suffix}"


def _code(rng: Random) -> str:
    """An attempt code as the app makes them: a random UUID in capitals."""
    text = f"{rng.getrandbits(128):032X}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-A{text[17:20]}-{text[20:]}"
