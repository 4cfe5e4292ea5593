"""The table of the transitions that exist, and their conditions. Pure data: the file an auditor reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proctoring_results.choices import AttemptStatus, EffectKind, Source

S, E = AttemptStatus, EffectKind
LEARNER, HOST, PROVIDER, PERSON, UPKEEP = Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a condition in the table may ask about an attempt."""

    source: Source
    was_started: bool
    time_is_left: bool
    a_person_decided: bool
    the_host_hands_in: bool


Condition = Callable[[Facts], bool]


def time_is_left(facts: Facts) -> bool:
    """the exam's time is not over"""
    return facts.time_is_left


def a_person_or_nobody_decided(facts: Facts) -> bool:
    """a provider only while no person has decided"""
    return facts.source is Source.PERSON or not facts.a_person_decided


def a_person_or_the_exam_was_started(facts: Facts) -> bool:
    """a provider only if the exam was started, and while no person has decided"""
    return facts.source is Source.PERSON or (facts.was_started and not facts.a_person_decided)


def upkeep_hands_in(facts: Facts) -> bool:
    """upkeep only where the host hands in for the learner"""
    return facts.source is not Source.UPKEEP or facts.the_host_hands_in


@dataclass(frozen=True, slots=True)
class Transition:
    """Who may make a transition, what follows from it, and under which condition it exists."""

    by: frozenset[Source]
    effects: tuple[EffectKind, ...] = ()
    only_if: Condition | None = None

    def allows(self, facts: Facts) -> bool:
        return facts.source in self.by and (self.only_if is None or self.only_if(facts))


def _transition(*by: Source, effects: tuple[EffectKind, ...] = (), only_if: Condition | None = None) -> Transition:
    return Transition(frozenset(by), effects, only_if)


HANDED_IN = (E.CREDIT, E.PROVIDER, E.MAIL)
OVER = (E.PROVIDER,)
CALLED_OFF = (E.CREDIT,)
IN_ERROR = (E.CREDIT, E.PROVIDER)
PASSED = (E.CREDIT, E.MAIL)
FAILED = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.MAIL)
REVERTED_TO_PASS = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.MAIL)
REVIEW_AGAIN = (E.CREDIT, E.NOTICE)
REVERTED_TO_REVIEW = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.NOTICE)

# A transition that is not here does not exist.
TRANSITIONS: Mapping[tuple[AttemptStatus, AttemptStatus], Transition] = {
    (S.CREATED, S.DOWNLOAD_SOFTWARE_CLICKED): _transition(LEARNER, HOST),
    (S.CREATED, S.READY_TO_START): _transition(PROVIDER, HOST),
    (S.CREATED, S.STARTED): _transition(HOST, effects=(E.PROVIDER,)),
    (S.CREATED, S.DECLINED): _transition(LEARNER, HOST, effects=CALLED_OFF),
    (S.CREATED, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.CREATED, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.READY_TO_START): _transition(PROVIDER, HOST),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.STARTED): _transition(HOST, effects=(E.PROVIDER,)),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.DECLINED): _transition(LEARNER, HOST, effects=CALLED_OFF),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.READY_TO_START, S.STARTED): _transition(LEARNER, HOST, effects=(E.PROVIDER,)),
    (S.READY_TO_START, S.DECLINED): _transition(LEARNER, HOST, effects=CALLED_OFF),
    (S.READY_TO_START, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.READY_TO_START, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.STARTED, S.READY_TO_SUBMIT): _transition(LEARNER, HOST),
    (S.STARTED, S.COMPLETED): _transition(HOST, effects=OVER),
    (S.STARTED, S.SUBMITTED): _transition(LEARNER, HOST, UPKEEP, effects=HANDED_IN, only_if=upkeep_hands_in),
    (S.STARTED, S.TIMED_OUT): _transition(UPKEEP, HOST, effects=OVER),
    (S.STARTED, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.STARTED, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.READY_TO_SUBMIT, S.STARTED): _transition(LEARNER, only_if=time_is_left),
    (S.READY_TO_SUBMIT, S.COMPLETED): _transition(HOST, effects=OVER),
    (S.READY_TO_SUBMIT, S.SUBMITTED): _transition(LEARNER, HOST, UPKEEP, effects=HANDED_IN, only_if=upkeep_hands_in),
    (S.READY_TO_SUBMIT, S.TIMED_OUT): _transition(UPKEEP, HOST, effects=OVER),
    (S.READY_TO_SUBMIT, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.READY_TO_SUBMIT, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.COMPLETED, S.SUBMITTED): _transition(HOST, UPKEEP, effects=(E.CREDIT, E.MAIL)),
    (S.COMPLETED, S.SECOND_REVIEW_REQUIRED): _transition(PROVIDER, effects=(E.NOTICE,)),
    (S.COMPLETED, S.VERIFIED): _transition(PROVIDER, PERSON, effects=PASSED),
    (S.COMPLETED, S.REJECTED): _transition(PROVIDER, PERSON, effects=FAILED),
    (S.COMPLETED, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.SUBMITTED, S.SECOND_REVIEW_REQUIRED): _transition(PROVIDER, effects=(E.NOTICE,)),
    (S.SUBMITTED, S.VERIFIED): _transition(PROVIDER, PERSON, effects=PASSED),
    (S.SUBMITTED, S.REJECTED): _transition(PROVIDER, PERSON, effects=FAILED),
    (S.SUBMITTED, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.TIMED_OUT, S.SUBMITTED): _transition(HOST, UPKEEP, effects=(E.CREDIT, E.MAIL)),
    (S.TIMED_OUT, S.SECOND_REVIEW_REQUIRED): _transition(PROVIDER, effects=(E.NOTICE,)),
    (S.TIMED_OUT, S.VERIFIED): _transition(PROVIDER, PERSON, effects=PASSED),
    (S.TIMED_OUT, S.REJECTED): _transition(PROVIDER, PERSON, effects=FAILED),
    (S.TIMED_OUT, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.SECOND_REVIEW_REQUIRED, S.VERIFIED): _transition(PROVIDER, PERSON, effects=PASSED),
    (S.SECOND_REVIEW_REQUIRED, S.REJECTED): _transition(PROVIDER, PERSON, effects=FAILED),
    (S.SECOND_REVIEW_REQUIRED, S.ERROR): _transition(HOST, effects=IN_ERROR),
    (S.VERIFIED, S.REJECTED): _transition(PERSON, PROVIDER, effects=FAILED, only_if=a_person_or_nobody_decided),
    (S.VERIFIED, S.SECOND_REVIEW_REQUIRED): _transition(
        PERSON, PROVIDER, effects=REVIEW_AGAIN, only_if=a_person_or_nobody_decided
    ),
    (S.REJECTED, S.VERIFIED): _transition(
        PERSON, PROVIDER, effects=REVERTED_TO_PASS, only_if=a_person_or_nobody_decided
    ),
    (S.REJECTED, S.SECOND_REVIEW_REQUIRED): _transition(
        PERSON, PROVIDER, effects=REVERTED_TO_REVIEW, only_if=a_person_or_nobody_decided
    ),
    # The provider was told of the error, and has to be told that there is something to review after all.
    (S.ERROR, S.SUBMITTED): _transition(HOST, PROVIDER, effects=HANDED_IN),
    (S.ERROR, S.VERIFIED): _transition(PERSON, PROVIDER, effects=PASSED, only_if=a_person_or_the_exam_was_started),
    (S.ERROR, S.REJECTED): _transition(PERSON, PROVIDER, effects=FAILED, only_if=a_person_or_the_exam_was_started),
    (S.ERROR, S.SECOND_REVIEW_REQUIRED): _transition(
        PERSON, PROVIDER, effects=REVIEW_AGAIN, only_if=a_person_or_the_exam_was_started
    ),
}
