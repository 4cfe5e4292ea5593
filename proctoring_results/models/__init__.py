from .attempts import ExamAttempt, StatusChange
from .exams import ProctoredExam
from .leases import LeasedTask
from .reports import Report, ReportDownload, ReportFile
from .reviews import ExamReview, Incident

__all__ = [
    "ExamAttempt",
    "ExamReview",
    "Incident",
    "LeasedTask",
    "ProctoredExam",
    "Report",
    "ReportDownload",
    "ReportFile",
    "StatusChange",
]
