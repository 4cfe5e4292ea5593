"""What a learner's page shows of the proctoring service, and that it does without."""

import pytest
from django.core.cache import cache
from django.utils import translation

from proctoring_results import api
from proctoring_results.providers.rest import calls as provider_calls
from tests.factories import ExamAttemptFactory, ProctoredExamFactory
from tests.providers.conftest import calling, provider, service  # noqa: F401  fixtures
from tests.providers.service import Response

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("provider")]

ADDRESS, CONFIG = "/api/v1/exam/E/attempt/A/", "/api/v1/config/"


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def attempt(service):  # noqa: F811
    service.responses[ADDRESS] = Response(
        body={"instructions": ["Start it."], "download_url": "https://service.example/x"}
    )
    service.responses[CONFIG] = Response(
        body={"instructions": ["In general."], "download_url": "https://service.example/y"}
    )
    return ExamAttemptFactory(exam=ProctoredExamFactory(external_id="E"), external_id="A")


def calls(service):  # noqa: F811
    return [path for _, path in service.made()]


def test_the_services_sentences_and_link_are_shown(attempt):
    assert api.instructions_for(attempt) == api.Instructions(("Start it.",), "https://service.example/x")


def test_an_attempt_that_the_service_does_not_know_yet_gets_the_general_ones(attempt):
    attempt.external_id = None
    assert api.instructions_for(attempt).steps == ("In general.",)


def test_a_page_that_is_looked_at_again_asks_once_for_each_language(attempt, service):  # noqa: F811
    for language in ("en", "de", "en", "de"):
        with translation.override(language):
            api.instructions_for(attempt)
    assert [call.headers.get("Accept-Language") for call in service.calls if call.path == ADDRESS] == ["en", "de"]


def test_while_the_service_is_down_there_are_none_and_only_one_page_has_waited(attempt, service):  # noqa: F811
    service.responses[ADDRESS] = Response(503)
    other = ExamAttemptFactory(exam=attempt.exam, external_id="B")
    assert [api.instructions_for(one) for one in (attempt, attempt, other)] == [None] * 3
    assert calls(service) == [ADDRESS]


def test_a_refusal_of_one_attempt_is_no_outage(attempt, service):  # noqa: F811
    service.responses[ADDRESS] = Response(404, b"<h1>Not found</h1>")
    other = ExamAttemptFactory(exam=attempt.exam, external_id="B")
    assert [api.instructions_for(attempt), api.instructions_for(attempt)] == [None, None]
    assert api.instructions_for(other) is not None
    assert calls(service).count(ADDRESS) == 1


def test_a_page_waits_no_longer_than_its_limit(attempt, service, monkeypatch):  # noqa: F811
    monkeypatch.setattr(provider_calls, "PAGE_LIMIT", 0.2)
    service.responses[ADDRESS] = Response(write=lambda handler: service.over.wait())
    assert api.instructions_for(attempt) is None


def test_no_service_no_instructions(attempt, settings):
    settings.PROCTORING_RESULTS = {}
    assert not api.takes_calls(attempt)
    assert api.instructions_for(attempt) is None


def test_an_attempt_that_is_not_watched_has_none(attempt, service):  # noqa: F811
    attempt.taking_as_proctored = False
    assert api.instructions_for(attempt) is None
    assert service.calls == []


def test_nobody_there_is_no_error(attempt, settings):
    settings.PROCTORING_RESULTS = calling("http://127.0.0.1:1")
    assert api.takes_calls(attempt)
    assert api.instructions_for(attempt) is None
