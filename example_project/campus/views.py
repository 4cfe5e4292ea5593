"""The pages of the LMS."""

from __future__ import annotations

import math
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from proctoring_results import api

from .answers import answers_in
from .gradebook import scores
from .models import Course, CourseRole, Enrolment, ExamContent, Viewing
from .sittings import S, Sitting, find_sitting, take_step
from .viewing import MAX_LEARNERS, LearnerSearch, begin, current, current_in, end, find_learners, may_view

EXAM_PAGES = {
    S.CREATED: "set_up",
    S.DOWNLOAD_SOFTWARE_CLICKED: "set_up",
    S.READY_TO_START: "start",
    S.STARTED: "questions",
    S.READY_TO_SUBMIT: "confirm",
}


@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    user = _user(request)
    courses = Course.objects.all() if user.is_superuser else Course.objects.of(user)
    return render(request, "campus/home.html", {"courses": courses})


@never_cache
@require_safe
@login_required
def course(request: HttpRequest, course_id: str) -> HttpResponse:
    course = _course(course_id)
    viewing = current_in(request, course)
    learner = viewing.learner if viewing else _user(request)
    enrolment, on_team = _enrolment(learner, course), is_on_team(learner, course)
    if enrolment is None and not on_team:
        raise PermissionDenied("You are not enrolled in this course.")
    grades = scores(learner, course)
    exams = [
        {"exam": exam, "grade": grades.get(exam.content_id)}
        for exam in api.exams_in_course(course.course_id).filter(is_active=True)
    ]
    context = {
        "course": course,
        "learner": learner,
        "enrolment": enrolment,
        "on_team": on_team,
        "exams": exams,
        "viewing": viewing,
    }
    return render(request, "campus/course.html", context)


@require_safe
@login_required
def instructor(request: HttpRequest, course_id: str) -> HttpResponse:
    user, course = _user(request), _course(course_id)
    if not is_on_team(user, course):
        raise PermissionDenied("You have no role in this course.")
    tracks = course.enrolments.order_by("track").values_list("track").annotate(number=Count("pk"))
    context = {
        "course": course,
        "course_id": course.course_id,
        "course_name": course.name,
        "tracks": tracks,
        "team": course.roles.select_related("user").order_by("role", "user__username"),
        "exams": api.exams_in_course(course.course_id),
    }
    return render(request, "campus/instructor.html", context)


@require_safe
def data_policy(request: HttpRequest) -> HttpResponse:
    """Show the policy that Data Download links to."""
    return render(request, "campus/data_policy.html")


@never_cache
@require_safe
def recording(request: HttpRequest, kind: str, number: int) -> HttpResponse:
    """Stand in for the site of a proctoring service, which stores the evidence of real exams."""
    return render(request, "campus/recording.html", {"kind": kind, "number": number})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def exam(request: HttpRequest, course_id: str, content_id: str) -> HttpResponse:
    course = _course(course_id)
    viewing = current_in(request, course)
    learner = viewing.learner if viewing else _user(request)
    enrolment = _enrolment(learner, course)
    if enrolment is None:
        raise PermissionDenied("You are not enrolled in this course.")
    content = get_object_or_404(ExamContent, course=course, content_id=content_id)
    try:
        # Viewing neither ends nor grades an exam.
        sitting = find_sitting(learner, enrolment, content, settle=viewing is None)
    except api.NotFound as error:
        raise Http404(str(error)) from error
    if request.method == "POST":
        return _take_step(request, sitting)
    return _exam_page(request, sitting, viewing)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def view_as(request: HttpRequest, course_id: str) -> HttpResponse:
    """Find a learner and view the course as they see it. Searches are POSTed, so that no name appears in a URL."""
    user, course = _user(request), _course(course_id)
    if not may_view(user, course):
        raise PermissionDenied("You may not see the sessions of this course.")
    if username := request.POST.get("learner"):
        begin(request, user, course, username)
        return redirect("campus:course", course.course_id)
    search = LearnerSearch(request.POST or None)
    learners = find_learners(course, search.cleaned_data["query"]) if search.is_valid() else None
    context = {
        "course": course,
        "course_id": course.course_id,
        "course_name": course.name,
        "search": search,
        "learners": learners and learners[:MAX_LEARNERS],
        "there_are_more": bool(learners and len(learners) > MAX_LEARNERS),
    }
    return render(request, "campus/view_as.html", context)


@require_POST
@login_required
def stop_viewing(request: HttpRequest) -> HttpResponse:
    viewing = current(request)
    end(request)
    return redirect("campus:view_as", viewing.course.course_id) if viewing else redirect("campus:home")


def _take_step(request: HttpRequest, sitting: Sitting) -> HttpResponse:
    try:
        if note := take_step(sitting, request.POST.get("step", ""), request.POST.dict()):
            messages.info(request, note)
    except KeyError:
        return HttpResponseBadRequest("Unknown step.", content_type="text/plain")
    except api.ProctoringResultsError as error:
        messages.error(request, str(error))
    return redirect("campus:exam", sitting.course.course_id, sitting.content.content_id)


def _exam_page(request: HttpRequest, sitting: Sitting, viewing: Viewing | None) -> HttpResponse:
    attempt = sitting.attempt
    page = _page_of(sitting)
    context: dict[str, Any] = {
        "course": sitting.course,
        "exam": sitting.exam,
        "attempt": attempt,
        "sitting": sitting,
        "viewing": viewing,
    }
    if page == "set_up" and attempt:
        context["instructions"] = api.instructions_for(attempt)
    if page in ("questions", "confirm") and attempt:
        left = api.time_left(attempt)
        answers = answers_in(attempt.attempt_code)
        context |= {
            "seconds_left": math.floor(left.total_seconds()) if left is not None else None,
            "questions": [(question, answers.get(str(n))) for n, question in enumerate(sitting.content.questions)],
            "answered": len(answers),
        }
    if page == "over":
        context["grade"] = scores(sitting.user, sitting.course).get(sitting.content.content_id)
    return render(request, f"campus/exam/{page}.html", context)


def _page_of(sitting: Sitting) -> str:
    if sitting.attempt is None:
        return "begin"
    page = EXAM_PAGES.get(S(sitting.attempt.status), "over")
    return "start" if page == "set_up" and not sitting.is_watched else page


def is_on_team(user: User, course: Course) -> bool:
    return user.is_superuser or CourseRole.objects.filter(user=user, course=course).exists()


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - every view requires a sign-in
    return request.user


def _course(course_id: str) -> Course:
    return get_object_or_404(Course, course_id=course_id)


def _enrolment(user: User, course: Course) -> Enrolment | None:
    return Enrolment.objects.filter(user=user, course=course).select_related("course").first()
