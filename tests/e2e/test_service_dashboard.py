"""The dashboard of a proctoring service, opened inside the LMS by the course team."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import ProctoredExam
from proctoring_results.providers.rest import client
from tests.e2e.accessibility import problems
from tests.e2e.test_how_to import picture
from tests.example.test_invigilator import running
from tests.factories import COURSE, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECRET = "a-secret-that-both-sides-know-and-nobody-else"


@pytest.fixture
def service(course, live_server, settings, tmp_path, monkeypatch):
    """Running, and told of an exam and of a learner who got ready for it."""
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    client.tokens.clear()
    with running(tmp_path, CLIENT_SECRET=SECRET) as address:
        account = {"base_url": address, "client_id": "campus", "client_secret": SECRET}
        settings.PROCTORING_RESULTS = {
            **settings.PROCTORING_RESULTS,
            "SITE_URL": live_server.url,
            "PROVIDERS": {"proctortrack": account},
        }
        api.create_attempt(UserFactory(first_name="Ada", last_name="Lovelace"), ProctoredExam.objects.get())
        deliver_due()
        yield address
    client.tokens.clear()


def test_it_opens_inside_the_page_signed_in_and_shows_the_courses_sessions(opened, service):
    page = opened("instructor", reverse("proctoring_results:service_dashboard", args=[COURSE]))
    inside = page.frame_locator("iframe")
    expect(inside.locator("main")).to_contain_text("Signed in as Instructor.")
    expect(inside.locator("main")).to_contain_text("Ada Lovelace")
    page.get_by_role("link", name="Midterm").click()
    expect(page.frame_locator("iframe").locator("main")).to_contain_text("Ada Lovelace")
    picture(page, "service-dashboard", full_page=True)
    assert problems(page) == []


def test_its_address_is_refused_without_a_valid_token(opened, service):
    page = opened("instructor", f"{service}/api/v1/instructor/campus/?jwt=a.b.c")
    expect(page.locator("main")).to_contain_text("This link is not valid.")
