"""Who opens evidence: for a minute, on hosts that the settings name, and it is written down."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from proctoring_results import api
from proctoring_results.links import EVIDENCE_LINK, REPORT_LINK
from proctoring_results.models import Disclosure
from tests.factories import EvidenceFactory, ReportFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def hosts(settings):
    def allow(*names):
        settings.PROCTORING_RESULTS = {"PROVIDERS": {"proctortrack": {"evidence_hosts": list(names)}}}

    allow("video.example")
    return allow


@pytest.fixture
def reviewer():
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_sessions", "export_session"]))
    return user


def token(evidence, user, age=timedelta(0)):
    return EVIDENCE_LINK.make_token(evidence, user, now=timezone.now() - age)


def test_a_link_leads_to_the_evidence_and_that_is_written_down(reviewer):
    evidence = EvidenceFactory()
    link = api.evidence_link(evidence, reviewer)
    assert api.open_evidence(link, reviewer, address="192.0.2.7") == "https://video.example/secret"
    disclosure = Disclosure.objects.get()
    assert (disclosure.user, disclosure.attempt, disclosure.kind) == (reviewer, evidence.review.attempt, "evidence")
    assert (disclosure.evidence, disclosure.address) == (evidence, "192.0.2.7")


def test_a_link_is_made_for_those_who_may_see_sessions_only():
    with pytest.raises(api.AccessDenied, match="view_sessions"):
        api.evidence_link(EvidenceFactory(), UserFactory())


def test_evidence_of_an_archived_attempt_can_be_opened(reviewer):
    evidence = EvidenceFactory(review__attempt__archived=True)
    assert api.open_evidence(token(evidence, reviewer), reviewer)


def test_a_link_works_for_nearly_a_minute(reviewer):
    assert api.open_evidence(token(EvidenceFactory(), reviewer, timedelta(seconds=58)), reviewer)


def test_then_it_has_expired(reviewer):
    evidence = EvidenceFactory()
    with pytest.raises(api.EvidenceLinkExpired) as refused:
        api.open_evidence(token(evidence, reviewer, timedelta(seconds=61)), reviewer)
    assert refused.value.evidence == evidence
    assert not Disclosure.objects.exists()


def refused(evidence, reviewer):
    good, other = token(evidence, reviewer), UserFactory()
    other.user_permissions.add(Permission.objects.get(codename="view_sessions"))
    return {
        "anothers_link": token(evidence, other),
        "from_the_future": token(evidence, reviewer, timedelta(seconds=-30)),
        "forged": good[:-1] + ("A" if good[-1] != "A" else "B"),
    }


@pytest.mark.parametrize("why", ["anothers_link", "from_the_future", "forged"])
def test_a_link_that_is_not_ones_own_opens_nothing(reviewer, why, caplog):
    with pytest.raises(api.LinkInvalid):
        api.open_evidence(refused(EvidenceFactory(), reviewer)[why], reviewer)
    assert f"refused: {why}." in caplog.text
    assert not Disclosure.objects.exists()


def test_a_link_dies_when_access_is_withdrawn(reviewer):
    link = token(EvidenceFactory(), reviewer)
    reviewer.user_permissions.clear()
    with pytest.raises(api.LinkInvalid):
        api.open_evidence(link, type(reviewer).objects.get(pk=reviewer.pk))


def test_a_download_link_opens_no_evidence(reviewer):
    link = REPORT_LINK.make_token(ReportFactory(), reviewer, now=timezone.now())
    with pytest.raises(api.LinkInvalid):
        api.open_evidence(link, reviewer)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://video.example/", ["video.example"]),
        ("http://VIDEO.example:8443/x?y#z", ["video.example"]),
        ("https://eu.video.example/", [".video.example"]),
        ("https://video.example/", [".video.example"]),
    ],
)
def test_hosts_that_the_settings_name_are_opened(reviewer, hosts, url, allowed):
    hosts(*allowed)
    assert api.open_evidence(token(EvidenceFactory(address=url), reviewer), reviewer) == url


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://video.example/", []),
        ("https://video.example/", ["other.example"]),
        ("https://eu.video.example/", ["video.example"]),
        ("https://evil-video.example/", [".video.example"]),
        ("https://video.example.evil.example/", ["video.example", ".video.example"]),
        ("https://evil.example/video.example", ["video.example"]),
        ("https://video.example@evil.example/", ["video.example"]),
        ("https://evil.example@video.example/", ["video.example"]),
        ("https://evil.example\\@video.example/", ["video.example"]),
        ("https://evil。video.example/", [".video.example"]),
        ("javascript://video.example/%0aalert(1)", ["video.example"]),
        ("//video.example/", ["video.example"]),
        ("https://[::1]/", ["::1"]),
        ("https://video.example:x/", ["video.example"]),
    ],
)
def test_no_other_host_is_opened(reviewer, hosts, url, allowed):
    hosts(*allowed)
    with pytest.raises(api.HostNotAllowed):
        api.open_evidence(token(EvidenceFactory(address=url), reviewer), reviewer)
    assert not Disclosure.objects.exists()


def test_evidence_whose_key_is_gone_cannot_be_opened(reviewer, settings):
    link, settings.SECRET_KEY_FALLBACKS = EvidenceFactory(), []
    link.url = b"gAAAA-not-ours"
    link.save()
    with pytest.raises(api.CannotDecrypt):
        api.open_evidence(token(link, reviewer), reviewer)
