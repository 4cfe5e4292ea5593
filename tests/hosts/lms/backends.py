from django.contrib.auth.backends import BaseBackend

TEAM = {"view_reports", "generate_report", "download_report", "view_sessions", "decide_attempt", "export_session"}


class CourseRoleBackend(BaseBackend):
    """A group called ``team:`` and the course id, or ``provider:`` and the provider's name."""

    def has_perm(self, user_obj, perm, obj=None):
        app, _, name = perm.partition(".")
        if app != "proctoring_results" or not isinstance(obj, str) or not user_obj.is_active:
            return False
        group = f"provider:{obj}" if name == "submit_review" else f"team:{obj}"
        return (name in TEAM or name == "submit_review") and user_obj.groups.filter(name=group).exists()
