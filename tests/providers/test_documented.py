"""The provider that “Write a provider” shows: a host's code, as it stands on the page."""

import hashlib
import hmac
import json
import re
import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from proctoring_results.models import ExamReview
from tests.rest.calling import post, rest_attempt
from tests.test_docs import text_of

pytestmark = pytest.mark.django_db

PAGE = text_of("how-to/write-a-provider.md")
CODE, SETTINGS = (
    re.findall(rf"^```python\n(# {name}\n.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[0]
    for name in ("mylms/examity.py", "mylms/settings.py")
)
ADDRESS = re.findall(r"`https://lms.example(/\S+)`", PAGE)[0]
NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    monkeypatch.setenv("EXAMITY_SIGNING_KEY", "the key")
    module, values = ModuleType("mylms.examity"), {}
    for name in ("mylms", module.__name__):
        monkeypatch.setitem(sys.modules, name, module)
    exec(compile(CODE, "mylms/examity.py", "exec"), vars(module))  # noqa: S102 - a block of our page
    exec(compile(SETTINGS, "mylms/settings.py", "exec"), values)  # noqa: S102 - a block of our page
    providers = values["PROCTORING_RESULTS"]["PROVIDERS"]
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": providers}


@pytest.fixture
def attempt():
    return rest_attempt("s-1", provider="examity", submitted=True)


def send(key="the key", **body):
    raw, timestamp = json.dumps(body).encode(), timezone.now().isoformat()
    signature = hmac.new(key.encode(), f"{timestamp}.".encode() + raw, hashlib.sha256).hexdigest()
    headers = {"X-Examity-Signature": signature, "X-Examity-Timestamp": timestamp}
    return post(Client(), ADDRESS, raw, **headers)


def reviewed(number, colour="RED", minute=0, **others):
    sent_at = datetime(2026, 5, 2, 9, minute, tzinfo=UTC).isoformat()
    review = {"id": f"m-{number}", "event": "session.reviewed", "session": "s-1", "colour": colour, "sent_at": sent_at}
    return send(**review, **others)


def test_it_takes_at_most_sixty_lines_of_the_host():
    assert len([line for line in (CODE + SETTINGS).splitlines() if line.strip()]) <= 60


def test_its_review_is_stored_and_moves_the_attempt(attempt):
    flag_at = (attempt.started_at + timedelta(seconds=90)).astimezone(NEW_YORK).replace(tzinfo=None)
    answer = reviewed(1, flags=[{"text": "Looks away", "at": flag_at.isoformat()}])
    assert (answer.status_code, answer.json()["status"]) == (200, "rejected")
    assert list(ExamReview.objects.get().incidents.values_list("comment", "start")) == [("Looks away", 90.0)]


def test_a_retry_and_an_older_review_change_nothing(attempt):
    first = reviewed(1, minute=30)
    assert reviewed(1, minute=30).json() == first.json()
    assert reviewed(2, "GREEN", minute=10).json()["standing"] == "outdated"
    assert ExamReview.objects.count() == 2


def test_it_says_when_a_learner_is_ready():
    rest_attempt("s-1", provider="examity", status="created")
    assert send(id="m-1", event="session.ready", session="s-1").json()["status"] == "ready_to_start"


def test_what_is_not_for_us_is_answered_and_not_stored(attempt):
    assert send(event="session.scheduled").json() == {"ignored": True}


@pytest.mark.parametrize(("body", "field"), [({}, "event"), ({"event": []}, "event")])
def test_what_cannot_be_read_is_refused_by_name(attempt, body, field):
    answer = send(**body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_nobody_else_is_the_provider(attempt):
    assert send("another key", event="session.scheduled").status_code == 401
