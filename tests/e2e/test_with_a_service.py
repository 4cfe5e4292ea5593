"""A learner before the exam, with a proctoring service that answers and with one that does not."""

import pytest
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import expect

from example_project.campus.seeding.courses import make_provider
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import ExamAttempt
from proctoring_results.providers.rest import client
from tests.e2e.accessibility import violations
from tests.e2e.conftest import PHONE, WIDE
from tests.e2e.test_taking_an_exam import press
from tests.example.test_invigilator import LMS_SECRET, running
from tests.factories import COURSE, UserFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def learner(opened, live_server, settings, monkeypatch):
    """Return a function that opens the exam page of a learner whose LMS calls the service at a URL."""
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    make_provider(UserFactory(username="proctortrack"))
    cache.clear()
    client.tokens.clear()

    def come(service, **options):
        account = {"base_url": service, "client_id": "campus", "client_secret": LMS_SECRET}
        settings.PROCTORING_RESULTS = {
            **settings.PROCTORING_RESULTS,
            "SITE_URL": live_server.url,
            "PROVIDERS": {"proctortrack": account},
        }
        return opened("learner", reverse("campus:exam", args=[COURSE, "exam@midterm"]), **options)

    yield come
    cache.clear()
    client.tokens.clear()


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_page_continues_by_itself_when_the_software_reports_ready(learner, tmp_path, viewport):
    with running(tmp_path) as service:
        page = learner(service, viewport=viewport)
        press(page, "Get ready")
        deliver_due()
        press(page, "Download the software")
        seen = violations(page)
        with page.context.expect_page() as opening:
            page.get_by_role("link", name="Download from proctortrack").click()
        expect(opening.value.locator("main")).to_contain_text("Return to the page of your exam.")
        seen += violations(opening.value)
        page.bring_to_front()
        expect(page.get_by_role("button", name="Start the exam")).to_be_visible(timeout=30_000)
        assert ExamAttempt.objects.get(user__username="learner").status == "ready_to_start"
        assert seen == []


def test_while_the_service_is_down_the_page_says_so_and_shows_the_code(learner):
    page = learner("http://127.0.0.1:1")
    press(page, "Get ready")
    expect(page.locator("main")).to_contain_text("does not answer just now")
    expect(page.locator("main")).to_contain_text(ExamAttempt.objects.get(user__username="learner").attempt_code)
    expect(page.get_by_role("button", name="I am set up")).to_have_count(0)
    assert violations(page) == []


def test_the_page_of_the_service_can_be_used_by_everybody(learner, tmp_path):
    with running(tmp_path) as service:
        page = learner(service)
        press(page, "Get ready")
        deliver_due()
        page.goto(f"{service}/")
        expect(page.get_by_role("button", name="Suspicious, with two incidents")).to_be_visible()
        assert violations(page) == []
