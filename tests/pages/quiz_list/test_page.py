"""Quiz List: what stands there. Who may see it: ``tests/pages/sessions``."""

import pytest
from django.urls import reverse

from proctoring_results.pages._shared.navigation import sessions_url
from tests.factories import COURSE, ProctoredExamFactory
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


def test_a_course_without_exams_has_a_page_that_says_so(looking, url):
    assert "no proctored exams yet" in text(looking.get(url))


def test_it_says_who_reviews_again(looking, url, settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"own": {"second_review_by": "provider"}}}
    ProctoredExamFactory(provider="own")
    assert "by own" in text(looking.get(url))
