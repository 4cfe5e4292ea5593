"""The course as one of its learners sees it: for the course team, read-only, and written down."""

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
MAX_FOUND = 20
READ_ONLY = "You are viewing this course as a learner: nothing can be changed. Stop viewing first."


class LearnerSearch(forms.Form):
    words = forms.CharField(label="Name, username or e-mail address", max_length=100)


def may_view(user: User, course: Course) -> bool:
    # Django types the object as a model; course ids are text.
    return user.has_perm(PERMISSION) or user.has_perm(PERMISSION, course.course_id)  # type: ignore[arg-type]


def viewable(course: Course) -> QuerySet[Enrolment]:
    """Learners who are nothing else: through the eyes of who runs the course or the site nobody looks."""
    learners = course.enrolments.filter(user__is_staff=False, user__is_superuser=False)
    return learners.exclude(user__course_roles__course=course).select_related("user")


def find_learners(course: Course, words: str) -> list[Enrolment]:
    """Those in whom each of the words is found, by name, and one more than are shown."""
    found = viewable(course)
    for word in words.split():
        found = found.filter(
            Q(user__username__icontains=word)
            | Q(user__first_name__icontains=word)
            | Q(user__last_name__icontains=word)
            | Q(user__email__icontains=word)
        )
    return list(found.order_by("user__last_name", "user__first_name", "user__username")[: MAX_FOUND + 1])


def begin(request: HttpRequest, user: User, course: Course, username: str) -> Viewing:
    """From now on the course's pages are shown as this learner sees them. Raises Http404 for anybody else."""
    enrolment = get_object_or_404(viewable(course), user__username=username)
    now = timezone.now()
    # One at a time, whichever browser it was in.
    Viewing.objects.filter(viewer=user, ended_at=None).update(ended_at=now)
    viewing = Viewing.objects.create(viewer=user, learner=enrolment.user, course=course, began_at=now)
    request.session[SESSION_KEY] = viewing.pk
    return viewing


def current(request: HttpRequest) -> Viewing | None:
    """What the person looks at as a learner, if anything; asked once a request."""
    if not hasattr(request, "_viewing"):
        request._viewing = _current(request)  # type: ignore[attr-defined]
    found: Viewing | None = request._viewing  # type: ignore[attr-defined]
    return found


def _current(request: HttpRequest) -> Viewing | None:
    if SESSION_KEY not in request.session or not isinstance(request.user, User):
        return None
    viewing = (
        Viewing.objects.filter(pk=request.session[SESSION_KEY], viewer=request.user, ended_at=None)
        .select_related("learner", "course")
        .first()
    )
    if viewing is None or not _still_goes(viewing, request.user):
        end(request)
        return None
    return viewing


def _still_goes(viewing: Viewing, user: User) -> bool:
    """A role that was lost ends it; so does a learner who left, or joined the team."""
    learners = viewable(viewing.course).filter(user=viewing.learner)
    return may_view(user, viewing.course) and learners.exists()


def current_in(request: HttpRequest, course: Course) -> Viewing | None:
    viewing = current(request)
    return viewing if viewing is not None and viewing.course == course else None


def end(request: HttpRequest) -> None:
    """Twice is once."""
    Viewing.objects.filter(pk=request.session.pop(SESSION_KEY, None), ended_at=None).update(ended_at=timezone.now())
    request._viewing = None  # type: ignore[attr-defined]


@receiver(user_logged_out)
def end_at_sign_out(request: HttpRequest, **_: Any) -> None:
    end(request)


class SessionAuthentication(authentication.SessionAuthentication):
    """A person who is viewing a course as a learner changes nothing by the REST APIs either."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found: tuple[Any, Any] | None = super().authenticate(request)
        only_looks = getattr(request.parser_context["view"], "only_looks", False)
        if found and request.method not in SAFE_METHODS and not only_looks and current(request._request):
            raise PermissionDenied(READ_ONLY)
        return found
