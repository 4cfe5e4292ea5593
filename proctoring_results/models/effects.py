"""What is to be done because something happened: the transactional outbox."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from proctoring_results.choices import EffectKind, EffectState, ProviderCall
from proctoring_results.jobs.lease import LeasedTask, LeasedTaskQuerySet

from .appeals import Appeal
from .attempts import ExamAttempt, StatusChange
from .exams import ProctoredExam
from .fields import IdField
from .reports import Report
from .reviews import ExamReview
from .schedules import ReportSchedule

if TYPE_CHECKING:
    from datetime import datetime


EFFECTS_AT_ONCE = 1_000  # rows of one INSERT


class LmsEffectQuerySet(LeasedTaskQuerySet["LmsEffect"]):
    def waiting(self) -> Self:
        return self.filter(state=EffectState.WAITING)

    def queued_by(self, now: datetime) -> Self:
        """Leave out second looks and effects of withheld decisions: they are queued for later, and nothing waits."""
        return self.filter(queued_at__lte=now)

    def parked(self) -> Self:
        return self.filter(state=EffectState.PARKED)

    def queue(
        self,
        kinds: Iterable[EffectKind],
        attempt: ExamAttempt,
        *,
        change: StatusChange | None = None,
        review: ExamReview | None = None,
        appeal: Appeal | None = None,
        now: datetime | None = None,
    ) -> list[LmsEffect]:
        """Queue what follows, in the caller's transaction."""
        facts = {"change": change, "review": review, "appeal": appeal}
        return self.bulk_create(_about(attempt, kind, now or timezone.now(), **facts) for kind in kinds)

    def queue_for_all(self, kinds: Collection[EffectKind], attempts: Iterable[ExamAttempt]) -> list[LmsEffect]:
        """Queue these kinds for each attempt, in the caller's transaction."""
        now = timezone.now()
        effects = [_about(attempt, kind, now) for attempt in attempts for kind in kinds]
        return self.bulk_create(effects, batch_size=EFFECTS_AT_ONCE)

    def queue_call(
        self,
        call: ProviderCall,
        *,
        exam: ProctoredExam | None = None,
        attempt: ExamAttempt | None = None,
        change: StatusChange | None = None,
    ) -> LmsEffect:
        """Queue a call to the provider of an attempt or an exam, in the caller's transaction."""
        now = timezone.now()
        return self.create(
            kind=EffectKind.PROVIDER,
            call=call,
            user_id=attempt.user_id if attempt else None,
            exam_id=attempt.exam_id if attempt else exam.pk if exam else None,
            attempt=attempt,
            change=change,
            queued_at=now,
            next_try_at=now,
        )

    def queue_mails_about(self, report: Report, *, now: datetime) -> list[LmsEffect]:
        """Queue a mail to each person who wants to know of the report's end, in the transaction that ends it."""
        return self.bulk_create(
            LmsEffect(kind=EffectKind.REPORT, report=report, user_id=user_id, queued_at=now, next_try_at=now)
            for user_id in report.notifications.order_by("pk").values_list("user_id", flat=True)
        )

    def calls_before(self, effect: LmsEffect) -> Self:
        """Return the waiting calls that have to be made before this one: a provider is told in order."""
        older = self.waiting().filter(kind=EffectKind.PROVIDER, pk__lt=effect.pk)
        about_the_exam = Q(user=None, exam=effect.exam_id)
        if effect.attempt is None:
            return older.filter(about_the_exam)
        if effect.call == ProviderCall.ERASE_LEARNER:
            # A call after the erasure would make the learner known there again.
            return older.filter(user=effect.user_id, attempt__provider=effect.attempt.provider)
        return older.filter(about_the_exam | Q(attempt=effect.attempt))

    def calls_after(self, effect: LmsEffect) -> Self:
        """Return the calls that may have waited for this one."""
        same = Q(exam=effect.exam_id) if effect.attempt_id is None else Q(user=effect.user_id)
        return self.waiting().filter(same, kind=EffectKind.PROVIDER, pk__gt=effect.pk, lease_until=None)


def _about(attempt: ExamAttempt, kind: EffectKind, now: datetime, **facts: models.Model | None) -> LmsEffect:
    return LmsEffect(
        kind=kind,
        user_id=attempt.user_id,
        exam_id=attempt.exam_id,
        attempt=attempt,
        queued_at=now,
        next_try_at=now,
        **facts,
    )


class LmsEffect(LeasedTask):
    kind = models.CharField(max_length=16, choices=EffectKind)
    call = models.CharField(max_length=16, choices=ProviderCall, blank=True, help_text="What the provider is told.")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    exam = models.ForeignKey(ProctoredExam, on_delete=models.PROTECT, null=True, related_name="+")
    attempt = models.ForeignKey(ExamAttempt, on_delete=models.PROTECT, null=True, related_name="effects")
    change = models.ForeignKey(StatusChange, on_delete=models.PROTECT, null=True, related_name="effects")
    review = models.ForeignKey(ExamReview, on_delete=models.PROTECT, null=True, related_name="effects")
    # The appeal that a receipt or a notice is about; NULL for its answer, which belongs to a change.
    appeal = models.ForeignKey(Appeal, on_delete=models.PROTECT, null=True, related_name="effects", db_index=False)
    report = models.ForeignKey(Report, on_delete=models.PROTECT, null=True, related_name="effects")
    schedule = models.ForeignKey(ReportSchedule, on_delete=models.PROTECT, null=True, related_name="effects")
    state = models.CharField(max_length=16, choices=EffectState, default=EffectState.WAITING, editable=False)
    # "kind:user:exam" while a grade, credit, certificate or mail effect is being delivered, else NULL. It is unique, so
    # that deliveries for one learner and exam take turns.
    running_key = IdField(max_length=64, null=True, unique=True, editable=False)
    # Since when the effect is tried; after EFFECT_PATIENCE it is given up. A retry by a person starts again.
    queued_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, editable=False)
    problem = models.TextField(blank=True, editable=False, help_text="What went wrong at the last try.")
    # Of the mail about an attempt that was sent: learners read it among their data.
    subject = models.TextField(blank=True, editable=False)

    objects = LmsEffectQuerySet.as_manager()

    class Meta:
        verbose_name = "LMS effect"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=EffectKind.values), name="effect_kind_is_known"),
            models.CheckConstraint(condition=Q(state__in=EffectState.values), name="effect_state_is_known"),
            models.CheckConstraint(
                condition=Q(kind=EffectKind.PROVIDER, call__in=ProviderCall.values)
                | (~Q(kind=EffectKind.PROVIDER) & Q(call="")),
                name="a_provider_call_says_what_is_told",
            ),
            models.CheckConstraint(
                condition=Q(kind=EffectKind.REPORT, user__isnull=False, report__isnull=False)
                | (~Q(kind=EffectKind.REPORT) & Q(report=None)),
                name="a_mail_about_a_report_names_report_and_person",
            ),
            models.CheckConstraint(
                condition=Q(kind=EffectKind.SCHEDULE, user__isnull=False, schedule__isnull=False)
                | (~Q(kind=EffectKind.SCHEDULE) & Q(schedule=None)),
                name="a_mail_about_a_schedule_names_schedule_and_person",
            ),
        ]
        indexes = [
            # The deliverer and the sweep: "what is due?"
            models.Index(fields=["next_try_at"], name="effect_by_next_try"),
            # "Does a grade effect of this learner and exam still wait?", asked before a certificate or a mail.
            models.Index(fields=["user", "exam", "kind", "state"], name="effect_by_learner_and_exam"),
            # "How many are parked, how old is the oldest that waits?"
            models.Index(fields=["state", "queued_at"], name="effect_by_state_and_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.state})"
