"""A proctoring service that knows the protocol but not our code: a process of its own, over real HTTP."""

import ast
import csv
import io
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from example_project.campus.models import Course, Enrolment, ExamContent
from example_project.campus.seeding.courses import make_provider
from example_project.campus.seeding.questions import QUESTIONS
from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import ExamAttempt, LmsEffect, ProctoredExam
from proctoring_results.providers import http
from proctoring_results.providers.rest import client as rest_client
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.services.effects import queue_erasure
from tests.example.recorded_calls import CALLS
from tests.factories import COURSE, UserFactory

PROGRAM = Path(__file__).resolve().parents[2] / "example_project" / "invigilator.py"
PATIENCE = 30  # seconds within which an expected event must happen
LMS_SECRET = "from-the-lms-32-characters-or-more"

pytestmark = pytest.mark.django_db(transaction=True)


def wait_until(condition, describe=lambda: ""):
    give_up = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < give_up, describe()
        time.sleep(0.05)


@contextmanager
def running(tmp_path, port=0, **options):
    """Run the service alone, without our packages on its path."""
    quick = {"READY_AFTER": "0.05", "REVIEW_AFTER": "0.05", "CLIENT_ID": "campus", "CLIENT_SECRET": LMS_SECRET}
    environment = {f"INVIGILATOR_{name}": str(value) for name, value in {**quick, "PORT": port, **options}.items()}
    log = tmp_path / f"invigilator-{time.monotonic_ns()}.log"
    with log.open("w") as output:
        program = subprocess.Popen(
            [sys.executable, "-P", "-S", str(PROGRAM)], env=environment, cwd=tmp_path, stdout=output, stderr=output
        )
        try:
            wait_until(lambda: "Listening at" in log.read_text() or program.poll() is not None, log.read_text)
            yield log.read_text().split("Listening at ")[1].split("/\n")[0]
        finally:
            program.terminate()
            program.wait(10)


@pytest.fixture(scope="module")
def invigilator(tmp_path_factory):
    """One service for tests that leave nothing in it."""
    with running(tmp_path_factory.mktemp("invigilator")) as service:
        yield service


@pytest.fixture
def lms(live_server, settings, monkeypatch):
    """The example LMS on the network, with one exam and one learner."""
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    cache.clear()
    rest_client.tokens.clear()
    make_provider(UserFactory(username="proctortrack"))
    now = timezone.now()
    course = Course.objects.create(course_id=COURSE, name="Probability", start=now, end=now + timedelta(days=30))
    ExamContent.objects.create(course=course, content_id="exam@final", questions=QUESTIONS)
    learner = UserFactory(username="ada", first_name="Ada", last_name="Lovelace")
    Enrolment.objects.create(user=learner, course=course, track="verified")

    def connect(service):
        settings.PROCTORING_RESULTS = {
            **settings.PROCTORING_RESULTS,
            "SITE_URL": live_server.url,
            "PROVIDERS": {"proctortrack": {"base_url": service, "client_id": "campus", "client_secret": LMS_SECRET}},
        }
        api.create_exam(COURSE, "exam@final", exam_name="Final", time_limit_mins=60, provider="proctortrack")
        browser = Client()
        browser.force_login(learner, backend="django.contrib.auth.backends.ModelBackend")
        return browser

    yield connect
    rest_client.tokens.clear()
    cache.clear()


PAGE = ("campus:exam", [COURSE, "exam@final"])


def step(browser, name):
    code = ExamAttempt.objects.values_list("attempt_code", flat=True).first() or ""
    response = browser.post(reverse(PAGE[0], args=PAGE[1]), {"step": name, "attempt": code})
    assert response.status_code == 302


def page(browser):
    return browser.get(reverse(PAGE[0], args=PAGE[1])).content.decode()


def status():
    return ExamAttempt.objects.get().status


def wait_for_status(expected):
    wait_until(lambda: status() == expected, lambda: f"still {status()}")


def opened(url, **options):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return opener.open(urllib.request.Request(url, **options), timeout=10)


def fetch(url, **options):
    with opened(url, **options) as response:
        return response.read().decode()


def code_of(url):
    try:
        with opened(url) as response:
            return response.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def reported():
    report = api.request_report(COURSE)
    assert build(report.pk)
    report.refresh_from_db()
    with files.open_file(report) as file:
        return next(csv.DictReader(io.StringIO(file.read().decode())))


def hand_in(browser):
    for name in ("start", "finish", "hand_in"):
        step(browser, name)


# --- From registration to report ---


def test_from_the_registration_to_the_report(lms, tmp_path):
    with running(tmp_path) as service:
        browser = lms(service)
        step(browser, "begin")
        deliver_due()
        attempt = ExamAttempt.objects.get()
        assert (attempt.exam.external_id[:5], attempt.external_id[:8]) == ("exam-", "session-")
        step(browser, "download")
        content = page(browser)
        assert "Hold your identity card to the camera." in content
        assert f'href="{service}/download/{attempt.external_id}"' in content
        assert "I am set up" not in content
        fetch(f"{service}/download/{attempt.external_id}")
        wait_for_status("ready_to_start")
        hand_in(browser)
        assert status() == "submitted"
        deliver_due()
        wait_for_status("verified")
        assert "Satisfactory" in page(browser)
        row = reported()
        assert (row["username"], row["status"], row["review_status"]) == ("ada", "verified", "Clean")
        assert set(LmsEffect.objects.filter(kind="provider").values_list("state", flat=True)) == {"done"}


def test_what_it_finds_suspicious_stands_in_the_report(lms, tmp_path):
    with running(tmp_path, VERDICT="suspicious", READY="created") as service:
        browser = lms(service)
        step(browser, "begin")
        deliver_due()
        wait_for_status("ready_to_start")
        hand_in(browser)
        deliver_due()
        wait_for_status("second_review_required")
        assert "Pending" in page(browser)
        row = reported()
        assert (row["review_status"], row["Suspicious Count"]) == ("Suspicious", "2")
        assert row["Suspicious Comments"] == "Looks away from the screen; A second voice in the room"


def test_a_person_sends_the_review_from_its_page(lms, tmp_path):
    with running(tmp_path, VERDICT="none", READY="created") as service:
        browser = lms(service)
        step(browser, "begin")
        deliver_due()
        wait_for_status("ready_to_start")
        hand_in(browser)
        deliver_due()
        assert status() == "submitted"
        content = fetch(f"{service}/")
        assert "Ada Lovelace · Final" in content
        form = f"{service}/sessions/{ExamAttempt.objects.get().external_id}/review"
        # A page of another site must not send a review.
        with pytest.raises(urllib.error.HTTPError, match="403"):
            fetch(form, data=b"verdict=violation", headers={"Origin": "https://elsewhere.example"})
        assert "violation: verified" in fetch(form, data=b"verdict=violation", headers={"Origin": service})
        assert (status(), reported()["Rules Violation Count"]) == ("verified", "1")


def test_with_the_service_down_at_hand_in_the_learner_notices_nothing_and_the_call_follows(lms, tmp_path, monkeypatch):
    with running(tmp_path, READY="created") as service:
        browser = lms(service)
        step(browser, "begin")
        deliver_due()
        wait_for_status("ready_to_start")
    calls = []
    real = http.send
    monkeypatch.setattr(http, "send", lambda *args, **more: calls.append(args) or real(*args, **more))
    hand_in(browser)
    assert (status(), calls) == ("submitted", [])
    assert "Pending" in page(browser)
    assert calls == []
    with pytest.raises(ExceptionGroup):
        deliver_due()
    assert calls
    # The restarted service has forgotten everything, so it does not know this exam and attempt.
    with running(tmp_path, port=service.rpartition(":")[2]), time_machine.travel(timezone.now() + timedelta(minutes=5)):
        ProctoredExam.objects.update(external_id=None)
        ExamAttempt.objects.update(external_id=None, exam_external_id=None)
        deliver_due()
        wait_for_status("verified")


def test_a_session_that_the_service_has_forgotten_is_recorded_as_a_refused_call(lms, tmp_path):
    with running(tmp_path, READY="created") as service:
        browser = lms(service)
        step(browser, "begin")
        deliver_due()
        wait_for_status("ready_to_start")
    with running(tmp_path, port=service.rpartition(":")[2]):
        hand_in(browser)
        with pytest.raises(ExceptionGroup):
            deliver_due()
    parked = LmsEffect.objects.filter(kind="provider", state="parked")
    assert [effect.problem.split(" <")[0] for effect in parked] == ["CallRefused: The service answered 404:"] * 2


def test_an_attempt_is_removed_and_a_learner_erased(lms, tmp_path):
    with running(tmp_path) as service:
        browser = lms(service)
        step(browser, "begin")
        deliver_due()
        assert "Ada Lovelace" in fetch(f"{service}/")
        api.archive_attempt(ExamAttempt.objects.get().attempt_code, reason="x")
        deliver_due()
        assert "Ada Lovelace" not in fetch(f"{service}/")
        api.create_attempt(UserFactory(first_name="Bob", last_name="Hope"), ProctoredExam.objects.get())
        deliver_due()
        assert "Bob Hope" in fetch(f"{service}/")
        queue_erasure(ExamAttempt.objects.last().user)
        deliver_due()
        assert "Bob Hope" not in fetch(f"{service}/")
        assert set(LmsEffect.objects.values_list("state", flat=True)) == {"done"}


# --- The learner's page while the service has problems ---


@pytest.mark.parametrize("how", ["html", "no_token", "unknown_tokens"])
def test_the_page_is_usable_while_the_service_misbehaves(lms, tmp_path, how):
    with running(tmp_path, MISBEHAVE=how) as service:
        browser = lms(service)
        step(browser, "begin")
        with pytest.raises(ExceptionGroup):
            deliver_due()
        content = page(browser)
        assert ExamAttempt.objects.get().attempt_code in content
        assert "does not answer just now" in content
        step(browser, "download")
        assert "Decline this exam" in page(browser)


def test_the_page_is_usable_while_the_service_is_down(lms):
    browser = lms("http://127.0.0.1:1")
    step(browser, "begin")
    assert "does not answer just now" in page(browser)


def test_learners_cannot_declare_themselves_ready_if_a_service_reports_it(lms):
    browser = lms("http://127.0.0.1:1")
    step(browser, "begin")
    step(browser, "ready")
    assert status() == "created"


# --- The service itself ---


def test_it_imports_nothing_but_python():
    tree = ast.parse(PROGRAM.read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names])
    }
    assert imported <= sys.stdlib_module_names


def test_it_runs_as_a_module_too(tmp_path):
    environment = {**os.environ, "INVIGILATOR_PORT": "0"}
    program = subprocess.Popen(
        [sys.executable, "-m", "example_project.invigilator"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stdout.readline().startswith("Listening at")
    program.terminate()
    assert program.wait(10) == 0
    program.stdout.close()


@pytest.mark.parametrize(
    ("path", "headers", "code"),
    [
        ("/api/v1/config/", {}, 401),
        ("/api/v1/config/", {"Authorization": "JWT a.b.c"}, 401),
        ("/api/v1/config/", {"Authorization": "Bearer x"}, 401),
        ("/nowhere", {}, 404),
    ],
)
def test_it_refuses_requests_without_a_valid_token(tmp_path, path, headers, code):
    with running(tmp_path) as service, pytest.raises(urllib.error.HTTPError) as refusal:
        fetch(service + path, headers=headers)
    assert refusal.value.code == code
    refusal.value.close()


def test_a_wrong_secret_gets_200_and_no_token(tmp_path):
    form = b"grant_type=client_credentials&client_id=campus&client_secret=wrong"
    with running(tmp_path) as service:
        assert "access_token" not in json.loads(fetch(f"{service}/oauth2/access_token", data=form))


def test_the_recorded_calls_of_a_real_client_get_what_it_needs(tmp_path):
    form = f"grant_type=client_credentials&client_id=campus&client_secret={LMS_SECRET}&token_type=jwt".encode()
    ids = {}
    with running(tmp_path, VERDICT="none") as service:
        token = json.loads(fetch(f"{service}/oauth2/access_token", data=form))["access_token"]
        headers = {"Authorization": f"JWT {token}", "Content-Type": "application/json", "Accept-Language": "de;en"}
        for call in CALLS:
            body = None if call.body is None else json.dumps(call.body).encode()
            with opened(service + call.path.format(**ids), data=body, headers=headers, method=call.verb) as response:
                # The client takes any other code for a refusal.
                assert response.status == 200, call
                answer = json.loads(response.read())
            assert has_what_is_needed(answer, call.needs), (call, answer)
            if call.gives:
                ids[call.gives] = answer["id"]


def has_what_is_needed(answer, needs):
    if isinstance(needs, bool):
        return answer is needs
    if isinstance(needs, dict):
        return {name: answer.get(name) for name in needs} == needs
    return set(needs) <= set(answer)


@pytest.mark.parametrize(
    ("expires_in", "code"), [(60.5, 200), (-30.25, 200), (110, 200), (-90, 403), (3600, 403), (None, 403)]
)
def test_a_dashboard_token_may_end_within_a_minute_give_or_take_another(invigilator, expires_in, code):
    expires = {} if expires_in is None else {"exp": time.time() + expires_in}
    claims = {"iss": "campus", "course_id": COURSE, "user": {"full_name": "Ada"}, "jti": "1", **expires}
    # The expiry has a fraction, as that of the client has.
    token = jwt.encode(claims, LMS_SECRET, algorithm="HS256")
    assert code_of(f"{invigilator}/api/v1/instructor/campus/?jwt={token}") == code


def test_only_its_own_account_may_send_its_reviews(lms, tmp_path):
    with running(tmp_path, READY="created", LMS_CLIENT_SECRET="wrong") as service:
        browser = lms(service)
        step(browser, "begin")
        deliver_due()
        wait_until(lambda: "not accepted (HTTP Error 401" in fetch(f"{service}/"))
        assert status() == "created"
