"""Map roles in a course to Django permissions, with the course id as their object."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from .models import CourseRole, ProviderAccount, Role

EVERYTHING = frozenset(
    f"proctoring_results.{name}"
    for name in (
        "view_reports",
        "generate_report",
        "download_report",
        "view_sessions",
        "export_session",
        "decide_attempt",
    )
)
ALLOWED: Mapping[str, frozenset[str]] = {
    Role.INSTRUCTOR: EVERYTHING,
    Role.STAFF: EVERYTHING - {"proctoring_results.decide_attempt"},
    Role.VIEWER: frozenset({"proctoring_results.view_reports", "proctoring_results.view_sessions"}),
}


class CourseRoleBackend(BaseBackend):
    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Any = None) -> bool:
        if perm not in EVERYTHING or not isinstance(obj, str) or not user_obj.is_active or user_obj.is_anonymous:
            return False
        return any(perm in ALLOWED.get(role, ()) for course_id, role in _roles(user_obj) if course_id == obj)


def _roles(user: AbstractBaseUser | AnonymousUser) -> list[tuple[str, str]]:
    """Return course ids and roles. They are read once per request: Django makes a user object for each request."""
    if not hasattr(user, "_campus_roles"):
        # Compared in Python: MariaDB would take "edX/Demo" for "edx/demo".
        roles = CourseRole.objects.filter(user=user.pk).values_list("course__course_id", "role")
        user._campus_roles = list(roles)  # type: ignore[union-attr]
    cached: list[tuple[str, str]] = user._campus_roles  # type: ignore[union-attr]
    return cached


class ProviderBackend(BaseBackend):
    """A proctoring service may send reviews for its own provider."""

    def has_perm(self, user_obj: AbstractBaseUser | AnonymousUser, perm: str, obj: Any = None) -> bool:
        if perm != "proctoring_results.submit_review" or not isinstance(obj, str) or not user_obj.is_active:
            return False
        return obj == _provider(user_obj)


def _provider(user: AbstractBaseUser | AnonymousUser) -> str | None:
    if not hasattr(user, "_campus_provider"):
        account = ProviderAccount.objects.filter(user=user.pk).first()
        user._campus_provider = account and account.provider  # type: ignore[union-attr]
    cached: str | None = user._campus_provider  # type: ignore[union-attr]
    return cached
