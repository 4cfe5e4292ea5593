"""The exceptions that the app raises on purpose. Each carries the facts and a sentence that a person can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results.people import person

if TYPE_CHECKING:
    from proctoring_results.choices import AttemptStatus, ReportFailure, Source
    from proctoring_results.models import (
        Evidence,
        ExamAttempt,
        ExamReview,
        Report,
        ReportSchedule,
        SessionClaim,
        StatusChange,
    )


class ProctoringResultsError(Exception):
    """The base class. ``str()`` is the sentence; ``code`` is stable, for programs."""

    code = "error"


# What ``NotFound`` looks for, as people call it.
_KINDS = {
    "attempt": gettext_lazy("attempt"),
    "course": gettext_lazy("course"),
    "dashboard": gettext_lazy("dashboard"),
    "exam": gettext_lazy("exam"),
    "incident": gettext_lazy("incident"),
    "message": gettext_lazy("message"),
    "note": gettext_lazy("note"),
    "provider": gettext_lazy("provider"),
    "report": gettext_lazy("report"),
    "review": gettext_lazy("review"),
    "schedule": gettext_lazy("schedule"),
    "session": gettext_lazy("session"),
}
# Who makes a transition, at the beginning of a sentence.
WHO = {
    "learner": gettext_lazy("The learner"),
    "host": gettext_lazy("The LMS"),
    "provider": gettext_lazy("The proctoring service"),
    "reported": gettext_lazy("The person whom the proctoring service names"),
    "person": gettext_lazy("The reviewer"),
    "upkeep": gettext_lazy("The periodic upkeep"),
    "undo": gettext_lazy("The person who undoes a decision"),
}


class InvalidInput(ProctoringResultsError):
    """A value that cannot be stored. ``field`` names it, ``problem`` says what is wrong with it."""

    code = "invalid"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field, self.problem = field, problem


class AccessDenied(ProctoringResultsError):
    """A permission is missing. ``permission`` is its full name, ``scope`` the course or provider asked about."""

    code = "access_denied"

    def __init__(self, permission: str, scope: str) -> None:
        super().__init__(_("The permission “%(permission)s” is missing.") % {"permission": permission})
        self.permission, self.scope = permission, scope


class OwnAttempt(AccessDenied):
    """Nobody decides about their own attempt."""

    code = "own_attempt"

    def __init__(self, permission: str, scope: str) -> None:
        super().__init__(permission, scope)
        self.args = (_("This is your own attempt. Somebody else has to decide about it."),)


class OwnExport(OwnAttempt):
    """Nobody exports the case file about themselves."""

    def __init__(self, permission: str, scope: str) -> None:
        super().__init__(permission, scope)
        self.args = (_("This is your own attempt. Somebody else has to export it."),)


class NotYourNote(AccessDenied):
    """Only its author may withdraw a note."""

    code = "not_your_note"

    def __init__(self, permission: str, scope: str) -> None:
        super().__init__(permission, scope)
        self.args = (_("Only its author may withdraw a note."),)


class DecidedBefore(AccessDenied):
    """Nobody who decided about an attempt before answers an appeal against it."""

    code = "decided_before"

    def __init__(self, permission: str, scope: str) -> None:
        super().__init__(permission, scope)
        self.args = (_("You decided about this attempt before. Somebody else has to answer the learner’s appeal."),)


class NotFound(ProctoringResultsError):
    """There is no such exam, attempt or report. ``kind`` says what was looked for, ``key`` by which id."""

    code = "not_found"

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(_("There is no %(kind)s “%(key)s”.") % {"kind": _KINDS.get(kind, kind), "key": key})
        self.kind, self.key = kind, key


class ExamAlreadyExists(ProctoringResultsError):
    """The course has an exam for this content id."""

    code = "exam_already_exists"

    def __init__(self, course_id: str, content_id: str) -> None:
        super().__init__(
            _("Course “%(course_id)s” already has an exam for “%(content_id)s”.")
            % {"course_id": course_id, "content_id": content_id}
        )
        self.course_id, self.content_id = course_id, content_id


class ExamNotAvailable(ProctoringResultsError):
    """The exam cannot be taken: it is switched off, or its time is over. ``reason`` is ``inactive`` or ``over``."""

    code = "exam_not_available"

    def __init__(self, reason: str) -> None:
        super().__init__(
            _("This exam is switched off.") if reason == "inactive" else _("The time of this exam is over.")
        )
        self.reason = reason


class AttemptAlreadyOpen(ProctoringResultsError):
    """The learner already has an open ``attempt`` at this exam."""

    code = "attempt_already_open"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(_("The learner already has an open attempt at this exam."))
        self.attempt = attempt


class IllegalTransition(ProctoringResultsError):
    """The table of transitions has no such transition for this source, or its condition does not hold."""

    code = "illegal_transition"

    def __init__(self, attempt: ExamAttempt, start: AttemptStatus, to: AttemptStatus, source: Source) -> None:
        super().__init__(
            _("%(who)s cannot change an attempt from “%(start)s” to “%(to)s”.")
            % {"who": WHO[source.value], "start": start.label, "to": to.label}
        )
        self.attempt, self.start, self.to, self.source = attempt, start, to, source


class AttemptIsArchived(ProctoringResultsError):
    """The status of an archived attempt never changes."""

    code = "attempt_is_archived"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(_("The attempt is archived; it cannot be changed."))
        self.attempt = attempt


class AttemptIsErased(ProctoringResultsError):
    """The learner's data was erased: the attempt's status never changes, and nothing more is stored about it."""

    code = "attempt_is_erased"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(_("The learner's data was erased; the attempt cannot be changed."))
        self.attempt = attempt


class ExamUnderWay(ProctoringResultsError):
    """The learner's data cannot be erased while an ``attempt`` is under way, which ends at its ``ends_at``."""

    code = "exam_under_way"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(
            _(
                "The learner's attempt “%(code)s” is under way. "
                "Archive it first, or erase the data after the exam is over."
            )
            % {"code": attempt.attempt_code}
        )
        self.attempt = attempt


class StaleDecision(ProctoringResultsError):
    """Something has happened to the ``attempt`` since the person's page was drawn."""

    code = "stale_decision"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(_("The attempt has changed since you looked at it. Look again before you decide."))
        self.attempt = attempt

    @property
    def change(self) -> StatusChange | None:
        """The newest change of the attempt's status."""
        return self.attempt.changes.order_by("-pk").first()

    @property
    def review(self) -> ExamReview | None:
        """The newest review of the attempt."""
        return self.attempt.reviews.defer("raw_data").order_by("-pk").first()


class UndoRefused(ProctoringResultsError):
    """A decision about the ``attempt`` can no longer be undone, or not by this person."""

    code = "undo_refused"

    def __init__(self, attempt: ExamAttempt, sentence: str) -> None:
        super().__init__(sentence)
        self.attempt = attempt


class IncidentNotInState(ProctoringResultsError):
    """Incidents cannot be dismissed or restored: they already are, or their review is no longer current.

    ``attempt`` is that of the review.
    """

    code = "incident_not_in_state"

    def __init__(self, attempt: ExamAttempt, sentence: str) -> None:
        super().__init__(sentence)
        self.attempt = attempt


class ReportAlreadyRunning(ProctoringResultsError):
    """The same ``report`` is already being created."""

    code = "report_already_running"

    def __init__(self, report: Report) -> None:
        super().__init__(_("The report is currently being created."))
        self.report = report


class ReportAlreadyThere(ProctoringResultsError):
    """The same ``report`` was finished a moment ago, and can be downloaded."""

    code = "report_already_there"

    def __init__(self, report: Report) -> None:
        super().__init__(_("The same report was generated a moment ago."))
        self.report = report


class ReportNotInState(ProctoringResultsError):
    """Cancelling needs an unfinished report, retrying a failed one, a link a ready one."""

    code = "report_not_in_state"

    def __init__(self, report: Report, sentence: str) -> None:
        super().__init__(sentence)
        self.report = report


class TooManySchedules(ProctoringResultsError):
    """The course has as many schedules as it may: ``limit``."""

    code = "too_many_schedules"

    def __init__(self, limit: int) -> None:
        super().__init__(
            _("This course has %(limit)d schedules, which is the most it can have. Delete one first.")
            % {"limit": limit}
        )
        self.limit = limit


class ScheduleNotInState(ProctoringResultsError):
    """Pausing needs an active schedule, resuming one that is not, and whose owner may generate its report."""

    code = "schedule_not_in_state"

    def __init__(self, schedule: ReportSchedule, sentence: str) -> None:
        super().__init__(sentence)
        self.schedule = schedule


class ReportCannotBeBuilt(ProctoringResultsError):
    """The build has failed, and would fail at each further try; ``failure`` is the reason that people read."""

    code = "report_cannot_be_built"

    def __init__(self, failure: ReportFailure, detail: str) -> None:
        super().__init__(f"{failure.label} {detail}")
        self.failure = failure


class ClaimLost(ProctoringResultsError):
    """The lease ran out or the report was cancelled. Another worker may have it; this one must stop."""

    code = "claim_lost"


class MessageTooLarge(ProctoringResultsError):
    """A provider's message is larger than ``MAX_MESSAGE_BYTES``, which is ``limit``."""

    code = "too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(_("The message must have at most %(limit)d bytes.") % {"limit": limit})
        self.limit = limit


class LocatorMismatch(ProctoringResultsError):
    """A message names an attempt by two ids that do not belong together. ``field`` names the second."""

    code = "locator_mismatch"

    def __init__(self, field: str) -> None:
        super().__init__(_("%(field)s: does not belong to this attempt.") % {"field": field})
        self.field = field


class AttemptIsAmbiguous(ProctoringResultsError):
    """Two providers know an attempt by this id, and the caller may speak for both."""

    code = "attempt_is_ambiguous"

    def __init__(self, external_id: str) -> None:
        super().__init__(_("Several providers know an attempt by this id. Sign in as one of them."))
        self.external_id = external_id


class MessageQueued(ProctoringResultsError):
    """A message is stored but could not be processed yet. The periodic sweep will process it."""

    code = "queued"


class CannotDecrypt(ProctoringResultsError):
    """The key that something was encrypted with is no longer in the settings."""

    code = "cannot_decrypt"

    def __init__(self) -> None:
        super().__init__(_("The key that this was encrypted with is no longer in ENCRYPTION_KEYS."))


class CallRefused(ProctoringResultsError):
    """A proctoring service refused a call, and would refuse the same call later."""

    code = "call_refused"


class ServiceUnavailable(ProctoringResultsError):
    """A proctoring service cannot be called now. The call is made again later.

    ``gave_no_answer``: the service did not answer at all, so that other calls to it would wait in vain, too.
    """

    code = "service_unavailable"

    def __init__(self, sentence: str, *, gave_no_answer: bool = False) -> None:
        super().__init__(sentence)
        self.gave_no_answer = gave_no_answer


class ProviderClassFailed(ProctoringResultsError):
    """A host's class of a provider raised an error that means nothing. The log says which.

    The same call may succeed ``wait`` seconds later, or once the class is corrected.
    """

    code = "provider_class_failed"
    wait = 60

    def __init__(self) -> None:
        super().__init__(_("This site’s code for the proctoring service failed. Try again later."))


class DatabaseBusy(ProctoringResultsError):
    """The database is busy, restarting or out of reach. The same call may succeed ``wait`` seconds later."""

    code = "database_busy"
    wait = 1

    def __init__(self) -> None:
        super().__init__(_("The database is busy or does not answer. Try again in a moment."))


class AppealRefused(ProctoringResultsError):
    """The learner cannot appeal now: there is nothing to appeal against, it is too late, or there is one already."""

    code = "appeal_refused"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


class LinkInvalid(ProctoringResultsError):
    """A link to a file or to evidence that is forged, altered, from the future, another's, or no longer permitted.

    It does not say which: the person who came with the link is not told.
    """

    code = "link_invalid"

    def __init__(self) -> None:
        super().__init__(_("This link cannot be used."))


class LinkExpired(ProctoringResultsError):
    """One's own link, but too old. ``report`` leads to a fresh one."""

    code = "link_expired"

    def __init__(self, report: Report) -> None:
        super().__init__(_("This link has expired."))
        self.report = report


class SessionIsClaimed(ProctoringResultsError):
    """A colleague is looking at the session: ``claim`` says who and until when. It can be taken over."""

    code = "session_is_claimed"

    def __init__(self, claim: SessionClaim) -> None:
        super().__init__(_("%(name)s is looking at this session.") % {"name": person(claim.user).label})
        self.claim = claim


class EvidenceLinkExpired(ProctoringResultsError):
    """One's own link to evidence, but too old. ``evidence`` leads to a fresh one."""

    code = "link_expired"

    def __init__(self, evidence: Evidence) -> None:
        super().__init__(_("This link has expired."))
        self.evidence = evidence


class HostNotAllowed(ProctoringResultsError):
    """The settings of the provider do not name the host that the evidence lies on. ``host`` may be empty."""

    code = "host_not_allowed"

    def __init__(self, evidence: Evidence, host: str) -> None:
        super().__init__(_("This cannot be opened: host not allowed."))
        self.evidence, self.host = evidence, host


class StorageUnavailable(ProctoringResultsError):
    """The storage does not hand out the ``report``'s file now. ``wait`` is after how many seconds to try again."""

    code = "storage_unavailable"
    wait = 60

    def __init__(self, report: Report) -> None:
        super().__init__(_("The file storage does not answer. Try again in a minute."))
        self.report = report


class ReportGone(ProctoringResultsError):
    """The report's file is not there any more."""

    code = "report_gone"

    def __init__(self, report: Report) -> None:
        super().__init__(_("The file of this report was removed."))
        self.report = report
