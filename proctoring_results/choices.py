"""Every stored word. Pure data: no model, no setting, no clock.

The words are stored values: never rename one, translate only labels.
"""

from enum import StrEnum

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
    """The verdict of a review. Stored and printed as these words."""

    CLEAN = "Clean", _("Clean")
    NOT_REVIEWED = "Not Reviewed", _("Not Reviewed")
    RULES_VIOLATION = "Rules Violation", _("Rules Violation")
    SUSPICIOUS = "Suspicious", _("Suspicious")


class ReviewStanding(TextChoices):
    """What became of a review when it arrived. Only an ``applied`` one can be the current review."""

    APPLIED = "applied", _("applied")
    WAITING = "waiting", _("waiting for the end of the exam")
    INCOMPLETE = "incomplete", _("incomplete, while a complete one is current")
    ARCHIVED = "archived", _("the attempt is archived")
    ILLEGAL_TRANSITION = "illegal_transition", _("the attempt's status does not allow it")
    BARRED = "barred", _("the provider's policy keeps the older review")
    OUTDATED = "outdated", _("the provider sent a newer review before it arrived")
    AFTER_DECISION = "after_decision", _("came after a person's decision")


class EvidenceKind(TextChoices):
    """What evidence shows."""

    VIDEO = "video", _("recording")
    SCREENSHOT = "screenshot", _("screenshot")
    ID = "id", _("identification")
    ROOM = "room", _("room scan")
    ONBOARDING = "onboarding", _("onboarding")


class SessionPart(TextChoices):
    """Where in a session something was seen: the tabs of its page."""

    VIDEO = "video", _("Video Monitoring")
    ONLINE = "online", _("Online Violations")
    VERIFICATION = "verification", _("Verification scans")
    ONBOARDING = "onboarding", _("Onboarding")


class AttentionReason(TextChoices):
    """Why a person has to look at an attempt."""

    SECOND_REVIEW = "second_review", _("second review required")
    CONTRADICTION = "contradiction", _("the review is Clean, and yet an incident is marked Suspicious")
    NO_INCIDENT = "no_incident", _("the review is Suspicious, and yet no incident is marked Suspicious")
    NEW_INFORMATION = "new_information", _("new information after a decision")
    APPEAL = "appeal", _("the learner has appealed against the result")
    WAITING_REVIEW = "waiting_review", _("a review waits for an exam that is not submitted")
    PARKED_EFFECT = "parked_effect", _("a consequence could not be carried out")


class DisclosureKind(TextChoices):
    """What of a session was shown to a person."""

    EVIDENCE = "evidence", _("evidence")
    EXPORT = "export", _("case file")


class PictureProblem(TextChoices):
    """Why a recording or a picture of a session is not in its case file."""

    RECORDING = "recording", _("recordings are not copied")
    UNREADABLE = "unreadable", _("the key that encrypted its address is gone")
    HOST_NOT_NAMED = "host_not_named", _("pictures are not copied from its host")
    NOT_HTTPS = "not_https", _("its address is no ordinary https address")
    PRIVATE_ADDRESS = "private_address", _("its host is inside a private network")
    REDIRECT = "redirect", _("its address leads elsewhere")
    REFUSED = "refused", _("the service refused it, or no longer has it")
    NO_ANSWER = "no_answer", _("the service did not answer, or not securely")
    NOT_A_PICTURE = "not_a_picture", _("it is no picture in JPEG, PNG, GIF or WebP")
    TOO_LARGE = "too_large", _("it is larger than a case file takes")
    TOO_SLOW = "too_slow", _("it did not arrive in time")
    TOO_MANY = "too_many", _("the pictures before it have filled the case file")


class Source(TextChoices):
    """Who changes an attempt's status.

    ``PERSON`` is somebody who is signed in here and may decide, with a reason. ``REPORTED`` is such a person, too, but
    it is the provider that says so. ``UNDO`` is a person who takes back their own decision before it takes effect.
    """

    LEARNER = "learner", _("learner")
    HOST = "host", _("LMS")
    PROVIDER = "provider", _("provider")
    REPORTED = "reported", _("person named by the provider")
    PERSON = "person", _("person")
    UPKEEP = "upkeep", _("upkeep")
    UNDO = "undo", _("undo")


class EffectKind(TextChoices):
    GRADE = "grade", _("grade")
    CREDIT = "credit", _("credit")
    CERTIFICATE = "certificate", _("certificate")
    MAIL = "mail", _("mail to the learner")
    NOTICE = "notice", _("notice to the course team")
    REPORT = "report", _("mail about a report")
    SCHEDULE = "schedule", _("mail about a schedule")
    PROVIDER = "provider", _("provider call")


class ProviderCall(TextChoices):
    """What an effect of the kind *provider call* sends to a proctoring service."""

    SAVE_EXAM = "save_exam", _("register or change the exam")
    CREATE_ATTEMPT = "create_attempt", _("register the attempt")
    TELL_STATUS = "tell_status", _("tell the attempt's status")
    REMOVE_ATTEMPT = "remove_attempt", _("remove an attempt that never started")
    ERASE_LEARNER = "erase_learner", _("erase the learner")


class EffectState(TextChoices):
    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    SUPERSEDED = "superseded", _("superseded by something newer")
    PARKED = "parked", _("given up after many tries")
    UNDONE = "undone", _("not carried out, because the decision was undone")


class CreditState(TextChoices):
    """The state of an exam as a requirement for credit."""

    NONE = "none", _("none")
    SUBMITTED = "submitted", _("submitted")
    SATISFIED = "satisfied", _("satisfied")
    FAILED = "failed", _("failed")
    DECLINED = "declined", _("declined")


class MessageState(TextChoices):
    RECEIVED = "received", _("received")
    DONE = "done", _("done")


class ResultWord(TextChoices):
    """What a learner reads on the exam page."""

    PENDING = "pending", _("Pending")
    SATISFACTORY = "satisfactory", _("Satisfactory")
    UNSATISFACTORY = "unsatisfactory", _("Unsatisfactory")


class ResultGroup(TextChoices):
    """A filter of attempts: by the result that learners read, or why there is none."""

    PENDING = "pending", _("Pending")
    SATISFACTORY = "satisfactory", _("Passed")
    UNSATISFACTORY = "unsatisfactory", _("Failed")
    UNDER_WAY = "under_way", _("Under way")
    WITHOUT = "none", _("Without a result")


class NoResultWord(TextChoices):
    """Why a learner reads no result although the exam is over."""

    ERROR = "error", _("Something went wrong with this exam, and it has no result")
    DECLINED = "declined", _("Not taken as a proctored exam")
    EXPIRED = "expired", _("Not taken in time: the due date passed, or the course ended")


class Practice(TextChoices):
    """A filter of attempts: at practice exams, or not."""

    WITHOUT = "without", _("Without practice")
    ONLY = "only", _("Only practice")


class Archived(TextChoices):
    """A filter of attempts: which of the archived ones."""

    WITHOUT = "without", _("Without archived")
    WITH = "with", _("With archived")
    ONLY = "only", _("Only archived")


class Attention(TextChoices):
    """A filter of attempts: whether a person has to look at them."""

    ONLY = "only", _("Yes")
    WITHOUT = "without", _("No")


class IncidentGroup(TextChoices):
    """A filter of attempts: of which incidents the current review has some, by their label or where they were seen."""

    SUSPICIOUS = "suspicious", _("Suspicious")
    RULES_VIOLATION = "rules_violation", _("Rules Violation")
    OTHER = "other", _("with another label")
    VIDEO = "video", _("Video Monitoring")
    ONLINE = "online", _("Online Violations")
    VERIFICATION = "verification", _("Verification scans")
    ONBOARDING = "onboarding", _("Onboarding")


class StaffDecision(TextChoices):
    """A filter of attempts: what a person decided at some time. As the status is stored."""

    PASSED = "verified", _("Passed")
    FAILED = "rejected", _("Failed")


class ReviewTime(TextChoices):
    """A filter of attempts: how long their first complete review took."""

    ANY = "any", _("Any time")
    UNDER_1_HOUR = "under_1_hour", _("Under 1 hour")
    UNDER_6_HOURS = "1_to_6_hours", _("1 to 6 hours")
    UNDER_24_HOURS = "6_to_24_hours", _("6 to 24 hours")
    UNDER_3_DAYS = "1_to_3_days", _("1 to 3 days")
    UNDER_7_DAYS = "3_to_7_days", _("3 to 7 days")
    FROM_7_DAYS = "from_7_days", _("7 days and longer")


class SessionTab(TextChoices):
    """The lists of the page Sessions. Practice attempts have one of their own, and are in no other."""

    ATTENTION = "attention", _("Require Attention")
    WAITING = "waiting", _("Waiting for the service")
    DECIDED = "decided", _("Decided")
    ALL = "all", _("All")
    PRACTICE = "practice", _("Practice")


class SessionSort(TextChoices):
    """What a list of the page Sessions can be sorted by."""

    TIME = "time", _("Time")
    LEARNER = "learner", _("Learner")
    EXAM = "exam", _("Exam")
    RESULT = "result", _("Result")
    REVIEW = "review", _("Review, the most serious first")
    SCORE = "score", _("Score of the service, the most suspicious first")
    DECIDER = "decider", _("Decided by")


class ReportKind(StrEnum):
    """The names of the app's own kinds. A host may add others, so no column is limited to these."""

    EXAM_RESULTS = "proctored_exam_results_report"
    EXTENDED_RESULTS = "extended_proctored_exam_results_report"
    INCIDENTS = "proctored_exam_incidents_report"
    DECISIONS = "proctored_exam_decisions_report"
    SESSION_RESULTS = "proctored_session_results_report"


# A case file is about one session, and no report that anybody chooses: it is none of the kinds above.
CASE_FILE = "proctored_session_case_file"


class ReportFormat(TextChoices):
    CSV = "csv", _("CSV")
    CSV_EXCEL = "csv_excel", _("CSV for Excel")
    CSV_SEMICOLON = "csv_semicolon", _("CSV with semicolons for Excel")
    XLSX = "xlsx", _("Excel workbook (XLSX)")
    ZIP = "zip", _("ZIP archive")


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
    CONVERTING = "converting", _("Converting the rows to the format of the file")
    FETCHING = "fetching", _("Fetching pictures from the proctoring service")
    PACKING = "packing", _("Putting the files together")
    STORING = "storing", _("Storing the file")


class ReportFailure(TextChoices):
    """Why a report failed, as instructors read it."""

    NONE = "", ""
    STORAGE = (
        "storage",
        _("The finished file could not be stored: the file storage refused it, did not answer or is full."),
    )
    DATABASE = "database", _("The database did not answer while the attempts were read.")
    WORKER_LOST = "worker_lost", _("The process that builds the report stopped before it was done, several times.")
    TOO_LONG = (
        "too_long",
        _("The report has more rows than an Excel workbook takes. Choose CSV, or narrow the report."),
    )
    NOT_INSTALLED = (
        "not_installed",
        _("The server that builds the reports cannot write files of this format. Choose CSV."),
    )
    NO_SUCH_KIND = "no_such_kind", _("This kind of report no longer exists here.")
    UNEXPECTED = "unexpected", _("Something unexpected went wrong while the report was built.")


class ScheduleRhythm(TextChoices):
    """When a schedule requests its report."""

    WEEKLY = "weekly", _("Every week")
    MONTHLY = "monthly", _("Every month")
    AFTER_DUE = "after_due", _("After the due date of each exam")


class ScheduleState(TextChoices):
    """Only an active schedule runs. A deleted one stays as a record."""

    ACTIVE = "active", _("Active")
    PAUSED = "paused", _("Paused")
    REFUSED = "refused", _("Paused: permission missing")
    FAILED = "failed", _("Off: five failures in a row")
    DELETED = "deleted", _("Deleted")


class RunOutcome(TextChoices):
    """What became of one run of a schedule."""

    WAITING = "waiting", _("The report is being created")
    READY = "ready", _("The report was created")
    FAILED = "failed", _("The report failed")
    REFUSED = "refused", _("The report could not be requested")
    CANCELLED = "cancelled", _("The report was cancelled")
    ALREADY_RUNNING = "already_running", _("The same report was just being created")


class ScheduleProblem(TextChoices):
    """Why a run failed, or why a schedule was paused."""

    NONE = "", ""
    PERMISSION = "permission", _("The owner may no longer generate this report.")
    ACCOUNT = "account", _("The owner’s account is not active.")
    KIND = "kind", _("This kind of report no longer exists.")
    EXAM = "exam", _("The exam to which the report is narrowed no longer exists.")
    FILTERS = "filters", _("A filter of the report is no longer valid.")
    FORMAT = "format", _("The report does not fit its format, or this site no longer has the format.")
    REPORT = "report", _("The report could not be built.")


class DownloadOutcome(TextChoices):
    DOWNLOADED = "downloaded", _("downloaded")
    ANOTHERS_LINK = "anothers_link", _("refused: another person's link")
    NOT_ALLOWED = "not_allowed", _("refused: permission missing")
    FROM_THE_FUTURE = "from_the_future", _("refused: link from the future")
    LINK_EXPIRED = "link_expired", _("refused: link older than its lifetime")
    FILE_GONE = "file_gone", _("refused: file removed")
    UNAVAILABLE = "unavailable", _("failed: file storage did not answer")


# The learner can still continue the attempt; at most one of these per learner and exam.
OPEN_STATUSES = frozenset(
    {
        AttemptStatus.CREATED,
        AttemptStatus.DOWNLOAD_SOFTWARE_CLICKED,
        AttemptStatus.READY_TO_START,
        AttemptStatus.STARTED,
        AttemptStatus.READY_TO_SUBMIT,
    }
)
# The exam was taken and is over: a review that arrived before is applied now.
OVER_STATUSES = frozenset({AttemptStatus.COMPLETED, AttemptStatus.SUBMITTED, AttemptStatus.TIMED_OUT})
# A person has decided: here, or as the provider says.
DECIDING_SOURCES = frozenset({Source.PERSON, Source.REPORTED})
DECIDED_STATUSES = frozenset({AttemptStatus.VERIFIED, AttemptStatus.REJECTED})
# Without a review, a report prints "Not Reviewed" for these.
REVIEWABLE_STATUSES = OVER_STATUSES | {AttemptStatus.SECOND_REVIEW_REQUIRED} | DECIDED_STATUSES
