"""Everything we raise on purpose. Each carries the facts and a sentence a person can read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from proctoring_results.choices import AttemptStatus, Source
    from proctoring_results.models import Evidence, ExamAttempt, ExamReview, Incident, Report, StatusChange


class ProctoringResultsError(Exception):
    """The base of all of them. ``str()`` is the sentence; ``code`` is stable, for programs."""

    code = "error"


class InvalidInput(ProctoringResultsError):
    """A value that cannot be kept. ``field`` names it."""

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


class NotFound(ProctoringResultsError):
    """No such exam, attempt or report."""

    code = "not_found"

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"There is no {what} “{key}”.")
        self.what, self.key = what, key


class ExamAlreadyExists(ProctoringResultsError):
    code = "exam_already_exists"

    def __init__(self, course_id: str, content_id: str) -> None:
        super().__init__(f"Course “{course_id}” already has an exam for “{content_id}”.")
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
    """The learner has an open attempt at this exam. ``attempt`` is it."""

    code = "attempt_already_open"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(_("There is an open attempt at this exam already."))
        self.attempt = attempt


class IllegalTransition(ProctoringResultsError):
    """The table of moves has no such move for this source, or its condition does not hold."""

    code = "illegal_transition"

    def __init__(self, attempt: ExamAttempt, start: AttemptStatus, to: AttemptStatus, source: Source) -> None:
        super().__init__(f"An attempt cannot go from “{start.label}” to “{to.label}” by the {source.label}.")
        self.attempt, self.start, self.to, self.source = attempt, start, to, source


class AttemptIsArchived(ProctoringResultsError):
    """An archived attempt moves nowhere."""

    code = "attempt_is_archived"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(_("The attempt is archived; it cannot be changed."))
        self.attempt = attempt


class AttemptIsErased(ProctoringResultsError):
    """The learner's data was erased: the attempt moves nowhere, and nothing about it is kept any more."""

    code = "attempt_is_erased"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(_("The learner's data was erased; the attempt cannot be changed."))
        self.attempt = attempt


class ExamUnderWay(ProctoringResultsError):
    """A learner whose exam is under way cannot be erased. ``attempt`` is it; it ends at its ``ends_at``."""

    code = "exam_under_way"

    def __init__(self, attempt: ExamAttempt) -> None:
        super().__init__(
            _("The learner's attempt “%(code)s” is under way. Erase the data when it is over, or archive it first.")
            % {"code": attempt.attempt_code}
        )
        self.attempt = attempt


class StaleDecision(ProctoringResultsError):
    """Something happened since the page was drawn. ``change`` and ``review`` are the newest of the attempt."""

    code = "stale_decision"

    def __init__(self, attempt: ExamAttempt, change: StatusChange | None, review: ExamReview | None) -> None:
        super().__init__(_("The attempt has changed since you looked at it. Look again before you decide."))
        self.attempt, self.change, self.review = attempt, change, review


class IncidentNotInState(ProctoringResultsError):
    """Dismissing needs an incident that counts, restoring one that was dismissed, in a review that is shown."""

    code = "incident_not_in_state"

    def __init__(self, incident: Incident, sentence: str) -> None:
        super().__init__(sentence)
        self.incident = incident


class ReportAlreadyRunning(ProctoringResultsError):
    """The same report is being made. ``report`` is it."""

    code = "report_already_running"

    def __init__(self, report: Report) -> None:
        super().__init__(_("The report is currently being created."))
        self.report = report


class ReportNotInState(ProctoringResultsError):
    """Cancel needs an unfinished report, retry a failed one, a link a ready one."""

    code = "report_not_in_state"

    def __init__(self, report: Report, sentence: str) -> None:
        super().__init__(sentence)
        self.report = report


class ClaimLost(ProctoringResultsError):
    """The lease ran out, or the task was cancelled: another worker may be at it; this one must stop."""

    code = "claim_lost"


class MessageTooLarge(ProctoringResultsError):
    """A provider's message is longer than ``MAX_MESSAGE_BYTES``. ``most`` is that, in bytes."""

    code = "too_large"

    def __init__(self, most: int) -> None:
        super().__init__(f"The message must have at most {most} bytes.")
        self.most = most


class LocatorMismatch(ProctoringResultsError):
    """A message names an attempt by two ids that do not belong together. ``field`` names the second."""

    code = "locator_mismatch"

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: does not belong to this attempt.")
        self.field = field


class AttemptIsAmbiguous(ProctoringResultsError):
    """Two providers know an attempt by this id, and the caller may speak for both."""

    code = "attempt_is_ambiguous"

    def __init__(self, external_id: str) -> None:
        super().__init__(_("Several providers know an attempt by this id. Sign in as one of them."))
        self.external_id = external_id


class MessageQueued(ProctoringResultsError):
    """A message is kept, but could not be taken up yet: upkeep will."""

    code = "queued"


class CannotDecrypt(ProctoringResultsError):
    """What was encrypted with a key that is no longer in the settings."""

    code = "cannot_decrypt"

    def __init__(self) -> None:
        super().__init__(_("The key that this was encrypted with is not in ENCRYPTION_KEYS any more."))


class CallRefused(ProctoringResultsError):
    """A proctoring service does not want a call, and will not want the same one later either."""

    code = "call_refused"


class ServiceUnavailable(ProctoringResultsError):
    """A proctoring service cannot be called now: the call is made again later.

    ``gave_no_answer`` where there was none at all: other calls would have to wait as long for nothing.
    """

    code = "service_unavailable"

    def __init__(self, sentence: str, *, gave_no_answer: bool = False) -> None:
        super().__init__(sentence)
        self.gave_no_answer = gave_no_answer


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


class ReportGone(ProctoringResultsError):
    """The report's file is not there any more."""

    code = "report_gone"

    def __init__(self, report: Report) -> None:
        super().__init__(_("The file of this report was removed."))
        self.report = report
