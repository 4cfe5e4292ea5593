"""A learner's appeal against an Unsatisfactory result."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from proctoring_results.choices import AttemptStatus, Source
from proctoring_results.conf import conf
from proctoring_results.lms import course_zone

from .attempts import ExamAttempt, StatusChange, StatusChangeQuerySet
from .withheld import in_effect_since

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser


class AppealQuerySet(models.QuerySet["Appeal"]):
    def open(self) -> Self:
        """Return the appeals that nobody has answered."""
        return self.filter(answer=None)

    def open_for_learners(self, now: datetime) -> Self:
        """Return the appeals without an ``answer_in_effect``."""
        return self.filter(Q(answer=None) | Q(answer__withheld__takes_effect_at__gt=now))

    def against_decisions_of(self, user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> Self:
        """Return the appeals before which this person had decided about the attempt, here or as the provider says."""
        decided = StatusChange.objects.standing().filter(
            Q(source=Source.PERSON, by=user.pk) | Q(source=Source.REPORTED, review__reviewed_by=user.pk),
            attempt=attempt,
            at__lte=OuterRef("at"),
        )
        return self.filter(Exists(decided), attempt=attempt)


class Appeal(models.Model):
    """What a learner wrote against a decision, and the decision that answered it."""

    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, related_name="appeals")
    # The change that made the result Unsatisfactory, by a person or a provider: one appeal against each.
    decision = models.OneToOneField(StatusChange, on_delete=models.PROTECT, related_name="appeal")
    at = models.DateTimeField()
    text = models.TextField()
    # The site promises an answer by then.
    answer_due_at = models.DateTimeField()
    # The decision that followed, whether it changed the status or not; NULL while the appeal is open.
    answer = models.OneToOneField(
        StatusChange, on_delete=models.PROTECT, null=True, blank=True, related_name="answered_appeal"
    )

    objects = AppealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text=""), name="an_appeal_has_a_text"),
        ]

    def __str__(self) -> str:
        return f"Appeal of {self.at:%Y-%m-%d}"

    def answer_in_effect(self, now: datetime) -> StatusChange | None:
        """Return the decision that answered the appeal; None until it has taken effect. Learners know of no other."""
        return self.answer if self.answer is not None and in_effect_since(self.answer) <= now else None


def unsatisfactory_decisions() -> StatusChangeQuerySet:
    """Return the changes that made a result Unsatisfactory, newest first; a decision that confirms one makes none."""
    changes = StatusChange.objects.standing().filter(to_status=AttemptStatus.REJECTED)
    return changes.exclude(from_status=F("to_status")).order_by("-pk")


def last_day_to_appeal(in_effect_since: datetime, course_id: str) -> date:
    """Return the last day, by the course's own calendar, on which a learner may appeal against a decision."""
    return timezone.localdate(in_effect_since, course_zone(course_id)) + timedelta(days=conf().APPEAL_DAYS)


def may_still_appeal(last_day: date, course_id: str) -> bool:
    return conf().APPEAL_DAYS > 0 and timezone.localdate(timezone=course_zone(course_id)) <= last_day


def end_of_answer_time(now: datetime, course_id: str) -> datetime:
    """Return the end of the day on which an appeal that is made now has to be answered."""
    zone = course_zone(course_id)
    day = timezone.localdate(now, zone) + timedelta(days=conf().APPEAL_ANSWER_DAYS)
    return datetime.combine(day, time(23, 59, 59), zone)


def answer_day(due_at: datetime, course_id: str) -> date:
    return timezone.localdate(due_at, course_zone(course_id))
