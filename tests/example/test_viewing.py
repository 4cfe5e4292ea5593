"""The course team views the course as one of its learners: the same pages, read-only, and recorded."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from example_project.campus.models import AnswerSheet, Course, CourseRole, Enrolment, ExamContent, Grade, Role, Viewing
from example_project.campus.seeding.questions import QUESTIONS
from proctoring_results.choices import AttemptStatus
from proctoring_results.models import ExamAttempt, Report, StatusChange
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.test_templatetags import LEARNER_TEXTS

pytestmark = pytest.mark.django_db

S = AttemptStatus
PICK = reverse("campus:view_as", args=[COURSE])
COURSE_PAGE = reverse("campus:course", args=[COURSE])
EXAM_PAGE = reverse("campus:exam", args=[COURSE, "exam@midterm"])
STOP = reverse("campus:stop_viewing")


@pytest.fixture(autouse=True)
def course():
    now = timezone.now()
    course = Course.objects.create(course_id=COURSE, name="Probability", start=now, end=now + timedelta(days=30))
    ExamContent.objects.create(course=course, content_id="exam@midterm", questions=QUESTIONS)
    return course


@pytest.fixture(autouse=True)
def exam(course):
    return ProctoredExamFactory(content_id="exam@midterm", exam_name="Midterm")


@pytest.fixture
def learner(course):
    user = UserFactory(username="lea", first_name="Lea", last_name="Learner")
    Enrolment.objects.create(user=user, course=course, track="verified")
    return user


@pytest.fixture
def member(course):
    """Return a function that makes a client, signed in with a role in the course."""

    def make(role=Role.INSTRUCTOR):
        user = UserFactory(username=str(role))
        CourseRole.objects.create(user=user, course=course, role=role)
        return signed_in(user)

    return make


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def viewer(member, learner):
    """An instructor who views the course as the learner."""
    client = member()
    assert client.post(PICK, {"learner": "lea"}).status_code == 302
    return client


def main_of(client, path) -> str:
    """Return the main part of the page, without CSRF tokens and the ``disabled`` of a viewer's form."""
    response = client.get(path)
    assert response.status_code == 200
    text = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
    return re.sub(r' name="csrfmiddlewaretoken" value="\w+"', "", text).replace(" disabled>", ">")


# --- What is seen ---


@pytest.mark.parametrize("status", AttemptStatus)
def test_the_team_sees_what_the_learner_sees(viewer, learner, exam, status):
    started = {} if status in ("created", "ready_to_start", "declined") else {"started": True}
    ExamAttemptFactory(user=learner, exam=exam, **{**started, "status": status})
    for path in (COURSE_PAGE, EXAM_PAGE):
        seen = main_of(viewer, path)
        seen = re.sub(r'data-form=""', 'data-form="questions"' if status == "started" else 'data-form="confirm"', seen)
        assert in_seconds(seen) == in_seconds(main_of(signed_in(learner), path))


def in_seconds(text: str) -> str:
    """Remove the time left, which changes between two requests."""
    return re.sub(r"data-countdown=\"\d+\"|PT\d+S|\d+:\d\d:\d\d|\d+:\d\d<", "", text)


def test_the_banner_tells_pages_seen_as_the_learner_from_ones_own(viewer):
    assert "You are viewing this page as <strong>Lea Learner</strong>" in viewer.get(COURSE_PAGE).content.decode()
    home = viewer.get("/").content.decode()
    assert "This page is your own." in " ".join(home.split())
    assert "Stop viewing as Lea Learner" in home


@pytest.mark.parametrize("role", [Role.INSTRUCTOR, Role.STAFF, Role.VIEWER])
def test_every_role_that_may_see_sessions_views(member, learner, role):
    client = member(role)
    client.post(PICK, {"learner": "lea"})
    assert "Lea Learner" in client.get(EXAM_PAGE).content.decode()


# --- Read-only ---


@pytest.mark.parametrize("step", ["begin", "start", "decline", "hand_in", "time_is_up", "no such step"])
def test_nothing_is_done_in_the_learners_name(viewer, learner, exam, step):
    attempt = ExamAttemptFactory(user=learner, exam=exam, started=True)
    response = viewer.post(EXAM_PAGE, {"step": step, "attempt": attempt.attempt_code})
    assert response.status_code == 403
    assert "nothing can be changed. Stop viewing first." in response.content.decode()
    assert not StatusChange.objects.exists()
    assert ExamAttempt.objects.get().status == "started"


def test_the_pages_of_apps_decide_and_generate_nothing_either(viewer, learner, exam):
    attempt = ExamAttemptFactory(user=learner, exam=exam, submitted=True)
    verdict = {"verdict": "fail", "reason": "x", "category": "other", "seen_change": "", "seen_review": ""}
    pages = [("decide", attempt.attempt_code, verdict), ("export_session", attempt.attempt_code, {"purpose": "x"})]
    pages += [("generate_report", COURSE, {}), ("pass_sessions", COURSE, {})]
    answers = [viewer.post(reverse(f"proctoring_results:{name}", args=[of]), data) for name, of, data in pages]
    assert [answer.status_code for answer in answers] == [403] * 4
    assert all("nothing can be changed" in answer.content.decode() for answer in answers)
    assert (StatusChange.objects.count(), Report.objects.count()) == (0, 0)


def test_the_admin_changes_nothing_either(learner, exam, course):
    client, attempt = signed_in(UserFactory(admin=True)), ExamAttemptFactory(user=learner, exam=exam, submitted=True)
    client.post(PICK, {"learner": "lea"})
    url = reverse("admin:proctoring_results_examattempt_decide", args=[attempt.pk, "fail"])
    assert client.post(url, {"reason": "x", "seen_change": "", "seen_review": ""}).status_code == 403
    assert client.post(reverse("admin:campus_course_add"), {}).status_code == 403
    assert not StatusChange.objects.exists()


def test_a_viewer_may_search_view_as_another_and_afterwards_decide(viewer, learner, exam):
    attempt = ExamAttemptFactory(user=learner, exam=exam, submitted=True)
    search = reverse("proctoring_results:search_sessions", args=[COURSE])
    assert viewer.post(search, {"search": "lea"}).status_code == 303
    assert viewer.post(PICK, {"learner": "lea"}).status_code == 302
    viewer.post(STOP)
    verdict = {"verdict": "fail", "reason": "x", "category": "other", "seen_change": "", "seen_review": ""}
    assert viewer.post(reverse("proctoring_results:decide", args=[attempt.attempt_code]), verdict).status_code == 303


def test_looking_ends_and_grades_nothing(viewer, learner, exam):
    attempt = ExamAttemptFactory(user=learner, exam=exam, started=True)
    ExamAttempt.objects.update(ends_at=timezone.now() - timedelta(minutes=1))
    AnswerSheet.objects.create(attempt_code=attempt.attempt_code)
    assert viewer.get(EXAM_PAGE).status_code == 200
    attempt.refresh_from_db()
    assert (attempt.status, Grade.objects.count()) == ("started", 0)
    signed_in(learner).get(EXAM_PAGE)
    attempt.refresh_from_db()
    assert (attempt.status, Grade.objects.count()) == ("timed_out", 1)


def test_the_team_hands_nothing_in_by_a_clock_that_ran_out(viewer, learner, exam):
    ExamAttemptFactory(user=learner, exam=exam, started=True)
    page = viewer.get(EXAM_PAGE).content.decode()
    assert 'data-form=""' in page
    assert '<fieldset class="whole" disabled>' in page


# --- Who is found, and who may ---


@pytest.mark.parametrize("query", ["Lea", "learner lea", "LEA", "lea@example.com"])
def test_a_learner_is_found_by_name_username_and_address(member, learner, query):
    page = member().post(PICK, {"query": query})
    assert 'name="learner" value="lea"' in page.content.decode()


@pytest.mark.parametrize("query", ["somebody else", "%", "\0"])
def test_a_search_without_a_match_shows_nobody(member, learner, query):
    page = member().post(PICK, {"query": query})
    assert page.status_code == 200
    assert 'name="learner" value="lea"' not in page.content.decode()


def test_no_more_than_a_page_of_learners_is_shown(member, course):
    Enrolment.objects.bulk_create(Enrolment(user=UserFactory(), course=course) for _ in range(25))
    page = member().post(PICK, {"query": "learner"}).content.decode()
    assert page.count('name="learner"') == 20
    assert "There are more." in page


@pytest.mark.parametrize("fields", [{"is_staff": True}, {"is_superuser": True}])
def test_nobody_views_a_course_as_an_administrator(member, course, fields):
    Enrolment.objects.create(user=UserFactory(username="boss", **fields), course=course)
    client = member()
    assert 'name="learner" value="boss"' not in client.post(PICK, {"query": "boss"}).content.decode()
    assert client.post(PICK, {"learner": "boss"}).status_code == 404


def test_nobody_views_a_course_as_a_member_of_its_team(member, course, learner):
    CourseRole.objects.create(user=learner, course=course, role=Role.VIEWER)
    assert member().post(PICK, {"learner": "lea"}).status_code == 404
    assert not Viewing.objects.exists()


@pytest.mark.parametrize("username", ["stranger", "no such name"])
def test_only_learners_of_the_course_are_viewed(member, username):
    UserFactory(username="stranger")
    assert member().post(PICK, {"learner": username}).status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
def test_outsiders_and_learners_find_nobody(learner, method):
    elsewhere = UserFactory()
    now = timezone.now()
    other = Course.objects.create(course_id="another", name="Another", start=now)
    CourseRole.objects.create(user=elsewhere, course=other, role=Role.INSTRUCTOR)
    for user in (learner, UserFactory(), elsewhere):
        assert getattr(signed_in(user), method)(PICK, {"query": "lea", "learner": "lea"}).status_code == 403
    assert getattr(Client(), method)(PICK).status_code == 302
    assert not Viewing.objects.exists()


def test_other_courses_are_ones_own(viewer, learner):
    now = timezone.now()
    other = Course.objects.create(course_id="another", name="Another", start=now)
    Enrolment.objects.create(user=learner, course=other)
    assert viewer.get(reverse("campus:course", args=["another"])).status_code == 403


# --- When it ends, and what is recorded ---


def test_a_viewing_is_recorded_with_viewer_learner_and_times(viewer, learner, course):
    viewing = Viewing.objects.get()
    assert (viewing.viewer.username, viewing.learner, viewing.course) == ("instructor", learner, course)
    assert viewing.ended_at is None
    assert viewer.post(STOP).url == PICK
    viewing.refresh_from_db()
    assert viewing.began_at <= viewing.ended_at
    assert "Lea Learner" not in viewer.get(COURSE_PAGE).content.decode()


def test_stopping_twice_changes_nothing(viewer):
    viewer.post(STOP)
    ended = Viewing.objects.get().ended_at
    assert viewer.post(STOP).url == "/"
    assert Viewing.objects.get().ended_at == ended


def test_signing_out_ends_it(viewer):
    viewer.post(reverse("logout"))
    assert Viewing.objects.get().ended_at is not None


@pytest.mark.parametrize("lost", ["role", "enrolment"])
def test_losing_the_role_ends_it_and_so_does_a_learner_who_left(viewer, learner, lost):
    if lost == "role":
        CourseRole.objects.all().delete()
        assert viewer.get(EXAM_PAGE).status_code == 403
    else:
        Enrolment.objects.all().delete()
        assert viewer.get(COURSE_PAGE).status_code == 200
    assert Viewing.objects.get().ended_at is not None


def test_one_at_a_time(viewer, course):
    Enrolment.objects.create(user=UserFactory(username="max"), course=course)
    viewer.post(PICK, {"learner": "max"})
    assert [bool(viewing.ended_at) for viewing in Viewing.objects.order_by("pk")] == [True, False]


def test_another_persons_viewing_is_not_taken_over(viewer, member):
    other = member(Role.STAFF)
    session = other.session
    session["viewing"] = Viewing.objects.get().pk
    session.save()
    assert "You are viewing" not in other.get(COURSE_PAGE).content.decode()


def test_the_admin_reads_the_record_and_writes_nothing(viewer):
    admin, viewing = signed_in(UserFactory(admin=True)), Viewing.objects.get()
    assert "instructor" in admin.get(reverse("admin:campus_viewing_changelist")).content.decode()
    change = reverse("admin:campus_viewing_change", args=[viewing.pk])
    assert admin.get(change).status_code == 200
    assert admin.post(change, {"viewer": "1"}).status_code == 403
    assert admin.get(reverse("admin:campus_viewing_add")).status_code == 403
    assert admin.post(reverse("admin:campus_viewing_delete", args=[viewing.pk]), {"post": "yes"}).status_code == 403


# --- The learner's own pages ---


@pytest.mark.parametrize("status", AttemptStatus)
@pytest.mark.parametrize("path", [COURSE_PAGE, EXAM_PAGE])
def test_a_learners_pages_show_the_result_and_no_other(learner, exam, status, path):
    ExamAttemptFactory(user=learner, exam=exam, status=status)
    text = main_of(signed_in(learner), path)
    results = {result for result in LEARNER_TEXTS.values() if re.search(rf">\s*{re.escape(result)}\s*<", text)}
    assert results == ({LEARNER_TEXTS[status]} if status in LEARNER_TEXTS else set())


@pytest.mark.parametrize("status", [S.COMPLETED, S.SECOND_REVIEW_REQUIRED, S.TIMED_OUT])
@pytest.mark.parametrize("path", [COURSE_PAGE, EXAM_PAGE])
@pytest.mark.parametrize("minutes", [59, 60])
def test_all_pending_results_look_exactly_alike(learner, exam, status, path, minutes):
    """Also if the time had run out: the page says so until there is a result."""
    attempt = ExamAttemptFactory(user=learner, exam=exam, submitted=True)
    attempts = ExamAttempt.objects.filter(pk=attempt.pk)
    attempts.update(completed_at=attempt.started_at + timedelta(minutes=minutes))
    submitted = main_of(signed_in(learner), path)
    assert ("The time was over" in submitted) is (path == EXAM_PAGE and minutes == 60)
    attempts.update(status=status)
    assert main_of(signed_in(learner), path) == submitted


def test_unsatisfactory_says_whom_to_ask_and_how_to_appeal(member, learner, exam):
    member()
    attempt = ExamAttemptFactory(user=learner, exam=exam, rejected=True)
    attempt.changes.create(from_status="submitted", to_status="rejected", at=timezone.now(), source="provider")
    text = " ".join(main_of(signed_in(learner), EXAM_PAGE).split())
    assert f"(instructor@example.com). Quote this code: {attempt.attempt_code}" in text
    assert "Appeal against this result" in text


def test_the_course_page_makes_as_many_queries_for_one_exam_as_for_many(learner, exam):
    client = signed_in(learner)

    def query_count() -> int:
        ExamAttemptFactory(user=learner, exam=ProctoredExamFactory(), submitted=True)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(COURSE_PAGE).status_code == 200
        return len(queries)

    assert query_count() == query_count() == query_count()


# --- The REST API ---


def decide_by_api(viewer, attempt):
    body = {"decision": "fail", "reason": "x", "seen": {"change": None, "review": None}}
    url = f"/api/proctoring/v1/attempts/{attempt.attempt_code}/decisions/"
    return viewer.post(url, body, content_type="application/json")


def test_a_viewer_changes_nothing_by_the_api_either(viewer, learner, exam):
    attempt = ExamAttemptFactory(user=learner, exam=exam, submitted=True)
    response = decide_by_api(viewer, attempt)
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert response.json()["detail"].startswith("You are viewing this course as a learner")
    assert StatusChange.objects.count() == 0
    viewer.post(STOP)
    assert decide_by_api(viewer, attempt).status_code == 201


def test_a_viewer_may_search_and_reads_only_their_own_results_by_the_api(viewer, learner, exam):
    ExamAttemptFactory(user=learner, exam=exam, submitted=True)
    body = {"course_id": COURSE, "search": "lea"}
    response = viewer.post("/api/proctoring/v1/attempts/search/", body, content_type="application/json")
    assert len(response.json()["results"]) == 1
    assert viewer.get("/api/proctoring/v1/me/attempts/").json()["results"] == []
