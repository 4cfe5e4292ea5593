"""Bodies that nobody would think of: no 500, and nothing half kept.

At each endpoint first every body that is right but for one thing (``wrongness``), then what hypothesis thinks of: 1,000
together, and 5,000 with ``THOROUGH=1``.
"""

import json
from collections import Counter
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctoring_results.models import ExamReview, Incident, ProviderMessage, StatusChange
from tests.conftest import THOROUGH
from tests.rest import signing as signed
from tests.rest.calling import (
    RPNOW,
    RPNOW_REVIEW,
    account_of,
    basic,
    launch,
    post,
    ready,
    rest_attempt,
    reviewed,
    signed_in,
)
from tests.rest.wrongness import fields_of, nearly_right

pytestmark = pytest.mark.django_db

BODIES = 5_000 if THOROUGH else 1_000
ALLOWED = {200, 400, 403, 404, 413}

# Each field that an endpoint reads is there, and some that it does not know.
COMMENT = {"comment": "Looks away", "status": "Suspicious", "start": 1, "stop": 2.5, "duration": 1.5}
REST_REVIEW = {
    "status": "passed",
    "comments": [COMMENT, {**COMMENT, "comment": "Speaks"}],
    "reviewed_by": "ann@example.com",
    "session": 7,
}
REST_READY = {"status": "ready", "session": 7}
MARKED = {"comments": "Left", "eventStatus": "Suspicious", "eventStart": 3, "eventFinish": 9, "duration": 6}
RPNOW_REVIEW_BODY = {
    "examMetaData": {"examCode": "CODE", "ssiRecordLocator": "ext-1", "examName": "Midterm"},
    "reviewStatus": "Clean",
    "videoReviewLink": "https://video.example/",
    "webCamComments": [MARKED],
    "desktopComments": [MARKED],
}


SIGNED_REVIEW = signed.review(
    "red", flags=[{"text": "Looks away", "at": "2026-05-01T09:30:00Z"}], sent_at="2026-05-01T12:00:00Z"
)


def wrong_bodies(body):
    return list(nearly_right(body, fields_of(body)))


BODIES_OF_KINDS = (REST_REVIEW, REST_READY, RPNOW_REVIEW_BODY, SIGNED_REVIEW)
WRONG_REST, WRONG_READY, WRONG_RPNOW, WRONG_SIGNED = map(wrong_bodies, BODIES_OF_KINDS)


def many(but=0):
    return settings(max_examples=max(200, BODIES - but), suppress_health_check=list(HealthCheck))


texts = st.text(st.characters(), max_size=20) | st.sampled_from(["\0", "\ud800", "Suspicious", "rules VIOLATION", ""])
numbers = st.integers() | st.floats() | st.integers(10**300, 10**320)
scalars = st.none() | st.booleans() | numbers | texts
anything = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4))


def nearly(**fields):
    """An object whose fields are as they should be, or anything, or missing; and others beside them."""
    usual = st.fixed_dictionaries({}, optional={name: field | anything for name, field in fields.items()})
    return st.builds(lambda others, known: {**others, **known}, st.dictionaries(texts, anything, max_size=2), usual)


seconds = st.integers(0, 9999) | st.floats(0, 9999)
rest_comment = nearly(
    comment=st.text("ab\r\n=", min_size=1), status=texts, start=seconds, stop=seconds, duration=seconds
)
rest_review = nearly(
    status=st.sampled_from(["passed", "violation", "suspicious", "not_reviewed"]),
    comments=st.lists(rest_comment, max_size=4),
    reviewed_by=st.sampled_from(["ann@example.com", ""]),
)
rpnow_comment = nearly(
    comments=st.text("ab", min_size=1), eventStatus=texts, eventStart=seconds, eventFinish=seconds, duration=seconds
)
rpnow_review = nearly(
    reviewStatus=st.sampled_from(["Clean", "Rules Violation", "Suspicious", "Not Reviewed"]),
    examMetaData=nearly(examCode=st.just("CODE"), ssiRecordLocator=st.sampled_from(["EXT-1", "ext-1"])),
    webCamComments=st.lists(rpnow_comment, max_size=3),
    desktopComments=st.lists(rpnow_comment, max_size=3),
    videoReviewLink=st.just("https://video.example/"),
)
raw = st.binary(min_size=1, max_size=200) | st.builds(
    lambda text: text.encode(errors="surrogatepass"), st.text(st.characters(), min_size=1, max_size=200)
)


def is_whole(answer):
    """No fault of ours, in JSON; each kept message has its review, and each review its incidents."""
    assert answer.status_code in ALLOWED, answer.content
    problem = answer.json()
    if answer.status_code != 200:
        assert {"code", "detail", "title", "type", "status"} <= set(problem)
        return
    assert "queued" not in problem
    message = ProviderMessage.objects.select_related("review").latest("pk")
    assert message.state == "done"
    if message.review:
        raw_data = message.review.raw_data
        marked = [raw_data.get(key) or [] for key in ("comments", "webCamComments", "desktopComments", "flags")]
        expected = {"rest_review": marked[:1], "rpnow_review": marked[1:3], "review": marked[3:]}[message.channel]
        assert message.review.incidents.count() == sum(map(len, expected))


def nothing_came_of(answer, before):
    counted = (ProviderMessage.objects.count(), ExamReview.objects.count(), Incident.objects.count())
    assert answer.status_code == 200 or counted == before
    return counted


@pytest.fixture
def call_endpoint(settings):
    vendor = {"class": signed.VENDOR, "signing_keys": ["new"]}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": {**RPNOW["PROVIDERS"], "vendor": vendor}}
    # Codes are guessed by the thousand here.
    rates = {"proctoring_results_guesses": None}
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    rest_attempt()
    rest_attempt("s-1", provider="vendor")
    attempt = rest_attempt(provider="rpnow")
    attempt.attempt_code = "CODE"
    attempt.save()
    client = signed_in(account_of())
    client.raise_request_exception = True
    counted = [(0, 0, 0)]

    def call(url, body, **headers):
        answer = post(client, url, body, **headers)
        is_whole(answer)
        counted[0] = nothing_came_of(answer, counted[0])
        return answer.status_code

    return call


def try_all(bodies, call):
    """Each of them; both what is taken and what is refused is among them."""
    answered = Counter()
    for description, body in bodies:
        try:
            answered[call(body)] += 1
        except Exception as error:
            error.add_note(f"The body: {description}")
            raise
    assert set(answered) >= {200, 400}


# --- Right but for one thing ---


@pytest.mark.database
def test_rest_reviews_with_one_thing_wrong(call_endpoint):
    try_all(WRONG_REST, lambda body: call_endpoint(reviewed(), body))


def test_ready_with_one_thing_wrong(call_endpoint):
    try_all(WRONG_READY, lambda body: call_endpoint(ready(), body))


@pytest.mark.database
def test_rpnow_reviews_with_one_thing_wrong(call_endpoint):
    try_all(WRONG_RPNOW, lambda body: call_endpoint(RPNOW_REVIEW, body, Authorization=basic()))


@pytest.mark.database
def test_signed_reviews_with_one_thing_wrong(call_endpoint):
    def send(body):
        return call_endpoint(signed.URL, body, **signed.proof_of(body))

    try_all(WRONG_SIGNED, send)


def test_what_is_wrong_is_wrong_once():
    for bodies in (WRONG_REST, WRONG_READY, WRONG_RPNOW, WRONG_SIGNED):
        # "1" where 1 stands is no other body; nor is an entry that is gone gone twice.
        assert len({body for _, body in bodies}) > 0.95 * len(bodies)


# --- Whatever hypothesis thinks of ---


@pytest.mark.database
@many(but=len(WRONG_REST))
@given(body=rest_review | anything)
def test_rest_reviews(call_endpoint, body):
    call_endpoint(reviewed(), json.dumps(body))


@many(but=len(WRONG_READY))
@given(body=nearly(status=st.just("ready")) | anything)
def test_ready(call_endpoint, body):
    call_endpoint(ready(), json.dumps(body))


@pytest.mark.database
@many(but=len(WRONG_RPNOW))
@given(body=rpnow_review | anything)
def test_rpnow_reviews(call_endpoint, body):
    call_endpoint(RPNOW_REVIEW, json.dumps(body), Authorization=basic())


@many(but=BODIES)
@given(body=raw)
def test_bytes(call_endpoint, body):
    for url in (reviewed(), ready(), RPNOW_REVIEW):
        call_endpoint(url, body, Authorization=basic())
    call_endpoint(signed.URL, body, **signed.proof_of(body))


# --- What stands in the address ---

names = st.text(st.characters(exclude_characters="/?#", exclude_categories=["Cs"]), min_size=1, max_size=40)


@many(but=BODIES)
@given(external_id=names | st.lists(names, min_size=2, max_size=3).map("/".join))
def test_ids(call_endpoint, external_id):
    call_endpoint(reviewed(quote(external_id, safe="")), {"status": "passed"})


@many()
@given(code=names | st.sampled_from(["CODE", "code", "CODE ", "CODE\0", "../CODE", "%43ODE"]))
def test_codes(call_endpoint, client, code):
    answer = client.get(launch(quote(code, safe="")))
    assert answer.status_code == (302 if code == "CODE" else 404)
    assert not StatusChange.objects.exists()
