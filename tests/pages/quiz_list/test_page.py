"""Quiz List: what stands there. Who may see it: ``tests/pages/sessions``."""

import pytest
from django.urls import reverse
from django.utils.html import escape

from proctoring_results.pages._shared.navigation import sessions_url
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory
from tests.pages.conftest import text


@pytest.fixture
def url() -> str:
    return reverse("proctoring_results:quiz_list", args=[COURSE])


def test_it_leads_to_the_sessions_of_each_exam(looking, url):
    exam = ProctoredExamFactory(exam_name="Final", content_id="exam@final")
    ProctoredExamFactory(exam_name="Try it", is_practice_exam=True)
    page = text(looking.get(url))
    assert f'href="{sessions_url(exam)}"' in page
    assert page.index("Proctored exams") < page.index("Final") < page.index("Practice exams") < page.index("Try it")


@pytest.mark.parametrize("status", ["verified", "rejected", "error"])
def test_a_number_leads_to_the_list_of_just_these_sessions(looking, url, status):
    exam = ProctoredExamFactory(content_id="exam@final")
    ExamAttemptFactory(exam=exam, submitted=True)
    matching = [
        ExamAttemptFactory(exam=exam, submitted=True, status=status, archived=archived) for archived in (False, True)
    ]
    address = sessions_url(exam, tab="all", archived="with", status=status)
    assert f'href="{escape(address)}" aria-label="2 ' in text(looking.get(url))
    assert {row.attempt for row in looking.get(address).context["page"].list.rows} == set(matching)


def test_the_number_of_pending_leads_to_the_sessions_in_each_of_its_statuses(looking, url):
    exam = ProctoredExamFactory(content_id="exam@final")
    ExamAttemptFactory(exam=exam, submitted=True, status="verified")
    statuses = ["completed", "submitted", "timed_out", "second_review_required"]
    pending = [ExamAttemptFactory(exam=exam, submitted=True, status=status) for status in statuses]
    pending.append(ExamAttemptFactory(exam=exam, submitted=True, archived=True))
    address = sessions_url(exam, tab="all", archived="with", result="pending")
    assert f'href="{escape(address)}" aria-label="5 Pending' in text(looking.get(url))
    assert {row.attempt for row in looking.get(address).context["page"].list.rows} == set(pending)


def test_what_requires_attention_is_a_link_and_a_zero_is_none(looking, url):
    exam = ProctoredExamFactory(content_id="exam@final", exam_name="Final")
    ExamAttemptFactory(exam=exam, submitted=True, status="second_review_required")
    page = text(looking.get(url))
    assert f'href="{sessions_url(exam)}" aria-label="1 that require attention in Final"' in page
    assert "status=verified" not in page


def test_a_course_without_exams_has_a_page_that_says_so(looking, url):
    assert "no proctored exams yet" in text(looking.get(url))


def test_it_says_who_reviews_again(looking, url, settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"own": {"second_review_by": "provider"}}}
    ProctoredExamFactory(provider="own")
    assert "by own" in text(looking.get(url))
