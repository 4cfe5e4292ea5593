"""Viewing a course as one of its learners: for the course team, read-only, and recorded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_out
from django.db.models import Q, QuerySet
from django.dispatch import receiver
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from .models import Course, Enrolment, Viewing

PERMISSION = "proctoring_results.view_sessions"
SESSION_KEY = "viewing"
MAX_LEARNERS = 20
READ_ONLY = "You are viewing this course as a learner: nothing can be changed. Stop viewing first."


class LearnerSearch(forms.Form):
    query = forms.CharField(label="Name, username or email address", max_length=100)


def may_view(user: User, course: Course) -> bool:
    # Django types the object as a model; course ids are text.
    return user.has_perm(PERMISSION) or user.has_perm(PERMISSION, course.course_id)  # type: ignore[arg-type]


def viewable(course: Course) -> QuerySet[Enrolment]:
    """Return the learners who have no role in the course or the site: nobody may view a course as one of its team."""
    learners = course.enrolments.filter(user__is_staff=False, user__is_superuser=False)
    return learners.exclude(user__course_roles__course=course).select_related("user")


def find_learners(course: Course, query: str) -> list[Enrolment]:
    """Return learners who match every term of the query, sorted by name: at most one more than the page shows."""
    enrolments = viewable(course)
    for term in query.split():
        enrolments = enrolments.filter(
            Q(user__username__icontains=term)
            | Q(user__first_name__icontains=term)
            | Q(user__last_name__icontains=term)
            | Q(user__email__icontains=term)
        )
    return list(enrolments.order_by("user__last_name", "user__first_name", "user__username")[: MAX_LEARNERS + 1])


def begin(request: HttpRequest, user: User, course: Course, username: str) -> Viewing:
    """Show the course's pages as this learner sees them from now on. Raise Http404 if the person is not viewable."""
    enrolment = get_object_or_404(viewable(course), user__username=username)
    now = timezone.now()
    # One at a time, in all browsers together.
    Viewing.objects.filter(viewer=user, ended_at=None).update(ended_at=now)
    viewing = Viewing.objects.create(viewer=user, learner=enrolment.user, course=course, began_at=now)
    request.session[SESSION_KEY] = viewing.pk
    return viewing


def current(request: HttpRequest) -> Viewing | None:
    """Return the viewing that is in progress, if any. It is read once per request."""
    if not hasattr(request, "_viewing"):
        request._viewing = _current(request)  # type: ignore[attr-defined]
    viewing: Viewing | None = request._viewing  # type: ignore[attr-defined]
    return viewing


def _current(request: HttpRequest) -> Viewing | None:
    if SESSION_KEY not in request.session or not isinstance(request.user, User):
        return None
    viewing = (
        Viewing.objects.filter(pk=request.session[SESSION_KEY], viewer=request.user, ended_at=None)
        .select_related("learner", "course")
        .first()
    )
    if viewing is None or not _may_continue(viewing, request.user):
        end(request)
        return None
    return viewing


def _may_continue(viewing: Viewing, user: User) -> bool:
    """Return False if the viewer lost the role, or if the learner left the course or joined its team."""
    learners = viewable(viewing.course).filter(user=viewing.learner)
    return may_view(user, viewing.course) and learners.exists()


def current_in(request: HttpRequest, course: Course) -> Viewing | None:
    viewing = current(request)
    return viewing if viewing is not None and viewing.course == course else None


def end(request: HttpRequest) -> None:
    """End the viewing. A second call changes nothing."""
    Viewing.objects.filter(pk=request.session.pop(SESSION_KEY, None), ended_at=None).update(ended_at=timezone.now())
    request._viewing = None  # type: ignore[attr-defined]


@receiver(user_logged_out)
def end_at_sign_out(request: HttpRequest, **_: Any) -> None:
    end(request)


class SessionAuthentication(authentication.SessionAuthentication):
    """Refuse changes through the REST APIs, too, while a person views a course as a learner."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        credentials: tuple[Any, Any] | None = super().authenticate(request)
        only_reads = getattr(request.parser_context["view"], "only_reads", False)
        if credentials and request.method not in SAFE_METHODS and not only_reads and current(request._request):
            raise PermissionDenied(READ_ONLY)
        return credentials
