"""How often a report was downloaded, and by whom last."""

from datetime import UTC, datetime, timedelta

import pytest

from proctoring_results.models import ReportDownload
from proctoring_results.queries.downloads import downloads_of
from tests.factories import ReportFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.database]

AT = datetime(2026, 5, 3, 14, 2, tzinfo=UTC)


def downloaded(report, user, minutes=0, outcome="downloaded"):
    ReportDownload.objects.create(report=report, user=user, at=AT + timedelta(minutes=minutes), outcome=outcome)


def test_the_number_and_the_last_one_of_each_report_by_one_query(django_assert_num_queries):
    first, second, never = ReportFactory.create_batch(3)
    ada, grace = UserFactory(), UserFactory()
    for report, user, minutes in [(first, ada, 0), (second, grace, 1), (first, grace, 2), (first, ada, 3)]:
        downloaded(report, user, minutes)
    with django_assert_num_queries(1):
        downloads = downloads_of([first, second, never])
        assert (downloads[first.pk].number, downloads[first.pk].last_by) == (3, ada)
    assert downloads[first.pk].last_at == AT + timedelta(minutes=3)
    assert (downloads[second.pk].number, downloads[second.pk].last_by) == (1, grace)
    assert never.pk not in downloads


@pytest.mark.parametrize("outcome", ["link_expired", "file_gone", "unavailable"])
def test_a_refused_download_does_not_count(outcome):
    report = ReportFactory()
    downloaded(report, UserFactory(), outcome=outcome)
    assert downloads_of([report]) == {}
