"""A learner's attempt at an exam, and the history of its status."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from proctoring_results import rules
from proctoring_results.choices import DECIDED_STATUSES, DECIDING_SOURCES, OPEN_STATUSES, AttemptStatus, Source
from proctoring_results.conf import conf
from proctoring_results.people import Person, person
from proctoring_results.validation import problem_of_text

from .exams import ExamRules, ProctoredExam
from .fields import IdField


def new_attempt_code() -> str:
    return str(uuid.uuid4()).upper()


class ExamAttemptQuerySet(models.QuerySet["ExamAttempt"]):
    """The questions that an exam office asks."""

    def identified_by(self, **ids: str) -> Self:
        """Return the attempts with these ids. For text that cannot be stored, some databases raise an error: none."""
        texts = {name: str(key) for name, key in ids.items()}
        return self.none() if any(map(problem_of_text, texts.values())) else self.filter(**texts)

    def in_course(self, course_id: str) -> Self:
        return self.filter(exam__course_id=course_id)

    def with_result(self) -> Self:
        return self.filter(rules.HAS_RESULT)

    def not_archived(self) -> Self:
        return self.filter(archived_at=None)

    def affecting_lms(self) -> Self:
        return self.filter(rules.AFFECTS_LMS)

    def counting_for_grade(self) -> Self:
        return self.filter(rules.COUNTS_FOR_GRADE)

    def holding_grade(self) -> Self:
        return self.filter(rules.holds_grade_q(timezone.now()))

    def open(self) -> Self:
        return self.not_archived().filter(status__in=OPEN_STATUSES)

    def overdue(self, now: datetime) -> Self:
        """Return the attempts that are under way although their time is over."""
        return self.not_archived().filter(ends_at__lt=now)

    def with_review_that_waits(self, limit: datetime) -> Self:
        """Return the attempts whose review came before that moment, and still waits for the end of the exam."""
        return self.filter(rules.review_waits_too_long_q(limit))

    def not_started(self) -> Self:
        return self.open().filter(started_at=None)

    def decided_by_staff(self, condition: Q) -> Self:
        """Return the attempts about which a person decided Pass or Fail, in a change that meets the condition."""
        decisions = StatusChange.objects.standing().filter(
            condition, source=Source.PERSON, to_status__in=sorted(DECIDED_STATUSES)
        )
        return self.filter(pk__in=decisions.values("attempt"))

    def requiring_attention(self) -> Self:
        return self.filter(rules.REQUIRES_ATTENTION)


class ExamAttempt(models.Model):
    # Without an index of its own, like the exam below: others begin with it, and each row is in many indexes already.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="exam_attempts", db_index=False
    )
    exam = models.ForeignKey(ProctoredExam, on_delete=models.PROTECT, related_name="attempts", db_index=False)
    attempt_code = IdField(max_length=64, unique=True, default=new_attempt_code, editable=False)
    # Copied when the attempt is created: a later change of the exam or the enrolment does not change history.
    provider = IdField(max_length=64)
    track = models.CharField(max_length=64, blank=True)
    external_id = IdField(max_length=255, null=True, blank=True, help_text="The provider's id; unknown at first.")
    # Copied when the provider has registered the attempt: the exam may change to another provider later.
    exam_external_id = IdField(max_length=255, null=True, blank=True, help_text="The provider's id of the exam.")
    status = models.CharField(max_length=32, choices=AttemptStatus, default=AttemptStatus.CREATED, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    # When the first complete review arrived, whatever became of it. Set once, so that the statistics of a course read
    # one table to say how long reviews take.
    reviewed_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When a person first decided here, whatever has happened since. Set once: it tells without a search of the changes
    # that a provider's next review changes no status.
    decided_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Who decided, here or as the provider says, what the status is now; nobody if that was the service. So that lists
    # need not search the changes.
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        db_index=False,
    )
    # When a person's decision takes effect, which can be undone before. Until then what follows, and what the learner
    # reads, follow from the status before it.
    withheld_until = models.DateTimeField(null=True, blank=True, editable=False)
    status_until_then = models.CharField(max_length=32, choices=AttemptStatus, blank=True, editable=False)
    # Whether the provider has ever reported a person's decision: less than one that is made here, and more than its
    # other reviews.
    has_reported_decision = models.BooleanField(default=False, editable=False)
    # The rank of the current review's score in ten-thousandths and one more; 0 without a score. Lists sort by it.
    score_place = models.PositiveSmallIntegerField(default=0, editable=False)
    # Since when a review waits for the end of the exam; else NULL, so that the sweep's index is small.
    review_waits_since = models.DateTimeField(null=True, blank=True, editable=False)
    # When the learner's time is over, while the exam is under way; else NULL, so that the sweep's index is small.
    ends_at = models.DateTimeField(null=True, blank=True, editable=False)
    extra_time_mins = models.PositiveIntegerField(default=0)
    allowed_time_limit_mins = models.PositiveIntegerField(null=True, blank=True)
    # What the attempt is: fixed when it is created, whatever becomes of the exam.
    is_sample_attempt = models.BooleanField(default=False, editable=False)
    taking_as_proctored = models.BooleanField(default=True, editable=False)
    # As they were when the exam began: those who judge the session later need just these.
    exam_rules = models.ForeignKey(
        ExamRules,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        # Nobody looks for the attempts that began under the same.
        db_index=False,
    )
    current_review = models.ForeignKey(
        "ExamReview", on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    archived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    archive_reason = models.TextField(blank=True, editable=False)
    # Set once: the learner's data was erased, and nothing more may be stored about the person.
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)
    # When something last happened to it: a change of status, a review, a new version of a review.
    last_activity_at = models.DateTimeField(default=timezone.now, editable=False)
    # Since when a person has to look at it, else NULL: updated by attention.py whenever something happens, so that
    # lists need not search reviews and effects.
    attention_since = models.DateTimeField(null=True, blank=True, editable=False)
    # What the current review counts for in the order of lists.
    seriousness = models.PositiveIntegerField(default=0, editable=False)
    # By when the learner's appeal has to be answered, while one is open; else NULL.
    appeal_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # "exam:user" while the attempt is open, NULL after: unique on every database, MariaDB included.
    open_key = IdField(max_length=64, null=True, unique=True, editable=False)

    objects = ExamAttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            # In this order its index also serves "the attempt with this id" of a provider's callback.
            models.UniqueConstraint(fields=["external_id", "provider"], name="provider_knows_one_attempt_by_an_id"),
            models.CheckConstraint(condition=Q(status__in=AttemptStatus.values), name="attempt_status_is_known"),
            models.CheckConstraint(
                condition=Q(withheld_until=None, status_until_then="")
                | Q(withheld_until__isnull=False, status_until_then__in=AttemptStatus.values),
                name="a_withheld_decision_keeps_the_status_before",
            ),
            models.CheckConstraint(
                condition=Q(open_key=None) | Q(status__in=sorted(OPEN_STATUSES), archived_at=None),
                name="only_an_open_attempt_holds_the_open_key",
            ),
        ]
        indexes = [
            # "How many attempts of this exam are in each status, how many require attention?": Data Download and the
            # Quiz List; with the other columns Numbers need not read the table, nor lists sorted by result or decider.
            models.Index(
                fields=[
                    "exam",
                    "status",
                    "attention_since",
                    "taking_as_proctored",
                    "is_sample_attempt",
                    "archived_at",
                    "started_at",
                    "current_review",
                    "last_activity_at",
                    "decided_by",
                    "id",
                ],
                name="attempt_by_exam_and_status",
            ),
            # "How many exams were submitted on each day, and how long did their reviews take?": Numbers reads the index
            # alone.
            models.Index(
                fields=[
                    "exam",
                    "completed_at",
                    "reviewed_at",
                    "taking_as_proctored",
                    "is_sample_attempt",
                    "archived_at",
                ],
                name="attempt_by_exam_and_review",
            ),
            # The sessions of an exam: "which require attention, open appeals first, oldest first?" With the columns
            # after the second the list is sorted without the table, which is read for one page of it.
            models.Index(
                fields=[
                    "exam",
                    "attention_since",
                    "appeal_due_at",
                    "taking_as_proctored",
                    "is_sample_attempt",
                    "archived_at",
                    "id",
                ],
                name="attempt_by_attention",
            ),
            # The other sessions of an exam, newest first; the last activity of the Quiz List.
            models.Index(fields=["exam", "last_activity_at"], name="attempt_by_exam_and_activity"),
            # The sessions of an exam by the score of the provider: the most suspicious first.
            models.Index(fields=["exam", "score_place", "last_activity_at"], name="attempt_by_exam_and_score"),
            # The sessions of an exam: "what is the most serious?"
            models.Index(fields=["exam", "seriousness", "last_activity_at"], name="attempt_by_seriousness"),
            # "What has this person decided, and who has decided in this course?"
            models.Index(fields=["decided_by", "exam"], name="attempt_by_decider"),
            # The sweep: "whose time is over?"
            models.Index(fields=["ends_at"], name="attempt_by_end_of_time"),
            # The sweep: "whose review has waited too long?"
            models.Index(fields=["review_waits_since"], name="attempt_by_waiting_review"),
            # "The attempts of this learner at this exam, newest last": the learner's page, the result word.
            models.Index(fields=["user", "exam"], name="attempt_by_learner_and_exam"),
        ]
        permissions = [
            ("view_sessions", "Can see the sessions of a course"),
            ("export_session", "Can export the data of a session"),
            ("decide_attempt", "Can decide Pass or Fail of an attempt"),
            ("erase_learner", "Can erase a learner's data"),
        ]

    def __str__(self) -> str:
        return str(self.attempt_code)

    @property
    def learner(self) -> Person:
        """The names of the learner. Reads the user, unless the user is joined."""
        return person(self.user)

    @property
    def status_label(self) -> str:
        """What people read: ``Passed (verified)``, for example."""
        return rules.full_status_label(self.status)

    @property
    def undo_until(self) -> datetime | None:
        """Until when the newest decision can be undone by who made it; None if it no longer can."""
        return rules.undo_until(self, timezone.now())

    @property
    def is_open(self) -> bool:
        return self.archived_at is None and self.status in OPEN_STATUSES

    @property
    def known_exam_id(self) -> str | None:
        """The provider's id of the exam; None while unknown, and after the exam has changed to another provider."""
        is_its_own = self.exam.provider == self.provider
        known: str | None = self.exam_external_id or (self.exam.external_id if is_its_own else None)
        return known

    @property
    def is_known_to_provider(self) -> bool:
        """Whether the provider has given ids to both the attempt and its exam."""
        return self.external_id is not None and self.known_exam_id is not None


class StatusChangeQuerySet(models.QuerySet["StatusChange"]):
    def standing(self) -> Self:
        """Leave out decisions that were undone, and the undoing: as if they had never been made."""
        return self.filter(undoes=None, undone_by=None)

    def decisions(self) -> Self:
        """Return the decisions of persons, made here or reported by the provider, without those that were undone."""
        return self.standing().filter(source__in=sorted(DECIDING_SOURCES))

    def withheld(self, now: datetime) -> Self:
        """Return the decisions that have not taken effect yet."""
        return self.filter(withheld__takes_effect_at__gt=now)

    def in_effect(self, now: datetime) -> Self:
        """Leave out the decisions that have not taken effect yet."""
        return self.exclude(withheld__takes_effect_at__gt=now)


class StatusChange(models.Model):
    """One change of an attempt's status. Written once, never edited; only an ``Erasure`` removes its reason."""

    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="changes")
    from_status = models.CharField(max_length=32, choices=AttemptStatus)
    to_status = models.CharField(max_length=32, choices=AttemptStatus)
    at = models.DateTimeField()
    source = models.CharField(max_length=16, choices=Source)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.TextField(blank=True)
    # A key of ``REASON_CATEGORIES`` at that time: the site may have changed its list since.
    category = models.CharField(max_length=64, blank=True)
    review = models.ForeignKey("ExamReview", on_delete=models.PROTECT, null=True, blank=True, related_name="changes")
    # If a person has undone a decision: which.
    undoes = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by", editable=False
    )

    objects = StatusChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(from_status__in=AttemptStatus.values, to_status__in=AttemptStatus.values),
                name="change_statuses_are_known",
            ),
            models.CheckConstraint(
                condition=~Q(source=Source.PERSON) | (Q(by__isnull=False) & ~Q(reason="")),
                name="a_decision_has_a_person_and_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(category="") | Q(source=Source.PERSON), name="a_category_is_that_of_a_decision"
            ),
            models.CheckConstraint(
                condition=Q(source=Source.UNDO, by__isnull=False, undoes__isnull=False)
                | (~Q(source=Source.UNDO) & Q(undoes=None)),
                name="an_undo_has_a_person_and_a_decision",
            ),
        ]
        indexes = [
            # "What did staff decide on each day?": Numbers reads a few of very many changes.
            models.Index(fields=["source", "to_status", "attempt", "at"], name="change_by_source_and_status"),
        ]

    def __str__(self) -> str:
        return f"{self.from_status} → {self.to_status}"

    @property
    def category_label(self) -> str:
        """What people read: the key itself if the site's list no longer has it."""
        return str(conf().REASON_CATEGORIES.get(self.category, self.category))
