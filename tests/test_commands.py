"""The management commands."""

import io
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.utils import timezone

from proctoring_results import api
from proctoring_results.filters import FILTER_NAMES
from proctoring_results.models import LmsEffect, ProviderMessage, Report
from tests.factories import COURSE, ExamAttemptFactory, UserFactory
from tests.fakes import RememberingLMS

COMMAND = "proctoring_results.management.commands.proctoring_upkeep"

pytestmark = [pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def course():
    return ExamAttemptFactory(submitted=True)


def called(*arguments) -> str:
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=out)
    return out.getvalue()


def in_a_process(environment, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "django", *arguments],
        env=environment,
        capture_output=True,
        check=False,
    )


def test_a_report_at_the_terminal_is_published_like_any_other():
    output = called("proctoring_report", COURSE)
    report = Report.objects.get()
    assert (report.state, report.requested_by, report.rows) == ("ready", None, 1)
    assert report.file_name in output
    assert report.sha256 in output


def test_a_report_to_a_file_is_whole_and_for_its_owner_only(tmp_path):
    target = tmp_path / "out.csv"
    assert "1 rows" in called("proctoring_report", COURSE, "--output", str(target))
    assert target.read_bytes().count(b"\r\n") == 2
    assert target.stat().st_mode & 0o777 == 0o600
    assert not Report.objects.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_file_that_fails_half_way_does_not_appear_and_leaves_the_old_one(tmp_path, monkeypatch):
    target = tmp_path / "out.csv"
    target.write_text("old")

    def fail(*args):
        args[2].write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr("proctoring_results.reports.build.write_rows", fail)
    with pytest.raises(CommandError, match="disk full"):
        called("proctoring_report", COURSE, "--output", str(target))
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_a_file_is_replaced_where_a_symbolic_link_leads(tmp_path):
    target, link = tmp_path / "out.csv", tmp_path / "link.csv"
    target.write_text("old")
    link.symlink_to(target)
    called("proctoring_report", COURSE, "--output", str(link))
    assert link.is_symlink()
    assert target.read_bytes().count(b"\r\n") == 2


def test_a_named_pipe_gets_the_report_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    # Opened for reading and writing, a pipe needs no second process; the report fits into its buffer.
    reader = os.open(pipe, os.O_RDWR)
    called("proctoring_report", COURSE, "--output", str(pipe))
    assert os.read(reader, 100_000).count(b"\r\n") == 2
    os.close(reader)
    assert pipe.is_fifo()


def test_a_device_gets_the_report_and_stays():
    called("proctoring_report", COURSE, "--output", os.devnull)
    assert Path(os.devnull).is_char_device()


@pytest.mark.parametrize(("name", "why"), [("", "is a directory"), ("none/out.csv", "No such file")])
def test_a_place_where_no_file_can_be_is_an_error_in_words(tmp_path, name, why):
    with pytest.raises(CommandError, match=why):
        called("proctoring_report", COURSE, "--output", str(tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_a_reader_who_has_seen_enough_ends_the_command_without_a_traceback(process_environment):
    reading, writing = os.pipe()
    os.close(reading)
    ran = subprocess.run(
        [sys.executable, "-m", "django", "proctoring_report", COURSE, "--output", "-"],
        env=process_environment,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert (ran.stderr, ran.returncode) == (b"", 141)


@pytest.mark.database
def test_standard_output_gets_the_csv_and_nothing_else(process_environment, course):
    ran = in_a_process(process_environment, "proctoring_report", COURSE, "--output", "-")
    lines = ran.stdout.split(b"\r\n")
    assert lines[0].startswith(b"course_id,exam_name")
    assert course.attempt_code.encode() in lines[1]
    assert lines[2:] == [b""]
    assert (ran.stderr, ran.returncode) == (b"", 0)


def test_the_older_kind_and_one_exam(tmp_path, course):
    target = tmp_path / "out.csv"
    called(
        "proctoring_report",
        COURSE,
        *("--kind", "proctored_session_results_report"),
        *("--exam", course.exam.content_id),
        *("--output", str(target)),
    )
    assert target.read_text().startswith("user_email,")


def test_every_filter_is_an_option(course, tmp_path):
    options = {
        "--tab": "waiting",
        "--status": "submitted",
        "--review-status": "Not Reviewed",
        "--result": "pending",
        "--since": "2026-05-01",
        "--until": "2026-05-01",
        "--ended-since": "2026-05-01",
        "--ended-until": "2126-05-01",
        "--decided-since": "2026-05-01",
        "--decided-until": "2026-05-01",
        "--provider": "proctortrack",
        "--waiting": "1",
        "--reason": "second_review",
        "--incidents": "suspicious",
        "--min-incidents": "1",
        "--decided-by": "service",
        "--decision": "verified",
        "--reviewer": "1",
        "--review-time": "any",
        "--practice": "without",
        "--archived": "without",
        "--attention": "without",
        "--exam": course.exam.content_id,
    }
    assert {name.removeprefix("--").replace("-", "_") for name in options} == set(FILTER_NAMES)
    for name, value in options.items():
        has_none = ("--decided", "--decision", "--reviewer", "--review-time", "--reason", "--incidents", "--min")
        rows = 0 if name.startswith(has_none) else 1
        assert f"{rows} rows" in called("proctoring_report", COURSE, name, value, "--output", str(tmp_path / "out.csv"))
    assert "0 rows" in called(
        "proctoring_report", COURSE, "--since", "2026-05-02", "--output", str(tmp_path / "out.csv")
    )


def test_filters_and_format_are_those_of_the_report():
    called("proctoring_report", COURSE, "--status", "submitted", "--format", "csv_semicolon")
    report = Report.objects.get()
    assert (report.filters, report.format, report.state) == ({"status": "submitted"}, "csv_semicolon", "ready")


def test_one_report_about_all_courses(tmp_path):
    ExamAttemptFactory(exam__course_id="another")
    called("proctoring_report", "--all-courses")
    report = Report.objects.get()
    assert (report.courses, report.rows) == (["another", COURSE], 2)
    assert "2 rows" in called("proctoring_report", "--all-courses", "--output", str(tmp_path / "out.csv"))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "Name a course"),
        ([COURSE, "--all-courses"], "Name a course"),
        ([COURSE, "--status", "passed"], "filters.status"),
        ([COURSE, "--since", "1 May"], "filters.since"),
        ([COURSE, "--exam", "nowhere"], "There is no such exam"),
        (["--all-courses", "--exam", "nowhere"], "filters.exam"),
    ],
)
@pytest.mark.parametrize("output", [[], ["--output", "-"]])
def test_what_is_wrong_is_refused_in_words(arguments, why, output):
    with pytest.raises(CommandError, match=why):
        called("proctoring_report", *arguments, *output)
    assert not Report.objects.exists()


def test_a_report_that_is_being_created_is_named_by_its_id():
    report = api.request_report(COURSE)
    with pytest.raises(CommandError, match=str(report.task_id)):
        called("proctoring_report", COURSE)


def test_an_unknown_exam_is_an_error():
    with pytest.raises(CommandError, match="no such exam"):
        called("proctoring_report", COURSE, "--exam", "none")


def test_a_progress_bar_only_on_a_terminal(process_environment):
    ours, theirs = os.openpty()
    ran = subprocess.run(
        [sys.executable, "-m", "django", "proctoring_report", COURSE, "--output", "-"],
        env=process_environment,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    progress = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "1 of 1 rows" in progress
    assert b"rows" not in ran.stdout


def test_upkeep_without_celery_builds_due_reports():
    report = api.request_report(COURSE)
    output = called("proctoring_upkeep", "--here")
    report.refresh_from_db()
    assert report.state == "ready"
    assert "built: 1" in output


def test_upkeep_enqueues_due_reports(monkeypatch):
    api.request_report(COURSE)
    monkeypatch.setattr("proctoring_results.services.upkeep.enqueue", lambda *args, **_: True)
    assert "enqueued: 1" in called("proctoring_upkeep")


class BrokenStorage(FileSystemStorage):
    """An S3 account without the right to delete."""

    def delete(self, name):
        raise PermissionError("DeleteObject")


def test_a_storage_that_keeps_a_file_stops_no_report_and_no_effect(settings, course):
    called("proctoring_report", COURSE)
    Report.objects.update(expires_at=timezone.now())
    settings.STORAGES = {
        **settings.STORAGES,
        "proctoring_results": {
            **settings.STORAGES["proctoring_results"],
            "BACKEND": f"{__name__}.BrokenStorage",
        },
    }
    report = api.request_report(COURSE)
    api.pass_attempt(course.attempt_code, by=UserFactory(admin=True), reason="x")
    with pytest.raises(CommandError, match=r"the removal of .* from the report storage: PermissionError") as error:
        called("proctoring_upkeep", "--here")
    report.refresh_from_db()
    assert (error.value.returncode, report.state) == (1, "ready")
    assert set(LmsEffect.objects.values_list("state", flat=True)) == {"done"}


def test_one_part_of_upkeep_that_fails_stops_no_other(monkeypatch):
    monkeypatch.setattr(f"{COMMAND}.sweep_inbox", lambda: 1 / 0)
    monkeypatch.setattr(f"{COMMAND}.end_overdue_attempts", lambda problems: 1 / 0)
    report = api.request_report(COURSE)
    with pytest.raises(CommandError, match=r"- attempts: ZeroDivisionError.*\n- messages of providers: ZeroDiv"):
        called("proctoring_upkeep", "--here")
    report.refresh_from_db()
    assert report.state == "ready"


def test_effects_that_the_lms_does_not_take_now_are_counted_and_no_error(settings, course):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "LMS": "tests.fakes.RememberingLMS"}
    api.fail_attempt(course.attempt_code, by=UserFactory(admin=True), reason="x")
    RememberingLMS.forget()
    RememberingLMS.down = True
    # Grade and credit; certificate and mail wait for the grade.
    assert "Effects delivered: 0, to be tried again: 2." in called("proctoring_upkeep", "--here")


def test_a_message_that_can_never_be_processed_is_reported(course, monkeypatch):
    monkeypatch.setattr("proctoring_results.services.messages.processing._process", lambda *args: 1 / 0)
    body = {"attempt": course, "provider": course.provider, "channel": "rest_review", "body": b"", "sha256": "x"}
    message = ProviderMessage.objects.create(**body, received_at=timezone.now(), next_try_at=timezone.now())
    assert "rescheduled: 1" in called("proctoring_upkeep", "--here")
    ProviderMessage.objects.filter(pk=message.pk).update(received_at=timezone.now() - timedelta(days=2))
    with pytest.raises(CommandError, match="1 cannot be processed"):
        called("proctoring_upkeep", "--here")
