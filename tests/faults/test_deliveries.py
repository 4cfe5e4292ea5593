"""A worker that dies between a decision and the world that has to hear of it."""

import re
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone

from example_project.campus import gradebook
from example_project.campus.models import Certificate, Course, CreditRequirement, ExamContent, Grade
from proctoring_results.effects.deliver import SECOND_LOOK_AFTER
from proctoring_results.models import ExamAttempt, LmsEffect
from tests.factories import COURSE, ExamAttemptFactory, UserFactory
from tests.faults.delivery_killed_at import POINTS
from tests.faults.harness import wait_until
from tests.mailers import send_mails_to

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

KINDS = ("grade", "credit", "certificate", "mail")


@pytest.fixture
def mails(settings, tmp_path) -> Path:
    send_mails_to("django.core.mail.backends.filebased.EmailBackend", settings, file_path=str(tmp_path))
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "LEASE": timedelta(seconds=2)}
    return tmp_path


@pytest.fixture
def environment(process_environment, mails):
    return {
        **process_environment,
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "PROCTORING_TEST_QUEUE": "nobody-listens",
        "PROCTORING_TEST_MAILS": str(mails),
    }


@pytest.fixture
def attempt(transactional_db) -> ExamAttempt:
    """A learner of the example LMS with 8 of 10 points and a certificate."""
    UserFactory(admin=True)
    attempt = ExamAttemptFactory(submitted=True, exam__exam_name="Final")
    course = Course.objects.create(course_id=COURSE, name="Course", start=timezone.now())
    content = ExamContent.objects.create(course=course, content_id=attempt.exam.content_id)
    Grade.objects.create(user=attempt.user, content=content, earned=8, possible=10)
    Certificate.objects.create(user=attempt.user, course=course)
    return attempt


def message_ids(folder: Path) -> list[str]:
    texts = "".join(file.read_text() for file in folder.iterdir())
    return re.findall(r"^Message-ID: .*", texts, re.MULTILINE)


@pytest.mark.parametrize("point", POINTS)
def test_upkeep_completes_what_a_killed_worker_left(environment, attempt, mails, point):
    command = [sys.executable, "-m", "tests.faults.delivery_killed_at", point, attempt.attempt_code]
    assert subprocess.run(command, env=environment).returncode == -9
    attempt.refresh_from_db()
    assert attempt.status == "rejected"

    # What is written again later, because the dead worker may have been in the middle of a call, is not waited for.
    soon = timezone.now() + SECOND_LOOK_AFTER / 2

    def caught_up():
        call_command("proctoring_upkeep", "--here", stdout=StringIO())
        return not LmsEffect.objects.waiting().filter(kind__in=KINDS, next_try_at__lt=soon).exists()

    wait_until(caught_up)
    scores = gradebook.scores(attempt.user, Course.objects.get())
    assert scores[attempt.exam.content_id] == gradebook.Score(0, 10, is_held=True)
    assert CreditRequirement.objects.get().state == "failed"
    assert not Certificate.objects.get().is_valid
    # Doubled may be the one that had left when the worker died, and then they are one to whoever reads them.
    sent = message_ids(mails)
    assert len(sent) == (2 if point == "after the mail is sent" else 1)
    assert len(set(sent)) == 1
    done = LmsEffect.objects.filter(kind__in=KINDS, state="done")
    assert sorted(done.values_list("kind", flat=True)) == sorted(KINDS)
