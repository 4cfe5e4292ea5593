"""Every time in Django admin: in the time zone of the site, with UTC beside it, by a clock of 24 hours."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
import time_machine
from django.apps import apps
from django.contrib import admin as django_admin
from django.contrib.admin.models import LogEntry
from django.db.models import DateTimeField
from django.urls import reverse
from django.utils import formats, timezone

from proctoring_results.models import (
    Disclosure,
    Erasure,
    ExamAttempt,
    LmsEffect,
    ProviderMessage,
    Report,
    ReportDownload,
)
from proctoring_results.moments import moment_text
from tests.factories import (
    EvidenceFactory,
    ExamAttemptFactory,
    ExamReviewFactory,
    IncidentFactory,
    ReportFactory,
    ReportScheduleFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 5, 2, 9, 7, 5, tzinfo=UTC)
MODELS = [
    model for model in apps.get_app_config("proctoring_results").get_models() if django_admin.site.is_registered(model)
]


@pytest.fixture(autouse=True)
def elsewhere(settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def rows():
    """Return a row of each model, with a time of its own in each column that can hold one."""
    # Until when a decision is withheld stands beside the status until then.
    attempt = ExamAttemptFactory(submitted=True, withheld_until=NOW, status_until_then="submitted")
    review = ExamReviewFactory(attempt=attempt)
    person, report = UserFactory(), ReportFactory(ready=True)
    incident = IncidentFactory(review=review, dismissed_by=person, dismissed_at=NOW, dismissal_reason="A cat.")
    evidence = EvidenceFactory(review=review)
    effect = LmsEffect.objects.create(kind="grade", user=attempt.user, attempt=attempt, queued_at=NOW, next_try_at=NOW)
    message = ProviderMessage.objects.create(
        provider="proctortrack", channel="rest_ready", attempt=attempt, sha256="0", body=b"", received_at=NOW
    )
    download = ReportDownload.objects.create(report=report, user=person, at=NOW, outcome="downloaded")
    erasure = Erasure.objects.create(user=person, by=person, at=NOW, reason="Asked for.", attempts=1)
    Disclosure.objects.create(
        attempt=attempt, user=person, at=NOW + timedelta(days=9), kind="evidence", evidence=evidence
    )
    schedule = ReportScheduleFactory(owner=person)
    made = [attempt, attempt.exam, review, incident, evidence, effect, message, report, download, erasure, schedule]
    for day, row in enumerate(made):
        times = {field.name: NOW + timedelta(days=day, minutes=n) for n, field in enumerate(times_of(row))}
        if times:
            type(row)._base_manager.filter(pk=row.pk).update(**times)
        row.refresh_from_db()
    return {type(row): row for row in made}


def times_of(row):
    return [field for field in row._meta.fields if isinstance(field, DateTimeField)]


def address(row, page, *args):
    return reverse(f"admin:proctoring_results_{row._meta.model_name}_{page}", args=args)


def assert_clock(html, times):
    for at in times:
        assert formats.date_format(timezone.localtime(at), "DATETIME_FORMAT") not in html
        assert formats.date_format(at, "DATETIME_FORMAT") not in html
    assert not [half for half in ("a.m.", "p.m.", "noon", "midnight") if half in html]


@pytest.mark.parametrize("model", MODELS)
def test_every_page_of_a_row_prints_each_of_its_times_by_the_one_clock(admin, rows, model):
    row = rows[model]
    times = {field.name: getattr(row, field.name) for field in times_of(row)}
    page = unescape(admin.get(address(row, "change", row.pk)).content.decode())
    assert [name for name, at in times.items() if moment_text(at) not in page] == []
    assert_clock(page, times.values())


@pytest.mark.parametrize("model", MODELS)
def test_every_list_prints_times_by_the_one_clock(admin, rows, model):
    row = rows[model]
    assert_clock(admin.get(address(row, "changelist")).content.decode(), [getattr(row, f.name) for f in times_of(row)])


@pytest.mark.parametrize(("parent", "child"), [(ExamAttempt, Disclosure), (Report, ReportDownload)])
def test_rows_within_a_page_print_theirs(admin, rows, parent, child):
    [at] = child.objects.values_list("at", flat=True)
    page = admin.get(address(rows[parent], "change", rows[parent].pk)).content.decode()
    assert moment_text(at) in page
    assert_clock(page, [at])


def test_the_pages_of_a_message_and_of_effects_print_theirs(admin, rows):
    message, effect = rows[ProviderMessage], rows[LmsEffect]
    LmsEffect.objects.filter(pk=effect.pk).update(queued_at=NOW, done_at=None)
    replay = f"{address(message, 'replay')}?chosen={message.pk}"
    for url, at in (
        (address(message, "body", message.pk), message.received_at),
        (replay, message.received_at),
        (address(effect, "changelist"), NOW),
    ):
        page = admin.get(url).content.decode()
        assert f"{moment_text(at, with_seconds=True)}</time>" in page, url
        assert_clock(page, [at])


def test_the_history_that_django_keeps_prints_its_own(admin, rows):
    attempt = rows[ExamAttempt]
    LogEntry.objects.log_actions(UserFactory().pk, [attempt], 2, change_message="Looked <closely>")
    page = admin.get(address(attempt, "history", attempt.pk)).content.decode()
    assert moment_text(NOW, with_seconds=True) == "2 May 2026, 14:37:05 · 09:07:05 UTC"
    assert moment_text(NOW, with_seconds=True) in page
    assert "Looked &lt;closely&gt;" in page
    assert_clock(page, [NOW])
    assert "Nobody has done anything" in admin.get(address(rows[Report], "history", rows[Report].pk)).content.decode()
