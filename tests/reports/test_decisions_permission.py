"""The decisions report names who decided what and why: it needs a permission of its own, from request to download."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import DownloadOutcome, ReportKind
from proctoring_results.links import REPORT_LINK
from proctoring_results.models import Report, ReportDownload
from proctoring_results.permissions import REPORT_DECISIONS
from proctoring_results.reports.build import build
from tests.factories import COURSE, ExamAttemptFactory, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

USUAL = ("view_reports", "generate_report", "download_report")


def person(*codenames: str):
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return get_user_model().objects.get(pk=user.pk)


@pytest.fixture
def report() -> Report:
    ExamAttemptFactory(submitted=True)
    report = api.request_report(COURSE, ReportKind.DECISIONS, by=person(*USUAL, "report_decisions"))
    assert build(report.pk)
    report.refresh_from_db()
    return report


def token_of(report: Report, user) -> str:
    return REPORT_LINK.make_token(report, user, now=timezone.now())


def test_it_cannot_be_requested_without_its_permission():
    with pytest.raises(api.AccessDenied, match="report_decisions"):
        api.request_report(COURSE, ReportKind.DECISIONS, by=person(*USUAL))
    assert not Report.objects.exists()


def test_without_its_permission_there_is_no_link(report):
    assert report.permission == REPORT_DECISIONS
    assert api.download_link(report, person(*USUAL, "report_decisions"))
    with pytest.raises(api.AccessDenied):
        api.download_link(report, person(*USUAL))


def test_a_link_is_refused_and_recorded_once_the_permission_is_withdrawn(report):
    user = person(*USUAL, "report_decisions")
    token = token_of(report, user)
    user.user_permissions.remove(Permission.objects.get(codename="report_decisions"))
    with pytest.raises(api.LinkInvalid):
        api.redeem_download(token, get_user_model().objects.get(pk=user.pk))
    assert [*ReportDownload.objects.values_list("user", "outcome")] == [(user.pk, DownloadOutcome.NOT_ALLOWED)]


@pytest.mark.parametrize("name", ["download", "download_excel"])
def test_the_page_refuses_the_download_and_records_it(report, name):
    user, client = person(*USUAL), Client()
    client.force_login(user)
    response = client.get(reverse(f"proctoring_results:{name}", args=[token_of(report, user)]))
    assert response.status_code == 403
    assert [*ReportDownload.objects.values_list("user", "outcome")] == [(user.pk, DownloadOutcome.NOT_ALLOWED)]


def test_with_its_permission_the_page_sends_the_file(report):
    user, client = person(*USUAL, "report_decisions"), Client()
    client.force_login(user)
    response = client.get(reverse("proctoring_results:download", args=[token_of(report, user)]))
    assert response.getvalue().startswith(b"course_id,exam_name,username,email,attempt_code,decided_at")
