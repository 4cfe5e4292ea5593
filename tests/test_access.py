"""Who gets what at every address of the app.

A test walks all URL patterns: an address without an entry here fails it. The addresses that providers call have a table
of their own, with the attempts of other providers, in ``tests/rest/test_access.py``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib import admin
from django.contrib.auth.backends import BaseBackend
from django.shortcuts import resolve_url
from django.test import Client
from django.urls import URLPattern, URLResolver, reverse

from proctoring_results import api, permissions, urls
from proctoring_results.models import (
    Disclosure,
    Report,
    ReportDownload,
    ReportSchedule,
    SessionClaim,
    SessionLook,
    StatusChange,
    TeamNote,
)
from proctoring_results.rest.v1 import openapi
from tests.factories import (
    COURSE,
    EvidenceFactory,
    ExamAttemptFactory,
    ExamReviewFactory,
    IncidentFactory,
    ReportFactory,
    ReportScheduleFactory,
    TeamNoteFactory,
    UserFactory,
)
from tests.reports.case_files import exported
from tests.rest import test_access as provider_endpoints

ALL = (
    permissions.VIEW_REPORTS,
    permissions.GENERATE_REPORT,
    permissions.DOWNLOAD_REPORT,
    permissions.VIEW_SESSIONS,
    permissions.DECIDE_ATTEMPT,
    permissions.EXPORT_SESSION,
)
VIEW = (permissions.VIEW_REPORTS, permissions.VIEW_SESSIONS)
# The course and the permissions in it, by the name of the person.
ROLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "other-team": ("another", ALL),
    "viewer": (COURSE, VIEW),
    "team": (COURSE, ALL),
}
WEEKLY = {"rhythm": "weekly", "weekday": 0, "run_time": "06:00"}
PEOPLE = ("nobody", "learner", "other-team", "viewer", "team", "administrator")
SIGN_IN = "sign in"


class CourseRoles(BaseBackend):
    """What a host's backend answers for a course."""

    def has_perm(self, user_obj, perm, obj=None):
        course_id, granted = ROLES.get(user_obj.get_username(), ("", ()))
        return obj == course_id and perm in granted


@dataclass(frozen=True)
class Endpoint:
    """One method of one address, and what each of ``PEOPLE`` gets in their order: a status, or ``SIGN_IN``."""

    name: str
    answers: tuple[int | str, ...]
    method: str = "get"
    args: Callable[[Any], Iterable[Any]] = lambda world: ()
    data: Callable[[Any], dict[str, Any]] = field(default=lambda world: {})

    def __str__(self) -> str:
        return f"{self.method} {self.name}"


def course(world):
    return [COURSE]


def named_course(world):
    return {"course_id": COURSE}


def other_report(world):
    # Of the other kind, because one of this kind is being created.
    return {"course_id": COURSE, "kind": "proctored_session_results_report"}


def all_courses(world):
    return {"all_courses": "true"}


def attempt(world):
    return [world.attempt.attempt_code]


def note(world):
    return [world.attempt.attempt_code, world.note.pk]


def report(world):
    return [world.report.task_id]


def report_of_all(world):
    return [world.report_of_all.task_id]


def unfinished_of_all(world):
    return [world.unfinished_of_all.task_id]


def unfinished(world):
    return [world.unfinished.task_id]


def failed(world):
    return [world.failed.task_id]


def schedule(world):
    return [world.schedule.schedule_id]


def weekly_fields(world):
    return {**WEEKLY, "kind": "proctored_exam_results_report", "format": "csv"}


def link(world):
    return [api.download_link(world.report, world.team)]


def token(world):
    return {"token": link(world)[0]}


def hearing(world):
    return {"purpose": "Hearing"}


def case_file(world):
    return [world.attempt.attempt_code, world.case_file.task_id]


def verdict(world):
    seen = world.seen
    written = {"verdict": "fail", "reason": "Seen", "category": "other"}
    return {**written, "seen_change": seen["change"] or "", "seen_review": seen["review"]}


def review(world):
    return [world.attempt.attempt_code, world.incident.review_id]


def dismissal(world):
    return {"incidents": [world.incident.pk], "reason": "Seen", "seen": world.seen}


# A page sends to the sign-in; a page about somebody else's course says 403 and names nothing.
PAGE, PAGE_TO_DO = (SIGN_IN, 403, 403, 200, 200, 200), (SIGN_IN, 403, 403, 403, 303, 303)
# A course in the query or the body is answered 403, a row of another course 404.
COURSE_OF_V1, ROW_OF_V1 = (401, 403, 403, 200, 200, 200), (401, 404, 404, 200, 200, 200)

TO_DO_OF_V1 = (401, 404, 404, 403, 200, 200)

CODES = {401: {"not_authenticated"}, 403: {"access_denied", "link_invalid", "not_your_note"}, 404: {"not_found"}}

ENDPOINTS = [
    # --- Pages ---
    Endpoint("data_download", PAGE, args=course),
    Endpoint("search_learners", (SIGN_IN, 403, 403, 303, 303, 303), "post", course),
    Endpoint("generate_report", PAGE_TO_DO, "post", course),
    Endpoint("cancel_report", PAGE_TO_DO, "post", unfinished),
    Endpoint("retry_report", PAGE_TO_DO, "post", failed),
    # Only who requested a report deletes it, here the team.
    Endpoint("delete_report", (SIGN_IN, 403, 403, 403, 200, 403), args=report),
    Endpoint("delete_report", (SIGN_IN, 403, 403, 403, 303, 403), "post", report),
    Endpoint("report_readme", PAGE, args=report),
    # A link is for one person, here of the team.
    Endpoint("download", (SIGN_IN, 403, 403, 403, 200, 403), args=link),
    Endpoint("download_excel", (SIGN_IN, 403, 403, 403, 200, 403), args=link),
    Endpoint("schedules", PAGE, args=course),
    Endpoint("add_schedule", (SIGN_IN, 403, 403, 403, 200, 200), args=course),
    Endpoint("add_schedule", PAGE_TO_DO, "post", course, weekly_fields),
    # Its owner is of the team.
    Endpoint("change_schedule", (SIGN_IN, 403, 403, 403, 200, 403), args=schedule),
    Endpoint("change_schedule", (SIGN_IN, 403, 403, 403, 303, 403), "post", schedule, weekly_fields),
    Endpoint("pause_schedule", PAGE_TO_DO, "post", schedule),
    Endpoint("resume_schedule", PAGE_TO_DO, "post", lambda world: [world.paused.schedule_id]),
    Endpoint("delete_schedule", PAGE_TO_DO, "post", schedule),
    # Over all courses: for those who may generate reports in one.
    Endpoint("all_reports", (SIGN_IN, 403, 403, 403, 200, 200)),
    Endpoint("generate_all_reports", PAGE_TO_DO, "post"),
    Endpoint("cancel_report", PAGE_TO_DO, "post", unfinished_of_all),
    Endpoint("quiz_list", PAGE, args=course),
    Endpoint("sessions", PAGE, args=course),
    # Without a decision of one's own, nothing is undone.
    Endpoint("undo_decisions", PAGE_TO_DO, "post", course),
    Endpoint("search_sessions", (SIGN_IN, 403, 403, 303, 303, 303), "post", course),
    Endpoint("take_next", PAGE_TO_DO, "post", course),
    Endpoint("pass_sessions", PAGE_TO_DO, "post", course),
    Endpoint("session", PAGE, args=attempt),
    # A learner's own page, whatever others may. Who may see the session reads so, and where the appeal is.
    Endpoint("appeal", (SIGN_IN, 200, 404, 403, 403, 403), args=attempt),
    Endpoint("result_changed", (SIGN_IN, 204, 404, 404, 404, 404), args=attempt),
    Endpoint("my_data", (SIGN_IN, 200, 200, 200, 200, 200)),
    Endpoint("my_data_json", (SIGN_IN, 200, 200, 200, 200, 200)),
    Endpoint("next_session", (SIGN_IN, 403, 403, 302, 302, 302), args=attempt),
    Endpoint("previous_session", (SIGN_IN, 403, 403, 302, 302, 302), args=attempt),
    Endpoint("team", PAGE_TO_DO, "post", attempt, lambda world: {"action": "look"}),
    Endpoint("decide", PAGE_TO_DO, "post", attempt, verdict),
    Endpoint(
        "dismissal",
        PAGE_TO_DO,
        "post",
        lambda world: [world.attempt.attempt_code, world.incident.pk],
        lambda world: {**verdict(world), "change": "dismiss"},
    ),
    Endpoint(
        "dismissals",
        PAGE_TO_DO,
        "post",
        lambda world: [world.attempt.attempt_code, world.incident.review_id],
        lambda world: {**verdict(world), "change": "dismiss", "incident": world.incident.position + 1},
    ),
    Endpoint("export_session", (SIGN_IN, 403, 403, 403, 200, 200), args=attempt),
    Endpoint("export_session", PAGE_TO_DO, "post", attempt, hearing),
    Endpoint("evidence", (SIGN_IN, 403, 403, 403, 302, 403), args=lambda world: [world.evidence_token]),
    Endpoint("numbers", PAGE, args=course),
    Endpoint("numbers_csv", PAGE, args=course),
    Endpoint("service_dashboard", PAGE, args=course),
    Endpoint("open_service_dashboard", (SIGN_IN, 403, 403, 404, 404, 404), args=course),
    # --- REST API ---
    Endpoint("v1_exams", COURSE_OF_V1, data=named_course),
    Endpoint("v1_exam", ROW_OF_V1, args=lambda world: [world.attempt.exam_id]),
    Endpoint("v1_attempts", COURSE_OF_V1, data=named_course),
    Endpoint("v1_search", COURSE_OF_V1, "post", data=lambda world: {"course_id": COURSE, "search": "x"}),
    Endpoint("v1_attempt", ROW_OF_V1, args=attempt),
    Endpoint("v1_changes", ROW_OF_V1, args=attempt),
    Endpoint("v1_reviews", ROW_OF_V1, args=attempt),
    Endpoint("v1_appeals", ROW_OF_V1, args=attempt),
    Endpoint("v1_incidents", ROW_OF_V1, args=lambda world: [world.attempt.attempt_code, world.review.pk]),
    Endpoint(
        "v1_decisions",
        (401, 404, 404, 403, 201, 201),
        "post",
        attempt,
        lambda world: {"decision": "fail", "reason": "Seen", "seen": world.seen},
    ),
    Endpoint("v1_dismiss", (401, 404, 404, 403, 201, 201), "post", review, dismissal),
    # 409: it was not dismissed.
    Endpoint("v1_restore", (401, 404, 404, 403, 409, 409), "post", review, dismissal),
    Endpoint("v1_claims", COURSE_OF_V1, data=named_course),
    Endpoint("v1_claim", ROW_OF_V1, args=attempt),
    Endpoint("v1_claim", TO_DO_OF_V1, "post", attempt),
    # Nothing but one's own claim is ended.
    Endpoint("v1_claim", ROW_OF_V1, "delete", attempt),
    Endpoint("v1_claim_next", (401, 403, 403, 403, 200, 200), "post", data=named_course),
    Endpoint("v1_looks", ROW_OF_V1, args=attempt),
    Endpoint("v1_looks", TO_DO_OF_V1, "post", attempt),
    Endpoint("v1_notes", ROW_OF_V1, args=attempt),
    Endpoint("v1_notes", (401, 404, 404, 403, 201, 201), "post", attempt, lambda world: {"text": "Ask"}),
    # One of the team has written it.
    Endpoint("v1_note", (401, 404, 404, 403, 200, 403), "delete", note),
    Endpoint("v1_case_files", (401, 404, 404, 403, 200, 200), args=attempt),
    Endpoint("v1_case_files", (401, 404, 404, 403, 202, 202), "post", attempt, hearing),
    Endpoint("v1_case_file", (401, 404, 404, 403, 200, 200), args=case_file),
    # 409: there is no decision to undo.
    Endpoint("v1_undo", (401, 404, 404, 403, 409, 409), "post", attempt, lambda world: {"change": 1}),
    Endpoint("v1_numbers", COURSE_OF_V1, data=named_course),
    Endpoint("v1_own_attempts", (401, 200, 200, 200, 200, 200)),
    Endpoint("v1_own_data", (401, 200, 200, 200, 200, 200)),
    # The learner has nothing to appeal against yet; and it is nobody else’s business, whatever they may.
    Endpoint("v1_appeal", (401, 409, 404, 404, 404, 404), "post", attempt, lambda world: {"text": "My cat"}),
    Endpoint("v1_reports", COURSE_OF_V1, data=named_course),
    Endpoint("v1_reports", (401, 403, 403, 403, 202, 202), "post", data=other_report),
    # About all courses: one's own reports, of which there are none here.
    Endpoint("v1_reports", (401, 200, 200, 200, 200, 200), data=all_courses),
    Endpoint("v1_reports", (401, 403, 403, 403, 202, 202), "post", data=all_courses),
    Endpoint("v1_report_kinds", (401, 403, 403, 403, 200, 200), data=named_course),
    Endpoint("v1_report_kinds", (401, 403, 403, 403, 200, 200), data=all_courses),
    Endpoint("v1_preview_report", (401, 403, 403, 403, 200, 200), "post", data=named_course),
    Endpoint("v1_preview_report", (401, 403, 403, 403, 200, 200), "post", data=all_courses),
    Endpoint("v1_report", ROW_OF_V1, args=report),
    # One of the team requested it: for that person, and who may everywhere.
    Endpoint("v1_report", (401, 404, 404, 404, 200, 200), args=report_of_all),
    Endpoint("v1_report_readme", ROW_OF_V1, args=report),
    Endpoint("v1_report_readme", (401, 404, 404, 404, 200, 200), args=report_of_all),
    Endpoint("v1_link_report", (401, 404, 404, 404, 200, 200), "post", report_of_all),
    Endpoint("v1_cancel_report", (401, 404, 404, 404, 200, 200), "post", unfinished_of_all),
    Endpoint("v1_cancel_report", (401, 404, 404, 403, 200, 200), "post", unfinished),
    Endpoint("v1_retry_report", (401, 404, 404, 403, 202, 202), "post", failed),
    Endpoint("v1_delete_report", (401, 404, 404, 403, 200, 403), "post", report),
    Endpoint("v1_link_report", (401, 404, 404, 403, 200, 200), "post", report),
    Endpoint("v1_report_schedules", COURSE_OF_V1, data=named_course),
    Endpoint(
        "v1_report_schedules",
        (401, 403, 403, 403, 201, 201),
        "post",
        data=lambda world: {"course_id": COURSE, **WEEKLY},
    ),
    Endpoint("v1_report_schedule", ROW_OF_V1, args=schedule),
    # Its owner is of the team.
    Endpoint("v1_report_schedule", (401, 404, 404, 403, 200, 403), "put", schedule, lambda world: WEEKLY),
    Endpoint("v1_report_schedule", (401, 404, 404, 403, 200, 200), "delete", schedule),
    Endpoint("v1_pause_schedule", (401, 404, 404, 403, 200, 200), "post", schedule),
    Endpoint(
        "v1_resume_schedule",
        (401, 404, 404, 403, 200, 200),
        "post",
        lambda world: [world.paused.schedule_id],
    ),
    Endpoint("v1_download", (401, 403, 403, 403, 200, 403), data=token),
    Endpoint("v1_download_excel", (401, 403, 403, 403, 200, 403), data=token),
]
# The schema and its page need no sign-in; ``test_openapi.py`` opens them without one.
PUBLIC = {"schema", "docs"}
# Name of the URL → name in the table of ``tests/rest/test_access.py``.
PROVIDER_ENDPOINTS = {
    "review_callback": "review",
    "ready_callback": "ready",
    "rpnow_review_callback": "rpnow_review",
    "rpnow_launch_callback": "rpnow_launch",
    "provider_messages": "provider_messages",
}


def names(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from names(pattern.url_patterns)
        else:
            # A pattern without a name fails the test, too.
            yield pattern.name or str(pattern.pattern)


def test_every_address_of_the_app_has_an_entry():
    addresses = {*names(urls.urlpatterns), *names(openapi.urlpatterns)}
    assert addresses == {endpoint.name for endpoint in ENDPOINTS} | set(PROVIDER_ENDPOINTS) | PUBLIC


def test_every_address_that_providers_call_is_in_their_table():
    for endpoints in provider_endpoints.ANSWERS.values():
        assert set(PROVIDER_ENDPOINTS.values()) <= set(endpoints)


@pytest.fixture
def world(db, settings, monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **options: None)
    settings.AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.ModelBackend",
        f"{__name__}.{CourseRoles.__name__}",
    ]
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "PROVIDERS": {"proctortrack": {"evidence_hosts": ["video.example"]}},
    }
    attempt = ExamAttemptFactory(submitted=True, user__username="learner")
    review = ExamReviewFactory(attempt=attempt)
    attempt.current_review = review
    attempt.save()
    team = UserFactory(username="team")
    return SimpleNamespace(
        attempt=attempt,
        review=review,
        incident=IncidentFactory(review=review),
        evidence_token=api.evidence_link(EvidenceFactory(review=review), team),
        seen={"change": None, "review": review.pk},
        report=ReportFactory(ready=b"course_id\r\n", course_id=COURSE, requested_by=team),
        unfinished=ReportFactory(course_id=COURSE),
        report_of_all=ReportFactory(ready=True, course_id="", courses=[COURSE], requested_by=team),
        unfinished_of_all=ReportFactory(course_id="", courses=[COURSE], requested_by=team),
        failed=ReportFactory(failed=True, course_id=COURSE),
        team=team,
        note=TeamNoteFactory(attempt=attempt, author=team),
        case_file=exported(attempt, by=team),
        schedule=ReportScheduleFactory(owner=team, place=1),
        paused=ReportScheduleFactory(owner=team, place=2, state="paused"),
    )


def client_of(who: str, world: Any) -> Client:
    client = Client()
    if who == "nobody":
        return client
    known = {"learner": world.attempt.user, "team": world.team}
    user = known.get(who) or UserFactory(username=who, admin=who == "administrator")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


CASES = [
    pytest.param(endpoint, who, answer, id=f"{endpoint}, {who}")
    for endpoint in ENDPOINTS
    for who, answer in zip(PEOPLE, endpoint.answers, strict=True)
]


@pytest.mark.parametrize(("endpoint", "who", "answer"), CASES)
def test_each_person_gets_what_the_table_says(endpoint, who, answer, world):
    is_v1 = endpoint.name.startswith("v1_")
    namespace = "proctoring_api" if is_v1 else "proctoring_results"
    address = reverse(f"{namespace}:{endpoint.name}", args=[*endpoint.args(world)])
    json = {"content_type": "application/json"} if is_v1 and endpoint.method != "get" else {}
    response = getattr(client_of(who, world), endpoint.method)(address, endpoint.data(world), **json)
    if response.streaming:
        list(response.streaming_content)

    sign_in = resolve_url(django_settings.LOGIN_URL)
    is_sign_in = response.status_code == 302 and response["Location"].startswith(sign_in)
    assert (SIGN_IN if is_sign_in else response.status_code) == answer
    if answer in {SIGN_IN, 401, 403, 404}:
        assert_nothing_was_done(world)
    if is_v1:
        assert "no-store" in response["Cache-Control"]
        assert ("WWW-Authenticate" in response) is (answer == 401)
        assert answer not in CODES or response.json()["code"] in CODES[answer]


def assert_nothing_was_done(world) -> None:
    assert not StatusChange.objects.exists()
    assert Disclosure.objects.get().report == world.case_file
    assert not ReportDownload.objects.filter(outcome="downloaded").exists()
    assert not SessionClaim.objects.exists()
    assert not SessionLook.objects.exists()
    assert [note.is_withdrawn for note in TeamNote.objects.all()] == [False]
    world.incident.refresh_from_db()
    assert world.incident.dismissed_at is None
    schedules = ReportSchedule.objects.order_by("place").values_list("state", "weekday")
    assert list(schedules) == [("active", 0), ("paused", 0)]
    states = Report.objects.in_bulk()
    assert [states[row.pk].state for row in (world.unfinished, world.failed) if row.pk in states] in (
        [],
        ["queued", "failed"],
    )


# --- Django admin ---

ADMIN_PATTERNS = [
    (f"admin:{pattern.name}", len(pattern.pattern.converters))
    for model in apps.get_app_config("proctoring_results").get_models()
    if admin.site.is_registered(model)
    for pattern in admin.site.get_model_admin(model).get_urls()
    if pattern.name
]


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(("name", "arguments"), ADMIN_PATTERNS)
def test_the_admin_shows_nothing_without_a_permission(name, arguments, method):
    address = reverse(name, args=[1] * arguments)
    sign_in = reverse("admin:login")
    for fields in (None, {}, {"is_staff": True}):
        client = Client()
        if fields is not None:
            client.force_login(UserFactory(**fields), backend="django.contrib.auth.backends.ModelBackend")
        response = getattr(client, method)(address)
        if fields:
            assert response.status_code == 403 or response["Location"] == reverse("admin:index")
        else:
            assert response["Location"].startswith(sign_in)
