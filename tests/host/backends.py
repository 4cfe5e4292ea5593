from typing import Any

from django.contrib.auth.backends import BaseBackend

from .models import CourseRole, Role

VIEWER = {"view_reports", "view_sessions"}
STAFF = {*VIEWER, "generate_report", "download_report"}
ALLOWED = {Role.VIEWER: VIEWER, Role.STAFF: STAFF, Role.INSTRUCTOR: {*STAFF, "export_session", "decide_attempt"}}


class RoleBackend(BaseBackend):
    """A role in a course allows what it allows there; ``proctortrack@…`` may send reviews of proctortrack."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        app, _, name = perm.partition(".")
        if app != "proctoring_results" or not isinstance(obj, str) or not user_obj.is_active:
            return False
        if name == "submit_review":
            return bool(user_obj.username.partition("@")[0] == obj)
        return any(course_id == obj and name in ALLOWED[Role(role)] for course_id, role in _roles(user_obj))


def _roles(user: Any) -> list[tuple[str, str]]:
    """Return course ids and roles. They are read once per request: Django makes a user object for each request."""
    if not hasattr(user, "_host_roles"):
        # Compared in Python: MariaDB takes "edX/Demo" for "edx/demo".
        user._host_roles = list(CourseRole.objects.filter(user=user.pk).values_list("course_id", "role"))
    cached: list[tuple[str, str]] = user._host_roles
    return cached
