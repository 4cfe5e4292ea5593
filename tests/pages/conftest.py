import re

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.factories import COURSE, UserFactory

ALL = ("view_reports", "generate_report", "download_report")


@pytest.fixture(autouse=True)
def database(db):
    """Every page asks it."""


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    """What is enqueued for; nobody comes."""
    enqueued: list[tuple] = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: enqueued.append(args))
    return enqueued


@pytest.fixture
def page_url() -> str:
    return reverse("proctoring_results:data_download", args=[COURSE])


@pytest.fixture
def instructor():
    return person(*ALL)


@pytest.fixture
def client(instructor) -> Client:
    return client_of(instructor)


def person(*permissions: str):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def client_of(user) -> Client:
    client = Client()
    client.force_login(user)
    client.user = user
    return client


def text(response) -> str:
    """The page, with all white space folded: how the markup is laid out is nobody's promise."""
    return re.sub(r"[ \n]+", " ", response.content.decode())


@pytest.fixture
def reviewer():
    return person("view_sessions", "decide_attempt", "export_session")


@pytest.fixture
def reviewing(reviewer) -> Client:
    """A browser of somebody who may look at sessions, decide and export."""
    return client_of(reviewer)


@pytest.fixture
def exporting() -> Client:
    """A browser of somebody who may look at sessions and export them."""
    return client_of(person("view_sessions", "export_session"))


@pytest.fixture
def looking() -> Client:
    """A browser of somebody who may look at sessions, and no more."""
    return client_of(person("view_sessions"))
