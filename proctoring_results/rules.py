"""Each rule of the product, once: in Python and, if a list asks it, as a ``Q`` or an expression beside it.

``tests/test_rules.py`` compares the two over random histories. The rules read what they are given and ask the database
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Case, F, Q, TextField, Value, When
from django.db.models.functions import Coalesce
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import (
    DECIDED_STATUSES,
    OPEN_STATUSES,
    OVER_STATUSES,
    REVIEWABLE_STATUSES,
    AttemptStatus,
    AttentionReason,
    CreditState,
    EvidenceKind,
    ResultGroup,
    ResultWord,
    ReviewStanding,
    ReviewStatus,
    ReviewTime,
    SessionPart,
    SessionTab,
    Source,
)

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django.utils.functional import Promise

    from proctoring_results.models import ExamAttempt, ExamReview, ProctoredExam

# ------------------------------------------------------------------------------------------------ which attempts count


# What an attempt is, proctored or practice, is fixed when it is created. What its exam is today decides only what
# attempts become that are created now.


def exam_gives_results(exam: ProctoredExam) -> bool:
    """Return whether attempts that are created now have a result: the exam is proctored or practice."""
    return exam.is_proctored or exam.is_practice_exam


EXAM_GIVES_RESULTS = Q(is_proctored=True) | Q(is_practice_exam=True)


def has_result(attempt: ExamAttempt) -> bool:
    """Return whether the attempt has a result and stands in the report: it is taken as proctored, practice or not."""
    return attempt.taking_as_proctored


# The same of the attempts in a queryset, and of a queryset of exams through their attempts.
HAS_RESULT = Q(taking_as_proctored=True)
AN_ATTEMPT_HAS_RESULT = Q(attempts__taking_as_proctored=True)


def affects_lms(attempt: ExamAttempt) -> bool:
    """Return whether grade, credit, certificate and mail follow from the attempt: it is no practice one."""
    return has_result(attempt) and not attempt.is_sample_attempt


AFFECTS_LMS = HAS_RESULT & Q(is_sample_attempt=False)


def counts_for_grade(attempt: ExamAttempt) -> bool:
    """Return whether the attempt is one of those that decide the learner's grade and credit."""
    return attempt.archived_at is None and affects_lms(attempt)


COUNTS_FOR_GRADE = AFFECTS_LMS & Q(archived_at=None)


# ------------------------------------------------------------------------------------------------ what is in effect


# A decision takes effect so much later than it can be undone: the clocks of two servers may differ.
CLOCK_TOLERANCE = timedelta(seconds=5)


def undo_until(attempt: ExamAttempt, now: datetime) -> datetime | None:
    """Return until when the newest decision can be undone by who made it; None if it no longer can."""
    if attempt.withheld_until is None or now >= attempt.withheld_until - CLOCK_TOLERANCE:
        return None
    return attempt.withheld_until - CLOCK_TOLERANCE


def is_withheld(attempt: ExamAttempt, now: datetime) -> bool:
    """Return whether the newest decision about the attempt has not taken effect yet."""
    return attempt.withheld_until is not None and now < attempt.withheld_until


def effective_status(attempt: ExamAttempt, now: datetime) -> AttemptStatus:
    """Return the status without a decision that can still be undone.

    The LMS and the learner are told nothing else. The course team sees ``status``.
    """
    return AttemptStatus(attempt.status_until_then if is_withheld(attempt, now) else attempt.status)


def effective_status_expression(now: datetime) -> Case:
    return Case(When(withheld_until__gt=now, then=F("status_until_then")), default=F("status"))


def has_effective_status_q(status: AttemptStatus, now: datetime) -> Q:
    in_effect = Q(withheld_until=None) | Q(withheld_until__lte=now)
    return Q(withheld_until__gt=now, status_until_then=status) | (in_effect & Q(status=status))


# --------------------------------------------------------------------------------------------------- what the LMS does


def grade_is_held(statuses: Collection[str], *, course_holds_grades: bool) -> bool:
    """Return whether the grade is shown as 0, by the statuses of a learner's attempts at an exam that count."""
    return course_holds_grades and AttemptStatus.REJECTED in statuses


def holds_grade_q(now: datetime) -> Q:
    """Return the condition that an attempt holds the grade in a course that holds grades."""
    return COUNTS_FOR_GRADE & has_effective_status_q(AttemptStatus.REJECTED, now)


def credit_state(statuses: Collection[str]) -> CreditState:
    """Return the state of the credit requirement, by the statuses of a learner's attempts at an exam that count.

    It is satisfied when all attempts that were submitted are verified, and failed when one is rejected.
    """
    submitted = REVIEWABLE_STATUSES.intersection(statuses)
    if AttemptStatus.REJECTED in submitted:
        return CreditState.FAILED
    if submitted:
        return CreditState.SATISFIED if submitted == {AttemptStatus.VERIFIED} else CreditState.SUBMITTED
    if AttemptStatus.ERROR in statuses:
        return CreditState.FAILED
    return CreditState.DECLINED if AttemptStatus.DECLINED in statuses else CreditState.NONE


# ---------------------------------------------------------------------------------------------------- what people read

# What a learner reads of an attempt at an exam that has a result. Every other status has no word.
RESULT_WORDS: Mapping[str, ResultWord] = {
    AttemptStatus.COMPLETED: ResultWord.PENDING,
    AttemptStatus.SUBMITTED: ResultWord.PENDING,
    AttemptStatus.TIMED_OUT: ResultWord.PENDING,
    AttemptStatus.SECOND_REVIEW_REQUIRED: ResultWord.PENDING,
    AttemptStatus.VERIFIED: ResultWord.SATISFACTORY,
    AttemptStatus.REJECTED: ResultWord.UNSATISFACTORY,
}


# What the course team reads of a status. Pages print the stored status, as in the report, beside it in small print.
STATUS_LABELS: Mapping[AttemptStatus, str | Promise] = {
    AttemptStatus.CREATED: _("Created"),
    AttemptStatus.DOWNLOAD_SOFTWARE_CLICKED: _("Setting up the software"),
    AttemptStatus.READY_TO_START: _("Ready to start"),
    AttemptStatus.STARTED: _("Started"),
    AttemptStatus.READY_TO_SUBMIT: _("Ready to submit"),
    AttemptStatus.COMPLETED: _("Completed"),
    AttemptStatus.SUBMITTED: _("Submitted"),
    AttemptStatus.TIMED_OUT: _("Timed out"),
    AttemptStatus.SECOND_REVIEW_REQUIRED: _("Waiting for your decision"),
    AttemptStatus.VERIFIED: _("Passed"),
    AttemptStatus.REJECTED: _("Failed"),
    AttemptStatus.DECLINED: _("Declined"),
    AttemptStatus.EXPIRED: _("Expired"),
    AttemptStatus.ERROR: _("Error"),
}


def status_label(status: str) -> str:
    return str(STATUS_LABELS[AttemptStatus(status)])


def small_print(status: str) -> str:
    """Return the stored status, to be printed beside its label; empty if the label says the same."""
    return "" if status_label(status).casefold() == status.replace("_", " ") else str(status)


def full_status_label(status: str) -> str:
    """Return ``Passed (verified)``, or ``Submitted``."""
    stored = small_print(status)
    return f"{status_label(status)} ({stored})" if stored else status_label(status)


# The same, translated when it is printed: for the choices of forms.
FULL_STATUS_LABELS: Mapping[AttemptStatus, str | Promise] = {
    status: lazy(full_status_label, str)(status) for status in AttemptStatus
}


def result_group(status: str) -> ResultGroup:
    """Return the result that a learner reads, or why there is none."""
    if status in RESULT_WORDS:
        return ResultGroup(RESULT_WORDS[status].value)
    return ResultGroup.UNDER_WAY if status in OPEN_STATUSES else ResultGroup.WITHOUT


def statuses_in(group: ResultGroup) -> list[str]:
    return sorted(status for status in AttemptStatus if result_group(status) == group)


# How long a review took, in whole minutes from the end of the exam: so many or more, and less than so many.
_HOUR, _DAY = 60, 60 * 24
REVIEW_TIME_SPANS: Mapping[ReviewTime, tuple[int, int | None]] = {
    ReviewTime.ANY: (0, None),
    ReviewTime.UNDER_1_HOUR: (0, _HOUR),
    ReviewTime.UNDER_6_HOURS: (_HOUR, 6 * _HOUR),
    ReviewTime.UNDER_24_HOURS: (6 * _HOUR, _DAY),
    ReviewTime.UNDER_3_DAYS: (_DAY, 3 * _DAY),
    ReviewTime.UNDER_7_DAYS: (3 * _DAY, 7 * _DAY),
    ReviewTime.FROM_7_DAYS: (7 * _DAY, None),
}


# What the course team reads where the learner reads a result.
RESULT_LABELS: Mapping[ResultWord, str | Promise] = {
    ResultWord.PENDING: _("Pending"),
    ResultWord.SATISFACTORY: _("Passed"),
    ResultWord.UNSATISFACTORY: _("Failed"),
}

# What a person decides, by the status that follows.
VERDICT_LABELS: Mapping[AttemptStatus, str | Promise] = {
    AttemptStatus.VERIFIED: _("Pass"),
    AttemptStatus.REJECTED: _("Fail"),
}

# One scale for lists, timelines, tables and charts. Suspicious is the most serious: it needs a person, while an attempt
# with a Rules Violation passes.
TONES: Mapping[str, str] = {
    ReviewStatus.CLEAN: "good",
    ReviewStatus.RULES_VIOLATION: "warn",
    ReviewStatus.SUSPICIOUS: "bad",
    AttemptStatus.SECOND_REVIEW_REQUIRED: "warn",
    AttemptStatus.VERIFIED: "good",
    AttemptStatus.REJECTED: "bad",
    AttemptStatus.ERROR: "bad",
    ResultWord.PENDING: "warn",
    ResultWord.SATISFACTORY: "good",
    ResultWord.UNSATISFACTORY: "bad",
}


def tone_of(value: str) -> str:
    """Return ``good``, ``warn``, ``bad`` or ``info`` for a result, or a status of an attempt, review or incident."""
    return TONES.get(value, "info")


# What a review counts for in the order of lists; each suspicious incident counts more than all Rules Violations.
SERIOUSNESS: Mapping[str, int] = {
    ReviewStatus.CLEAN: 1,
    ReviewStatus.RULES_VIOLATION: 2,
    ReviewStatus.SUSPICIOUS: 3,
}
MAX_COUNTED = 999


def seriousness(review: ExamReview | None) -> int:
    """Return a number by which lists are sorted: first by the verdict, then by suspicious incidents, then by others."""
    if review is None:
        return 0
    suspicious, violations = (
        min(count, MAX_COUNTED) for count in (review.suspicious_count, review.rules_violation_count)
    )
    return (SERIOUSNESS.get(review.review_status, 0) * (MAX_COUNTED + 1) + suspicious) * (MAX_COUNTED + 1) + violations


def printed_review_status(review_status: str | None, status: str, *, was_started: bool) -> str:
    """Return ``review_status`` as reports print it.

    It is the current review's. Without a review it is ``Not Reviewed`` if the exam was taken and can be reviewed, else
    empty.
    """
    if review_status is not None:
        return review_status
    return ReviewStatus.NOT_REVIEWED.value if was_started and status in REVIEWABLE_STATUSES else ""


# An attempt without a review whose exam was taken and can be reviewed.
AWAITS_REVIEW = Q(started_at__isnull=False, status__in=sorted(REVIEWABLE_STATUSES))
PRINTED_REVIEW_STATUS = Coalesce(
    F("current_review__review_status"),
    Case(
        When(AWAITS_REVIEW, then=Value(ReviewStatus.NOT_REVIEWED.value)),
        default=Value(""),
        output_field=TextField(),
    ),
    output_field=TextField(),
)


def prints_review_status(review_status: ReviewStatus | None) -> Q:
    """Return the condition under which reports print this review status; for None, under which they print nothing."""
    if review_status is None:
        return Q(current_review=None) & ~AWAITS_REVIEW
    by_review = Q(current_review__review_status=review_status)
    return (
        by_review | (AWAITS_REVIEW & Q(current_review=None))
        if review_status == ReviewStatus.NOT_REVIEWED
        else by_review
    )


def answers_appeal(source: str, to_status: str) -> bool:
    """Return whether a change, or a decision that changes nothing, answers the learner's open appeal.

    A person's decision does, whatever it is. So does a provider's second look that makes the result Satisfactory.
    """
    return source == Source.PERSON or (source != Source.UNDO and to_status == AttemptStatus.VERIFIED)


# --------------------------------------------------------------------------------------------- what requires attention


def attention_reasons(
    attempt: ExamAttempt, *, has_new_information: bool, has_parked_effect: bool, review_wait_limit: datetime
) -> list[AttentionReason]:
    """Return why a person has to look at the attempt; nothing if nobody has to.

    ``has_new_information``: a review came after a person's decision. ``has_parked_effect``: an effect was given up.
    ``review_wait_limit``: a review that came before this moment, and waits for the exam's end, has waited too long.
    Nobody has to look at an archived attempt, which can be neither decided nor changed, nor at one from which nothing
    follows.
    """
    if attempt.archived_at is not None or not affects_lms(attempt):
        return []
    # A person who has decided has seen the review, and one who has dismissed incidents has seen these.
    review = attempt.current_review if attempt.decided_at is None else None
    verdict, suspicious = (review.review_status, review.suspicious_count) if review is not None else ("", 0)
    is_original = review is not None and review.version_of_id is None
    applies = {
        AttentionReason.SECOND_REVIEW: attempt.status == AttemptStatus.SECOND_REVIEW_REQUIRED,
        AttentionReason.CONTRADICTION: verdict == ReviewStatus.CLEAN and suspicious > 0,
        AttentionReason.NO_INCIDENT: verdict == ReviewStatus.SUSPICIOUS and suspicious == 0 and is_original,
        AttentionReason.NEW_INFORMATION: has_new_information,
        AttentionReason.APPEAL: attempt.appeal_due_at is not None,
        AttentionReason.WAITING_REVIEW: review_waits_too_long(attempt, review_wait_limit),
        AttentionReason.PARKED_EFFECT: has_parked_effect,
    }
    return [reason for reason in AttentionReason if applies[reason]]


# What is over or was decided is reviewed by now, and what was not taken will never be.
WAITING_STATUSES = OPEN_STATUSES | {AttemptStatus.ERROR}


def review_waits_too_long(attempt: ExamAttempt, limit: datetime) -> bool:
    """Return whether a review waits for the end of the exam, and came before the limit."""
    since = attempt.review_waits_since
    return since is not None and since < limit and attempt.status in WAITING_STATUSES


def review_waits_too_long_q(limit: datetime) -> Q:
    return Q(review_waits_since__lt=limit, status__in=sorted(WAITING_STATUSES))


def attention_reason_q(reason: AttentionReason, *, has_new_information: Q, has_parked_effect: Q, limit: datetime) -> Q:
    """Return the condition of one reason for attention, given those of the facts."""
    undecided = Q(decided_at=None)
    conditions = {
        AttentionReason.SECOND_REVIEW: Q(status=AttemptStatus.SECOND_REVIEW_REQUIRED),
        AttentionReason.CONTRADICTION: undecided
        & Q(current_review__review_status=ReviewStatus.CLEAN, current_review__suspicious_count__gt=0),
        AttentionReason.NO_INCIDENT: undecided
        & Q(
            current_review__review_status=ReviewStatus.SUSPICIOUS,
            current_review__suspicious_count=0,
            current_review__version_of=None,
        ),
        AttentionReason.NEW_INFORMATION: has_new_information,
        AttentionReason.WAITING_REVIEW: review_waits_too_long_q(limit),
        AttentionReason.PARKED_EFFECT: has_parked_effect,
        AttentionReason.APPEAL: Q(appeal_due_at__isnull=False),
    }
    return COUNTS_FOR_GRADE & conditions[reason]


# The answer is stored with the attempt whenever something happens to it (``models/attention.py``), so that no list has
# to search reviews and effects.
REQUIRES_ATTENTION = Q(attention_since__isnull=False)


# --------------------------------------------------------------------------------------------- in which list it stands


def is_in_tab(attempt: ExamAttempt, tab: SessionTab) -> bool:
    """Return whether an attempt that has a result stands in this list of the page Sessions."""
    stands_there = {
        SessionTab.ATTENTION: attempt.attention_since is not None,
        SessionTab.WAITING: attempt.status in OVER_STATUSES,
        SessionTab.DECIDED: attempt.status in DECIDED_STATUSES,
        SessionTab.ALL: True,
        SessionTab.PRACTICE: True,
    }
    return stands_there[tab] and attempt.is_sample_attempt is (tab is SessionTab.PRACTICE)


IS_IN_TAB: Mapping[SessionTab, Q] = {
    SessionTab.ATTENTION: REQUIRES_ATTENTION & Q(is_sample_attempt=False),
    SessionTab.WAITING: Q(status__in=sorted(OVER_STATUSES), is_sample_attempt=False),
    SessionTab.DECIDED: Q(status__in=sorted(DECIDED_STATUSES), is_sample_attempt=False),
    SessionTab.ALL: Q(is_sample_attempt=False),
    SessionTab.PRACTICE: Q(is_sample_attempt=True),
}


def waiting_since(attempt: ExamAttempt) -> datetime | None:
    """Return since when a decision, or else the service's review, is waited for; None if neither is."""
    if attempt.attention_since is not None:
        since: datetime | None = attempt.attention_since
        return since
    is_waiting = attempt.archived_at is None and attempt.status in OVER_STATUSES
    return attempt.completed_at if is_waiting else None


def waits_since_before_q(limit: datetime) -> Q:
    return Q(attention_since__lt=limit) | Q(
        attention_since=None, archived_at=None, status__in=sorted(OVER_STATUSES), completed_at__lt=limit
    )


# ------------------------------------------------------------------------------------------------ what can be changed


def is_outranked(attempt: ExamAttempt, source: Source) -> bool:
    """Return whether a decision stands above what this source says of the attempt.

    A decision made here stands above all that a provider says; a person's decision that the provider reports, above its
    other reviews.
    """
    if source is Source.PROVIDER:
        return attempt.decided_at is not None or attempt.has_reported_decision
    return source is Source.REPORTED and attempt.decided_at is not None


def is_own_attempt(attempt: ExamAttempt, person: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether the person is the attempt's learner. Nobody decides about their own attempt."""
    return bool(attempt.user_id == person.pk)


def incidents_can_change(attempt: ExamAttempt, review: ExamReview, *, has_newer_version: bool) -> bool:
    """Return whether incidents of this version of a review can be dismissed or restored now."""
    if attempt.archived_at is not None or attempt.erased_at is not None or has_newer_version:
        return False
    return review.pk == attempt.current_review_id or review.standing == ReviewStanding.AFTER_DECISION


# -------------------------------------------------------------------------------------------- where something was seen

# Kinds whose names the app knows. Others are a provider's own words.
KNOWN_INCIDENTS = ("webcam", "desktop", "id", "room", "onboarding")
# Incidents of every other kind, those of other providers too, were seen on the recording. Reviews are counted by this
# once, when they arrive: a change here holds for later ones.
PART_OF_INCIDENT: Mapping[str, SessionPart] = {
    "desktop": SessionPart.ONLINE,
    "id": SessionPart.VERIFICATION,
    "room": SessionPart.VERIFICATION,
    "onboarding": SessionPart.ONBOARDING,
}
PART_OF_EVIDENCE: Mapping[str, SessionPart] = {
    EvidenceKind.ID: SessionPart.VERIFICATION,
    EvidenceKind.ROOM: SessionPart.VERIFICATION,
    EvidenceKind.ONBOARDING: SessionPart.ONBOARDING,
}


def part_of_incident(kind: str) -> SessionPart:
    """Return the tab of the session page on which an incident of this kind stands."""
    return PART_OF_INCIDENT.get(kind.casefold(), SessionPart.VIDEO)


def part_of_evidence(kind: str) -> SessionPart:
    """Return the tab of the session page on which evidence of this kind stands."""
    return PART_OF_EVIDENCE.get(kind, SessionPart.VIDEO)
