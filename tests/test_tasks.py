"""The bell: rung once, and quick to give up."""

import gc
import json
import random
import socket
import time
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import redis
from celery import Celery
from django.db import transaction
from django.utils import timezone

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


# --- One bell a moment ---


class Clock:
    """Bells that were rung, each with the moment at which it was, and the moment at which it is heard."""

    def __init__(self, monkeypatch):
        self.now, self.rung, self.is_down = 100.0, [], False
        monkeypatch.setattr(tasks, "monotonic", lambda: self.now)
        monkeypatch.setattr(tasks, "ring", self.ring)

    def ring(self, task, pause):
        self.rung.append((self.now, self.now + pause))
        return not self.is_down

    def after(self, *pauses):
        for pause in pauses:
            self.now += pause
            tasks.ring_once_a_moment(tasks.deliver_effects)
        return self.rung


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_what_happens_alone_is_heard_at_once(clock):
    assert clock.after(0, 60) == [(100, 100), (160, 160)]


def test_what_happens_just_after_a_bell_is_heard_a_moment_after_it(clock):
    assert clock.after(0, tasks.MOMENT / 4) == [(100, 100), (100 + tasks.MOMENT / 4, 100 + tasks.MOMENT)]


def test_while_a_bell_is_on_its_way_no_other_is_rung(clock):
    assert len(clock.after(0, *[tasks.MOMENT / 100] * 50)) == 2


def test_whatever_happens_is_followed_by_a_bell_and_few_are_rung(clock):
    chance = random.Random(1)
    for _ in range(2_000):
        clock.after(chance.choice([0, 0.001, 0.1, tasks.MOMENT, 2]))
        assert clock.rung[-1][1] >= clock.now
        assert clock.rung[-1][1] <= clock.now + tasks.MOMENT
    heard = [at for _, at in clock.rung]
    assert all(later - earlier >= tasks.MOMENT - 1e-6 for earlier, later in pairwise(heard))


def test_a_bell_that_the_broker_did_not_take_keeps_no_other_from_ringing(clock):
    clock.is_down = True
    assert len(clock.after(0, 0.1, 0.1)) == 3


@pytest.mark.django_db(transaction=True)
def test_only_a_task_without_arguments_shares_its_bell(monkeypatch):
    rung = []
    monkeypatch.setattr(tasks, "ring", lambda task, *args, **_: rung.append(args) or True)
    for _ in range(3):
        with transaction.atomic():
            tasks.ring_after_commit(tasks.build_report, 1)
            tasks.ring_after_commit(tasks.build_report, 2)
            tasks.ring_after_commit(tasks.deliver_effects)
    assert rung == [(1,), (2,), ()] * 2 + [(1,), (2,)]


@pytest.mark.worker
def test_a_pause_stands_in_the_message(redis_url):
    task = a_task(redis_url)
    task.app.conf.task_default_queue = "proctoring-bell-pause-test"
    client = redis.Redis.from_url(redis_url)
    try:
        assert tasks.ring(task, pause=30)
        [message] = client.lrange("proctoring-bell-pause-test", 0, -1)
        eta = datetime.fromisoformat(json.loads(message)["headers"]["eta"])
        assert timedelta(seconds=20) < eta - timezone.now() <= timedelta(seconds=30)
    finally:
        client.delete("proctoring-bell-pause-test")
        client.close()


@pytest.mark.django_db(transaction=True)
def test_a_click_while_the_broker_is_down_is_kept(monkeypatch):
    down = a_task("redis://127.0.0.1:1/0")
    monkeypatch.setattr(tasks, "build_report", down)
    report = api.request_report(COURSE)
    report.refresh_from_db()
    assert report.state == "queued"
    assert report.next_try_at == report.requested_at
