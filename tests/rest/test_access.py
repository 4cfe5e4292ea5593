"""Who may call which endpoint."""

import pytest
from django.test import Client

from proctoring_results.models import ProviderMessage, StatusChange
from tests.factories import UserFactory
from tests.host.models import CourseRole
from tests.rest.calling import (
    REVIEW,
    RPNOW,
    RPNOW_REVIEW,
    account_of,
    basic,
    launch,
    post,
    ready,
    rest_attempt,
    reviewed,
    rpnow_body,
    signed_in,
)
from tests.rest.signing import VENDOR, review, send

pytestmark = pytest.mark.django_db

# Whose attempt is asked for. A stranger is "examity"; at the endpoints of a provider its own attempts are that one's.
ATTEMPTS = ("its own", "a stranger's", "archived", "unknown")
# What each gets at each endpoint, for these attempts in their order.
ANSWERS = {
    "nobody": {
        "review": (401, 401, 401, 401),
        "ready": (401, 401, 401, 401),
        "rpnow_review": (401, 401, 401, 401),
        "rpnow_launch": (302, 404, 302, 404),
        "provider_messages": (401, 401, 401, 401),
    },
    "learner": {
        "review": (403, 403, 403, 403),
        "ready": (403, 403, 403, 403),
        "rpnow_review": (401, 401, 401, 401),
        "rpnow_launch": (302, 404, 302, 404),
        "provider_messages": (401, 401, 401, 401),
    },
    "instructor of another course": {
        "review": (403, 403, 403, 403),
        "ready": (403, 403, 403, 403),
        "rpnow_review": (401, 401, 401, 401),
        "rpnow_launch": (302, 404, 302, 404),
        "provider_messages": (401, 401, 401, 401),
    },
    "another provider": {
        "review": (404, 200, 404, 404),
        "ready": (404, 200, 404, 404),
        "rpnow_review": (401, 401, 401, 401),
        "rpnow_launch": (302, 404, 302, 404),
        "provider_messages": (401, 401, 401, 401),
    },
    "the provider": {
        "review": (200, 404, 200, 404),
        "ready": (200, 404, 200, 404),
        "rpnow_review": (200, 404, 200, 404),
        "rpnow_launch": (302, 404, 302, 404),
        "provider_messages": (200, 404, 200, 404),
    },
    "admin": {
        "review": (200, 200, 200, 404),
        "ready": (200, 200, 200, 404),
        "rpnow_review": (401, 401, 401, 401),
        "rpnow_launch": (302, 404, 302, 404),
        "provider_messages": (401, 401, 401, 401),
    },
}
CASES = [
    pytest.param(who, endpoint, whose, status, id=f"{who}, {endpoint}, {whose}")
    for who, endpoints in ANSWERS.items()
    for endpoint, row in endpoints.items()
    for whose, status in zip(ATTEMPTS, row, strict=True)
]


def client_of(who, attempt):
    match who:
        case "nobody":
            return Client()
        case "learner":
            return signed_in(attempt.user)
        case "instructor of another course":
            return signed_in(CourseRole.objects.create(user=UserFactory(), course_id="other").user)
        case "another provider":
            return signed_in(account_of("examity"))
        case "the provider":
            return signed_in(account_of())
    return signed_in(UserFactory(admin=True))


@pytest.fixture(autouse=True)
def secrets(settings):
    others = {**RPNOW["PROVIDERS"], "examity": {}, "vendor": {"class": VENDOR, "signing_keys": ["key"]}}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": others}


def attempt_of(endpoint, whose):
    owners = {"rpnow_review": "rpnow", "rpnow_launch": "rpnow", "provider_messages": "vendor"}
    ours = owners.get(endpoint, "proctortrack")
    attempt = rest_attempt(
        provider="examity" if whose == "a stranger's" else ours, status="created", archived=whose == "archived"
    )
    if whose == "unknown":
        attempt.external_id = attempt.attempt_code = "unknown"  # not saved: the caller's word only
    return attempt


@pytest.mark.parametrize(("who", "endpoint", "whose", "status"), CASES)
def test_who_comes_in(who, endpoint, whose, status):
    attempt = attempt_of(endpoint, whose)
    client = client_of(who, attempt)
    match endpoint:
        case "review":
            answer = post(client, reviewed(attempt.external_id), REVIEW)
        case "ready":
            answer = post(client, ready(attempt.external_id), {"status": "ready"})
        case "rpnow_review":
            # RPNow proves itself by its secret; nobody else has it, and a session is no proof.
            proof = {"Authorization": basic()} if who == "the provider" else {}
            answer = post(client, RPNOW_REVIEW, rpnow_body(attempt, "ext-1"), **proof)
        case "provider_messages":
            # Nobody else has the key.
            key = "key" if who == "the provider" else "another"
            answer = send(review(session=attempt.external_id), key, client=client)
        case _:
            answer = client.get(launch(attempt.attempt_code))
    assert answer.status_code == status
    assert ("WWW-Authenticate" in answer) is (status == 401)
    # Whoever is turned away has left nothing behind, and what is archived does not move.
    assert ProviderMessage.objects.count() == (status == 200)
    has_moved = whose != "archived" and (endpoint, status) in {("ready", 200), ("rpnow_launch", 302)}
    assert StatusChange.objects.count() == has_moved


def test_a_401_says_how_to_sign_in_whatever_the_hosts_first_class_is(monkeypatch):
    from rest_framework.authentication import SessionAuthentication

    from proctoring_results.providers.rest.webhooks import ReviewView

    monkeypatch.setattr(ReviewView, "authentication_classes", [SessionAuthentication])
    answer = post(Client(), reviewed(), REVIEW)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer ")


def test_a_session_needs_its_csrf_token():
    rest_attempt()
    client = Client(enforce_csrf_checks=True)
    client.force_login(account_of(), backend="django.contrib.auth.backends.ModelBackend")
    assert post(client, reviewed(), REVIEW).status_code == 403
