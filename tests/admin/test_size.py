"""Pages of Django admin stay small, whatever a provider has sent."""

import pytest
from django.urls import reverse

from proctoring_results.models import Incident
from tests.factories import EvidenceFactory, ExamAttemptFactory, ExamReviewFactory

pytestmark = pytest.mark.django_db

LONG = "The learner looks away from the screen. " * 25
REVIEWS, INCIDENTS = 20, 1_000
# As docs/explanation/how-fast-it-is.md has it.
MAX_BYTES = 300_000


@pytest.fixture
def attempt():
    attempt = ExamAttemptFactory(submitted=True)
    reviews = ExamReviewFactory.create_batch(REVIEWS, attempt=attempt, suspicious_comments=LONG * 500)
    Incident.objects.bulk_create(
        [
            Incident(review=review, position=position, status="Suspicious", kind="webcam", comment=LONG)
            for review in reviews
            for position in range(INCIDENTS)
        ],
        batch_size=2_000,
    )
    attempt.current_review = reviews[-1]
    attempt.save()
    return attempt


def page_of(admin, name, *args, query=""):
    page = admin.get(reverse(f"admin:proctoring_results_{name}", args=args) + query)
    assert page.status_code == 200
    return page.content.decode()


def test_an_attempt_with_twenty_large_reviews(admin, attempt, django_assert_max_num_queries):
    with django_assert_max_num_queries(25):
        page = page_of(admin, "examattempt_change", attempt.pk)
    assert len(page.encode()) < MAX_BYTES
    assert page.count("The first 5 of 1000 incidents.") == REVIEWS
    assert page_of(admin, "examattempt_decide", attempt.pk, "fail").count("The first 5 of") == REVIEWS


def test_a_review_and_the_lists(admin, attempt):
    review = attempt.current_review
    narrowed = f"?review__id__exact={review.pk}"
    pages = [
        page_of(admin, "examreview_change", review.pk),
        page_of(admin, "incident_changelist", query=narrowed),
        page_of(admin, "incident_changelist"),
        page_of(admin, "examattempt_changelist"),
        page_of(admin, "examreview_changelist"),
    ]
    assert max(len(page.encode()) for page in pages) < MAX_BYTES
    assert f"/incident/{narrowed}" in pages[0]
    assert "1000 incidents" in pages[1]


def test_an_incident_is_read_in_full_on_its_own_page(admin, attempt):
    incident = attempt.current_review.incidents.first()
    assert LONG.strip() in page_of(admin, "incident_change", incident.pk)


def test_evidence_is_listed_without_its_address(admin):
    evidence = EvidenceFactory(address="https://video.example/secret")
    assert "video.example" not in page_of(admin, "evidence_changelist") + page_of(admin, "evidence_change", evidence.pk)


def test_who_may_not_view_incidents_is_not_led_to_them(staff, reviewed):
    client = staff("view_examattempt")
    assert "All incidents in full" not in page_of(client, "examattempt_change", reviewed.pk)
    client = staff("view_examattempt", "view_incident")
    assert "All incidents in full" in page_of(client, "examattempt_change", reviewed.pk)
