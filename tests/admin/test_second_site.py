"""A host may have a second admin site: whoever works there stays there."""

import re

import pytest
from django.contrib import admin as django_admin
from django.contrib.admin import AdminSite
from django.test import Client
from django.urls import include, path, reverse

from proctoring_results.models import ProviderMessage
from proctoring_results.queries.preview import seen_now
from tests.factories import UserFactory
from tests.host import urls
from tests.rest.calling import REVIEW, account_of, post, rest_attempt, signed_in
from tests.rest.calling import reviewed as review_url

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

ops = AdminSite(name="ops")
for model, model_admin in django_admin.site._registry.items():
    ops.register(model, type(model_admin))

urlpatterns = [path("ops/", ops.urls), *urls.urlpatterns, path("", include("proctoring_results.urls"))]


@pytest.fixture
def attempt():
    """Reviewed by its provider, so that there is a message, and something to decide."""
    attempt = rest_attempt()
    post(signed_in(account_of()), review_url(), REVIEW)
    return attempt


@pytest.fixture
def client():
    client = Client()
    client.force_login(UserFactory(admin=True))
    return client


def address(name, *args):
    return reverse(f"admin:proctoring_results_{name}", args=args, current_app="ops")


def addresses(attempt) -> list[str]:
    message = ProviderMessage.objects.get().pk
    return [
        address("examattempt_changelist"),
        address("examattempt_change", attempt.pk),
        address("examattempt_decide", attempt.pk, "pass"),
        f"{address('examattempt_pass_selected')}?chosen={attempt.pk}",
        address("providermessage_change", message),
        address("providermessage_body", message),
        f"{address('providermessage_replay')}?chosen={message}",
        address("examreview_change", attempt.reviews.get().pk),
        address("lmseffect_changelist"),
    ]


def test_no_link_leads_out_of_the_site(client, attempt):
    for url in addresses(attempt):
        page = client.get(url)
        assert page.status_code == 200
        links = re.findall(r'(?:href|action)="(/[^"]*)"', page.content.decode())
        assert [link for link in links if link.startswith("/admin/")] == [], url
        assert any(link.startswith("/ops/") for link in links)


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_a_decision_comes_back_to_the_attempt_in_the_same_site(client, attempt, verdict):
    seen = seen_now(attempt)
    body = {"reason": "Seen the recording", "seen_change": seen.change_id, "seen_review": seen.review_id}
    body |= {"category": "other"}
    answer = client.post(address("examattempt_decide", attempt.pk, verdict), body)
    assert (answer.status_code, answer["Location"]) == (302, address("examattempt_change", attempt.pk))


def test_actions_and_replay_stay_in_the_site(client, attempt):
    message = ProviderMessage.objects.get()
    for name, action, pk in (("examattempt", "pass_selected", attempt.pk), ("providermessage", "replay", message.pk)):
        answer = client.post(address(f"{name}_changelist"), {"action": action, "_selected_action": [pk]})
        assert answer["Location"].startswith("/ops/proctoring_results/")
    answer = client.post(f"{address('providermessage_replay')}?chosen={message.pk}")
    assert answer["Location"] == address("providermessage_change", message.pk)


def test_the_default_site_keeps_its_own_addresses(client, attempt):
    page = client.get(reverse("admin:proctoring_results_examattempt_change", args=[attempt.pk], current_app="admin"))
    assert "/ops/" not in page.content.decode()
