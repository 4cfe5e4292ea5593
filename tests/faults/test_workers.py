"""Real workers on a real broker, and what becomes of a report when they die."""

import hashlib
import os
import signal
import subprocess
import sys
import uuid
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.utils import timezone

from proctoring_results import api, tasks
from proctoring_results.jobs.enqueue import enqueue
from proctoring_results.models import Report
from proctoring_results.reports.build import build
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.faults.harness import PATIENCE, broken_promises, forget_queue, queued_task, stored, wait_until, working
from tests.faults.killed_at import POINTS, SLEPT_TOO_LONG
from tests.faults.random_kills import Trial

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def empty_storage():
    for key in stored():
        storages["proctoring_results"].delete(key)


@pytest.fixture
def queue():
    return f"proctoring-test-{uuid.uuid4().hex}"


@pytest.fixture
def environment(process_environment, queue):
    return {**process_environment, "DJANGO_SETTINGS_MODULE": "tests.faults.settings", "PROCTORING_TEST_QUEUE": queue}


@pytest.fixture
def on_redis(environment, redis_url, queue, monkeypatch):
    """This process enqueues at Redis, and a worker with this environment listens there."""
    monkeypatch.setattr(tasks, "build_report", queued_task(redis_url, queue))
    yield {**environment, "CELERY_BROKER_URL": redis_url}
    forget_queue(redis_url, queue)


@pytest.fixture
def course():
    exam = ProctoredExamFactory()
    return [ExamAttemptFactory(exam=exam, user=UserFactory()) for _ in range(5)]


def fresh(report: Report) -> Report:
    return Report.objects.get(pk=report.pk)


def ended(report: Report) -> bool:
    return fresh(report).state in ("ready", "failed")


@pytest.mark.worker
@pytest.mark.database
def test_a_worker_builds_what_a_click_requested(on_redis, course):
    with working(on_redis) as worker:
        report = api.request_report(COURSE)
        wait_until(lambda: ended(report), lambda: worker.log)
    assert (fresh(report).state, fresh(report).rows) == ("ready", 5)
    assert broken_promises() == []


@pytest.mark.worker
def test_a_script_asks_waits_and_downloads_what_a_worker_built(on_redis, course):
    script = Client()
    script.force_login(UserFactory(admin=True), backend="django.contrib.auth.backends.ModelBackend")
    reports = "/api/proctoring/v1/reports/"
    with working(on_redis) as worker:
        response = script.post(reports, {"course_id": COURSE}, content_type="application/json")
        report = response["Location"]
        wait_until(lambda: script.get(report).json()["state"] not in ("queued", "running"), lambda: worker.log)
    file = script.get(script.post(f"{report}link/", content_type="application/json").json()["url"]).getvalue()
    assert hashlib.sha256(file).hexdigest() == script.get(report).json()["sha256"]
    assert (response.status_code, file.count(b"\r\n")) == (202, 1 + len(course))


@pytest.mark.rabbitmq
def test_a_worker_builds_what_a_click_requested_over_rabbitmq(environment, rabbitmq_url, queue, course, monkeypatch):
    task = queued_task(rabbitmq_url, queue)
    monkeypatch.setattr(tasks, "build_report", task)
    try:
        with working({**environment, "CELERY_BROKER_URL": rabbitmq_url}) as worker:
            report = api.request_report(COURSE)
            wait_until(lambda: ended(report), lambda: worker.log)
        assert fresh(report).state == "ready"
    finally:
        with task.app.connection_for_write() as connection:
            connection.default_channel.queue_delete(queue)
            connection.default_channel.exchange_delete(queue)


@pytest.mark.worker
def test_a_report_requested_while_the_broker_was_down_is_built_when_it_is_back(on_redis, course, monkeypatch):
    working_task = tasks.build_report
    monkeypatch.setattr(tasks, "build_report", queued_task("redis://127.0.0.1:1/0", "none"))
    report = api.request_report(COURSE)
    assert fresh(report).state == "queued"
    monkeypatch.setattr(tasks, "build_report", working_task)
    with working(on_redis) as worker:
        assert sweep_reports().enqueued == 1
        wait_until(lambda: ended(report), lambda: worker.log)
    assert fresh(report).state == "ready"


@pytest.mark.worker
def test_beat_finds_a_task_that_was_lost(on_redis, course, monkeypatch, tmp_path):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: False)
    report = api.request_report(COURSE)
    # Beat inside the worker, so that one process does all; hosts may run it apart.
    with working(on_redis, "--beat", "--schedule", str(tmp_path / "schedule")) as worker:
        wait_until(lambda: ended(report), lambda: worker.log)
    assert fresh(report).state == "ready"


@pytest.mark.worker
def test_two_messages_at_two_workers_make_one_report(on_redis, course):
    with working(on_redis) as one, working(on_redis) as two:
        report = api.request_report(COURSE)
        for _ in range(5):
            enqueue(tasks.build_report, report.pk)
        wait_until(lambda: ended(report), lambda: one.log + two.log)
    assert (fresh(report).state, fresh(report).tries) == ("ready", 1)
    assert broken_promises() == []


@pytest.mark.database
@pytest.mark.parametrize("point", POINTS)
def test_a_report_whose_worker_is_killed_is_built_by_another(environment, course, point, settings):
    report = api.request_report(COURSE, enqueue=False)
    killed = subprocess.run([sys.executable, "-m", "tests.faults.killed_at", point, str(report.pk)], env=environment)
    assert killed.returncode == -9
    settings.PROCTORING_RESULTS = {"LEASE": timedelta(seconds=2)}
    published = point == "after it is published"

    def built_by_another():
        sweep_reports(enqueue=False)
        return published or build(report.pk)

    wait_until(built_by_another, lambda: f"{fresh(report).state}, {timezone.now()} {fresh(report).lease_until}")
    sweep_reports(enqueue=False)
    assert broken_promises() == []
    assert fresh(report).state == "ready"
    assert fresh(report).rows == 5


@pytest.mark.worker
def test_a_worker_makes_a_case_file_that_a_click_requested(on_redis, course):
    with working(on_redis) as worker:
        report = api.request_case_file(course[0].attempt_code, purpose="Hearing", by=UserFactory(admin=True))
        wait_until(lambda: ended(report), lambda: worker.log)
    assert fresh(report).state == "ready"
    assert broken_promises() == []


@pytest.mark.database
@pytest.mark.parametrize("point", ["before the file is stored", "in the middle of storing", "after the file is stored"])
def test_a_case_file_whose_worker_is_killed_is_made_by_another(environment, course, point, settings):
    by = UserFactory(admin=True)
    report = api.request_case_file(course[0].attempt_code, purpose="Hearing", by=by, enqueue=False)
    killed = subprocess.run([sys.executable, "-m", "tests.faults.killed_at", point, str(report.pk)], env=environment)
    assert killed.returncode == -9
    settings.PROCTORING_RESULTS = {"LEASE": timedelta(seconds=2)}

    def built_by_another():
        sweep_reports(enqueue=False)
        return build(report.pk)

    wait_until(built_by_another, lambda: f"{fresh(report).state}, {timezone.now()} {fresh(report).lease_until}")
    sweep_reports(enqueue=False)
    assert broken_promises() == []
    assert (fresh(report).state, fresh(report).tries) == ("ready", 2)


@pytest.mark.database
@pytest.mark.parametrize("point", ["after the first rows", "after the file is stored"])
def test_a_worker_that_sleeps_past_its_lease_and_wakes_publishes_nothing(environment, course, point, settings):
    settings.PROCTORING_RESULTS = {"LEASE": timedelta(seconds=2)}
    report = api.request_report(COURSE, enqueue=False)
    command = [sys.executable, "-m", "tests.faults.killed_at", point, str(report.pk), "SIGSTOP"]
    with subprocess.Popen(command, env=environment) as sleeper:
        try:
            _, status = os.waitpid(sleeper.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
            wait_until(lambda: build(report.pk))
            published = fresh(report).file
            sleeper.send_signal(signal.SIGCONT)
            assert sleeper.wait(PATIENCE) == SLEPT_TOO_LONG
        finally:
            sleeper.kill()
    assert (fresh(report).file, fresh(report).fence) == (published, 2)
    assert broken_promises() == []


@pytest.mark.worker
@pytest.mark.database
def test_workers_killed_at_random_moments_leave_every_report_ended_and_no_partial_file(on_redis, redis_url, queue):
    trial = Trial(on_redis, queued_task(redis_url, queue), kills=12, attempts=3_000, seed=2026)
    trial.run()
    assert broken_promises() == []
    assert trial.killed == 12
    assert Report.objects.filter(state="ready").exists()
