"""What somebody wrote when their sign-in was over, or their page out of date, is there again."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results import api
from proctoring_results.models import StatusChange
from proctoring_results.pages._shared.drafts import KEY
from tests.factories import COURSE, ExamAttemptFactory, UserFactory
from tests.pages.conftest import client_of, text

ORIGIN = {"HTTP_REFERER": "http://testserver/proctoring/"}
REASON = "A phone on the desk"


@pytest.fixture
def attempt():
    attempt = ExamAttemptFactory(submitted=True, user__username="ada")
    api.record_review(
        attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="Suspicious", comment="x")] * 2
    )
    return attempt


def url(attempt, name="decide", *more):
    return reverse(f"proctoring_results:{name}", args=[attempt.attempt_code, *more])


def course_url(name):
    return reverse(f"proctoring_results:{name}", args=[COURSE])


def after_signing_in(address, fields, user):
    """Post when the sign-in is over, sign in, and go where the sign-in page leads."""
    client = Client()
    answer = client.post(address, fields)
    assert answer.status_code == 302
    client.force_login(user)
    return client, client.get(next_of(answer), follow=True)


def next_of(answer) -> str:
    """Where the sign-in page leads to afterwards."""
    return parse_qs(urlsplit(answer.url).query)["next"][0]


def test_a_reason_is_there_again_after_signing_in(attempt, reviewer):
    fields = {"verdict": "fail", "reason": REASON, "category": "explicit_material"}
    _, response = after_signing_in(url(attempt), fields, reviewer)
    page = text(response)
    assert f">{REASON}</textarea>" in page
    assert '<option value="explicit_material" selected>' in page
    assert "Nothing was recorded, because you had to sign in again." in page
    assert not attempt.changes.filter(by=reviewer).exists()


def test_a_reason_of_a_dismissal_is_there_again_at_its_incident(attempt, reviewer):
    incident = attempt.reviews.get().incidents.get(position=1)
    fields = {"change": "dismiss", "reason": REASON}
    _, response = after_signing_in(url(attempt, "dismissal", incident.pk), fields, reviewer)
    form = re.search(r'<tr role="row" id="pr-incident-2".*?</tr>', text(response))[0]
    assert '<details class="pr-folded pr-dismissal" open>' in form
    assert f">{REASON}</textarea>" in form


def test_ticked_incidents_and_their_reason_are_there_again(attempt, reviewer):
    fields = {"change": "dismiss", "reason": REASON, "incident": ["2"]}
    _, response = after_signing_in(url(attempt, "dismissals", attempt.reviews.get().pk), fields, reviewer)
    page = text(response)
    assert f">{REASON}</textarea>" in page
    assert 'value="2" checked' in page


def test_the_reason_for_several_sessions_is_there_again(attempt, reviewer):
    ticked = client_of(reviewer).post(course_url("pass_sessions"), {"attempt": attempt.attempt_code})
    token = re.search(r'name="attempt" value="([^"]+)"', text(ticked))[1]
    fields = {"attempt": token, "reason": REASON}
    _, response = after_signing_in(course_url("pass_sessions"), fields, reviewer)
    page = text(response)
    assert f">{REASON}</textarea>" in page
    assert token in page
    assert not StatusChange.objects.filter(by=reviewer).exists()


def test_a_search_is_done_after_signing_in(attempt, reviewer):
    _, response = after_signing_in(course_url("search_sessions"), {"search": "ada"}, reviewer)
    assert response.context["page"].search.text == "ada"


def test_it_is_shown_once_and_not_after_half_an_hour(attempt, reviewer):
    client, _ = after_signing_in(url(attempt), {"verdict": "fail", "reason": REASON}, reviewer)
    assert REASON not in text(client.get(url(attempt, "session")))
    client = Client()
    client.post(url(attempt), {"verdict": "fail", "reason": REASON})
    client.force_login(reviewer)
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert REASON not in text(client.get(url(attempt, "session")))


def test_it_is_encrypted_while_it_waits(attempt):
    Client().post(url(attempt), {"verdict": "fail", "reason": REASON})
    assert "phone" not in str(Session.objects.get().get_decoded())


# --- A page whose CSRF token is old ---


@pytest.fixture
def strict(reviewer) -> Client:
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)
    return client


def test_a_page_that_is_out_of_date_says_so_in_our_look_and_keeps_the_reason(strict, attempt):
    answer = strict.post(url(attempt), {"verdict": "fail", "reason": REASON, "csrfmiddlewaretoken": "x" * 64}, **ORIGIN)
    assert answer.status_code == 403
    page = text(answer)
    assert "This page was out of date" in page
    way_on = re.search(r'href="([^"]+)">Go on</a>', page)[1]
    assert f">{REASON}</textarea>" in text(strict.get(way_on, follow=True))
    assert not StatusChange.objects.filter(reason=REASON).exists()


def test_what_another_site_wrote_is_not_kept(strict, attempt):
    answer = strict.post(url(attempt), {"verdict": "fail", "reason": REASON}, HTTP_REFERER="https://evil.example/")
    assert answer.status_code == 403
    assert "evil.example" not in text(answer)
    assert REASON not in text(strict.get(url(attempt, "session")))


def test_a_reason_is_shown_to_nobody_else_who_signs_in_there(strict, attempt):
    strict.post(url(attempt), {"verdict": "fail", "reason": REASON}, **ORIGIN)
    draft = strict.session[KEY]
    strict.force_login(UserFactory(admin=True))
    other = strict.session
    other[KEY] = draft
    other.save()
    assert REASON not in text(strict.get(url(attempt, "session")))


POSTS = [("decide", True), ("export_session", True), ("pass_sessions", False), ("search_sessions", False)]


@pytest.mark.parametrize(("name", "of_attempt"), [*POSTS, ("generate_report", False)])
def test_each_form_needs_its_token(strict, attempt, name, of_attempt):
    answer = strict.post(url(attempt, name) if of_attempt else course_url(name))
    assert answer.status_code == 403
    assert "This page was out of date" in text(answer)


def test_with_its_token_a_decision_is_made(strict, attempt, reviewer):
    page = strict.get(url(attempt, "session")).content.decode()
    names = ("csrfmiddlewaretoken", "seen_change", "seen_review")
    fields = {name: re.search(rf'name="{name}" value="(\w*)"', page)[1] for name in names}
    answer = strict.post(url(attempt), {**fields, "verdict": "pass", "reason": REASON})
    assert answer.status_code == 303
