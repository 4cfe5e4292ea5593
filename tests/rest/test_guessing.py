"""Whoever guesses RPNow's secret, or an attempt's code, is slowed down; whoever knows it is not."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from proctoring_results.throttles import ProviderThrottle
from tests.rest.calling import RPNOW, basic, launch, post_rpnow, rest_attempt, rpnow_body

pytestmark = pytest.mark.django_db

WRONG = basic("rpnow:wrong")
STRANGER, SERVICE = {"REMOTE_ADDR": "203.0.113.9"}, {"REMOTE_ADDR": "198.51.100.7"}


class CacheThatIsDown:
    def get(self, *args):
        raise ConnectionError("Nobody listens.")

    set = get


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(datetime(2026, 5, 2, 9, tzinfo=UTC), tick=False) as travel:
        yield travel


@pytest.fixture(autouse=True)
def three_a_minute(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **RPNOW}
    settings.REST_FRAMEWORK = rates(settings, proctoring_results_guesses="3/min")


def rates(settings, **rates):
    return {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


@pytest.fixture
def attempt():
    return rest_attempt("SSI-1", provider="rpnow")


def guess(times, authorization=WRONG, caller=STRANGER):
    return [post_rpnow(Client(**caller), {}, authorization) for _ in range(times)]


def codes(answers):
    return [answer.status_code for answer in answers]


def test_too_many_wrong_secrets_have_to_wait(clock):
    *_, last = answers = guess(4)
    assert codes(answers) == [401, 401, 401, 429]
    assert (last.json()["code"], last["Retry-After"]) == ("throttled", "61")
    clock.shift(61)
    assert codes(guess(1)) == [401]


def test_who_gives_the_right_secret_comes_in_however_many_were_wrong(attempt):
    """Otherwise a stranger who guesses from its address, or from behind the same proxy, would shut the service out."""
    guess(9)
    assert post_rpnow(Client(**STRANGER), rpnow_body(attempt)).status_code == 200


def test_a_service_is_never_counted_whatever_it_is_answered(attempt):
    assert codes(guess(9, basic())) == [400] * 9
    body = rpnow_body(attempt, locator="another")
    assert [post_rpnow(Client(**STRANGER), body).status_code for _ in range(9)] == [403] * 9
    assert post_rpnow(Client(**STRANGER), rpnow_body(attempt)).status_code == 200


def test_without_a_number_of_proxies_the_header_is_not_believed():
    headers = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in range(4)]
    answers = [post_rpnow(Client(**STRANGER), {}, WRONG, **header) for header in headers]
    assert codes(answers) == [401, 401, 401, 429]
    assert codes(guess(1, caller=SERVICE)) == [401]


def test_behind_proxies_the_address_is_the_one_that_the_nearest_reports(settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    # The caller can write whatever it likes before the last address.
    headers = [{"X-Forwarded-For": f"10.0.0.{number}, 203.0.113.9"} for number in range(4)]
    assert [post_rpnow(Client(), {}, WRONG, **header).status_code for header in headers] == [401, 401, 401, 429]
    assert post_rpnow(Client(), {}, WRONG, **{"X-Forwarded-For": "198.51.100.7"}).status_code == 401


def test_too_many_wrong_codes_have_to_wait_and_those_who_know_one_do_not(attempt):
    right, wrong = launch(attempt.attempt_code), launch("guessed")
    service = Client(**SERVICE)
    assert codes([service.get(right) for _ in range(9)]) == [302] * 9
    *_, last = answers = [Client(**STRANGER).get(wrong) for _ in range(4)]
    assert codes(answers) == [404, 404, 404, 429]
    assert last["Retry-After"] == "61"
    assert Client(**STRANGER).get(right).status_code == 302


def test_guesses_at_one_endpoint_do_not_count_at_another(attempt):
    guess(4)
    assert Client(**STRANGER).get(launch("guessed")).status_code == 404


def test_it_is_sixty_a_minute_unless_the_host_says_otherwise(settings):
    settings.REST_FRAMEWORK = rates(settings)
    assert codes(guess(61)) == [401] * 60 + [429]


def test_a_host_may_leave_guessing_to_its_proxy(settings):
    settings.REST_FRAMEWORK = rates(settings, proctoring_results_guesses=None)
    assert codes(guess(9)) == [401] * 9


def test_while_the_cache_is_down_nobody_is_refused(attempt, settings, monkeypatch, caplog):
    settings.REST_FRAMEWORK = rates(settings, proctoring_results="9/min", proctoring_results_guesses="3/min")
    monkeypatch.setattr(ProviderThrottle.__mro__[1], "cache", CacheThatIsDown())
    assert codes(guess(4)) == [401] * 4
    assert post_rpnow(Client(), rpnow_body(attempt)).status_code == 200
    assert Client().get(launch("guessed")).status_code == 404
    assert "Nobody listens." in caplog.text
