"""The table of transitions and their conditions. Pure data: the file an auditor reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proctoring_results.choices import DECIDED_STATUSES, AttemptStatus, EffectKind, Source

S, E = AttemptStatus, EffectKind
LEARNER, HOST, PROVIDER, REPORTED, PERSON, UPKEEP, UNDO = Source
# A provider's review: without, and with the name of a person who has decided. The second leads to no second review.
REVIEW = (PROVIDER, REPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a condition in the table may ask about an attempt."""

    source: Source
    was_started: bool
    time_is_left: bool
    # A decision that stands above what this source says.
    is_outranked: bool
    the_host_hands_in: bool
    # A person's decision that has not taken effect yet.
    decision_is_withheld: bool


Condition = Callable[[Facts], bool]


def time_is_left(facts: Facts) -> bool:
    """the exam's time is not over"""
    return facts.time_is_left


def a_person_or_nobody_decided(facts: Facts) -> bool:
    """a provider only while no person has decided"""
    return not facts.is_outranked


def a_person_or_the_exam_was_started(facts: Facts) -> bool:
    """a provider only if the exam was started, and while no person has decided"""
    return facts.source is Source.PERSON or (facts.was_started and not facts.is_outranked)


def decision_is_withheld(facts: Facts) -> bool:
    """only until the decision takes effect"""
    return facts.decision_is_withheld


def upkeep_hands_in(facts: Facts) -> bool:
    """upkeep only if the host submits for the learner"""
    return facts.source is not Source.UPKEEP or facts.the_host_hands_in


@dataclass(frozen=True, slots=True)
class Transition:
    """Who may make a transition, what follows from it, and under which condition it is allowed."""

    by: frozenset[Source]
    effects: tuple[EffectKind, ...] = ()
    only_if: Condition | None = None

    def allows(self, facts: Facts) -> bool:
        """Return whether the source may make it, given the facts."""
        return facts.source in self.by and (self.only_if is None or self.only_if(facts))


def _transition(*by: Source, effects: tuple[EffectKind, ...] = (), only_if: Condition | None = None) -> Transition:
    return Transition(frozenset(by), effects, only_if)


ON_SUBMIT = (E.CREDIT, E.PROVIDER, E.MAIL)
ON_END = (E.CREDIT, E.PROVIDER)
ON_DECLINE = (E.CREDIT,)
ON_ERROR = (E.CREDIT, E.PROVIDER)
ON_PASS = (E.CREDIT, E.MAIL)
ON_FAIL = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.MAIL)
ON_PASS_AFTER_FAIL = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.MAIL)
ON_REVIEW_AGAIN = (E.CREDIT, E.NOTICE)
ON_REVIEW_AGAIN_AFTER_FAIL = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.NOTICE)

# A transition that is not here does not exist.
TRANSITIONS: Mapping[tuple[AttemptStatus, AttemptStatus], Transition] = {
    (S.CREATED, S.DOWNLOAD_SOFTWARE_CLICKED): _transition(LEARNER, HOST),
    (S.CREATED, S.READY_TO_START): _transition(PROVIDER, HOST),
    (S.CREATED, S.STARTED): _transition(HOST, effects=(E.PROVIDER,)),
    (S.CREATED, S.DECLINED): _transition(LEARNER, HOST, effects=ON_DECLINE),
    (S.CREATED, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.CREATED, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.READY_TO_START): _transition(PROVIDER, HOST),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.STARTED): _transition(HOST, effects=(E.PROVIDER,)),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.DECLINED): _transition(LEARNER, HOST, effects=ON_DECLINE),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.READY_TO_START, S.STARTED): _transition(LEARNER, HOST, effects=(E.PROVIDER,)),
    (S.READY_TO_START, S.DECLINED): _transition(LEARNER, HOST, effects=ON_DECLINE),
    (S.READY_TO_START, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.READY_TO_START, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.STARTED, S.READY_TO_SUBMIT): _transition(LEARNER, HOST),
    (S.STARTED, S.COMPLETED): _transition(HOST, effects=ON_END),
    (S.STARTED, S.SUBMITTED): _transition(LEARNER, HOST, UPKEEP, effects=ON_SUBMIT, only_if=upkeep_hands_in),
    (S.STARTED, S.TIMED_OUT): _transition(UPKEEP, HOST, effects=ON_END),
    (S.STARTED, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.STARTED, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.READY_TO_SUBMIT, S.STARTED): _transition(LEARNER, only_if=time_is_left),
    (S.READY_TO_SUBMIT, S.COMPLETED): _transition(HOST, effects=ON_END),
    (S.READY_TO_SUBMIT, S.SUBMITTED): _transition(LEARNER, HOST, UPKEEP, effects=ON_SUBMIT, only_if=upkeep_hands_in),
    (S.READY_TO_SUBMIT, S.TIMED_OUT): _transition(UPKEEP, HOST, effects=ON_END),
    (S.READY_TO_SUBMIT, S.EXPIRED): _transition(UPKEEP, HOST),
    (S.READY_TO_SUBMIT, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.COMPLETED, S.SUBMITTED): _transition(HOST, UPKEEP, effects=(E.CREDIT, E.MAIL)),
    (S.COMPLETED, S.SECOND_REVIEW_REQUIRED): _transition(PROVIDER, effects=(E.NOTICE,)),
    (S.COMPLETED, S.VERIFIED): _transition(*REVIEW, PERSON, effects=ON_PASS),
    (S.COMPLETED, S.REJECTED): _transition(*REVIEW, PERSON, effects=ON_FAIL),
    (S.COMPLETED, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.SUBMITTED, S.SECOND_REVIEW_REQUIRED): _transition(PROVIDER, effects=(E.NOTICE,)),
    (S.SUBMITTED, S.VERIFIED): _transition(*REVIEW, PERSON, effects=ON_PASS),
    (S.SUBMITTED, S.REJECTED): _transition(*REVIEW, PERSON, effects=ON_FAIL),
    (S.SUBMITTED, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.TIMED_OUT, S.SUBMITTED): _transition(HOST, UPKEEP, effects=(E.CREDIT, E.MAIL)),
    (S.TIMED_OUT, S.SECOND_REVIEW_REQUIRED): _transition(PROVIDER, effects=(E.NOTICE,)),
    (S.TIMED_OUT, S.VERIFIED): _transition(*REVIEW, PERSON, effects=ON_PASS),
    (S.TIMED_OUT, S.REJECTED): _transition(*REVIEW, PERSON, effects=ON_FAIL),
    (S.TIMED_OUT, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.SECOND_REVIEW_REQUIRED, S.VERIFIED): _transition(*REVIEW, PERSON, effects=ON_PASS),
    (S.SECOND_REVIEW_REQUIRED, S.REJECTED): _transition(*REVIEW, PERSON, effects=ON_FAIL),
    (S.SECOND_REVIEW_REQUIRED, S.ERROR): _transition(HOST, effects=ON_ERROR),
    (S.VERIFIED, S.REJECTED): _transition(PERSON, *REVIEW, effects=ON_FAIL, only_if=a_person_or_nobody_decided),
    (S.VERIFIED, S.SECOND_REVIEW_REQUIRED): _transition(
        PERSON, PROVIDER, effects=ON_REVIEW_AGAIN, only_if=a_person_or_nobody_decided
    ),
    (S.REJECTED, S.VERIFIED): _transition(
        PERSON, *REVIEW, effects=ON_PASS_AFTER_FAIL, only_if=a_person_or_nobody_decided
    ),
    (S.REJECTED, S.SECOND_REVIEW_REQUIRED): _transition(
        PERSON, PROVIDER, effects=ON_REVIEW_AGAIN_AFTER_FAIL, only_if=a_person_or_nobody_decided
    ),
    # The provider was told of the error, and has to be told that there is something to review after all.
    (S.ERROR, S.SUBMITTED): _transition(HOST, PROVIDER, effects=ON_SUBMIT),
    (S.ERROR, S.VERIFIED): _transition(PERSON, *REVIEW, effects=ON_PASS, only_if=a_person_or_the_exam_was_started),
    (S.ERROR, S.REJECTED): _transition(PERSON, *REVIEW, effects=ON_FAIL, only_if=a_person_or_the_exam_was_started),
    (S.ERROR, S.SECOND_REVIEW_REQUIRED): _transition(
        PERSON, PROVIDER, effects=ON_REVIEW_AGAIN, only_if=a_person_or_the_exam_was_started
    ),
}

# Who has just decided may take the decision back to the status before. Nothing has followed from it, and nothing does.
UNDO_TRANSITIONS: Mapping[tuple[AttemptStatus, AttemptStatus], Transition] = {
    (to, start): _transition(UNDO, only_if=decision_is_withheld)
    for (start, to), transition in TRANSITIONS.items()
    if PERSON in transition.by and to in DECIDED_STATUSES
}


def find_transition(start: AttemptStatus, to: AttemptStatus, source: Source) -> Transition | None:
    """Return the transition, or None if there is none."""
    return (UNDO_TRANSITIONS if source is UNDO else TRANSITIONS).get((start, to))
