from proctoring_results.jobs.lease import LeasedTask

from .appeals import Appeal
from .attempts import ExamAttempt, StatusChange
from .effects import LmsEffect
from .erasures import Erasure
from .exams import ExamRules, ProctoredExam
from .messages import ProviderMessage
from .reports import Report, ReportDownload, ReportFile, ReportNotification, ReportPreference
from .reviews import Disclosure, Evidence, ExamReview, Incident
from .schedules import ReportSchedule, ScheduleRun
from .teamwork import SessionClaim, SessionLook, TeamNote
from .withheld import WithheldDecision

__all__ = [
    "Appeal",
    "Disclosure",
    "Erasure",
    "Evidence",
    "ExamAttempt",
    "ExamReview",
    "ExamRules",
    "Incident",
    "LeasedTask",
    "LmsEffect",
    "ProctoredExam",
    "ProviderMessage",
    "Report",
    "ReportDownload",
    "ReportFile",
    "ReportNotification",
    "ReportPreference",
    "ReportSchedule",
    "ScheduleRun",
    "SessionClaim",
    "SessionLook",
    "StatusChange",
    "TeamNote",
    "WithheldDecision",
]
