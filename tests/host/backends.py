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
        # Compared in Python: MariaDB takes "edX/Demo" for "edx/demo".
        roles = CourseRole.objects.filter(user=user_obj.pk).values_list("course_id", "role")
        return any(course_id == obj and name in ALLOWED[Role(role)] for course_id, role in roles)
