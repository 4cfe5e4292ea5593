"""RPNow's endpoints: how it proves itself, its reviews, and the launch."""

import hashlib
import hmac
import json

import pytest
from django.test import Client
from django.utils import timezone

from proctoring_results.crypto import decrypt
from proctoring_results.models import ExamAttempt, ExamReview, ProviderMessage
from tests.factories import UserFactory
from tests.rest.calling import (
    RPNOW,
    RPNOW_REVIEW,
    basic,
    launch,
    may,
    post,
    post_rpnow,
    rest_attempt,
    rpnow_body,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def secrets(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **RPNOW}


@pytest.fixture
def client():
    return Client(raise_request_exception=False)


def rpnow_attempt(external_id="SSI-1", **fields):
    return rest_attempt(external_id, provider="rpnow", **fields)


def set_rpnow(settings, **options):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": {"rpnow": options}}


# --- Its reviews ---


@pytest.mark.parametrize(
    ("status", "becomes"),
    [("Clean", "verified"), ("Rules Violation", "verified"), ("Suspicious", "rejected"), ("Not Reviewed", "submitted")],
)
def test_a_review_changes_the_status(client, status, becomes):
    attempt = rpnow_attempt()
    assert post_rpnow(client, rpnow_body(attempt, status=status)).status_code == 200
    attempt.refresh_from_db()
    assert (attempt.status, attempt.current_review.review_status) == (becomes, status)


def test_webcam_comments_come_before_those_of_the_desktop(client):
    post_rpnow(client, rpnow_body(rpnow_attempt()))
    review = ExamReview.objects.get()
    assert list(review.incidents.values_list("kind", "status", "comment", "start", "stop")) == [
        ("webcam", "Suspicious", "Left the room", 3.0, 9.0),
        ("desktop", "Rules Violation", "Browsed", 12.0, 88.0),
    ]


def test_the_link_to_the_recording_is_stored_encrypted_and_nowhere_else(client):
    post_rpnow(client, rpnow_body(rpnow_attempt()))
    review, message = ExamReview.objects.get(), ProviderMessage.objects.get()
    assert decrypt(review.evidence.get().url) == "https://video.example/secret"
    assert "video.example" not in json.dumps(review.raw_data)
    assert b"video.example" not in bytes(review.evidence.get().url) + bytes(message.body)


@pytest.mark.parametrize("link", [None, ""])
def test_a_review_without_a_recording_has_no_evidence(client, link):
    post_rpnow(client, rpnow_body(rpnow_attempt(), videoReviewLink=link))
    assert not ExamReview.objects.get().evidence.exists()


def test_a_reviewer_in_the_body_is_ignored(client):
    attempt = rpnow_attempt()
    may(UserFactory(email="ann@example.com"), "decide_attempt")
    post_rpnow(client, rpnow_body(attempt, status="Clean", reviewed_by="ann@example.com"))
    assert (ExamReview.objects.get().reviewed_by, ExamReview.objects.get().claimed_name) == (None, "")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "nonsense", "multipart/form-data"]
)
def test_its_content_type_is_not_trusted(client, content_type):
    body = json.dumps(rpnow_body(rpnow_attempt()))
    assert post(client, RPNOW_REVIEW, body, content_type, Authorization=basic()).status_code == 200


def test_a_repeat_is_one_review(client):
    body = rpnow_body(rpnow_attempt())
    assert post_rpnow(client, body).json() == post_rpnow(client, body).json()
    assert ExamReview.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"examMetaData": None}, "examMetaData"),
        ({"examMetaData": {"ssiRecordLocator": "x"}}, "examMetaData.examCode"),
        ({"reviewStatus": "clean"}, "reviewStatus"),
        ({"reviewStatus": None}, "reviewStatus"),
        ({"webCamComments": 5}, "webCamComments"),
        ({"desktopComments": [None]}, "desktopComments[0]"),
    ],
)
def test_what_cannot_be_read_is_refused_naming_the_field(client, change, field):
    answer = post_rpnow(client, {**rpnow_body(rpnow_attempt()), **change})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert not ProviderMessage.objects.exists()


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"webCamComments": [{"eventStatus": "x"}]}, "webCamComments[0], comment: missing"),
        ({"desktopComments": [{"comments": "x"}]}, "desktopComments[0], status: missing"),
        (
            {"desktopComments": [{"comments": "x", "eventStatus": "x", "eventStart": "1"}]},
            "desktopComments[0], start: a number in quotes",
        ),
        ({"videoReviewLink": 5}, "evidence[0], url: no address"),
        ({"videoReviewLink": "ftp://video.example/"}, "evidence[0], url: no address"),
    ],
)
def test_an_odd_detail_loses_no_verdict(client, change, note):
    attempt = rpnow_attempt()
    answer = post_rpnow(client, {**rpnow_body(attempt, status="Clean"), **change})
    attempt.refresh_from_db()
    assert (answer.status_code, attempt.status) == (200, "verified")
    assert [each[: len(note)] for each in answer.json()["notes"]] == [note]


# --- Recorded, and sent again ---


def signed(body, timestamp=None, **headers):
    """Send the body as RPNow signs it, with or without the time."""
    raw = json.dumps(body).encode()
    prefix = b"" if timestamp is None else f"{timestamp}.".encode()
    headers["X-Proctoring-Signature"] = f"sha256={hmac.new(b'key', prefix + raw, hashlib.sha256).hexdigest()}"
    if timestamp is not None:
        headers.setdefault("X-Proctoring-Timestamp", str(timestamp))
    return post(Client(raise_request_exception=False), RPNOW_REVIEW, raw, **headers)


@pytest.fixture
def signs(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": {"rpnow": {"signing_keys": ["key"]}}}


def now():
    return int(timezone.now().timestamp())


def test_a_signed_review_that_was_recorded_is_not_taken_again_after_a_newer_one(signs):
    attempt = rpnow_attempt()
    clean, suspicious = rpnow_body(attempt, status="Clean"), rpnow_body(attempt)
    first = signed(clean)
    signed(suspicious)
    # A time that nobody has signed makes it no other message.
    for headers in ({}, {"X-Proctoring-Timestamp": str(now())}):
        assert signed(clean, **headers).json() == first.json()
    attempt.refresh_from_db()
    assert (attempt.status, attempt.reviews.count()) == ("rejected", 2)


def test_a_recorded_review_that_could_not_be_applied_is_not_applied_after_a_newer_one(signs):
    attempt = rpnow_attempt()
    ExamAttempt.objects.filter(pk=attempt.pk).update(status="error", started_at=None)
    clean = rpnow_body(attempt, status="Clean")
    assert signed(clean).json()["standing"] == "illegal_transition"
    ExamAttempt.objects.filter(pk=attempt.pk).update(started_at=timezone.now())
    assert signed(rpnow_body(attempt)).json()["status"] == "rejected"
    assert signed(clean).json()["standing"] == "illegal_transition"
    attempt.refresh_from_db()
    assert attempt.status == "rejected"


def test_one_that_is_signed_with_its_time_is_taken_once(signs):
    attempt, moment = rpnow_attempt(), now()
    clean, suspicious = rpnow_body(attempt, status="Clean"), rpnow_body(attempt)
    first = signed(clean, moment)
    signed(suspicious, moment)
    assert signed(clean, moment).json() == first.json()
    attempt.refresh_from_db()
    assert attempt.status == "rejected"


def test_a_correction_back_that_is_signed_anew_is_taken(signs):
    attempt, moment = rpnow_attempt(), now()
    clean, suspicious = rpnow_body(attempt, status="Clean"), rpnow_body(attempt)
    for number, body in enumerate((clean, suspicious, clean)):
        assert signed(body, moment + number).json()["standing"] == "applied"
    attempt.refresh_from_db()
    assert (attempt.status, attempt.reviews.count()) == ("verified", 3)


def test_one_that_was_signed_too_long_ago_is_refused(signs):
    assert signed(rpnow_body(rpnow_attempt()), now() - 301).status_code == 401


def test_a_correction_back_with_a_password_is_taken(client):
    attempt = rpnow_attempt()
    for status in ("Clean", "Suspicious", "Clean"):
        post_rpnow(client, rpnow_body(attempt, status=status))
    attempt.refresh_from_db()
    assert (attempt.status, attempt.reviews.count()) == ("verified", 3)


# --- Which attempt ---


def test_the_locator_is_compared_without_regard_to_case(client):
    assert post_rpnow(client, rpnow_body(rpnow_attempt("sSi-1"), "SsI-1")).status_code == 200


def test_a_locator_of_another_attempt_is_refused(client):
    answer = post_rpnow(client, rpnow_body(rpnow_attempt(), "SSI-2"))
    assert (answer.status_code, answer.json()["field"]) == (403, "examMetaData.ssiRecordLocator")
    assert not ProviderMessage.objects.exists()


def test_a_locator_that_was_not_known_yet_is_filled_in(client):
    attempt = rpnow_attempt(None)
    assert post_rpnow(client, rpnow_body(attempt, "SSI-9")).status_code == 200
    attempt.refresh_from_db()
    assert attempt.external_id == "SSI-9"


def test_a_locator_that_is_anothers_is_not_filled_in(client):
    rpnow_attempt("SSI-9")
    attempt = rpnow_attempt(None)
    assert post_rpnow(client, rpnow_body(attempt, "SSI-9")).status_code == 403
    assert not attempt.reviews.exists()


@pytest.mark.parametrize("provider", ["proctortrack", "nobody described it"])
def test_attempts_of_others_are_unknown_here(client, provider):
    attempt = rest_attempt("SSI-1", provider=provider)
    assert post_rpnow(client, rpnow_body(attempt)).status_code == 404


# --- Who it is ---


@pytest.mark.parametrize("secret", ["rpnow:first-secret", "rpnow:second-secret"])
def test_several_secrets_are_valid_at_a_time(client, secret):
    assert post_rpnow(client, rpnow_body(rpnow_attempt()), basic(secret)).status_code == 200


@pytest.mark.parametrize(
    "authorization",
    ["", "Basic", "Basic !!!", "Basic /w==", basic("rpnow:wrong"), basic(":"), basic("other:first-secret"), "Bearer x"],
)
def test_whoever_has_no_secret_is_refused(client, authorization):
    body = rpnow_body(rpnow_attempt())
    answer = post(client, RPNOW_REVIEW, body, **({"Authorization": authorization} if authorization else {}))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Basic ")


def test_without_any_secret_nobody_is_rpnow(client, settings):
    set_rpnow(settings)
    assert post_rpnow(client, rpnow_body(rpnow_attempt()), basic(":")).status_code == 401
    assert post(client, RPNOW_REVIEW, {}, **{"X-Proctoring-Secret": ""}).status_code == 401


def test_a_shared_secret_in_a_header_will_do(client, settings):
    set_rpnow(settings, secrets=["old", "new"])
    body = rpnow_body(rpnow_attempt())
    assert post(client, RPNOW_REVIEW, body, **{"X-Proctoring-Secret": "other"}).status_code == 401
    assert post(client, RPNOW_REVIEW, body, **{"X-Proctoring-Secret": "new"}).status_code == 200


def test_a_signature_of_the_body_will_do(client, settings):
    set_rpnow(settings, signing_keys=["old", "new"])
    body = json.dumps(rpnow_body(rpnow_attempt()))
    signature = "sha256=" + hmac.new(b"new", body.encode(), hashlib.sha256).hexdigest()
    assert post(client, RPNOW_REVIEW, body + " ", **{"X-Proctoring-Signature": signature}).status_code == 401
    assert post(client, RPNOW_REVIEW, body, **{"X-Proctoring-Signature": signature}).status_code == 200


def test_a_second_rpnow_speaks_for_its_own_attempts_only(client, settings):
    cls = "proctoring_results.providers.rpnow.RPNowProvider"
    providers = {**RPNOW["PROVIDERS"], "rpnow-eu": {"class": cls, "users": ["eu:x"]}}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": providers}
    ours, theirs = rpnow_attempt(), rest_attempt("SSI-1", provider="rpnow-eu")
    assert post_rpnow(client, rpnow_body(ours), basic("eu:x")).status_code == 404
    assert post_rpnow(client, rpnow_body(theirs), basic("eu:x")).status_code == 200


# --- Launch ---


@pytest.mark.parametrize("status", ["created", "download_software_clicked"])
def test_the_launch_makes_an_attempt_ready_and_leads_to_the_exam(client, settings, status):
    attempt = rpnow_attempt(status=status)
    answer = client.get(launch(attempt.attempt_code))
    attempt.refresh_from_db()
    assert (answer.status_code, attempt.status) == (302, "ready_to_start")
    assert answer["Location"].startswith(f"{settings.SITE_URL}/courses/")
    assert answer["Referrer-Policy"] == "no-referrer"


def test_the_launch_leads_to_the_sites_own_address_also_if_the_host_names_a_path(client, settings, monkeypatch):
    monkeypatch.setattr("tests.host.lms.HostLMS.exam_url", lambda *_: "/exam")
    answer = client.get(launch(rpnow_attempt(status="created").attempt_code))
    assert answer["Location"] == f"{settings.SITE_URL}/exam"


@pytest.mark.parametrize("status", ["started", "ready_to_submit", "submitted", "declined"])
def test_a_launch_never_changes_an_attempt_that_is_further(client, status):
    attempt = rpnow_attempt(status=status)
    assert client.get(launch(attempt.attempt_code)).status_code == 302
    attempt.refresh_from_db()
    assert attempt.status == status


def test_only_rpnows_attempts_are_launched(client):
    attempt = rest_attempt(status="created")
    unknown, others = client.get(launch("nobody")), client.get(launch(attempt.attempt_code))
    assert (unknown.status_code, others.status_code) == (404, 404)
    assert client.get(launch("a%00b")).status_code == 404
