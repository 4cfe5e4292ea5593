"""Bodies that nobody would think of: no 500, and nothing half kept."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proctoring_results.models import ExamReview, Incident, ProviderMessage
from tests.rest.calling import (
    RPNOW,
    RPNOW_REVIEW,
    account_of,
    basic,
    post,
    ready,
    rest_attempt,
    reviewed,
    signed_in,
)

pytestmark = pytest.mark.django_db

MANY = settings(max_examples=600, suppress_health_check=list(HealthCheck))
ALLOWED = {200, 400, 403, 404, 413}

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
        marked = [raw_data.get(key) or [] for key in ("comments", "webCamComments", "desktopComments")]
        expected = sum(map(len, marked[:1] if message.door == "rest_review" else marked[1:]))
        assert message.review.incidents.count() == expected


def nothing_came_of(answer, before):
    counted = (ProviderMessage.objects.count(), ExamReview.objects.count(), Incident.objects.count())
    assert answer.status_code == 200 or counted == before
    return counted


@pytest.fixture
def doors(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **RPNOW}
    rest_attempt()
    attempt = rest_attempt(provider="rpnow")
    attempt.attempt_code = "CODE"
    attempt.save()
    client = signed_in(account_of())
    client.raise_request_exception = True
    counted = [(0, 0, 0)]

    def knock(url, body, **headers):
        answer = post(client, url, body, **headers)
        is_whole(answer)
        counted[0] = nothing_came_of(answer, counted[0])

    return knock


@pytest.mark.database
@MANY
@given(body=rest_review | anything)
def test_rest_reviews(doors, body):
    doors(reviewed(), json.dumps(body))


@MANY
@given(body=raw)
def test_bytes(doors, body):
    for url in (reviewed(), ready(), RPNOW_REVIEW):
        doors(url, body, Authorization=basic())


@MANY
@given(body=nearly(status=st.just("ready")) | anything)
def test_ready(doors, body):
    doors(ready(), json.dumps(body))


@pytest.mark.database
@MANY
@given(body=rpnow_review | anything)
def test_rpnow_reviews(doors, body):
    doors(RPNOW_REVIEW, json.dumps(body), Authorization=basic())


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(external_id=st.text(st.characters(exclude_characters="/?#", exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_ids(doors, external_id):
    from urllib.parse import quote

    doors(reviewed(quote(external_id, safe="")), {"status": "passed"})
