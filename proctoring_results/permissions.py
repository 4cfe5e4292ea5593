"""The permissions of the app. They are Django's, and asked for by ``has_perm`` alone."""

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from proctoring_results.exceptions import AccessDenied, OwnAttempt
from proctoring_results.models import ExamAttempt, Report
from proctoring_results.rules import is_own_attempt

VIEW_REPORTS = "proctoring_results.view_reports"
GENERATE_REPORT = "proctoring_results.generate_report"
DOWNLOAD_REPORT = "proctoring_results.download_report"
REPORT_DECISIONS = "proctoring_results.report_decisions"
VIEW_SESSIONS = "proctoring_results.view_sessions"
EXPORT_SESSION = "proctoring_results.export_session"
DECIDE_ATTEMPT = "proctoring_results.decide_attempt"
SUBMIT_REVIEW = "proctoring_results.submit_review"
READ_MESSAGE_BODY = "proctoring_results.read_message_body"
REPLAY_MESSAGE = "proctoring_results.change_providermessage"
ERASE_LEARNER = "proctoring_results.erase_learner"


def may(user: AbstractBaseUser | AnonymousUser, permission: str, scope: str) -> bool:
    """Return whether the user has the permission for this course (or provider), or for everything.

    Asked without the object, too, since Django's ModelBackend answers False for every object. Asked with the object
    first, since that is what most users have, and ModelBackend queries the database for the other.
    """
    # Django types the object as a model; ours are ids.
    return user.has_perm(permission, scope) or user.has_perm(permission)  # type: ignore[union-attr,arg-type]


def require(user: AbstractBaseUser | AnonymousUser, permission: str, scope: str) -> None:
    """Raise ``AccessDenied`` unless ``may``."""
    if not may(user, permission, scope):
        raise AccessDenied(permission, scope)


def may_download(user: AbstractBaseUser | AnonymousUser, report: Report) -> bool:
    """Return whether the user may download the report: in each of its courses."""
    return all(may(user, permission, course) for course in report.scopes for permission in _to_download(report))


def require_download(user: AbstractBaseUser | AnonymousUser, report: Report) -> None:
    """Raise ``AccessDenied`` unless ``may_download``."""
    for course in report.scopes:
        for permission in _to_download(report):
            require(user, permission, course)


def _to_download(report: Report) -> list[str]:
    return [DOWNLOAD_REPORT, *filter(None, [report.permission])]


def may_decide(user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> bool:
    """Return whether the user may decide about the attempt: in its course, and not about their own."""
    return may(user, DECIDE_ATTEMPT, attempt.exam.course_id) and not is_own_attempt(attempt, user)


def require_decision(user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> None:
    """Raise ``AccessDenied`` unless ``may_decide``; ``OwnAttempt``, a child of it, for the learner's own."""
    require(user, DECIDE_ATTEMPT, attempt.exam.course_id)
    refuse_own_attempt(user, attempt)


def refuse_own_attempt(user: AbstractBaseUser | AnonymousUser | None, attempt: ExamAttempt) -> None:
    """Raise ``OwnAttempt`` for the learner: for what decides about a result without being called a decision."""
    if user is not None and is_own_attempt(attempt, user):
        raise OwnAttempt(DECIDE_ATTEMPT, attempt.exam.course_id)


def require_everywhere(user: AbstractBaseUser | AnonymousUser, permission: str) -> None:
    """Raise ``AccessDenied`` unless the user has the permission for every course."""
    if not user.has_perm(permission):  # type: ignore[union-attr]
        raise AccessDenied(permission, "")
