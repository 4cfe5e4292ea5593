"""The permissions of the app. They are Django's, and asked for by ``has_perm`` alone."""

from collections.abc import Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from proctoring_results.exceptions import AccessDenied, DecidedBefore, OwnAttempt, OwnExport
from proctoring_results.models import Appeal, ExamAttempt, Report
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

# A backend may query the database for each. A site with more courses gives the permissions for every course to the few
# people who need a report about all of them.
MAX_COURSES_ASKED = 1_000


def may(user: AbstractBaseUser | AnonymousUser, permission: str, scope: str) -> bool:
    """Return whether the user has the permission for this course (or provider), or for everything.

    Asked without the object, too, since Django's ModelBackend answers False for every object. Asked with the object
    first, since that is what most users have, and ModelBackend queries the database for the other.
    """
    return _may_in(user, permission, scope) or may_everywhere(user, permission)


def _may_in(user: AbstractBaseUser | AnonymousUser, permission: str, scope: str) -> bool:
    # Django types the object as a model; ours are ids.
    return user.has_perm(permission, scope)  # type: ignore[union-attr,arg-type]


def may_everywhere(user: AbstractBaseUser | AnonymousUser, permission: str) -> bool:
    """Return whether the user has the permission for every course."""
    return user.has_perm(permission)  # type: ignore[union-attr]


def require(user: AbstractBaseUser | AnonymousUser, permission: str, scope: str) -> None:
    """Raise ``AccessDenied`` unless ``may``."""
    if not may(user, permission, scope):
        raise AccessDenied(permission, scope)


def courses_where(
    user: AbstractBaseUser | AnonymousUser, needed: Sequence[str], course_ids: Sequence[str]
) -> list[str]:
    """Return those of the courses in which the user has all the permissions.

    Raises ``AccessDenied`` if there is none; and if there are more courses than can be asked about one by one: then
    it takes the permissions for every course.
    """
    not_everywhere = [permission for permission in needed if not may_everywhere(user, permission)]
    if not not_everywhere:
        return list(course_ids)
    if len(course_ids) > MAX_COURSES_ASKED:
        raise AccessDenied(not_everywhere[0], "")
    courses = list(course_ids)
    for permission in not_everywhere:
        courses = [course for course in courses if _may_in(user, permission, course)]
        if not courses:
            raise AccessDenied(permission, "")
    return courses


def may_with_report(user: AbstractBaseUser | AnonymousUser, permission: str, report: Report) -> bool:
    """Return whether the user has the permission for the report: in each of its courses.

    A report about several courses is only for who requested it, and for people with the permission for every course.
    """
    if report.course_id:
        return may(user, permission, report.course_id)
    if may_everywhere(user, permission):
        return True
    return _is_requester(user, report) and all(_may_in(user, permission, course) for course in report.courses)


def may_view(user: AbstractBaseUser | AnonymousUser, report: Report) -> bool:
    """Return whether the user may see that there is this report: always who requested one about several courses.

    Of a case file: who may export the session.
    """
    if report.is_case_file:
        return may_with_report(user, VIEW_SESSIONS, report) and may_with_report(user, EXPORT_SESSION, report)
    requested_it = not report.course_id and _is_requester(user, report)
    return requested_it or may_with_report(user, VIEW_REPORTS, report)


def may_download(user: AbstractBaseUser | AnonymousUser, report: Report) -> bool:
    """Return whether the user may download the report: in each of its courses.

    A case file is only for who requested it, since everybody has a purpose of their own.
    """
    if report.is_case_file and not _is_requester(user, report):
        return False
    return all(may_with_report(user, permission, report) for permission in _to_download(report))


def may_see_downloads(user: AbstractBaseUser | AnonymousUser, report: Report) -> bool:
    """Return whether the user may see who downloaded the report: who may, or requested it about several courses."""
    requested_it = not report.course_id and _is_requester(user, report)
    return requested_it or may_with_report(user, DOWNLOAD_REPORT, report)


def require_download(user: AbstractBaseUser | AnonymousUser, report: Report) -> None:
    """Raise ``AccessDenied`` unless ``may_download``."""
    _require_with_report(user, _to_download(report), report)
    _require_requester_of_case_file(user, report)


def require_generate(user: AbstractBaseUser | AnonymousUser, report: Report) -> None:
    """Raise ``AccessDenied`` unless the user may generate the report, and so cancel and retry it."""
    needed = VIEW_SESSIONS if report.is_case_file else GENERATE_REPORT
    _require_with_report(user, [needed, *_of_kind(report)], report)
    _require_requester_of_case_file(user, report)


def require_delete(user: AbstractBaseUser | AnonymousUser, report: Report) -> None:
    """Raise ``AccessDenied`` unless the user may delete the report: who requested it, while they may generate it."""
    require_generate(user, report)
    if not _is_requester(user, report):
        raise AccessDenied(GENERATE_REPORT, report.course_id)


def _to_download(report: Report) -> list[str]:
    return [VIEW_SESSIONS if report.is_case_file else DOWNLOAD_REPORT, *_of_kind(report)]


def _require_requester_of_case_file(user: AbstractBaseUser | AnonymousUser, report: Report) -> None:
    if report.is_case_file and not _is_requester(user, report):
        raise AccessDenied(EXPORT_SESSION, report.course_id)


def _of_kind(report: Report) -> list[str]:
    return [report.permission] if report.permission else []


def _require_with_report(user: AbstractBaseUser | AnonymousUser, needed: Sequence[str], report: Report) -> None:
    for permission in needed:
        if not may_with_report(user, permission, report):
            raise AccessDenied(permission, report.course_id)


def _is_requester(user: AbstractBaseUser | AnonymousUser, report: Report) -> bool:
    return user.is_authenticated and report.requested_by_id == user.pk


def require_export(user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> None:
    """Raise ``AccessDenied`` unless the user may export the session; ``OwnExport``, a child of it, for the learner."""
    for permission in (VIEW_SESSIONS, EXPORT_SESSION):
        require(user, permission, attempt.exam.course_id)
    if is_own_attempt(attempt, user):
        raise OwnExport(EXPORT_SESSION, attempt.exam.course_id)


def may_decide(user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> bool:
    """Return whether the user may decide about the attempt: in its course, and ``is_impartial``."""
    return may(user, DECIDE_ATTEMPT, attempt.exam.course_id) and is_impartial(user, attempt)


def is_impartial(user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> bool:
    """Return whether the attempt is neither the user's own, nor under an appeal against what the user decided."""
    return not (is_own_attempt(attempt, user) or decided_before_appeal(user, attempt))


def decided_before_appeal(user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> bool:
    """Return whether the user decided about the attempt before the appeal that is open. No query without an appeal."""
    return attempt.appeal_due_at is not None and Appeal.objects.open().against_decisions_of(user, attempt).exists()


def require_decision(user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> None:
    """Raise ``AccessDenied`` unless ``may_decide``.

    Its children say why: ``OwnAttempt`` for the learner's own, ``DecidedBefore`` for who decided before an appeal.
    """
    require(user, DECIDE_ATTEMPT, attempt.exam.course_id)
    refuse_own_attempt(user, attempt)
    if decided_before_appeal(user, attempt):
        raise DecidedBefore(DECIDE_ATTEMPT, attempt.exam.course_id)


def may_see_teamwork(user: AbstractBaseUser | AnonymousUser, attempt: ExamAttempt) -> bool:
    """Return whether the user may see the team's notes, looks and claims: in its course, and not about themselves."""
    return may(user, VIEW_SESSIONS, attempt.exam.course_id) and not is_own_attempt(attempt, user)


def refuse_own_attempt(user: AbstractBaseUser | AnonymousUser | None, attempt: ExamAttempt) -> None:
    """Raise ``OwnAttempt`` for the learner: for what decides about a result without being called a decision."""
    if user is not None and is_own_attempt(attempt, user):
        raise OwnAttempt(DECIDE_ATTEMPT, attempt.exam.course_id)


def require_everywhere(user: AbstractBaseUser | AnonymousUser, permission: str) -> None:
    """Raise ``AccessDenied`` unless the user has the permission for every course."""
    if not may_everywhere(user, permission):
        raise AccessDenied(permission, "")
