import pytest

from proctoring_results.providers.registry import provider_named
from proctoring_results.providers.rest import client
from tests.providers.service import Service

SECRET = "a-secret-of-the-service-long-enough-for-SHA-256"


def calling(url, **more):
    """Settings by which Proctortrack is called there."""
    return {
        "LMS": "tests.fakes.RememberingLMS",
        "SITE_URL": "https://lms.example",
        "PROVIDERS": {"proctortrack": {"base_url": url, "client_id": "lms-1", "client_secret": SECRET, **more}},
    }


@pytest.fixture
def service():
    client.tokens.clear()
    started = Service()
    yield started
    started.stop()
    client.tokens.clear()


@pytest.fixture
def provider(service, settings, monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    settings.PROCTORING_RESULTS = calling(service.url, rules={"allow": ["calculator"]})
    return provider_named("proctortrack")
