"""Tasks are enqueued after the commit, and a broker that is down delays no request."""

import gc
import socket
import threading
import time
import uuid

import pytest
import redis
from celery import Celery
from django.db import transaction

from proctoring_results import api, tasks
from proctoring_results.jobs import enqueue as module
from proctoring_results.jobs.enqueue import enqueue, enqueue_after_commit
from tests.factories import COURSE


def a_task(broker: str, **options):
    app = Celery("enqueue", broker=broker, set_as_current=False)
    app.conf.broker_transport_options = options

    @app.task(name="enqueue.task", shared=False)
    def task(*args):
        raise AssertionError("Only ever sent.")

    return task


@pytest.fixture
def silence():
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:1/0", "amqp://guest:guest@127.0.0.1:1//"])
def test_a_broker_that_refuses_is_logged_and_not_raised(broker, caplog):
    assert not enqueue(a_task(broker))
    assert "The periodic sweep will try again" in caplog.text


# The drivers leave the socket of a connection that came to nothing to the garbage collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("broker", ["redis://127.0.0.1:{}/0", "amqp://guest:guest@127.0.0.1:{}//"])
def test_a_broker_that_never_answers_is_abandoned(broker, silence):
    began = time.monotonic()
    assert not enqueue(a_task(broker.format(silence)))
    # Not a measurement: without the limits this takes minutes, or for ever.
    assert time.monotonic() - began < 20
    gc.collect()


@pytest.mark.parametrize("broker", ["nonsense://localhost", "redis://[x", "redis://localhost:port/0"])
def test_an_address_that_no_driver_understands_is_logged_and_not_raised(broker, caplog):
    assert not enqueue(a_task(broker))
    assert "The broker did not take enqueue.task" in caplog.text


def test_a_driver_that_is_not_installed_is_logged_and_not_raised(monkeypatch, caplog):
    monkeypatch.setattr("kombu.transport.redis.redis", None)
    assert not enqueue(a_task("redis://127.0.0.1:1/0"))
    assert "ImportError: Missing redis library" in caplog.text


@pytest.fixture
def dripping_broker():
    """An AMQP server that sends a byte every now and then, so that no limit of a single read ends the wait."""
    over = threading.Event()

    def drip(server):
        connection, _ = server.accept()
        with connection:
            while not over.wait(0.2):
                connection.sendall(b"\x01")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_that_drips_is_abandoned(monkeypatch, dripping_broker, caplog):
    monkeypatch.setattr(module, "BROKER_LIMIT", 1.0)
    # Without the limit the test would hang: the server drips until the end of the test.
    assert not enqueue(a_task(f"amqp://guest:guest@127.0.0.1:{dripping_broker}//"))
    assert "TimeoutError" in caplog.text


def test_a_broker_that_let_us_wait_is_not_asked_again_for_a_while(monkeypatch):
    sent = []

    def wait(task, args, at):
        sent.append(task.name)
        raise TimeoutError

    monkeypatch.setattr(module, "_send", wait)
    monkeypatch.setattr(module, "BROKER_CONNECT_LIMIT", 0)
    task = a_task("redis://silent.example/0")
    assert [enqueue(task) for _ in range(20)] == [False] * 20
    assert len(sent) == 1
    monkeypatch.setattr(module, "_silent_until", {})
    enqueue(task)
    assert len(sent) == 2


def test_a_site_can_switch_enqueueing_off(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {"ENQUEUE": False}
    monkeypatch.setattr(module, "_send", lambda task, args: pytest.fail("Nothing may be sent."))
    assert not enqueue(a_task("memory://"))


def test_without_an_address_no_broker_is_guessed(monkeypatch):
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    monkeypatch.setattr(module, "_send", lambda task, args: pytest.fail("Nothing may be sent."))
    assert not enqueue(a_task(None))


def test_an_eager_task_runs_in_the_callers_thread():
    app = Celery("eager", broker="memory://", set_as_current=False)
    app.conf.task_always_eager = True
    threads = []

    @app.task(name="eager.task", shared=False)
    def task():
        threads.append(threading.current_thread())

    assert enqueue(task)
    assert threads == [threading.current_thread()]


def test_the_hosts_own_transport_options_are_kept():
    assert module._impatient({"polling_interval": 3, "socket_timeout": 90}) == {
        "polling_interval": 3,
        "socket_timeout": 1.0,
        "socket_connect_timeout": 1.0,
        "max_retries": 0,
        "retry_on_timeout": False,
    }


@pytest.mark.worker
def test_a_task_is_one_message(redis_url):
    client = redis.Redis.from_url(redis_url)
    task = a_task(redis_url)
    # Of its own: another run may use the same server.
    task.app.conf.task_default_queue = queue = f"proctoring-enqueue-{uuid.uuid4().hex}"
    try:
        assert enqueue(task)
        assert client.llen(queue) == 1
    finally:
        client.delete(queue, f"_kombu.binding.{queue}", f"_kombu.binding_permanent.{queue}")
        client.close()


@pytest.mark.django_db(transaction=True)
def test_a_task_is_enqueued_after_the_commit_and_not_after_a_rollback(monkeypatch):
    enqueued = []
    monkeypatch.setattr(module, "enqueue", lambda task, *args, **_: enqueued.append((task, *args)))
    with transaction.atomic():
        enqueue_after_commit(tasks.build_report, 1)
        assert enqueued == []
    with transaction.atomic():
        enqueue_after_commit(tasks.build_report, 2)
        transaction.set_rollback(True)
    assert enqueued == [(tasks.build_report, 1)]


@pytest.mark.django_db(transaction=True)
def test_a_click_while_the_broker_is_down_is_not_lost(monkeypatch):
    down = a_task("redis://127.0.0.1:1/0")
    monkeypatch.setattr(tasks, "build_report", down)
    report = api.request_report(COURSE)
    report.refresh_from_db()
    assert report.state == "queued"
    assert report.next_try_at == report.requested_at
