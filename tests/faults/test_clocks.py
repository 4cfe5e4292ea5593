"""Machines whose clocks are ten minutes wrong: leases go by the clock of the database."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.jobs import lease
from proctoring_results.models import Report
from proctoring_results.reports.build import build
from proctoring_results.reports.claims import Claim
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import COURSE, ExamAttemptFactory

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

LEASE = timedelta(seconds=60)
WRONG_BY = pytest.mark.parametrize("seconds", [-600, 600])


@pytest.fixture(autouse=True)
def clock_of_the_database(monkeypatch, settings):
    monkeypatch.setattr(lease, "clock", lease.DatabaseNow)
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "LEASE": LEASE}


@pytest.fixture
def requested() -> Report:
    ExamAttemptFactory(submitted=True)
    report = api.request_report(COURSE, enqueue=False)
    # Due for a worker whose clock is behind, too.
    Report.objects.update(next_try_at=timezone.now() - timedelta(hours=1))
    return report


def on_a_machine_that_is_wrong_by(seconds: float):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def held(now) -> bool:
    return Report.objects.filter(lease_until__gt=now).exists()


@WRONG_BY
def test_a_killed_worker_whose_clock_is_wrong_blocks_its_report_for_one_lease_only(requested, seconds):
    with on_a_machine_that_is_wrong_by(seconds):
        assert Claim.acquire(requested.pk).renew()
    assert held(lease.DatabaseNow())
    assert not held(lease.DatabaseNow() + LEASE)


@WRONG_BY
def test_a_worker_whose_clock_is_wrong_takes_no_report_that_another_is_building(requested, seconds):
    claim = Claim.acquire(requested.pk)
    with on_a_machine_that_is_wrong_by(seconds):
        sweep_reports(enqueue=False)
        assert Claim.acquire(requested.pk) is None
    assert claim.renew()


@WRONG_BY
def test_a_worker_whose_clock_is_wrong_builds_a_report_like_any_other(requested, seconds):
    with on_a_machine_that_is_wrong_by(seconds):
        assert build(requested.pk)
    report = Report.objects.get()
    assert (report.state, report.tries, report.lease_until) == ("ready", 1, None)
