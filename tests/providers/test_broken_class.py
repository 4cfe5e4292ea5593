"""A host's own class of a provider that raises what it should not: a request goes on, or is refused in words."""

import inspect

import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from proctoring_results import api
from proctoring_results.models import LmsEffect, ProviderMessage
from proctoring_results.providers.base import Envelope, Provider
from proctoring_results.providers.rpnow import RPNowProvider
from tests.factories import COURSE, ExamAttemptFactory, UserFactory
from tests.pages.conftest import client_of, person
from tests.rest.calling import RPNOW_REVIEW, post, rest_attempt, rpnow_body
from tests.rest.signing import Vendor, review, send

pytestmark = pytest.mark.django_db

SECRET = "Ada Lovelace looked away"


class Broken(Vendor):
    """Knows who sent a message and what is in it, and fails at whatever else a page asks it."""

    @property
    def takes_calls(self):
        raise ValueError(SECRET)

    @property
    def has_dashboard(self):
        raise ValueError(SECRET)

    @property
    def rules(self):
        raise ValueError(SECRET)

    def channel_label(self, channel):
        raise ValueError(SECRET)

    def instructions(self, attempt, exam_external_id, language):
        raise ValueError(SECRET)


class BrokenDashboard(Vendor):
    has_dashboard = True

    @property
    def dashboard_origin(self):
        raise ValueError(SECRET)

    def dashboard_url(self, *args):
        raise ValueError(SECRET)


class BrokenRPNow(RPNowProvider):
    def is_sender(self, delivery):
        raise ValueError(SECRET)


# Nobody calls these during a request, or only within another one of the class.
NOT_IN_A_REQUEST = {
    "problems",
    "addresses",
    "save_exam",
    "create_attempt",
    "tell_status",
    "remove_attempt",
    "erase_learner",
}
WITHIN_ANOTHER = {"own", "obscured_id", "review_status", "incident_status"}
TESTED_HERE = {
    "is_sender",
    "signed_digest",
    "read_envelope",
    "read_review",
    "is_ready",
    "channel_label",
    "takes_calls",
    "has_dashboard",
    "dashboard_origin",
    "dashboard_url",
    "instructions",
    "rules",
}


def fails(*args):
    raise ValueError(SECRET)


@pytest.fixture(autouse=True)
def _empty_cache():
    cache.clear()


@pytest.fixture
def use(settings):
    def use(provider_class):
        options = {"class": f"{provider_class.__module__}.{provider_class.__qualname__}", "signing_keys": ["new"]}
        settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": {"vendor": options}}
        return rest_attempt("s-1", provider="vendor", submitted=True, exam_external_id="e-1")

    return use


def test_each_hook_that_a_request_calls_is_tested_here():
    hooks = {
        name
        for name, member in vars(Provider).items()
        if not name.startswith("_") and (inspect.isfunction(member) or isinstance(member, property))
    }
    assert hooks == NOT_IN_A_REQUEST | WITHIN_ANOTHER | TESTED_HERE


@pytest.mark.parametrize("hook", ["is_sender", "read_envelope", "signed_digest"])
def test_a_message_that_the_class_cannot_place_is_refused_until_it_can(use, monkeypatch, caplog, hook):
    attempt = use(Vendor)
    with monkeypatch.context() as patch:
        patch.setattr(Vendor, hook, fails)
        answer = send(review())
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_class_failed")
    assert (answer["Content-Type"], answer["Retry-After"]) == ("application/problem+json", "61")
    assert not ProviderMessage.objects.exists()
    assert "The class of provider vendor raised ValueError." in caplog.text
    assert SECRET not in caplog.text + answer.content.decode()
    assert send(review()).json()["attempt_code"] == attempt.attempt_code


@pytest.mark.parametrize("envelope", ["s-1", {"external_id": 5}, {"message_id": None}])
def test_an_envelope_that_is_none_is_the_classs_mistake(use, monkeypatch, envelope):
    use(Vendor)
    read = (lambda *_: Envelope(**envelope)) if isinstance(envelope, dict) else (lambda *_: envelope)
    monkeypatch.setattr(Vendor, "read_envelope", read)
    assert send(review()).status_code == 503


def test_a_database_that_is_out_of_reach_is_not_the_classs_mistake(use, monkeypatch):
    use(Vendor)

    def is_down(*args):
        raise OperationalError

    monkeypatch.setattr(Vendor, "is_sender", is_down)
    assert send(review()).json()["code"] == "database_busy"


def test_a_class_that_fails_keeps_no_other_service_out(settings):
    providers = {"broken": {"class": f"{__name__}.BrokenRPNow"}, "rpnow": {"secrets": ["s"]}}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": providers}
    body = rpnow_body(rest_attempt("SSI-1", provider="rpnow"), status="Clean")
    assert post(Client(), RPNOW_REVIEW, body, **{"X-Proctoring-Secret": "s"}).json()["status"] == "verified"
    assert post(Client(), RPNOW_REVIEW, body, **{"X-Proctoring-Secret": "wrong"}).status_code == 503


@pytest.mark.parametrize(("hook", "event"), [("read_review", "review.done"), ("is_ready", "learner.ready")])
def test_what_it_cannot_read_is_stored_and_a_replay_says_that_it_failed(use, monkeypatch, caplog, hook, event):
    use(Vendor)
    assert send({**review(), "event": event}).status_code == 200
    monkeypatch.setattr(Vendor, hook, fails)
    assert send({**review(), "event": event, "again": 1}).json()["queued"] is True
    first, second = ProviderMessage.objects.order_by("pk")
    with pytest.raises(api.ProviderClassFailed):
        api.replay_message(first.pk, by=UserFactory(admin=True))
    assert (ProviderMessage.objects.count(), second.state) == (2, "received")
    assert SECRET not in caplog.text


def test_pages_and_verbs_do_without_what_it_does_not_answer(use):
    attempt = use(Broken)
    assert send(review("red")).status_code == 200
    client = client_of(UserFactory(admin=True))
    message = ProviderMessage.objects.get()
    for address in (
        reverse("proctoring_results:session", args=[attempt.attempt_code]),
        reverse("proctoring_results:sessions", args=[COURSE]),
        reverse("proctoring_results:service_dashboard", args=[COURSE]),
        reverse("admin:proctoring_results_providermessage_changelist"),
        reverse("admin:proctoring_results_providermessage_change", args=[message.pk]),
        reverse("admin:proctoring_results_examattempt_change", args=[attempt.pk]),
    ):
        assert client.get(address).status_code == 200, address
    assert api.instructions_for(attempt) is None
    # It may want to be called: whether it does is asked again, until it answers.
    api.mark_error(attempt.attempt_code, reason="The room was on fire.")
    assert LmsEffect.objects.filter(kind="provider", attempt=attempt).exists()


def test_an_exam_starts_although_the_class_cannot_say_its_rules(use):
    attempt = use(Broken)
    another = ExamAttemptFactory(exam=attempt.exam, provider="vendor", status="ready_to_start")
    assert api.start_attempt(another.attempt_code).exam_rules.rules == {}


def test_a_dashboard_that_cannot_be_opened_says_so_in_its_frame(use):
    attempt = use(BrokenDashboard)
    client, params = client_of(person("view_sessions")), {"attempt": attempt.attempt_code}
    page = client.get(reverse("proctoring_results:service_dashboard", args=[COURSE]), params)
    assert page["Content-Security-Policy"].endswith("frame-src 'self'")
    frame = client.get(reverse("proctoring_results:open_service_dashboard", args=[COURSE]), params)
    assert (frame.status_code, frame["Content-Type"], frame["Retry-After"]) == (503, "text/plain; charset=utf-8", "60")
    assert "Try again later." in frame.content.decode()
