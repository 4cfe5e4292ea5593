"""The review callback of the REST protocol: every row of the answers that providers count on."""

import hashlib
import json
from datetime import UTC, datetime

import pytest
import time_machine
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from proctoring_results import api
from proctoring_results.crypto import decrypt
from proctoring_results.models import ExamAttempt, ExamReview, Incident, ProviderMessage
from proctoring_results.providers.base import Envelope
from proctoring_results.providers.rest.messages import RestProvider
from proctoring_results.rest import problem
from proctoring_results.services import messages
from proctoring_results.services.messages import processing
from proctoring_results.services.messages.receiving import store_message
from proctoring_results.throttles import ProviderThrottle
from tests.factories import UserFactory
from tests.rest.calling import REVIEW, account_of, may, post, rest_attempt, reviewed, signed_in
from tests.test_commands import called

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def open_log(monkeypatch):
    monkeypatch.setattr(problem, "refusals", problem.RefusalLog())


@pytest.fixture
def clock():
    with time_machine.travel(datetime(2026, 5, 2, 9, tzinfo=UTC), tick=False) as travel:
        yield travel


@pytest.fixture
def provider():
    return signed_in(account_of())


def nothing_is_stored():
    return not (ExamReview.objects.exists() or Incident.objects.exists() or ProviderMessage.objects.exists())


def is_refused(response, status, code, field=None):
    problem = response.json()
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert (problem["status"], problem["code"], problem.get("field")) == (status, code, field)
    assert set(problem) >= {"type", "title", "detail"}
    return True


# --- Fine ---


@pytest.mark.parametrize(
    ("label", "review_status", "becomes"),
    [
        ("passed", "Clean", "verified"),
        ("violation", "Rules Violation", "verified"),
        ("suspicious", "Suspicious", "second_review_required"),
        ("not_reviewed", "Not Reviewed", "submitted"),
    ],
)
def test_a_review_is_stored_and_changes_the_status(provider, label, review_status, becomes):
    attempt = rest_attempt()
    answer = post(provider, reviewed(), {"status": label})
    attempt.refresh_from_db()
    assert answer.status_code == 200
    assert answer.json()["status_changed"] is (becomes != "submitted")
    assert (attempt.current_review.review_status, attempt.status) == (review_status, becomes)


@pytest.mark.parametrize(
    ("label", "stored", "counted"),
    [
        ("Suspicious", "Suspicious", (1, 0)),
        ("suspicious", "Suspicious", (1, 0)),
        ("Rules Violation", "Rules Violation", (0, 1)),
        ("VIOLATION", "Rules Violation", (0, 1)),
        ("unknown", "unknown", (0, 0)),
        ("OK", "OK", (0, 0)),
    ],
)
def test_the_label_of_a_comment_is_matched_without_regard_to_case_or_stored_unchanged(provider, label, stored, counted):
    rest_attempt()
    post(provider, reviewed(), {"status": "suspicious", "comments": [{"comment": "x", "status": label}]})
    review = ExamReview.objects.get()
    assert review.incidents.get().status == stored
    assert (review.suspicious_count, review.rules_violation_count) == counted


def test_times_and_unknown_fields_are_stored(provider):
    rest_attempt()
    body = {**REVIEW, "session": {"id": 7}}
    post(provider, reviewed(), body)
    review = ExamReview.objects.get()
    assert review.raw_data == body
    assert (review.incidents.get().start, review.incidents.get().stop) == (1.0, 2.0)


# --- Who reviewed it ---


def test_a_person_who_may_decide_and_is_named_by_the_provider_has_decided(provider):
    attempt, person = rest_attempt(), may(UserFactory(email="Ann@Example.com"), "decide_attempt")
    post(provider, reviewed(), {**REVIEW, "reviewed_by": "ann@example.com"})
    attempt.refresh_from_db()
    change = attempt.changes.get()
    assert (attempt.status, attempt.current_review.reviewed_by) == ("rejected", person)
    assert (change.source, change.by) == ("reported", None)


def test_a_decision_that_is_reported_never_stands_above_one_that_was_made_here(provider):
    attempt, person = rest_attempt(), may(UserFactory(email="ann@example.com"), "decide_attempt")
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="seen")
    answer = post(provider, reviewed(), {"status": "passed", "reviewed_by": person.email})
    attempt.refresh_from_db()
    assert (attempt.status, answer.json()["standing"]) == ("rejected", "after_decision")


def test_a_reported_decision_stands_above_the_providers_other_reviews(provider):
    attempt, person = rest_attempt(), may(UserFactory(email="ann@example.com"), "decide_attempt")
    post(provider, reviewed(), {"status": "suspicious", "reviewed_by": person.email})
    assert post(provider, reviewed(), {"status": "passed"}).json()["standing"] == "after_decision"
    assert post(provider, reviewed(), {"status": "passed", "reviewed_by": person.email}).json()["status"] == "verified"
    assert attempt.reviews.count() == 3


def test_a_site_switches_off_what_a_provider_reports_in_a_persons_name(provider, settings):
    policies = {"PROVIDERS": {"proctortrack": {"accepts_reviewed_by": False}}}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **policies}
    attempt, person = rest_attempt(), may(UserFactory(email="ann@example.com"), "decide_attempt")
    post(provider, reviewed(), {**REVIEW, "reviewed_by": person.email})
    attempt.refresh_from_db()
    assert (attempt.status, attempt.current_review.claimed_name) == ("second_review_required", person.email)


def test_a_reviewers_name_does_not_lift_a_policy_that_keeps_the_older_review(provider, settings):
    policies = {"PROVIDERS": {"proctortrack": {"newer_replaces_older": False}}}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **policies}
    attempt, person = rest_attempt(), may(UserFactory(email="ann@example.com"), "decide_attempt")
    post(provider, reviewed(), {"status": "passed"})
    answer = post(provider, reviewed(), {**REVIEW, "reviewed_by": person.email})
    attempt.refresh_from_db()
    assert (attempt.status, answer.json()["standing"]) == ("verified", "barred")


def test_a_provider_cannot_name_the_learner_as_the_judge(provider):
    attempt = rest_attempt()
    attempt.user.email = "me@example.com"
    may(attempt.user, "decide_attempt").save()
    post(provider, reviewed(), {**REVIEW, "reviewed_by": "me@example.com"})
    attempt.refresh_from_db()
    assert (attempt.status, attempt.current_review.source) == ("second_review_required", "provider")


@pytest.mark.parametrize(
    "accounts",
    [
        pytest.param([], id="nobody"),
        pytest.param([{"decides": False}], id="one who may not decide"),
        pytest.param([{"decides": True}, {"decides": False}], id="two of that address"),
        pytest.param([{"decides": True, "is_active": False}], id="one who left"),
    ],
)
def test_a_name_that_nobody_vouches_for_is_only_a_claim(provider, accounts):
    attempt = rest_attempt()
    for account in accounts:
        decides = account.pop("decides")
        user = UserFactory(email="ann@example.com", **account)
        if decides:
            may(user, "decide_attempt")
    post(provider, reviewed(), {**REVIEW, "reviewed_by": "ann@example.com"})
    attempt.refresh_from_db()
    review = attempt.current_review
    assert (attempt.status, review.reviewed_by, review.claimed_name) == (
        "second_review_required",
        None,
        "ann@example.com",
    )


# --- Stored, and nothing changes ---


@pytest.mark.parametrize(
    ("fields", "standing", "status"),
    [
        ({"submitted": True, "archived": True}, "archived", "submitted"),
        ({"started": True}, "waiting", "started"),
        ({"status": "declined"}, "illegal_transition", "declined"),
    ],
)
def test_a_review_that_changes_nothing_is_stored_and_the_answer_says_why(provider, fields, standing, status):
    attempt = rest_attempt(**fields)
    answer = post(provider, reviewed(), {"status": "passed"})
    assert answer.status_code == 200
    assert (answer.json()["status_changed"], answer.json()["standing"]) == (False, standing)
    assert answer.json()["why"]
    attempt.refresh_from_db()
    assert (attempt.status, attempt.reviews.count()) == (status, 1)


def test_a_review_that_came_early_is_applied_when_the_exam_is_over(provider):
    attempt = rest_attempt(started=True)
    post(provider, reviewed(), {"status": "passed"})
    assert api.submit_attempt(attempt.attempt_code, by=attempt.user).status == "verified"


# --- A repeat ---


def test_a_repeat_is_one_review_and_gets_the_same_answer(provider):
    rest_attempt()
    first = post(provider, reviewed(), REVIEW)
    # Other spaces, and the keys in another order.
    again = post(provider, reviewed(), json.dumps(dict(reversed(REVIEW.items())), indent=3))
    assert (again.status_code, again.json()) == (200, first.json())
    assert (ProviderMessage.objects.count(), ExamReview.objects.count(), Incident.objects.count()) == (1, 1, 1)


def test_a_repeat_is_applied_if_its_review_can_be_by_now(provider):
    attempt = rest_attempt(started=True)
    assert post(provider, reviewed(), {"status": "passed"}).json()["standing"] == "waiting"
    api.mark_error(attempt.attempt_code, reason="the camera broke")
    again = post(provider, reviewed(), {"status": "passed"}).json()
    attempt.refresh_from_db()
    assert (attempt.status, attempt.reviews.count()) == ("verified", 1)
    assert (again["status"], again["status_changed"], again["standing"]) == ("verified", True, "applied")
    assert "why" not in again
    # The third time it is a repeat like any other.
    assert post(provider, reviewed(), {"status": "passed"}).json() == again


def test_a_repeat_after_an_illegal_transition_is_applied_once_it_is_legal(provider):
    attempt = rest_attempt(status="error")
    assert post(provider, reviewed(), {"status": "passed"}).json()["standing"] == "illegal_transition"
    ExamAttempt.objects.filter(pk=attempt.pk).update(started_at=timezone.now())
    assert post(provider, reviewed(), {"status": "passed"}).json()["status"] == "verified"
    assert attempt.reviews.count() == 1


def test_a_repeat_that_still_cannot_be_applied_gets_the_first_answer(provider):
    rest_attempt(started=True)
    first = post(provider, reviewed(), {"status": "passed"})
    assert post(provider, reviewed(), {"status": "passed"}).json() == first.json()


def test_a_correction_back_to_the_first_word_is_no_repeat(provider):
    attempt = rest_attempt()
    for label in ("passed", "suspicious", "passed"):
        post(provider, reviewed(), {"status": label})
    attempt.refresh_from_db()
    assert (attempt.status, attempt.reviews.count()) == ("verified", 3)


# --- Whose attempt ---


def test_an_unknown_attempt_and_anothers_are_alike(provider):
    unknown = post(provider, reviewed(), REVIEW)
    rest_attempt(provider="other")
    anothers = post(provider, reviewed(), REVIEW)
    assert is_refused(unknown, 404, "not_found")
    assert (anothers.status_code, anothers.content) == (unknown.status_code, unknown.content)


def test_rpnows_attempts_are_not_found_here():
    rest_attempt(provider="rpnow")
    assert is_refused(post(signed_in(UserFactory(admin=True)), reviewed(), REVIEW), 404, "not_found")


@pytest.mark.parametrize("sent_as", ["course/7/a", "course%2F7%2Fa"])
def test_an_id_with_slashes_is_called_back(provider, sent_as):
    attempt = rest_attempt("course/7/a")
    assert post(provider, reviewed(sent_as), {"status": "passed"}).status_code == 200
    attempt.refresh_from_db()
    assert attempt.status == "verified"


@pytest.mark.parametrize("external_id", ["EXT-1", "ext-1 ", "ext%00", "%ff", "x" * 3000])
def test_an_id_is_compared_byte_by_byte(provider, external_id):
    rest_attempt()
    assert is_refused(post(provider, reviewed(external_id), REVIEW), 404, "not_found")


def test_a_provider_that_nobody_described_speaks_the_rest_protocol():
    attempt = rest_attempt(provider="new one")
    assert post(signed_in(account_of("new one")), reviewed(), {"status": "passed"}).status_code == 200
    attempt.refresh_from_db()
    assert attempt.status == "verified"


def test_two_providers_may_use_the_same_id():
    ours, others = rest_attempt(), rest_attempt(provider="other")
    assert post(signed_in(account_of("other")), reviewed(), {"status": "passed"}).status_code == 200
    assert (ours.reviews.count(), others.reviews.count()) == (0, 1)
    both = signed_in(UserFactory(admin=True))
    assert is_refused(post(both, reviewed(), {"status": "passed"}), 409, "attempt_is_ambiguous")


# --- Refused ---


def deep(levels):
    return b'{"status": "passed", "x": ' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"not json", "body"),
        (b"[]", "body"),
        (b'"passed"', "body"),
        (b'{"status": "passed"', "body"),
        (b"\xff\xfe", "body"),
        (b'{"status": "passed", "x": NaN}', "body"),
        (b'{"status": "passed", "x": -Infinity}', "body"),
        (b'{"status": "passed", "x": 1e999}', "body"),
        (b'{"status": "passed", "x": ' + b"1" * 5000 + b"}", "body"),
        (b'{"status": "passed", "status": "suspicious"}', "status"),
        (deep(30), "x" + "[0]" * 19),
        (deep(200_000), "body"),
        ({}, "status"),
        ({"status": None}, "status"),
        ({"status": "Passed"}, "status"),
        ({"status": "clean"}, "status"),
        ({"status": ["passed"]}, "status"),
        ({"status": "passed", "comments": {}}, "comments"),
        ({"status": "passed", "comments": ["x"]}, "comments[0]"),
        ({"status": "passed", "comments": [{"status": "ok", "comment": "a\0b"}]}, "comments[0].comment"),
        ({"status": "passed", "x": {"y": "\ud800"}}, "x.y"),
        ({"status": "passed", "x": {"\ud800": 1}}, "x"),
    ],
)
def test_what_cannot_be_read_is_refused_naming_the_field(provider, body, field):
    rest_attempt()
    assert is_refused(post(provider, reviewed(), body), 400, "invalid", field)
    assert nothing_is_stored()


def test_evidence_is_stored_encrypted_and_nowhere_else(provider):
    rest_attempt()
    link = "https://video.example/secret"
    comment = {**REVIEW["comments"][0], "evidence": [{"kind": "screenshot", "url": f"{link}/1.png", "start": 1}]}
    body = {**REVIEW, "comments": [comment], "evidence": [{"kind": "video", "url": link, "stop": 90, "codec": "av1"}]}
    assert post(provider, reviewed(), body).status_code == 200
    review, message = ExamReview.objects.get(), ProviderMessage.objects.get()
    stored = [(one.kind, one.incident_id, decrypt(one.url), one.start, one.stop) for one in review.evidence.all()]
    assert stored == [
        ("video", None, link, None, 90.0),
        ("screenshot", review.incidents.get().pk, f"{link}/1.png", 1.0, None),
    ]
    assert review.raw_data["evidence"] == [{"kind": "video", "stop": 90, "codec": "av1"}]
    assert "video.example" not in json.dumps(review.raw_data)
    assert b"video.example" not in bytes(message.body) + b"".join(bytes(one.url) for one in review.evidence.all())


# --- Odd, and stored all the same ---

LONG = "x" * 33_000


@pytest.mark.parametrize(
    ("comment", "stored", "notes"),
    [
        ({"status": "ok"}, ("ok", "", None, None), ["comments[0], comment: missing"]),
        ({"status": "ok", "comment": None}, ("ok", "", None, None), ["comments[0], comment: missing"]),
        ({"status": "ok", "comment": ""}, ("ok", "", None, None), ["comments[0], comment: missing"]),
        ({"status": "ok", "comment": 5}, ("ok", "5", None, None), ["comments[0], comment: a number"]),
        (
            {"status": "ok", "comment": ["x"]},
            ("ok", "", None, None),
            ["comments[0], comment: no text", "comments[0], comment: missing"],
        ),
        ({"status": "ok", "comment": LONG}, ("ok", LONG, None, None), []),
        ({"comment": "x"}, ("", "x", None, None), ["comments[0], status: missing"]),
        ({"status": "s" * 300, "comment": "x"}, ("s" * 255, "x", None, None), ["comments[0], status: cut"]),
        ({"status": "ok", "comment": "x", "start": "1.5"}, ("ok", "x", 1.5, None), ["comments[0], start: a number in"]),
        ({"status": "ok", "comment": "x", "start": "soon"}, ("ok", "x", None, None), ["comments[0], start: no number"]),
        ({"status": "ok", "comment": "x", "stop": True}, ("ok", "x", None, None), ["comments[0], stop: no number"]),
        ({"status": "ok", "comment": "x", "stop": "NaN"}, ("ok", "x", None, None), ["comments[0], stop: no number"]),
        ({"status": "ok", "comment": "x", "duration": [], "more": {"a": 1}}, ("ok", "x", None, None), []),
    ],
)
def test_an_odd_comment_loses_no_verdict_and_the_answer_names_what_was_mended(provider, comment, stored, notes):
    attempt = rest_attempt()
    answer = post(provider, reviewed(), {"status": "passed", "comments": [comment]})
    attempt.refresh_from_db()
    incident = attempt.current_review.incidents.get()
    assert (answer.status_code, attempt.status) == (200, "verified")
    assert (incident.status, incident.comment, incident.start, incident.stop) == stored
    assert len(answer.json().get("notes", [])) == len(notes)
    assert all(map(str.startswith, answer.json().get("notes", []), notes))


def test_an_incident_without_a_status_is_counted_in_neither_column(provider):
    rest_attempt()
    post(provider, reviewed(), {"status": "suspicious", "comments": [{"comment": "x"}]})
    review = ExamReview.objects.get()
    assert (review.suspicious_count, review.rules_violation_count, review.other_count) == (0, 0, 1)


@pytest.mark.database
def test_however_many_comments_fit_into_a_message_are_stored(provider):
    rest_attempt()
    comments = [{"comment": "x", "status": "Suspicious"}] * 2500
    assert post(provider, reviewed(), {"status": "suspicious", "comments": comments}).status_code == 200
    review = ExamReview.objects.get()
    assert (review.suspicious_count, review.incidents.count()) == (2500, 2500)


def test_a_thousand_odd_comments_get_a_few_notes(provider):
    rest_attempt()
    notes = post(provider, reviewed(), {"status": "passed", "comments": [{"comment": "x"}] * 1000}).json()["notes"]
    assert (len(notes), notes[-1]) == (21, "and 980 more.")


ODD_EVIDENCE = [
    ({"kind": "video"}, "url"),
    ({"kind": "video", "url": "javascript:alert(1)"}, "url"),
    ({"kind": "video", "url": "https:///nowhere"}, "url"),
    ({"kind": "video", "url": "https://[::1"}, "url"),
    ({"kind": "video", "url": "https://a.example:x/"}, "url"),
    ({"kind": "video", "url": "https://evil\\@a.example/"}, "url"),
    ({"kind": "video", "url": "https://me:x@a.example/"}, "url"),
    ({"kind": "video", "url": "https://a.example/\n"}, "url"),
    ({"kind": "video", "url": f"https://a.example/{'x' * 4096}"}, "url"),
    ("a picture", "url"),
]


@pytest.mark.parametrize(("item", "name"), ODD_EVIDENCE)
def test_evidence_that_no_browser_should_open_is_left_out_and_named(provider, item, name):
    rest_attempt()
    good = {"kind": "film", "url": "https://a.example/1", "start": "1"}
    answer = post(provider, reviewed(), {"status": "passed", "evidence": [item, good]})
    review = ExamReview.objects.get()
    assert [(one.kind, decrypt(one.url), one.start) for one in review.evidence.all()] == [
        ("video", "https://a.example/1", 1.0)
    ]
    first, *others = answer.json()["notes"]
    assert first.startswith(f"evidence[0], {name}: ")
    assert [note.partition(":")[0] for note in others] == ["evidence[1], kind", "evidence[1], start"]


def test_an_address_that_is_left_out_is_not_stored_in_the_raw_data_either(provider):
    rest_attempt()
    post(provider, reviewed(), {"status": "passed", "evidence": [{"kind": "video", "url": "ftp://rec.example/1"}]})
    assert "rec.example" not in json.dumps(ExamReview.objects.get().raw_data)


@pytest.mark.parametrize(("name", "stored"), [(7, "7"), ({"a": 1}, ""), ("x" * 300, "x" * 255)])
def test_an_odd_name_of_the_reviewer_is_only_a_name(provider, name, stored):
    attempt = rest_attempt()
    answer = post(provider, reviewed(), {**REVIEW, "reviewed_by": name})
    attempt.refresh_from_db()
    assert (attempt.status, attempt.current_review.claimed_name) == ("second_review_required", stored)
    assert answer.json()["notes"][0].startswith("reviewed_by: ")


def test_a_body_over_the_limit_is_refused(provider, settings):
    rest_attempt()
    assert is_refused(post(provider, reviewed(), b" " * (1024 * 1024 + 1)), 413, "too_large")
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "MAX_MESSAGE_BYTES": 10}
    assert is_refused(post(provider, reviewed(), {"status": "passed"}), 413, "too_large")
    assert nothing_is_stored()


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_a_form_is_refused(provider, content_type):
    rest_attempt()
    answer = post(provider, reviewed(), "status=passed", content_type=content_type)
    assert is_refused(answer, 415, "unsupported_media_type")


def test_another_method_is_refused(provider):
    assert is_refused(provider.get(reviewed()), 405, "method_not_allowed")


def test_a_provider_is_answered_in_json_whatever_it_accepts(provider):
    rest_attempt()
    answer = post(provider, reviewed(), {"status": "passed"}, Accept="text/html")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")


# --- The log ---


def test_of_a_refused_message_only_its_size_and_hash_are_logged(provider, caplog):
    rest_attempt()
    body = b'{"status": "a secret of somebody"}'
    post(provider, reviewed(), body)
    [line] = [record.getMessage() for record in caplog.records if record.name == "proctoring_results.rest"]
    assert hashlib.sha256(body).hexdigest() in line
    assert f"{len(body)} bytes" in line
    assert "rest_review" in line
    assert "secret" not in line


def test_a_flood_of_refusals_does_not_fill_the_log(caplog):
    log = problem.RefusalLog(max_lines=3)
    for _ in range(100):
        log.write("rest_review", "nobody", "invalid", b"x", "1")
    assert len(caplog.records) == 3


# --- The inbox ---


def test_an_accepted_message_is_stored_encrypted(provider):
    rest_attempt()
    post(provider, reviewed(), REVIEW)
    message = ProviderMessage.objects.get()
    assert b"Looks away" not in bytes(message.body)
    assert json.loads(decrypt(message.body)) == REVIEW
    assert (message.state, message.review, message.next_try_at) == ("done", ExamReview.objects.get(), None)


@pytest.fixture
def crash(monkeypatch):
    def fail(*args, **kwargs):
        raise DatabaseError("gone away")

    with monkeypatch.context() as patch:
        patch.setattr(processing, "record_mended_review", fail)
        yield patch


@pytest.mark.parametrize("error", [DatabaseError("gone away"), ValueError("a fault of ours")])
def test_a_message_whose_review_failed_is_queued_and_finished_by_upkeep(provider, monkeypatch, error, clock):
    attempt = rest_attempt()

    def fail(*args, **kwargs):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(processing, "record_mended_review", fail)
        answer = post(provider, reviewed(), REVIEW)
    assert (answer.status_code, answer.json()["queued"]) == (200, True)
    assert not ExamReview.objects.exists()
    clock.shift(13)  # longer than the first pause
    assert messages.sweep_inbox() == messages.SweptInbox(finished=1, rescheduled=0)
    attempt.refresh_from_db()
    assert attempt.status == "second_review_required"
    assert (ExamReview.objects.count(), messages.sweep_inbox().finished) == (1, 0)


def test_a_crash_between_message_and_review_loses_nothing(clock):
    attempt = rest_attempt()
    envelope, now = Envelope(external_id="ext-1"), timezone.now()
    store_message(attempt, "rest_review", envelope, REVIEW, caller="proctortrack", received_at=now)
    # The request that stored it may be processing it.
    assert messages.sweep_inbox() == messages.SweptInbox(finished=0, rescheduled=0)
    clock.shift(61)
    assert "Messages processed: 1, rescheduled: 0." in called("proctoring_upkeep")
    attempt.refresh_from_db()
    assert attempt.status == "second_review_required"
    assert (ExamReview.objects.count(), Incident.objects.count()) == (1, 1)


def test_a_message_that_fails_again_waits_longer(provider, crash, clock):
    rest_attempt()
    post(provider, reviewed(), REVIEW)
    pauses = []
    for _ in range(12):
        clock.shift(4501)  # longer than the longest pause
        assert messages.sweep_inbox() == messages.SweptInbox(finished=0, rescheduled=1)
        message = ProviderMessage.objects.get()
        pauses.append((message.next_try_at - timezone.now()).total_seconds())
    assert pauses[:3] == [pytest.approx(pause, rel=0.25) for pause in (20, 40, 80)]
    assert pauses[-1] == pytest.approx(3600, rel=0.25)
    assert message.problem.startswith("DatabaseError, reference ")
    assert "gone away" not in message.problem


def test_a_repeat_finishes_what_was_queued(provider, monkeypatch):
    rest_attempt()
    with monkeypatch.context() as patch:
        patch.setattr(processing, "record_mended_review", None)
        assert post(provider, reviewed(), REVIEW).json()["queued"]
    answer = post(provider, reviewed(), REVIEW)
    assert answer.json()["status_changed"] is True
    assert (ProviderMessage.objects.count(), ExamReview.objects.count()) == (1, 1)


@pytest.mark.database
def test_what_another_has_finished_meanwhile_is_not_done_twice(provider, monkeypatch):
    """A repeat may process a message between its two transactions."""
    attempt, process, answers = rest_attempt(), processing._process, []

    def quicker(message, provider, content):
        if not answers:
            answers.append(process(message, provider, None))
        return process(message, provider, content)

    monkeypatch.setattr(processing, "_process", quicker)
    assert post(provider, reviewed(), REVIEW).json() == answers[0]
    assert (ProviderMessage.objects.count(), ExamReview.objects.count(), Incident.objects.count()) == (1, 1, 1)
    assert attempt.changes.count() == 1


def test_nothing_follows_for_a_learner_erased_meanwhile(provider, monkeypatch):
    """Erased between the message's two transactions."""
    attempt, process = rest_attempt(), processing._process

    def late(message, provider, content):
        api.erase_learner(attempt.user, by=UserFactory(is_superuser=True), reason="Asked for it.")
        return process(message, provider, content)

    monkeypatch.setattr(processing, "_process", late)
    answer = post(provider, reviewed(), REVIEW).json()
    assert answer["why"] == "The learner's data was erased; what was sent is not stored."
    assert not answer["status_changed"]
    assert not ExamReview.objects.exists()
    assert decrypt(ProviderMessage.objects.get().body) == "{}"


@pytest.mark.django_db(transaction=True)
def test_the_message_is_stored_also_if_requests_are_transactions(settings, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    rest_attempt()
    client = signed_in(account_of())
    monkeypatch.setattr(processing, "_process", None)
    assert post(client, reviewed(), REVIEW).json()["queued"]
    assert ProviderMessage.objects.count() == 1


@pytest.mark.database
def test_the_queries_do_not_grow_with_the_incidents(provider):
    # SQLite takes no more than 999 values a statement.
    many = 90 if connection.vendor == "sqlite" else 200
    counts = []
    for number in (1, 1, many):
        rest_attempt(f"ext-{number}-{len(counts)}")
        body = {"status": "suspicious", "comments": [{"status": "ok", "comment": "x"}] * number}
        with CaptureQueriesContext(connection) as queries:
            assert post(provider, reviewed(f"ext-{number}-{len(counts)}"), body).status_code == 200
        counts.append(len(queries))
    assert counts[1] == counts[2]


# --- How often ---


def test_a_provider_may_call_three_thousand_times_a_minute(settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {}}
    assert ProviderThrottle().rate == "3000/min"


def test_calls_are_counted_where_the_host_says_so(provider, settings):
    rest_attempt()
    cache.clear()
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": {"proctoring_results": "2/min"}}
    assert [post(provider, reviewed(), REVIEW).status_code for _ in range(2)] == [200, 200]
    answer = post(provider, reviewed(), REVIEW)
    assert is_refused(answer, 429, "throttled")
    assert int(answer["Retry-After"]) > 0
    assert post(signed_in(account_of()), reviewed(), REVIEW).status_code == 200
    cache.clear()


def test_a_mistake_in_the_providers_class_loses_no_review(monkeypatch):
    attempt, client = rest_attempt(), signed_in(account_of())
    with monkeypatch.context() as broken:
        broken.setattr(RestProvider, "read_review", lambda *args: {}["missing"])
        answer = post(client, reviewed(), REVIEW)
    assert (answer.status_code, answer.json()["queued"], ExamReview.objects.count()) == (200, True, 0)
    ProviderMessage.objects.update(next_try_at=timezone.now())
    messages.sweep_inbox()
    assert attempt.reviews.count() == 1
