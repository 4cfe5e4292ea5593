from .attempts import ExamAttempt, StatusChange
from .exams import ProctoredExam
from .inbox import ProviderMessage
from .leases import LeasedTask
from .reports import Report, ReportDownload, ReportFile
from .reviews import ExamReview, Incident

__all__ = [
    "ExamAttempt",
    "ExamReview",
    "Incident",
    "LeasedTask",
    "ProctoredExam",
    "ProviderMessage",
    "Report",
    "ReportDownload",
    "ReportFile",
    "StatusChange",
]
