"""What will follow if a person decides Pass or Fail now: told before it is done. Reads only.

*Before* is what the attempts say, not what the LMS has heard by now: an effect may still be on its way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Max, TextChoices
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from proctoring_results.choices import (
    OPEN_STATUSES,
    AttemptStatus,
    CreditState,
    EffectKind,
    ResultWord,
    ReviewStanding,
    Source,
)
from proctoring_results.exceptions import NotFound
from proctoring_results.lms import lms
from proctoring_results.models import ExamAttempt, ExamReview, StatusChange
from proctoring_results.rules import RESULT_WORDS, affects_lms, credit_state, grade_is_held
from proctoring_results.transitions import TRANSITIONS, Transition

S, E = AttemptStatus, EffectKind
NO_TRANSITION = Transition(frozenset())


class Seen(NamedTuple):
    """The newest change and review that the person's page showed; None where it showed none."""

    change_id: int | None
    review_id: int | None


class Obstacle(TextChoices):
    """Why a decision is not possible."""

    ARCHIVED = "archived", gettext_lazy("The attempt is archived; it cannot be decided.")
    ERASED = "erased", gettext_lazy("The learner's data was erased; the attempt cannot be decided.")
    NOT_OVER = "not_over", gettext_lazy("The exam is not over yet; there is nothing to decide.")
    NOT_TAKEN = "not_taken", gettext_lazy("The exam was not taken; there is nothing to decide.")


# --------------------------------------------------------------------------------------------------------- consequences


@dataclass(frozen=True, slots=True)
class StatusStep:
    start: AttemptStatus
    to: AttemptStatus

    @property
    def sentence(self) -> str:
        words = {"start": self.start.label, "to": self.to.label}
        if self.start is self.to:
            return _("The status stays “%(to)s”: the decision is recorded, and nothing follows for the LMS.") % words
        return _("The status becomes “%(to)s”; now it is “%(start)s”.") % words


@dataclass(frozen=True, slots=True)
class NothingStep:
    """Practice attempts, and those at exams that are not proctored, touch nothing in the LMS."""

    is_practice: bool

    @property
    def sentence(self) -> str:
        if self.is_practice:
            return _("This is a practice attempt: nothing follows for grade, credit or certificate, and no mail goes.")
        return _("This exam is not proctored: nothing follows for grade, credit or certificate, and no mail goes.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeStep:
    """``own`` is the learner's own grade by the LMS, empty where it is not known or was not asked."""

    own: str
    was_held: bool
    is_held: bool
    course_holds: bool
    # Rejected attempts of the learner at this exam, besides this one, once the decision is made.
    others_rejected: int

    @property
    def sentence(self) -> str:
        words = {"own": self.own, "number": self.others_rejected}
        if not self.course_holds:
            return _("The grade stays as it is: this course sets no grade to 0.")
        if self.is_held and self.was_held:
            return self._stays_at_zero() % words
        if self.is_held:
            return (
                _("The grade is shown as 0 in place of %(own)s.") if self.own else _("The grade is set to 0.")
            ) % words
        if self.was_held:
            return (
                _("The grade is %(own)s again; now 0 is shown.") if self.own else _("The grade is no longer 0.")
            ) % words
        return (_("The grade stays %(own)s.") if self.own else _("The grade stays as it is.")) % words

    def _stays_at_zero(self) -> str:
        if not self.others_rejected:
            return _("The grade stays at 0.")
        return ngettext(
            "The grade stays at 0: another attempt of the learner at this exam is rejected.",
            "The grade stays at 0: %(number)d other attempts of the learner at this exam are rejected.",
            self.others_rejected,
        )


@dataclass(frozen=True, slots=True)
class CreditStep:
    before: CreditState
    after: CreditState

    @property
    def sentence(self) -> str:
        words = {"before": self.before.label, "after": self.after.label}
        if self.before is self.after:
            return _("For credit, the requirement stays “%(after)s”.") % words
        return _("For credit, the requirement becomes “%(after)s”; now it is “%(before)s”.") % words


@dataclass(frozen=True, slots=True)
class CertificateStep:
    """Evaluated again where it is not invalidated."""

    is_invalidated: bool

    @property
    def sentence(self) -> str:
        if self.is_invalidated:
            return _("The certificate of the course is invalidated.")
        return _("It is evaluated again whether the learner has earned the certificate of the course.")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailStep:
    word: ResultWord
    names_the_zero: bool
    has_address: bool

    @property
    def sentence(self) -> str:
        words = {"word": self.word.label}
        if not self.has_address:
            return _("No mail goes to the learner, who has no address.")
        if self.names_the_zero:
            return _("The learner gets the mail “%(word)s”, which says that the grade was set to 0.") % words
        return _("The learner gets the mail “%(word)s”.") % words


@dataclass(frozen=True, slots=True)
class ReviewStep:
    """A review that came after an earlier decision becomes the current one."""

    review: ExamReview

    @property
    def sentence(self) -> str:
        received = date_format(localtime(self.review.received_at), "j M Y, H:i")
        words = {"status": self.review.get_review_status_display(), "received": received}
        return _("The review “%(status)s” of %(received)s, which came after a decision, becomes current.") % words


Consequence = StatusStep | NothingStep | GradeStep | CreditStep | CertificateStep | MailStep | ReviewStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a decision leads to. ``attempt`` is fresh, and ``seen`` goes into the form's hidden fields.

    What does not follow is None. Where there is an ``obstacle``, nothing does.
    """

    attempt: ExamAttempt
    seen: Seen
    status: StatusStep
    obstacle: Obstacle | None = None
    nothing: NothingStep | None = None
    grade: GradeStep | None = None
    credit: CreditStep | None = None
    certificate: CertificateStep | None = None
    mail: MailStep | None = None
    review: ReviewStep | None = None

    @property
    def is_possible(self) -> bool:
        return self.obstacle is None

    @property
    def changes_the_status(self) -> bool:
        """Whether more than the decision itself is written down."""
        return self.is_possible and self.status.start is not self.status.to

    @property
    def consequences(self) -> tuple[Consequence, ...]:
        """Those that follow, in the order of the table of moves; each has a ``sentence``."""
        if not self.is_possible:
            return ()
        steps = (self.status, self.nothing, self.grade, self.credit, self.certificate, self.mail, self.review)
        return tuple(step for step in steps if step is not None)


# ------------------------------------------------------------------------------------------------------------ questions


def seen_now(attempt: ExamAttempt) -> Seen:
    """What a page shows that is drawn now. Ask it first, and read what the page shows after."""
    change, review = attempt.changes.order_by("-pk"), attempt.reviews.order_by("-pk")
    return Seen(change.values_list("pk", flat=True).first(), review.values_list("pk", flat=True).first())


def obstacle_to(attempt: ExamAttempt, to: AttemptStatus) -> Obstacle | None:
    """Why a person cannot decide so, if they cannot. Asks the database nothing."""
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
    """What deciding ``verified`` (Pass) or ``rejected`` (Fail) leads to. Raises ``NotFound``.

    A constant number of queries, besides what the LMS needs to name the learner's own grade.
    """
    return preview_verdicts(attempt_code, [to])[to]


def preview_verdicts(
    attempt_code: str, verdicts: Collection[AttemptStatus] = (S.VERIFIED, S.REJECTED)
) -> dict[AttemptStatus, Preview]:
    """``preview_decision`` for each of these, by no more queries than for one. Raises ``NotFound``."""
    found = _previews([attempt_code], verdicts, asks_for_grades=True)
    if not found:
        raise NotFound("attempt", attempt_code)
    return dict(zip(verdicts, found, strict=True))


def preview_decisions(attempt_codes: Collection[str], to: AttemptStatus) -> list[Preview]:
    """The same for several attempts that are decided together, in their order; unknown ones are left out.

    As many queries as for one. The LMS is not asked for each learner's own grade.
    """
    return _previews(attempt_codes, [to], asks_for_grades=False)


def _previews(codes: Collection[str], verdicts: Collection[AttemptStatus], *, asks_for_grades: bool) -> list[Preview]:
    # First what was seen, then what is shown: whatever comes in between makes the page stale, and is noticed.
    changes, reviews = _newest(StatusChange, codes), _newest(ExamReview, codes)
    rows = ExamAttempt.objects.select_related("exam", "user", "current_review").defer("current_review__raw_data")
    attempts = rows.in_bulk(codes, field_name="attempt_code")
    shown = [attempts[code] for code in dict.fromkeys(codes) if code in attempts]
    present = _Present(shown, asks_for_grades)
    return [
        _preview(attempt, to, Seen(changes.get(attempt.pk), reviews.get(attempt.pk)), present)
        for to in verdicts
        for attempt in shown
    ]


def _newest(model: type[StatusChange] | type[ExamReview], codes: Collection[str]) -> dict[int, int]:
    rows = model._default_manager.filter(attempt__attempt_code__in=codes).order_by()
    return dict(rows.values_list("attempt").annotate(Max("pk")))


class _Present:
    """How the attempts' learners stand with these exams, now and after the decisions; and which reviews wait."""

    def __init__(self, attempts: list[ExamAttempt], asks_for_grades: bool) -> None:
        self.attempts = attempts
        self.before: Mapping[tuple[int, int], dict[int, str]] = defaultdict(dict)
        counting = ExamAttempt.objects.counting_for_grade().filter(
            user__in={attempt.user_id for attempt in attempts}, exam__in={attempt.exam_id for attempt in attempts}
        )
        for pk, user, exam, status in counting.values_list("pk", "user", "exam", "status"):
            self.before[user, exam][pk] = status
        waiting = ExamReview.objects.filter(attempt__in=attempts, standing=ReviewStanding.AFTER_DECISION)
        self.waiting = {review.attempt_id: review for review in waiting.defer("raw_data").order_by("pk")}
        host = lms()
        courses = {attempt.exam.course_id for attempt in attempts}
        self.holds = {course_id: host.holds_grades(course_id) for course_id in courses}
        self.own_grades = {one.pk: _own_grade(one) for one in attempts} if asks_for_grades else {}

    def statuses(self, attempt: ExamAttempt, to: AttemptStatus) -> tuple[dict[int, str], dict[int, str]]:
        """Of the learner's attempts at the exam, by key: before, and after."""
        before = self.before[attempt.user_id, attempt.exam_id]
        decided = {one.pk for one in self.attempts if obstacle_to(one, to) is None}
        return before, {pk: str(to) if pk in decided else status for pk, status in before.items()}


def _own_grade(attempt: ExamAttempt) -> str:
    """Asked for once, and only where it can be touched."""
    if not affects_lms(attempt):
        return ""
    return lms().own_grade(attempt.user, attempt.exam.course_id, attempt.exam.content_id)


def _preview(attempt: ExamAttempt, to: AttemptStatus, seen: Seen, present: _Present) -> Preview:
    status = StatusStep(S(attempt.status), to)
    if obstacle := obstacle_to(attempt, to):
        return Preview(attempt=attempt, seen=seen, status=status, obstacle=obstacle)
    waiting = present.waiting.get(attempt.pk)
    review = ReviewStep(waiting) if waiting else None
    if status.start is to:
        return Preview(attempt=attempt, seen=seen, status=status, review=review)
    if not affects_lms(attempt):
        nothing = NothingStep(attempt.is_sample_attempt)
        return Preview(attempt=attempt, seen=seen, status=status, nothing=nothing, review=review)
    before, after = present.statuses(attempt, to)
    effects, grade = TRANSITIONS[status.start, to].effects, _grade(attempt, before, after, present)
    credit = CreditStep(credit_state(before.values()), credit_state(after.values()))
    return Preview(
        attempt=attempt,
        seen=seen,
        status=status,
        grade=grade,
        credit=credit if E.CREDIT in effects else None,
        certificate=CertificateStep(grade.is_held) if E.CERTIFICATE in effects else None,
        mail=_mail(attempt, to, grade) if E.MAIL in effects else None,
        review=review,
    )


def _grade(attempt: ExamAttempt, before: Mapping[int, str], after: Mapping[int, str], present: _Present) -> GradeStep:
    holds = present.holds[attempt.exam.course_id]
    return GradeStep(
        own=present.own_grades.get(attempt.pk, ""),
        was_held=grade_is_held(before.values(), course_holds_grades=holds),
        is_held=grade_is_held(after.values(), course_holds_grades=holds),
        course_holds=holds,
        others_rejected=sum(pk != attempt.pk and status == S.REJECTED for pk, status in after.items()),
    )


def _mail(attempt: ExamAttempt, to: AttemptStatus, grade: GradeStep) -> MailStep:
    address = getattr(attempt.user, attempt.user.get_email_field_name(), "")
    return MailStep(word=RESULT_WORDS[to], names_the_zero=to is S.REJECTED and grade.is_held, has_address=bool(address))
