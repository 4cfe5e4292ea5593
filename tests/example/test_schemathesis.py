"""Calls the whole API with input that its schema allows and input that it does not, on a running server with real data.

No response is a 5xx, and none differs from the schema: status, content type, headers, body. There are about fifty calls
per operation, the same in each run; with ``THOROUGH=1`` there are hundreds, different in each run.
"""

import json
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import yaml
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.utils import timezone
from oauth2_provider.models import get_access_token_model

from example_project.campus.seeding.courses import DEMO_COURSE, OTHER_COURSE
from proctoring_results import api
from proctoring_results.links import REPORT_LINK
from proctoring_results.models import ExamAttempt, ProctoredExam, Report, ReportSchedule
from proctoring_results.reports.build import build
from tests.conftest import THOROUGH
from tests.example.test_openapi import DOCS
from tests.example.test_tokens import application_of
from tests.factories import ReportFactory, ReportScheduleFactory, TeamNoteFactory

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

PATIENCE = 1800 if THOROUGH else 300  # seconds
MAX_EXAMPLES = 100 if THOROUGH else 5
# The share of real ids; the others are generated.
REAL = 0.7
# A valid call may be answered by one of these: its row may be gone, or not in the state for it.
FINE = ["2xx", "3xx", "401", "403", "404", "409", "410"]

# No schema of these says all: hosts add kinds, a query has "one of these two", each rhythm a number of its own,
# days have an order, blanks are no note, and incidents are those of the review.
WITH_RULES = (
    "get_reports_kinds",
    "post_reports",
    "post_reports_preview",
    "post_attempts_claim_next",
    "post_attempts_attempt_code_notes",
    "post_attempts_attempt_code_reviews_review_id_dismiss",
    "post_attempts_attempt_code_reviews_review_id_restore",
    "post_report_schedules",
    "put_report_schedules_schedule_id",
)


@pytest.fixture
def team():
    """Return an instructor of one of two courses with attempts, reviews, incidents and reports."""
    call_command("seed_demo", attempts=60, stdout=StringIO())
    for course_id in (DEMO_COURSE, OTHER_COURSE):
        build(api.request_report(course_id, enqueue=False).pk)
        ReportFactory(course_id=course_id, failed=True)
        ReportFactory(course_id=course_id)
    instructor = get_user_model().objects.get(username="instructor")
    for place, state in enumerate(["active", "paused", "active"], 1):
        ReportScheduleFactory(course_id=DEMO_COURSE, owner=instructor, place=place, state=state)
    return instructor


@pytest.fixture
def token(team):
    expires = timezone.now() + timedelta(hours=1)
    row = get_access_token_model().objects.create(
        application=application_of(team), token="of-the-course-team", expires=expires, scope=""
    )
    return row.token


@pytest.fixture
def config(team, tmp_path) -> Path:
    """Return a configuration that gives parameters and fields with these names mostly real values."""
    reviewed = ExamAttempt.objects.exclude(current_review=None).exclude(exam__is_practice_exam=True).order_by("pk")
    # Few attempts, so that calls often combine an attempt with its own review and its newest change.
    attempts = [*reviewed.in_course(DEMO_COURSE)[:3], reviewed.in_course(OTHER_COURSE)[0]]
    reports = [*Report.objects.in_course(DEMO_COURSE), *Report.objects.in_course(OTHER_COURSE)[:1]]
    values = {
        "course_id": [DEMO_COURSE, OTHER_COURSE],
        "report_id": [str(report.task_id) for report in reports],
        "attempt_code": [attempt.attempt_code for attempt in attempts],
        "review_id": [str(attempt.current_review_id) for attempt in attempts],
        "seen.change": [attempt.changes.latest("pk").pk for attempt in attempts],
        "seen.review": [attempt.reviews.latest("pk").pk for attempt in attempts],
        "exam_id": [str(pk) for pk in ProctoredExam.objects.values_list("pk", flat=True)],
        "content_id": list(ProctoredExam.objects.values_list("content_id", flat=True)),
        "note_id": [str(TeamNoteFactory(attempt=attempt, author=team).pk) for attempt in attempts],
        "schedule_id": [str(one.schedule_id) for one in ReportSchedule.objects.all()],
        "token": [REPORT_LINK.make_token(report, team, now=timezone.now()) for report in reports],
    }
    lines = ["[phases.coverage]", 'unexpected-methods = ["DELETE", "PUT"]']
    lines += ["[checks.positive_data_acceptance]", f"expected-statuses = {json.dumps(FINE)}"]
    for name, known in values.items():
        lines += [f'[dictionaries."{name}"]', f"values = {json.dumps(known)}"]
    lines.append("[parameters]")
    for name in values:
        for place in ("path", "query", "body"):
            lines.append(f'"{place}.{name}" = {{ dictionary = "{name}", probability = {REAL} }}')
    # A generated cursor is never valid, and a generated kind of report hardly ever.
    for operation in [*lists(), *WITH_RULES]:
        lines += ["[[operations]]", f'include-operation-id = "{operation}"']
        lines += ["[operations.checks.positive_data_acceptance]", f"expected-statuses = {json.dumps([*FINE, '400'])}"]
    file = tmp_path / "schemathesis.toml"
    file.write_text("\n".join(lines))
    return file


def lists() -> list[str]:
    operations = [
        operation for path in yaml.safe_load(DOCS.read_text())["paths"].values() for operation in path.values()
    ]
    return [
        operation["operationId"] for operation in operations if "schemas/PageOf" in json.dumps(operation["responses"])
    ]


@pytest.fixture(autouse=True)
def unlimited(settings, monkeypatch):
    rates = dict.fromkeys(("proctoring_results_calls", "proctoring_results_reports"))
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: None)


# About the same time each, so that they spread over the workers: most is spent on the attempts.
ATTEMPTS = "--{}-path-regex=/attempts/"
RUNS = {
    "attempts": ("examples,coverage,fuzzing", ATTEMPTS.format("include")),
    "others": ("examples,coverage,fuzzing", ATTEMPTS.format("exclude")),
    "stateful": ("stateful", None),
}


@pytest.mark.parametrize(("phases", "operations"), RUNS.values(), ids=RUNS)
def test_every_response_conforms_to_the_schema(live_server, config, token, phases, operations):
    schema = f"{live_server.url}/api/proctoring/v1/schema/?format=json"
    command = [sys.executable, "-m", "schemathesis.cli", f"--config-file={config}", "--no-color", "run", schema]
    options = [
        "--checks=all",
        f"--phases={phases}",
        f"--max-examples={MAX_EXAMPLES}",
        f"--header=Authorization:Bearer {token}",
        "--no-shrink",
    ]
    options += [operations] if operations else []
    options += ["--continue-on-failure", "--request-timeout=20"]
    options += ["--generation-database=none"] if THOROUGH else ["--generation-deterministic"]
    process = subprocess.run(
        [*command, *options], capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=config.parent
    )
    assert process.returncode == 0, process.stdout + process.stderr
    for phase in phases.split(","):
        assert phase.capitalize() in process.stdout
