"""What tests ask for: services, a browser, and the environment of a worker. Markers say what a test needs."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connection

from tests import servers
from tests.fakes import RememberingLMS, RememberingMailServer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# Marker → service. The databases are chosen by DATABASE_URL, one a run.
NEEDS = {"worker": "Redis", "rabbitmq": "RabbitMQ", "browser": "Chromium", "libreoffice": "LibreOffice"}
# Marker → Django's name of the database.
ONLY_ON = {"postgresql": "postgresql", "mariadb": "mysql"}

# How long an example takes depends on the database; a deadline would say nothing.
hypothesis.settings.register_profile("databases", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("databases")

# Minutes instead of seconds for what is tried with generated bodies, and with generated histories.
THOROUGH = bool(os.environ.get("THOROUGH"))


def examples(number: int) -> int:
    """Return how many of so many examples are tried: on a server, where each takes several times as long, a third."""
    return number if connection.vendor == "sqlite" else number // 3


IS_NEEDED = " is needed: "


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker, name in NEEDS.items():
        if item.get_closest_marker(marker):
            require(name)
    for marker, vendor in ONLY_ON.items():
        if item.get_closest_marker(marker) and connection.vendor != vendor:
            pytest.skip(f"makes sense on {marker} only")


def require(name: str) -> str:
    """Where the service is. The test is left out where there is none; with CI=true it fails."""
    service = servers.find(name)
    if service.url is not None:
        return service.url
    sentence = f"{name}{IS_NEEDED}{service.why_missing}"
    if servers.MUST_HAVE_ALL:
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)


@pytest.fixture(autouse=True)
def nobody_has_called_yet() -> None:
    """Tests call from one address and as users of one number; calls and wrong guesses are counted in the cache."""
    cache.clear()


@pytest.fixture(autouse=True)
def no_broker_has_been_slow_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that let a test wait is left alone for seconds, and the next test may use the same address."""
    monkeypatch.setattr("proctoring_results.jobs.enqueue._silent_until", {})


@pytest.fixture(autouse=True)
def fakes_remember_nothing() -> None:
    """What the fakes record stands on their classes, and would reach the next test of the process."""
    RememberingLMS.forget()
    RememberingMailServer.forget()


@pytest.fixture(autouse=True, scope="session")
def databases_travel_in_time() -> Iterator[None]:
    """Leases go by the clock of the database, which time-machine does not move. tests/faults/ has the real one."""
    from django.db.models import DateTimeField, Value
    from django.utils import timezone

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "proctoring_results.jobs.lease.clock", lambda: Value(timezone.now(), output_field=DateTimeField())
        )
        yield


def pytest_terminal_summary(terminalreporter) -> None:
    # Read from the reports, which also come from the other processes of a run.
    reasons = [report.longrepr[2].removeprefix("Skipped: ") for report in terminalreporter.getreports("skipped")]
    left_out = Counter(reason for reason in reasons if IS_NEEDED in reason)
    for sentence, times in left_out.items():
        terminalreporter.write_line(f"Left out {times} {'test' if times == 1 else 'tests'}. {sentence}", yellow=True)
    # tests/run.py adds several runs up.
    if counts_file := os.environ.get("PROCTORING_TEST_COUNTS"):
        counted = {kind: len(terminalreporter.getreports(kind)) for kind in ("passed", "failed", "error", "skipped")}
        Path(counts_file).write_text(json.dumps({**counted, "left_out": list(left_out)}))


# -------------------------------------------------------------------------------------------------------- services


@pytest.fixture(scope="session")
def redis_url() -> str:
    """Several runs may share the server: name your queues and keys so that they do not meet."""
    return require("Redis")


@pytest.fixture(scope="session")
def rabbitmq_url() -> str:
    """Several runs may share the server: name your queues so that they do not meet, and delete them."""
    return require("RabbitMQ")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    return require("Chromium")


@pytest.fixture(scope="session")
def browser(chromium_path: str) -> Iterator["Browser"]:
    """Chromium without a screen, and without anything it would do on a network of its own accord."""
    from playwright.sync_api import sync_playwright

    quiet = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    quiet += ["--disable-component-update", "--disable-sync"]
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps an event loop in this thread, which Django takes for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(
            executable_path=chromium_path, args=quiet, chromium_sandbox=os.geteuid() != 0
        )
        yield browser
        browser.close()


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """URL under which another process reaches this test's database. What it reads must be committed."""
    settings = connection.settings_dict
    scheme = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mysql"}[connection.vendor]
    if connection.vendor == "sqlite":
        return f"{scheme}:///{settings['NAME']}"
    user, password = quote(settings["USER"]), quote(settings["PASSWORD"])
    account = f"{user}:{password}@" if password else f"{user}@"
    place = f"{settings['HOST'] or 'localhost'}{':' if settings['PORT'] else ''}{settings['PORT']}"
    unix_socket = settings.get("OPTIONS", {}).get("unix_socket")
    query = f"?{urlencode({'unix_socket': unix_socket})}" if unix_socket else ""
    return f"{scheme}://{account}{place}/{settings['NAME']}{query}"


@pytest.fixture
def process_environment(database_url: str) -> dict[str, str]:
    """Environment for a program that works on this test's database and files. Add the broker: CELERY_BROKER_URL."""
    return {**os.environ, "DATABASE_URL": database_url}
