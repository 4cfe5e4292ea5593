"""What follows if a person decides Pass or Fail now. Reads only.

*Before* is the state of the attempts, not that of the LMS: an effect may still be waiting.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from django.db.models import OuterRef, Subquery, TextChoices
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results.choices import OPEN_STATUSES, AttemptStatus, EffectKind, ReviewStanding, Source
from proctoring_results.effects.base import PendingDecision, Step
from proctoring_results.effects.registry import EFFECTS
from proctoring_results.exceptions import NotFound
from proctoring_results.lms import lms
from proctoring_results.models import Appeal, ExamAttempt, ExamReview, StatusChange
from proctoring_results.rules import affects_lms, full_status_label
from proctoring_results.transitions import TRANSITIONS, Transition

if TYPE_CHECKING:
    from proctoring_results.models.attempts import ExamAttemptQuerySet

S = AttemptStatus
NO_TRANSITION = Transition(frozenset())


class Seen(NamedTuple):
    """The newest change and review, and the open appeal, on the person's page; None if there were none."""

    change_id: int | None
    review_id: int | None
    appeal_id: int | None = None


class Obstacle(TextChoices):
    """Why a decision is not possible."""

    ARCHIVED = "archived", gettext_lazy("The attempt is archived; it cannot be decided.")
    ERASED = "erased", gettext_lazy("The learner's data was erased; the attempt cannot be decided.")
    NOT_OVER = "not_over", gettext_lazy("The exam is not over yet; there is nothing to decide.")
    OWN = "own", gettext_lazy("This is your own attempt. Somebody else has to decide about it.")
    DECIDED_BEFORE = (
        "decided_before",
        gettext_lazy("You decided about this attempt before. Somebody else has to answer the learner’s appeal."),
    )
    NOT_TAKEN = "not_taken", gettext_lazy("The exam was not taken; there is nothing to decide.")


# --------------------------------------------------------------------------------------------------------- consequences


@dataclass(frozen=True, slots=True)
class StatusStep:
    start: AttemptStatus
    to: AttemptStatus

    @property
    def sentence(self) -> str:
        params = {"start": full_status_label(self.start), "to": full_status_label(self.to)}
        if self.start is self.to:
            return _("The status stays “%(to)s”: the decision is recorded, and nothing follows for the LMS.") % params
        return _("The status becomes “%(to)s”; now it is “%(start)s”.") % params


@dataclass(frozen=True, slots=True)
class NothingStep:
    """A decision about a practice attempt, or one that was not taken as proctored, affects nothing in the LMS."""

    is_practice: bool

    @property
    def sentence(self) -> str:
        if self.is_practice:
            return _(
                "This is a practice attempt: nothing follows for grade, credit or certificate, and no mail is sent."
            )
        return _(
            "This attempt is not proctored: nothing follows for grade, credit or certificate, and no mail is sent."
        )


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """A review that came after an earlier decision becomes the current one."""

    review: ExamReview

    @property
    def sentence(self) -> str:
        received = date_format(localtime(self.review.received_at), "j M Y, H:i")
        params = {"status": self.review.get_review_status_display(), "received": received}
        return _("The review “%(status)s” of %(received)s, which came after a decision, becomes current.") % params


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a decision leads to. ``attempt`` is fresh, and ``seen`` belongs in the form's hidden fields.

    If there is an ``obstacle``, nothing follows.
    """

    attempt: ExamAttempt
    seen: Seen
    status: StatusStep
    obstacle: Obstacle | None = None
    nothing: NothingStep | None = None
    # What the effects of the transition lead to, in the order of the registry.
    effects: Mapping[EffectKind, Step] = field(default_factory=dict)
    review: ReviewStep | None = None

    @property
    def is_possible(self) -> bool:
        return self.obstacle is None

    @property
    def consequences(self) -> tuple[Step, ...]:
        """What follows, in the order in which it is shown; each step has a ``sentence``."""
        if not self.is_possible:
            return ()
        steps = (self.status, self.nothing, *self.effects.values(), self.review)
        return tuple(step for step in steps if step is not None)


# ------------------------------------------------------------------------------------------------------------ questions


def seen_now(attempt: ExamAttempt) -> Seen:
    """Return what a page that is drawn now shows. Call it first, and read what the page shows after it."""
    return _seen(_with_newest(ExamAttempt.objects.filter(pk=attempt.pk)).get())


def obstacle_to(attempt: ExamAttempt, to: AttemptStatus) -> Obstacle | None:
    """Return why a person cannot decide so, or None if they can. No query."""
    start = S(attempt.status)
    if attempt.archived_at is not None:
        return Obstacle.ARCHIVED
    if attempt.erased_at is not None:
        return Obstacle.ERASED
    # No condition of the table binds a person.
    if start is to or Source.PERSON in TRANSITIONS.get((start, to), NO_TRANSITION).by:
        return None
    return Obstacle.NOT_OVER if start in OPEN_STATUSES else Obstacle.NOT_TAKEN


def preview_decision(attempt_code: str, to: AttemptStatus) -> Preview:
    """Return what deciding ``verified`` (Pass) or ``rejected`` (Fail) leads to. Raises ``NotFound``.

    A constant number of queries, plus what the LMS needs for the learner's own grade.
    """
    return preview_verdicts(attempt_code, [to])[to]


def preview_verdicts(
    attempt_code: str, verdicts: Collection[AttemptStatus] = (S.VERIFIED, S.REJECTED)
) -> dict[AttemptStatus, Preview]:
    """Return ``preview_decision`` for each verdict, with no more queries than for one. Raises ``NotFound``."""
    previews = _previews([attempt_code], verdicts, with_own_grades=True)
    if not previews:
        raise NotFound("attempt", attempt_code)
    return dict(zip(verdicts, previews, strict=True))


def preview_decisions(attempt_codes: Collection[str], to: AttemptStatus) -> list[Preview]:
    """Return the previews of several attempts that are decided together, in their order, without unknown ones.

    As many queries as for one. The LMS is not asked for each learner's own grade.
    """
    return _previews(attempt_codes, [to], with_own_grades=False)


def _previews(codes: Collection[str], verdicts: Collection[AttemptStatus], *, with_own_grades: bool) -> list[Preview]:
    # The newest change and review together with the attempt, then the rest: whatever comes in between makes the page
    # stale, and is noticed.
    rows = _with_newest(ExamAttempt.objects.select_related("exam", "user", "current_review"))
    rows = rows.defer("current_review__raw_data")
    if with_own_grades:
        # For the page of one session, and not for the fifty of a selection.
        rows = rows.select_related("exam_rules")
    by_code = rows.in_bulk(codes, field_name="attempt_code")
    attempts = [by_code[code] for code in dict.fromkeys(codes) if code in by_code]
    present = _Present(attempts, with_own_grades=with_own_grades)
    return [_preview(attempt, to, _seen(attempt), present) for to in verdicts for attempt in attempts]


def _with_newest(attempts: ExamAttemptQuerySet) -> ExamAttemptQuerySet:
    """Read the newest change and review of each attempt, and its open appeal, in the same query."""
    change, review = (
        Subquery(model._default_manager.filter(attempt=OuterRef("pk")).order_by("-pk").values("pk")[:1])
        for model in (StatusChange, ExamReview)
    )
    appeal = Subquery(Appeal.objects.open().filter(attempt=OuterRef("pk")).order_by("-pk").values("pk")[:1])
    return attempts.annotate(newest_change=change, newest_review=review, open_appeal=appeal)


def _seen(attempt: ExamAttempt) -> Seen:
    """Return what was read by ``_with_newest``."""
    return Seen(attempt.newest_change, attempt.newest_review, attempt.open_appeal)  # type: ignore[attr-defined]


class _Present:
    """The statuses of the learners' attempts at these exams, the reviews that wait, and what the LMS says."""

    def __init__(self, attempts: list[ExamAttempt], *, with_own_grades: bool) -> None:
        self.attempts = attempts
        self.statuses: Mapping[tuple[int, int], dict[int, str]] = defaultdict(dict)
        counting = ExamAttempt.objects.counting_for_grade().filter(
            user__in={attempt.user_id for attempt in attempts}, exam__in={attempt.exam_id for attempt in attempts}
        )
        for pk, user, exam, status in counting.values_list("pk", "user", "exam", "status"):
            self.statuses[user, exam][pk] = status
        waiting = ExamReview.objects.filter(attempt__in=attempts, standing=ReviewStanding.AFTER_DECISION)
        self.waiting = {review.attempt_id: review for review in waiting.defer("raw_data").order_by("pk")}
        host = lms()
        courses = {attempt.exam.course_id for attempt in attempts}
        self.holds_grades = {course_id: host.holds_grades(course_id) for course_id in courses}
        self.own_grades = (
            {
                attempt.pk: host.own_grade(attempt.user, attempt.exam.course_id, attempt.exam.content_id)
                for attempt in attempts
                if affects_lms(attempt)
            }
            if with_own_grades
            else {}
        )

    def decision(self, attempt: ExamAttempt, to: AttemptStatus) -> PendingDecision:
        before = self.statuses[attempt.user_id, attempt.exam_id]
        decided = {one.pk for one in self.attempts if obstacle_to(one, to) is None}
        return PendingDecision(
            attempt=attempt,
            to=to,
            before=before,
            after={pk: str(to) if pk in decided else status for pk, status in before.items()},
            course_holds_grades=self.holds_grades[attempt.exam.course_id],
            own_grade=self.own_grades.get(attempt.pk, ""),
        )


def _preview(attempt: ExamAttempt, to: AttemptStatus, seen: Seen, present: _Present) -> Preview:
    status = StatusStep(S(attempt.status), to)
    if obstacle := obstacle_to(attempt, to):
        return Preview(attempt=attempt, seen=seen, status=status, obstacle=obstacle)
    waiting = present.waiting.get(attempt.pk)
    review = ReviewStep(waiting) if waiting else None
    if status.start is to:
        answers_appeal = attempt.appeal_due_at is not None
        transition = Transition(frozenset({Source.PERSON}), (EffectKind.MAIL,))
        effects = preview_effects(transition, present.decision(attempt, to)) if answers_appeal else {}
        return Preview(attempt=attempt, seen=seen, status=status, effects=effects, review=review)
    if not affects_lms(attempt):
        nothing = NothingStep(attempt.is_sample_attempt)
        return Preview(attempt=attempt, seen=seen, status=status, nothing=nothing, review=review)
    effects = preview_effects(TRANSITIONS[status.start, to], present.decision(attempt, to))
    return Preview(attempt=attempt, seen=seen, status=status, effects=effects, review=review)


def preview_effects(transition: Transition, decision: PendingDecision) -> dict[EffectKind, Step]:
    """Return the step of each effect of the transition. The grade is always named, if only to say that it stays."""
    return {
        kind: effect.preview(decision)
        for kind, effect in EFFECTS.items()
        if effect.preview is not None
        and (kind is EffectKind.GRADE or (kind in transition.effects and effect.is_wanted))
    }
