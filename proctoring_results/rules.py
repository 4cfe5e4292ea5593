"""The rules of the product, each once."""

from collections.abc import Collection, Mapping

from proctoring_results.choices import (
    REVIEWABLE_STATUSES,
    AttemptStatus,
    CreditState,
    EvidenceKind,
    ResultWord,
    SessionPart,
)

RESULT_WORDS: Mapping[str, ResultWord] = {
    **dict.fromkeys(
        [
            AttemptStatus.COMPLETED,
            AttemptStatus.SUBMITTED,
            AttemptStatus.TIMED_OUT,
            AttemptStatus.SECOND_REVIEW_REQUIRED,
        ],
        ResultWord.PENDING,
    ),
    AttemptStatus.VERIFIED: ResultWord.SATISFACTORY,
    AttemptStatus.REJECTED: ResultWord.UNSATISFACTORY,
}

# Every other kind, those of other providers too, is seen on the recording. Reviews are counted by this once, when they
# arrive: what is changed here holds for later ones.
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
    return PART_OF_INCIDENT.get(kind.casefold(), SessionPart.VIDEO)


def part_of_evidence(kind: str) -> SessionPart:
    return PART_OF_EVIDENCE.get(kind, SessionPart.VIDEO)


def credit_state_of(statuses: Collection[str]) -> CreditState:
    """How credit stands, by the statuses of all attempts of a learner at an exam that count.

    Satisfied when all that were handed in are verified; failed when one is rejected.
    """
    handed_in = REVIEWABLE_STATUSES.intersection(statuses)
    if AttemptStatus.REJECTED in handed_in:
        return CreditState.FAILED
    if handed_in:
        return CreditState.SATISFIED if handed_in == {AttemptStatus.VERIFIED} else CreditState.SUBMITTED
    if AttemptStatus.ERROR in statuses:
        return CreditState.FAILED
    return CreditState.DECLINED if AttemptStatus.DECLINED in statuses else CreditState.NONE
