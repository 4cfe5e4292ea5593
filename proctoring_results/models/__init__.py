from .attempts import ExamAttempt, StatusChange
from .effects import LmsEffect
from .exams import ProctoredExam
from .leases import LeasedTask
from .reports import Report, ReportDownload, ReportFile
from .reviews import ExamReview, Incident

__all__ = [
    "ExamAttempt",
    "ExamReview",
    "Incident",
    "LeasedTask",
    "LmsEffect",
    "ProctoredExam",
    "Report",
    "ReportDownload",
    "ReportFile",
    "StatusChange",
]
