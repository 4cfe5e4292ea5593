"""The words of the product and the table of moves. Pure data: no model, no setting, no clock.

The words are stored values: never rename one, translate only labels.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class AttemptStatus(TextChoices):
    CREATED = "created", _("created")
    DOWNLOAD_SOFTWARE_CLICKED = "download_software_clicked", _("download software clicked")
    READY_TO_START = "ready_to_start", _("ready to start")
    STARTED = "started", _("started")
    READY_TO_SUBMIT = "ready_to_submit", _("ready to submit")
    COMPLETED = "completed", _("completed")
    SUBMITTED = "submitted", _("submitted")
    TIMED_OUT = "timed_out", _("timed out")
    SECOND_REVIEW_REQUIRED = "second_review_required", _("second review required")
    VERIFIED = "verified", _("verified")
    REJECTED = "rejected", _("rejected")
    DECLINED = "declined", _("declined")
    EXPIRED = "expired", _("expired")
    ERROR = "error", _("error")


class ReviewStatus(TextChoices):
    """Stored and printed as these words."""

    CLEAN = "Clean", _("Clean")
    NOT_REVIEWED = "Not Reviewed", _("Not Reviewed")
    RULES_VIOLATION = "Rules Violation", _("Rules Violation")
    SUSPICIOUS = "Suspicious", _("Suspicious")


class ReviewStanding(TextChoices):
    """What became of a review when it arrived. Only an ``applied`` one can be the current review."""

    APPLIED = "applied", _("applied")
    WAITING = "waiting", _("waits for the end of the exam")
    INCOMPLETE = "incomplete", _("not complete, and an older one stands")
    ARCHIVED = "archived", _("the attempt is archived")
    ILLEGAL_MOVE = "illegal_move", _("the attempt could not be moved by it")
    BARRED = "barred", _("the provider's policy keeps the older review")
    AFTER_DECISION = "after_decision", _("came after a person's decision")


class EvidenceKind(TextChoices):
    """What a piece of evidence shows."""

    VIDEO = "video", _("recording")
    SCREENSHOT = "screenshot", _("screenshot")
    ID = "id", _("identification")
    ROOM = "room", _("room scan")
    ONBOARDING = "onboarding", _("onboarding")


class SessionPart(TextChoices):
    """Where in a session something was seen: the tabs of its page."""

    VIDEO = "video", _("Video Monitoring")
    ONLINE = "online", _("Online Violations")
    VERIFICATION = "verification", _("Verification")
    ONBOARDING = "onboarding", _("Onboarding")


class AttentionReason(TextChoices):
    """Why a person has to look at an attempt."""

    SECOND_REVIEW = "second_review", _("second review required")
    CONTRADICTION = "contradiction", _("the review contradicts its own incidents")
    NEW_INFORMATION = "new_information", _("new information after a decision")
    PARKED_EFFECT = "parked_effect", _("something that follows could not be done")


class DisclosureKind(TextChoices):
    """What of a session was shown to a person."""

    EVIDENCE = "evidence", _("evidence")
    EXPORT = "export", _("exported data")


class Source(TextChoices):
    """Who moves an attempt. ``PERSON`` is one who may decide, with a reason."""

    LEARNER = "learner", _("learner")
    HOST = "host", _("LMS")
    PROVIDER = "provider", _("provider")
    PERSON = "person", _("person")
    UPKEEP = "upkeep", _("upkeep")


class EffectKind(TextChoices):
    GRADE = "grade", _("grade")
    CREDIT = "credit", _("credit")
    CERTIFICATE = "certificate", _("certificate")
    MAIL = "mail", _("mail to the learner")
    NOTICE = "notice", _("notice to the course team")
    PROVIDER = "provider", _("provider call")


class ProviderCall(TextChoices):
    """What an effect of the kind *provider call* tells a proctoring service."""

    SAVE_EXAM = "save_exam", _("register or change the exam")
    CREATE_ATTEMPT = "create_attempt", _("register the attempt")
    TELL_STATUS = "tell_status", _("tell the attempt's status")
    REMOVE_ATTEMPT = "remove_attempt", _("remove an attempt that never started")
    ERASE_LEARNER = "erase_learner", _("erase the learner")


class EffectState(TextChoices):
    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    SUPERSEDED = "superseded", _("superseded by something newer")
    PARKED = "parked", _("parked after many tries")


class CreditState(TextChoices):
    """How a learner's requirement of an exam stands, for credit."""

    NONE = "none", _("none")
    SUBMITTED = "submitted", _("submitted")
    SATISFIED = "satisfied", _("satisfied")
    FAILED = "failed", _("failed")
    DECLINED = "declined", _("declined")


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


class MessageDoor(TextChoices):
    """Through which door a provider's message came."""

    REST_REVIEW = "rest_review", _("review (REST)")
    REST_READY = "rest_ready", _("ready (REST)")
    RPNOW_REVIEW = "rpnow_review", _("review (RPNow)")


class MessageState(TextChoices):
    RECEIVED = "received", _("received")
    DONE = "done", _("done")


class ResultWord(TextChoices):
    """What a learner reads on the exam page."""

    PENDING = "pending", _("Pending")
    SATISFACTORY = "satisfactory", _("Satisfactory")
    UNSATISFACTORY = "unsatisfactory", _("Unsatisfactory")


class NoResultWord(TextChoices):
    """Why there is no word though the exam is over, where a learner should know."""

    ERROR = "error", _("Something went wrong with this exam, and it has no result")
    DECLINED = "declined", _("Not taken as a proctored exam")
    EXPIRED = "expired", _("No longer available")


class ReportKind(TextChoices):
    EXAM_RESULTS = "proctored_exam_results_report", _("Proctored Exam Results Report")
    SESSION_RESULTS = "proctored_session_results_report", _("Proctored Session Results Report")


class ReportState(TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")
    EXPIRED = "expired", _("Removed")


class ReportStep(TextChoices):
    """What the builder of a running report is doing."""

    NONE = "", ""
    SORTING = "sorting", _("Sorting the attempts")
    WRITING = "writing", _("Writing rows")
    STORING = "storing", _("Storing the file")


class ReportFailure(TextChoices):
    """Why a report failed, in words an instructor understands."""

    NONE = "", ""
    STORAGE = "storage", _("The finished file could not be stored: the file storage refused it or is full.")
    DATABASE = "database", _("The database did not answer while the attempts were read.")
    WORKER_LOST = "worker_lost", _("The process that builds the report stopped before it was done, several times.")
    UNEXPECTED = "unexpected", _("Something unexpected went wrong while the report was built.")


class DownloadOutcome(TextChoices):
    DOWNLOADED = "downloaded", _("downloaded")
    ANOTHERS_LINK = "anothers_link", _("refused: another person's link")
    NOT_ALLOWED = "not_allowed", _("refused: permission missing")
    FROM_THE_FUTURE = "from_the_future", _("refused: link from the future")
    LINK_EXPIRED = "link_expired", _("refused: link older than its lifetime")
    FILE_GONE = "file_gone", _("refused: file removed")


S, E = AttemptStatus, EffectKind
LEARNER, HOST, PROVIDER, PERSON, UPKEEP = Source

# An attempt that a learner can still go on with; at most one of these per learner and exam.
OPEN_STATUSES = frozenset({S.CREATED, S.DOWNLOAD_SOFTWARE_CLICKED, S.READY_TO_START, S.STARTED, S.READY_TO_SUBMIT})
# The exam is over and was taken: a review that came early is applied on the way in.
OVER_STATUSES = frozenset({S.COMPLETED, S.SUBMITTED, S.TIMED_OUT})
DECIDED_STATUSES = frozenset({S.VERIFIED, S.REJECTED})
# A report prints "Not Reviewed" for these when no review came.
REVIEWABLE_STATUSES = OVER_STATUSES | {S.SECOND_REVIEW_REQUIRED} | DECIDED_STATUSES

RESULT_WORDS: Mapping[str, ResultWord] = {
    **dict.fromkeys([S.COMPLETED, S.SUBMITTED, S.TIMED_OUT, S.SECOND_REVIEW_REQUIRED], ResultWord.PENDING),
    S.VERIFIED: ResultWord.SATISFACTORY,
    S.REJECTED: ResultWord.UNSATISFACTORY,
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
class Move:
    """Who may make a move, what follows from it, and under which condition it exists."""

    by: frozenset[Source]
    effects: tuple[EffectKind, ...] = ()
    only_if: Condition | None = None

    def allows(self, facts: Facts) -> bool:
        return facts.source in self.by and (self.only_if is None or self.only_if(facts))


def _move(*by: Source, effects: tuple[EffectKind, ...] = (), only_if: Condition | None = None) -> Move:
    return Move(frozenset(by), effects, only_if)


HANDED_IN = (E.CREDIT, E.PROVIDER, E.MAIL)
OVER = (E.PROVIDER,)
CALLED_OFF = (E.CREDIT,)
IN_ERROR = (E.CREDIT, E.PROVIDER)
PASSED = (E.CREDIT, E.MAIL)
FAILED = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.MAIL)
REVERTED_TO_PASS = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.MAIL)
REVIEW_AGAIN = (E.CREDIT, E.NOTICE)
REVERTED_TO_REVIEW = (E.GRADE, E.CREDIT, E.CERTIFICATE, E.NOTICE)

# If a move is not here it does not exist.
MOVES: Mapping[tuple[AttemptStatus, AttemptStatus], Move] = {
    (S.CREATED, S.DOWNLOAD_SOFTWARE_CLICKED): _move(LEARNER, HOST),
    (S.CREATED, S.READY_TO_START): _move(PROVIDER, HOST),
    (S.CREATED, S.STARTED): _move(HOST, effects=(E.PROVIDER,)),
    (S.CREATED, S.DECLINED): _move(LEARNER, HOST, effects=CALLED_OFF),
    (S.CREATED, S.EXPIRED): _move(UPKEEP, HOST),
    (S.CREATED, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.READY_TO_START): _move(PROVIDER, HOST),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.STARTED): _move(HOST, effects=(E.PROVIDER,)),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.DECLINED): _move(LEARNER, HOST, effects=CALLED_OFF),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.EXPIRED): _move(UPKEEP, HOST),
    (S.DOWNLOAD_SOFTWARE_CLICKED, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.READY_TO_START, S.STARTED): _move(LEARNER, HOST, effects=(E.PROVIDER,)),
    (S.READY_TO_START, S.DECLINED): _move(LEARNER, HOST, effects=CALLED_OFF),
    (S.READY_TO_START, S.EXPIRED): _move(UPKEEP, HOST),
    (S.READY_TO_START, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.STARTED, S.READY_TO_SUBMIT): _move(LEARNER, HOST),
    (S.STARTED, S.COMPLETED): _move(HOST, effects=OVER),
    (S.STARTED, S.SUBMITTED): _move(LEARNER, HOST, UPKEEP, effects=HANDED_IN, only_if=upkeep_hands_in),
    (S.STARTED, S.TIMED_OUT): _move(UPKEEP, HOST, effects=OVER),
    (S.STARTED, S.EXPIRED): _move(UPKEEP, HOST),
    (S.STARTED, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.READY_TO_SUBMIT, S.STARTED): _move(LEARNER, only_if=time_is_left),
    (S.READY_TO_SUBMIT, S.COMPLETED): _move(HOST, effects=OVER),
    (S.READY_TO_SUBMIT, S.SUBMITTED): _move(LEARNER, HOST, UPKEEP, effects=HANDED_IN, only_if=upkeep_hands_in),
    (S.READY_TO_SUBMIT, S.TIMED_OUT): _move(UPKEEP, HOST, effects=OVER),
    (S.READY_TO_SUBMIT, S.EXPIRED): _move(UPKEEP, HOST),
    (S.READY_TO_SUBMIT, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.COMPLETED, S.SUBMITTED): _move(HOST, UPKEEP, effects=(E.CREDIT, E.MAIL)),
    (S.COMPLETED, S.SECOND_REVIEW_REQUIRED): _move(PROVIDER, effects=(E.NOTICE,)),
    (S.COMPLETED, S.VERIFIED): _move(PROVIDER, PERSON, effects=PASSED),
    (S.COMPLETED, S.REJECTED): _move(PROVIDER, PERSON, effects=FAILED),
    (S.COMPLETED, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.SUBMITTED, S.SECOND_REVIEW_REQUIRED): _move(PROVIDER, effects=(E.NOTICE,)),
    (S.SUBMITTED, S.VERIFIED): _move(PROVIDER, PERSON, effects=PASSED),
    (S.SUBMITTED, S.REJECTED): _move(PROVIDER, PERSON, effects=FAILED),
    (S.SUBMITTED, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.TIMED_OUT, S.SUBMITTED): _move(HOST, UPKEEP, effects=(E.CREDIT, E.MAIL)),
    (S.TIMED_OUT, S.SECOND_REVIEW_REQUIRED): _move(PROVIDER, effects=(E.NOTICE,)),
    (S.TIMED_OUT, S.VERIFIED): _move(PROVIDER, PERSON, effects=PASSED),
    (S.TIMED_OUT, S.REJECTED): _move(PROVIDER, PERSON, effects=FAILED),
    (S.TIMED_OUT, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.SECOND_REVIEW_REQUIRED, S.VERIFIED): _move(PROVIDER, PERSON, effects=PASSED),
    (S.SECOND_REVIEW_REQUIRED, S.REJECTED): _move(PROVIDER, PERSON, effects=FAILED),
    (S.SECOND_REVIEW_REQUIRED, S.ERROR): _move(HOST, effects=IN_ERROR),
    (S.VERIFIED, S.REJECTED): _move(PERSON, PROVIDER, effects=FAILED, only_if=a_person_or_nobody_decided),
    (S.VERIFIED, S.SECOND_REVIEW_REQUIRED): _move(
        PERSON, PROVIDER, effects=REVIEW_AGAIN, only_if=a_person_or_nobody_decided
    ),
    (S.REJECTED, S.VERIFIED): _move(PERSON, PROVIDER, effects=REVERTED_TO_PASS, only_if=a_person_or_nobody_decided),
    (S.REJECTED, S.SECOND_REVIEW_REQUIRED): _move(
        PERSON, PROVIDER, effects=REVERTED_TO_REVIEW, only_if=a_person_or_nobody_decided
    ),
    # The provider was told of the error, and has to be told that there is something to review after all.
    (S.ERROR, S.SUBMITTED): _move(HOST, PROVIDER, effects=HANDED_IN),
    (S.ERROR, S.VERIFIED): _move(PERSON, PROVIDER, effects=PASSED, only_if=a_person_or_the_exam_was_started),
    (S.ERROR, S.REJECTED): _move(PERSON, PROVIDER, effects=FAILED, only_if=a_person_or_the_exam_was_started),
    (S.ERROR, S.SECOND_REVIEW_REQUIRED): _move(
        PERSON, PROVIDER, effects=REVIEW_AGAIN, only_if=a_person_or_the_exam_was_started
    ),
}
