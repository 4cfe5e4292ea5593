"""Decisions change the grade book, credit and certificates of the example LMS, as a learner sees them."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from example_project.campus.lms import CampusLMS
from example_project.campus.models import Certificate, Course, CreditRequirement, Enrolment, ExamContent, Grade
from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from tests.factories import COURSE, ExamAttemptFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True, exam__content_id="exam@final", exam__exam_name="Final")


@pytest.fixture
def grade(attempt):
    now = timezone.now()
    course = Course.objects.create(course_id=COURSE, name="Probability", start=now, end=now + timedelta(days=30))
    Enrolment.objects.create(user=attempt.user, course=course)
    content = ExamContent.objects.create(course=course, content_id="exam@final", questions=[])
    return Grade.objects.create(user=attempt.user, content=content, earned=6, possible=8)


@pytest.fixture
def decide(attempt, grade):
    admin = UserFactory(admin=True)

    def and_deliver(verb):
        verb(attempt.attempt_code, by=admin, reason="x")
        deliver_due()

    return and_deliver


def progress(attempt) -> str:
    client = Client()
    client.force_login(attempt.user)
    page = client.get(reverse("campus:course", args=[COURSE])).content.decode()
    return " ".join(page.split())


def test_a_fail_is_shown_as_0_and_a_pass_as_the_grade_without_proctoring(attempt, grade, decide):
    assert "Score: 6 of 8" in progress(attempt)
    decide(api.fail_attempt)
    assert "Score: 0 of 8 (set to 0 by the proctoring review)" in progress(attempt)
    # A rescore meanwhile.
    Grade.objects.update(earned=7)
    assert "Score: 0 of 8" in progress(attempt)
    decide(api.pass_attempt)
    assert "Score: 7 of 8 </p>" in progress(attempt)


def test_credit_and_certificate_follow(attempt, decide):
    decide(api.pass_attempt)
    assert Certificate.objects.count() == 0
    decide(api.fail_attempt)
    assert CreditRequirement.objects.get().state == "failed"
    decide(api.pass_attempt)
    assert CreditRequirement.objects.get().state == "satisfied"
    assert Certificate.objects.get().is_valid
    decide(api.fail_attempt)
    assert not Certificate.objects.get().is_valid


def test_mails_lead_to_the_exams_page_at_the_sites_own_address(attempt, decide, mailoutbox, settings):
    settings.SITE_URL = "https://campus.example.com"
    decide(api.fail_attempt)
    assert "https://campus.example.com/courses/course-v1:DemoX+PR101+2026/exams/exam@final/" in mailoutbox[0].body


def test_sessions_are_found_by_the_student_number_of_this_course(attempt, grade):
    Enrolment.objects.update(student_number="3141592")
    client = Client()
    client.force_login(UserFactory(admin=True))
    page = client.get(reverse("proctoring_results:sessions", args=[COURSE]))
    assert "Name, username, email address, student number or attempt code" in page.content.decode()
    fields = {"search": "3141592", "filters": "tab=all"}
    answer = client.post(reverse("proctoring_results:search_sessions", args=[COURSE]), fields, follow=True)
    assert [row.attempt for row in answer.context["page"].list.rows] == [attempt]
    assert list(CampusLMS().search(COURSE, "314")) == list(CampusLMS().search("another", "3141592")) == []


def test_the_policy_that_data_download_links_to_is_a_page_of_the_site(settings):
    name, url = CampusLMS().data_policy(COURSE)
    assert url.startswith(settings.SITE_URL)
    page = Client().get(url.removeprefix(settings.SITE_URL))
    assert (page.status_code, name) == (200, "the data stewardship policy of Campus")
    assert "Data stewardship policy of Campus" in page.content.decode()
