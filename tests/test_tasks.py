"""The bell: rung once, and quick to give up."""

import gc
import socket
import time

import pytest
from celery import Celery

from proctoring_results import api, tasks
from tests.factories import COURSE


def a_task(broker: str, **options):
    app = Celery("bell", broker=broker, set_as_current=False)
    app.conf.broker_transport_options = options

    @app.task(name="bell.ring", shared=False)
    def ring(*args):
        raise AssertionError("Only ever sent.")

    return ring


@pytest.fixture
def silence():
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1//"])
def test_a_broker_that_refuses_is_said_and_not_raised(broker, caplog):
    assert not tasks.ring(a_task(broker))
    assert "Upkeep will ring again" in caplog.text


# The drivers leave the socket of a connection that came to nothing to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("broker", ["redis://127.0.0.1:{}/0", "amqp://guest:guest@127.0.0.1:{}//"])
def test_a_broker_that_never_answers_is_given_up(broker, silence):
    began = time.monotonic()
    assert not tasks.ring(a_task(broker.format(silence)))
    # Not a measurement: without the limits this takes minutes, or for ever.
    assert time.monotonic() - began < 20
    gc.collect()


def test_the_hosts_own_transport_options_are_kept():
    assert tasks._quick({"polling_interval": 3, "socket_timeout": 90}) == {
        "polling_interval": 3,
        "socket_timeout": 1.0,
        "socket_connect_timeout": 1.0,
        "max_retries": 0,
        "retry_on_timeout": False,
    }


@pytest.mark.worker
def test_a_bell_is_one_message(redis_url):
    import redis

    client = redis.Redis.from_url(redis_url)
    task = a_task(redis_url)
    task.app.conf.task_default_queue = "proctoring-bell-test"
    client.delete("proctoring-bell-test")
    try:
        assert tasks.ring(task)
        assert client.llen("proctoring-bell-test") == 1
    finally:
        client.delete("proctoring-bell-test")
        client.close()


@pytest.mark.django_db(transaction=True)
def test_a_click_while_the_broker_is_down_is_kept(monkeypatch):
    down = a_task("redis://127.0.0.1:1/0")
    monkeypatch.setattr(tasks, "build_report", down)
    report = api.request_report(COURSE)
    report.refresh_from_db()
    assert report.state == "queued"
    assert report.next_try_at == report.requested_at
