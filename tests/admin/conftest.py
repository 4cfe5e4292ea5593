import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from proctoring_results import api
from tests.factories import ExamAttemptFactory, UserFactory


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    enqueued = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: enqueued.append(task.name))
    return enqueued


@pytest.fixture
def admin():
    client = Client()
    client.force_login(UserFactory(admin=True))
    return client


@pytest.fixture
def staff():
    """A member of staff with these permissions and no others."""

    def make(*permissions: str) -> Client:
        user = UserFactory(is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        client.user = user
        return client

    return make


@pytest.fixture
def reviewed():
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(
        attempt.attempt_code,
        "Suspicious",
        incidents=[api.IncidentData(status="Suspicious", comment="A phone")],
        raw_data={"secret": "not shown in passing"},
    )
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="Seen the recording")
    attempt.refresh_from_db()
    return attempt
