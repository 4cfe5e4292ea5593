"""A host's own provider: a class named in the settings."""

import pytest
import time_machine
from django.utils import timezone

from proctoring_results.api import ReviewStatus
from proctoring_results.models import ExamReview, ProviderMessage
from proctoring_results.providers.base import EvidenceData, IncidentData, Policy, Provider, ReviewData, objects
from proctoring_results.providers.rest import RestProvider
from proctoring_results.services import messages
from tests.rest.calling import account_of, post, rest_attempt, reviewed, signed_in

pytestmark = pytest.mark.django_db


class Examity(Provider):
    policy = Policy(on_suspicious="reject")
    review_statuses = {"GREEN": ReviewStatus.CLEAN, "RED": ReviewStatus.SUSPICIOUS}

    def read_review(self, body, attempt, received_at):
        flags = objects("flags", body.get("flags"))
        return ReviewData(
            review_status=self.review_status("colour", body.get("colour")),
            incidents=tuple(
                IncidentData(
                    status="Suspicious",
                    place=f"flags[{n}]",
                    comment=flag["text"],
                )
                for n, flag in enumerate(flags)
            ),
            raw_data=body,
        )


class OtherWords(RestProvider):
    review_statuses = {"fine": ReviewStatus.CLEAN}
    incident_statuses = {"bad": ReviewStatus.RULES_VIOLATION}


@pytest.fixture
def named(settings):
    def name(provider, cls, **policy):
        path = f"{__name__}.{cls.__name__}"
        settings.PROCTORING_RESULTS = {
            **settings.PROCTORING_RESULTS,
            "PROVIDERS": {provider: {"class": path, **policy}},
        }
        return signed_in(account_of(provider)), rest_attempt(provider=provider)

    return name


def test_its_words_and_its_policy_are_the_classs(named):
    client, attempt = named("examity", Examity)
    assert post(client, reviewed(), {"colour": "RED", "flags": [{"text": "Spoke"}]}).status_code == 200
    attempt.refresh_from_db()
    assert (attempt.status, attempt.current_review.suspicious_comments) == ("rejected", "Spoke")


def test_the_settings_have_the_last_word_on_the_policy(named):
    client, attempt = named("examity", Examity, on_suspicious="second_review")
    post(client, reviewed(), {"colour": "RED"})
    attempt.refresh_from_db()
    assert attempt.status == "second_review_required"


def test_what_it_refuses_is_answered_by_name(named):
    client, _ = named("examity", Examity)
    answer = post(client, reviewed(), {"colour": "red"})
    assert (answer.status_code, answer.json()["field"]) == (400, "colour")
    assert not ExamReview.objects.exists()


def test_what_its_class_stumbles_over_is_queued_until_the_class_is_corrected(named, monkeypatch, caplog):
    client, attempt = named("examity", Examity)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        answer = post(client, reviewed(), {"colour": "RED", "flags": [{}]})
        assert (answer.status_code, answer.json()["queued"]) == (200, True)
        assert "The class of provider examity raised KeyError." in caplog.text
        monkeypatch.setattr(Examity, "read_review", lambda *_: ReviewData(review_status="Clean", raw_data={}))
        clock.shift(61)
        assert messages.sweep_inbox().finished == 1
    attempt.refresh_from_db()
    assert attempt.status == "verified"


@pytest.mark.parametrize(
    ("content", "field"),
    [
        ({"review_status": "GREEN"}, "review_status"),
        ({"raw_data": {"score": float("nan")}}, "raw_data.score"),
        ({"raw_data": {"note": "a\0"}}, "raw_data.note"),
    ],
)
def test_what_its_class_should_have_refused_is_refused_and_not_stored(named, monkeypatch, content, field):
    client, _ = named("examity", Examity)
    review = {"review_status": ReviewStatus.CLEAN, "raw_data": {}, **content}
    monkeypatch.setattr(Examity, "read_review", lambda *_: ReviewData(**review))
    answer = post(client, reviewed(), {})
    assert (answer.status_code, answer.json()["field"]) == (400, field)
    assert not ProviderMessage.objects.exists()


def test_what_its_class_hands_on_is_stored_as_well_as_can_be(named, monkeypatch):
    client, attempt = named("examity", Examity)
    odd = IncidentData(status=None, comment="a\0b", start="soon", evidence=[EvidenceData(kind="film", url=None)])
    review = ReviewData(review_status="Clean", incidents=[odd], reviewed_by=["x"], raw_data={}, notes=("Thank you.",))
    monkeypatch.setattr(Examity, "read_review", lambda *_: review)
    answer = post(client, reviewed(), {})
    attempt.refresh_from_db()
    assert (answer.status_code, attempt.status) == (200, "verified")
    assert attempt.current_review.incidents.get().comment == "ab"
    assert [note.partition(":")[0] for note in answer.json()["notes"]] == [
        "Thank you.",
        "incidents[0], comment",
        "incidents[0], status",
        "incidents[0], start",
        "incidents[0], evidence[0], url",
        "reviewed_by",
    ]


def test_other_words_in_the_same_protocol_take_two_tables(named):
    client, attempt = named("proctortrack", OtherWords)
    assert post(client, reviewed(), {"status": "passed"}).status_code == 400
    post(client, reviewed(), {"status": "fine", "comments": [{"comment": "x", "status": "BAD"}]})
    attempt.refresh_from_db()
    assert (attempt.status, attempt.current_review.rules_violation_count) == ("verified", 1)
