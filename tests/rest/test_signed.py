"""The address for services that sign what they send, as a host's own class uses it."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client

from proctoring_results import api
from proctoring_results.crypto import decrypt
from proctoring_results.models import ExamReview, ProviderMessage
from proctoring_results.providers.base import Delivery, wall_clock
from proctoring_results.providers.signed import Signature
from proctoring_results.rest import problem
from proctoring_results.services import messages
from proctoring_results.services.messages import processing
from tests.factories import UserFactory
from tests.rest.calling import account_of, post, rest_attempt, reviewed, signed_in
from tests.rest.signing import URL, VENDOR, review, send

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 2, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOW, tick=False) as travel:
        yield travel


@pytest.fixture(autouse=True)
def vendor(settings, monkeypatch):
    monkeypatch.setattr(problem, "refusals", problem.RefusalLog())
    others = {"vendor": {"class": VENDOR, "signing_keys": ["old", "new"]}}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": others}
    cache.clear()


@pytest.fixture
def attempt():
    return rest_attempt("s-1", provider="vendor")


def number_stored():
    return ProviderMessage.objects.count(), ExamReview.objects.count()


# --- Who sent it ---


@pytest.mark.parametrize("key", ["old", "new"])
def test_every_key_of_the_settings_is_valid(attempt, key):
    answer = send(review(), key)
    assert (answer.status_code, answer.json()["review_status"]) == (200, "Clean")
    attempt.refresh_from_db()
    assert attempt.status == "verified"
    assert ProviderMessage.objects.get().caller == "vendor"


@pytest.mark.parametrize(
    "proof",
    [
        pytest.param({"key": "wrong"}, id="another key"),
        pytest.param({"key": ""}, id="no key"),
        pytest.param({"at": NOW - timedelta(seconds=301)}, id="signed too long ago"),
        pytest.param({"at": NOW + timedelta(seconds=301)}, id="signed in the future"),
        pytest.param({"X-Vendor-Signature": ""}, id="no signature"),
        pytest.param({"X-Vendor-Signature": "sha256=é"}, id="no hexadecimal"),
        pytest.param({"X-Vendor-Timestamp": str(int(NOW.timestamp()) + 1)}, id="another timestamp"),
        pytest.param({"X-Vendor-Timestamp": ""}, id="no timestamp"),
        pytest.param({"X-Vendor-Timestamp": "9" * 400}, id="no time"),
    ],
)
def test_without_a_valid_signature_it_is_refused_and_only_logged(attempt, proof, caplog):
    answer = send(review(), **proof)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Signature ")
    assert number_stored() == (0, 0)
    assert "provider_messages" in caplog.text


@pytest.mark.parametrize("seconds", [-300, 300])
def test_the_clocks_may_differ_by_five_minutes(attempt, seconds):
    assert send(review(), at=NOW + timedelta(seconds=seconds)).status_code == 200


def test_without_keys_nobody_is_the_provider(attempt, settings):
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "PROVIDERS": {"vendor": {"class": VENDOR}},
    }
    assert send(review(), key="").status_code == 401


@pytest.mark.parametrize(("name", "status"), [("nobody", 404), ("proctortrack", 401), ("rpnow", 401)])
def test_an_unknown_provider_is_not_found_and_one_that_does_not_sign_is_refused(attempt, name, status):
    assert send(review(), url=URL.replace("vendor", name)).status_code == status


def test_an_account_does_not_speak_for_a_provider_that_signs(attempt):
    assert post(signed_in(account_of("vendor")), reviewed("s-1"), review()).status_code == 403
    assert post(signed_in(UserFactory(admin=True)), reviewed("s-1"), review()).status_code == 404


def test_wrong_signatures_are_slowed_down(attempt, settings):
    settings.REST_FRAMEWORK = {
        **settings.REST_FRAMEWORK,
        "DEFAULT_THROTTLE_RATES": {"proctoring_results_guesses": "2/min", "proctoring_results": "1/min"},
    }
    assert [send(review(), "wrong").status_code for _ in range(3)] == [401, 401, 429]
    cache.clear()
    assert [send(review()).status_code for _ in range(2)] == [200, 429]


def test_rpnow_may_send_to_this_address_too(settings):
    attempt = rest_attempt("SSI-1", provider="rpnow")
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": {"rpnow": {"secrets": ["s"]}}}
    exam = {"examCode": attempt.attempt_code, "ssiRecordLocator": "ssi-1"}
    body = {"examMetaData": exam, "reviewStatus": "Clean"}
    url = URL.replace("vendor", "rpnow")
    assert post(Client(), url, body, **{"X-Proctoring-Secret": "s"}).json()["status"] == "verified"


# --- What it is about ---


def test_ready_makes_the_attempt_ready_to_start():
    attempt = rest_attempt("s-1", provider="vendor", status="created")
    assert send({"event": "learner.ready", "session": "s-1"}).json()["status_changed"] is True
    attempt.refresh_from_db()
    assert (attempt.status, ProviderMessage.objects.get().channel) == ("ready_to_start", "ready")


def test_what_is_not_for_us_is_answered_and_not_stored(attempt):
    answer = send({"event": "invoice.paid"})
    assert (answer.status_code, answer.json()) == (200, {"ignored": True})
    assert number_stored() == (0, 0)


def test_an_attempt_of_another_provider_is_not_found():
    rest_attempt("s-1", provider="proctortrack")
    assert send(review()).status_code == 404
    assert send(review(session="a\0b")).status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"no JSON", "body"),
        (review("blue"), "rating"),
        (review(session=5), "session"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(attempt, body, field):
    answer = send(body)
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert number_stored() == (0, 0)


def test_a_body_over_the_limit_is_refused(attempt):
    assert send(b" " * (1024 * 1024 + 1)).status_code == 413


# --- The inbox ---


def test_a_repeat_is_found_by_the_content(attempt):
    first = send(review())
    assert send(dict(reversed(review().items()))).json() == first.json()
    assert number_stored() == (1, 1)


def test_a_repeat_is_found_by_the_providers_own_id_whatever_came_since(attempt):
    first = send(review(), message_id="m-1")
    send(review("red"), message_id="m-2")
    assert send(review(delivery=2), message_id="m-1").json() == first.json()
    assert number_stored() == (2, 2)
    assert send(review(delivery=2), message_id="m-3").json()["standing"] == "applied"


def test_what_was_signed_once_is_taken_once_whatever_id_comes_with_it(attempt):
    first = send(review("red"), message_id="m-1")
    send(review("green"), message_id="m-2")
    assert send(review("red"), message_id="m-3").json() == first.json()
    attempt.refresh_from_db()
    assert (attempt.status, number_stored()) == ("verified", (2, 2))


def test_messages_whose_long_ids_differ_at_the_end_are_two(attempt):
    send(review("green"), message_id="x" * 300 + "a")
    second = send(review("red"), message_id="x" * 300 + "b").json()
    assert (second["review_status"], number_stored()) == ("Suspicious", (2, 2))
    assert send(review("green"), message_id="x" * 300 + "b").json() == second


def test_it_is_stored_encrypted_queued_finished_by_the_sweep_and_replayed(attempt, monkeypatch, clock):
    with monkeypatch.context() as patch:
        patch.setattr(processing, "record_mended_review", lambda *args, **kwargs: 1 / 0)
        assert send(review()).json()["queued"] is True
    message = ProviderMessage.objects.get()
    assert json.loads(decrypt(message.body)) == review()
    clock.shift(61)
    assert messages.sweep_inbox().finished == 1
    replay = api.replay_message(message.pk, by=UserFactory(admin=True))
    assert (replay.answer["standing"], replay.message_id) == ("applied", message.message_id)


@pytest.mark.django_db(transaction=True)
def test_it_is_stored_also_if_requests_are_transactions(attempt, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    monkeypatch.setattr(processing, "_process", None)
    assert send(review()).json()["queued"]
    assert ProviderMessage.objects.count() == 1


def test_wall_clock_times_become_seconds_of_the_recording():
    attempt = rest_attempt("s-1", provider="vendor", submitted=True)
    minute = (attempt.started_at + timedelta(minutes=1)).astimezone(UTC)
    times = [minute.isoformat(), minute.replace(tzinfo=None).isoformat(), None]
    assert send(review(flags=[{"text": "x", "at": time} for time in times])).status_code == 200
    assert list(ExamReview.objects.get().incidents.values_list("start", flat=True)) == [60.0, 60.0, None]


# --- The provider's clock ---


def at(minute):
    return f"2026-05-02T08:{minute:02}:00Z"


def standings(*reviews):
    return [send(body).json()["standing"] for body in reviews]


def test_an_older_delivery_does_not_replace_a_newer_one(attempt):
    assert standings(review("red", sent_at=at(30)), review(sent_at=at(10))) == ["applied", "outdated"]
    attempt.refresh_from_db()
    assert (attempt.status, attempt.current_review.review_status) == ("second_review_required", "Suspicious")
    assert standings(review(sent_at=at(40)), review()) == ["applied", "applied"]


def test_reviews_that_wait_for_the_end_of_the_exam_are_applied_in_the_order_they_were_sent():
    attempt = rest_attempt("s-1", provider="vendor", started=True)
    assert standings(review("red", sent_at=at(30)), review(sent_at=at(10))) == ["waiting", "waiting"]
    assert api.submit_attempt(attempt.attempt_code, by=attempt.user).status == "second_review_required"
    assert sorted(attempt.reviews.values_list("standing", flat=True)) == ["applied", "outdated"]


# --- Signatures ---

BODY = b'{"a": 1}'


def mac(digest, signed=BODY):
    return hmac.new(b"key", signed, digest).digest()


@pytest.mark.parametrize(
    ("signature", "headers"),
    [
        (Signature(header="S"), {"S": mac("sha256").hex()}),
        (Signature(header="S"), {"S": mac("sha256").hex().upper()}),
        (Signature(header="S", digest="sha1", prefix="sha1="), {"S": f"sha1={mac('sha1').hex()}"}),
        (Signature(header="S", encoding="base64"), {"S": base64.b64encode(mac("sha256")).decode()}),
        *[
            (
                Signature(header="S", digest="sha1", encoding="base64", timestamp_header="T"),
                {"S": base64.b64encode(mac("sha1", f"{time}.".encode() + BODY)).decode(), "T": time},
            )
            for time in ("1777712400", "1777712400.5", "1777712400000", "2026-05-02T09:00:00Z", "2026-05-02T09:00:00")
        ],
    ],
)
def test_each_way_to_sign_is_understood(signature, headers):
    delivery = Delivery(headers=headers, body=BODY, received_at=NOW)
    assert signature.is_valid(delivery, ["other", "key"])
    assert not signature.is_valid(delivery, ["other", ""])
    assert not signature.is_valid(Delivery(headers=headers, body=BODY + b" ", received_at=NOW), ["key"])


@pytest.mark.parametrize("value", ["", "soon", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", 5, "x" * 99])
def test_what_is_no_time_is_left_out_and_named(attempt, value):
    answer = send(review(sent_at=value, flags=[{"text": "x", "at": value}]))
    stored = ExamReview.objects.get()
    assert (stored.sent_at, stored.incidents.get().start) == (None, None)
    assert [note.partition(":")[0] for note in answer.json()["notes"]] == ["flags[0], start", "sent_at"]


def test_a_time_in_another_zone_is_understood():
    zone = ZoneInfo("America/New_York")
    assert wall_clock("2026-05-01T09:00:00", zone=zone) == datetime(2026, 5, 1, 13, tzinfo=UTC)
    assert wall_clock("2026-05-01T09:00:00+02:00", zone=zone) == datetime(2026, 5, 1, 7, tzinfo=UTC)


# --- By the API ---


def test_a_host_finds_an_attempt_by_the_providers_id(attempt):
    assert api.find_attempt("vendor", "s-1") == attempt
    for provider, external_id in (("other", "s-1"), ("vendor", "S-1"), ("vendor", "s\0")):
        with pytest.raises(api.NotFound):
            api.find_attempt(provider, external_id)
