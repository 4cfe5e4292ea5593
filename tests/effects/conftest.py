import pytest

from tests.factories import ExamAttemptFactory, UserFactory
from tests.fakes import RememberingLMS
from tests.providers.conftest import provider, service  # noqa: F401  fixtures


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    """An LMS that remembers; nobody delivers unless the test does."""
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "LMS": "tests.fakes.RememberingLMS"}
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    return RememberingLMS


@pytest.fixture
def admin(transactional_db):
    return UserFactory(admin=True)


@pytest.fixture
def attempt(transactional_db):
    return ExamAttemptFactory(submitted=True, user__username="ada", exam__exam_name="Final")
