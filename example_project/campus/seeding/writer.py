"""Writes the histories of attempts as rows, in bulk."""

from __future__ import annotations

import json
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
from proctoring_results.models import Evidence, ExamAttempt, ExamReview, ExamRules, Incident, StatusChange
from proctoring_results.providers.exam_rules import present_rules

from . import texts
from .bulk import Table, analyse, flush_all, reset_sequences
from .histories import DAY, HOUR, MINUTE, SCENARIOS, TIMED_SCENARIOS, History, Review, Since, histories_of

ROWS_AT_ONCE = 5_000
# Every history ends within this many days; the exams of a course are spread over this many.
MAX_DAYS, SPREAD = 6, 118
# Of the scores that a service sends.
SCALE = json.dumps(
    {"lowest": 0, "highest": 100, "higher_is_worse": True, "thresholds": {"attention": 40, "rejected": 70}}
)
FIRST_STUDENT_NUMBER = 5_000_000
ATTEMPTS_PER_EXAM = ((1, 2, 3, 4), (90, 7, 2, 1))


@dataclass(slots=True)
class Exam:
    row: ProctoredExam
    content: ExamContent
    # The key of the rules under which its attempts began.
    rules: int
    # An endless iterator; each exam has its own order.
    histories: Iterator[History]

    @property
    def limit(self) -> int:
        return self.row.time_limit_mins


class AttemptWriter:
    """Writes attempts with their reviews, incidents and status changes.

    With ``whole=False`` only the last status change of each attempt is written."""

    def __init__(self, course: Course, now: datetime, decider: User, *, whole: bool) -> None:
        self.rng = Random(course.course_id)
        self.course, self.now, self.decider_id, self.whole = course, now, decider.pk, whole
        self.suffix = "+00" if connection.vendor == "postgresql" else ""
        self.histories: dict[tuple[str, bool], list[History]] = {}
        self.users = Table(
            User, "password", "is_superuser", "username", "first_name", "last_name", "email", "is_staff", "is_active",
            "date_joined",
        )  # fmt: skip
        self.enrolments = Table(Enrolment, "user", "course", "track", "student_number")
        self.attempts = Table(
            ExamAttempt, "user", "exam", "attempt_code", "provider", "track", "external_id", "status", "created_at",
            "started_at", "completed_at", "reviewed_at", "decided_at", "ends_at", "extra_time_mins",
            "allowed_time_limit_mins", "is_sample_attempt", "taking_as_proctored", "current_review", "archived_at",
            "archived_by", "archive_reason", "open_key", "last_activity_at", "attention_since", "has_reported_decision",
            "review_waits_since", "exam_rules", "score_place", "seriousness", "decided_by",
            "status_until_then",
        )  # fmt: skip
        self.reviews = Table(
            ExamReview, "attempt", "review_status", "reviewed_by", "claimed_name", "source", "raw_data", "received_at",
            "standing", "suspicious_count", "suspicious_comments", "rules_violation_count", "rules_violation_comments",
            "other_count", *(f"{part}_count" for part in SessionPart), "version_reason", "score", "score_label",
            "score_scale", "score_rank",
        )  # fmt: skip
        self.incidents = Table(
            Incident, "review", "position", "status", "kind", "severity", "comment", "start", "stop", "dismissal_reason"
        )
        self.evidence = Table(Evidence, "review", "incident", "position", "kind", "url", "start", "stop")
        self.changes = Table(
            StatusChange, "attempt", "from_status", "to_status", "at", "source", "by", "reason", "category", "review"
        )
        self.grades = Table(Grade, "user", "content", "earned", "possible", "updated_at")
        self.held_grades = Table(HeldGrade, "user", "content")
        self.tables = (
            self.users, self.enrolments, self.attempts, self.reviews, self.incidents, self.evidence, self.changes,
            self.grades, self.held_grades,
        )  # fmt: skip

    def exam(self, row: ProctoredExam, content: ExamContent, number: int) -> Exam:
        """Return an exam that uses histories in turn. Exams of one provider start at different histories."""
        watched = row.is_proctored or row.is_practice_exam
        histories = self._histories(row.provider, watched, number)
        sent = present_rules(ExamAttempt(exam=row, provider=row.provider))
        rules = ExamRules.objects.create(
            exam=row, digest=sent.digest, review_policy=sent.review_policy, rules=dict(sent.rules)
        )
        return Exam(row, content, rules.pk, islice(cycle(histories), self.rng.randrange(len(histories)), None))

    def _histories(self, provider: str, watched: bool, number: int) -> list[History]:
        key = (provider, watched)
        if key not in self.histories:
            self.histories[key] = histories_of(self.rng, SCENARIOS if watched else TIMED_SCENARIOS, provider, number)
        return self.histories[key]

    def write(self, exams: list[Exam], number: int, progress: Callable[[int], None]) -> None:
        """Write learners one after the other, with their exams, until there are ``number`` attempts."""
        left, rng = number, self.rng
        while left:
            learner, track = self.learner()
            for exam in exams:
                # Not everybody takes every exam.
                count = min(left, rng.choices(*ATTEMPTS_PER_EXAM)[0]) if rng.random() < 0.7 else 0
                self.write_attempts(learner, track, exam, count)
                left -= count
            if len(self.attempts.rows) >= ROWS_AT_ONCE:
                flush_all(self.tables)
                progress(number - left)
        flush_all(self.tables)
        reset_sequences(self.tables)
        analyse(self.tables)

    def learner(self) -> tuple[int, str]:
        rng, number = self.rng, self.users.last_id + 1
        first_names, last_names = rng.choice(texts.NAMES)
        first, last = rng.choice(first_names), rng.choice(last_names)
        # Django's rule for usernames; the number makes each unique.
        name = "".join(letter for letter in f"{first}.{last}".lower() if letter.isalnum() or letter in ".-_")
        joined = self.at(self.now - timedelta(days=140, minutes=rng.randrange(100_000)))
        user = self.users.add(
            "!seeded-without-password", False, f"{name}.{number}", first, last, f"learner.{number}@students.example",
            False, True, joined,
        )  # fmt: skip
        track = rng.choices(("verified", "audit", "professional"), (80, 12, 8))[0]
        self.enrolments.add(user, self.course.pk, track, f"{FIRST_STUDENT_NUMBER + number}")
        return user, track

    def write_attempts(self, learner: int, track: str, exam: Exam, number: int) -> None:
        """Write the attempts of one learner at one exam: all but the last are finished or archived."""
        rng, slot = self.rng, SPREAD / number if number else 0
        for position in range(number):
            history, is_last = next(exam.histories), position == number - 1
            stays = history.status in ("declined", "expired") if not is_last else rng.random() > 0.03
            if stays and history.is_open:
                created = self.now - self._lead(history, exam)
            else:
                start = self.now - timedelta(days=SPREAD + MAX_DAYS + 1)
                created = start + timedelta(days=(position + rng.random() * 0.6) * slot)
            self.attempt(learner, track, exam, history, created, archived=not stays)
            if stays and is_last:
                self._grade(learner, exam, history, created)

    def write_one(self, learner: int, exam: Exam, status: str) -> None:
        """Write one attempt of a known learner that ends in this status."""
        history = next(history for history in exam.histories if history.status == status)
        created = self.now - timedelta(days=MAX_DAYS + 3)
        self.attempt(learner, "verified", exam, history, created)
        self._grade(learner, exam, history, created)

    def _lead(self, history: History, exam: Exam) -> timedelta:
        """Return how long ago an attempt was created that is still open now."""
        since, amount = history.now
        if since is Since.CREATED:
            return timedelta(seconds=amount + self.rng.uniform(MINUTE, DAY))
        return timedelta(seconds=history.setup + amount * (exam.limit + history.extra_mins) * MINUTE + MINUTE)

    def attempt(
        self, learner: int, track: str, exam: Exam, history: History, created: datetime, *, archived: bool = False
    ) -> None:
        row, rng, allowed = exam.row, self.rng, exam.limit + history.extra_mins
        started = created + timedelta(seconds=history.setup)
        done = started + timedelta(minutes=allowed * history.used)
        under_way = history.status in ("started", "ready_to_submit") and not archived

        def time_of(since: Since, amount: float) -> str:
            if since is Since.STARTED:
                return self.at(started + timedelta(minutes=allowed * amount))
            return self.at((created if since is Since.CREATED else done) + timedelta(seconds=amount))

        first_review, code = self.reviews.last_id + 1, _code(rng)
        reviews = [first_review + number for number in range(len(history.reviews))]
        # The provider learns about an open attempt when the app next calls it.
        external_id = code.lower() if history.was_started and not under_way else None
        end, end_amount = history.now
        last = time_of(end, end_amount + (HOUR if archived and end is not Since.STARTED else 0))
        attempt = self.attempts.add(
            learner, row.pk, code, row.provider, track, external_id, str(history.status),
            self.at(created),
            self.at(started) if history.was_started else None,
            self.at(done) if history.was_done else None,
            time_of(*history.first_review) if history.first_review else None,
            time_of(*history.first_decision) if history.first_decision else None,
            self.at(started + timedelta(minutes=allowed)) if under_way else None,
            history.extra_mins, allowed if history.was_started else None, row.is_practice_exam,
            row.is_proctored or row.is_practice_exam,
            None if history.current is None else reviews[history.current],
            last if archived else None,
            self.decider_id if archived else None, rng.choice(texts.ARCHIVED) if archived else "",
            f"{row.pk}:{learner}" if history.is_open and not archived else None,
            last,
            time_of(*history.attention) if history.attention and not archived and not row.is_practice_exam else None,
            any(plan.names_a_judge for plan in history.reviews),
            time_of(*history.waiting_review) if history.waiting_review and not archived else None,
            exam.rules if history.was_started else None,
            0 if history.current is None else _place(history.reviews[history.current]),
            0 if history.current is None else history.reviews[history.current].seriousness,
            self.decider_id if history.was_decided_here else None,
            "",
        )  # fmt: skip
        self._reviews(attempt, history, time_of)
        for change in history.changes if self.whole else history.changes[-1:]:
            by = {Source.LEARNER: learner, Source.PERSON: self.decider_id}.get(change.source)
            review = None if change.review is None else reviews[change.review]
            self.changes.add(
                attempt,
                str(change.start),
                str(change.to),
                time_of(*change.at),
                str(change.source),
                by,
                change.reason,
                change.category,
                review,
            )

    def _reviews(self, attempt: int, history: History, time_of: Callable[[Since, float], str]) -> None:
        for plan in history.reviews:
            review = self.reviews.add(
                attempt, str(plan.status), None, plan.claimed_name,
                str(Source.PROVIDER), plan.raw, time_of(*plan.at), str(plan.standing), plan.suspicious_count,
                plan.suspicious_comments, plan.rules_violation_count, plan.rules_violation_comments,
                plan.other_count, *plan.counts_by_part, "", plan.score, "", "{}" if plan.score is None else SCALE,
                _rank(plan),
            )  # fmt: skip
            incident_ids = [
                self.incidents.add(
                    review,
                    position,
                    incident.status,
                    incident.kind,
                    "",
                    incident.comment,
                    incident.start,
                    incident.stop,
                    "",
                )
                for position, incident in enumerate(plan.incidents)
            ]
            for position, evidence in enumerate(plan.evidence):
                incident_id = None if evidence.incident is None else incident_ids[evidence.incident]
                self.evidence.add(
                    review, incident_id, position, str(evidence.kind), evidence.url, evidence.start, evidence.stop
                )

    def _grade(self, learner: int, exam: Exam, history: History, created: datetime) -> None:
        if not self.whole or exam.row.is_practice_exam or history.status not in REVIEWABLE_STATUSES:
            return
        possible = len(exam.content.questions)
        earned = min(possible, self.rng.randint(possible // 3, possible + 2))
        self.grades.add(learner, exam.content.pk, earned, possible, self.at(created + timedelta(days=1)))
        if history.status == "rejected" and exam.row.is_proctored:
            self.held_grades.add(learner, exam.content.pk)

    def at(self, time: datetime) -> str:
        """Return a time in a format that every database accepts."""
        return f"{time.replace(tzinfo=None)}{self.suffix}"


def _rank(plan: Review) -> float | None:
    return None if plan.score is None else plan.score / 100


def _place(plan: Review) -> int:
    return 0 if plan.score is None else 1 + 100 * plan.score


def _code(rng: Random) -> str:
    """Return an attempt code as the app creates it: a random UUID in capitals."""
    text = f"{rng.getrandbits(128):032X}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-A{text[17:20]}-{text[20:]}"
