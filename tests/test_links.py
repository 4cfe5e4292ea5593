"""Links to reports: for one person, for five minutes."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.core.files.storage import storages

from proctoring_results import api
from proctoring_results.links import REPORT_LINK
from proctoring_results.models import Report, ReportDownload
from tests.factories import ReportFactory, UserFactory
from tests.fakes import raising

pytestmark = pytest.mark.django_db

NINE = datetime(2026, 5, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    with time_machine.travel(NINE, tick=False) as travel:
        yield travel


@pytest.fixture
def instructor():
    user = UserFactory()
    user.user_permissions.set(Permission.objects.filter(codename="download_report"))
    return type(user).objects.get(pk=user.pk)


@pytest.fixture
def report(clock):
    return ReportFactory(ready=b"a,b\r\n1,2\r\n")


@pytest.fixture
def link(report, instructor):
    return api.download_link(report, instructor)


def outcomes():
    return list(ReportDownload.objects.values_list("outcome", flat=True))


def take(link, user, **kwargs):
    download = api.redeem_download(link, user, **kwargs)
    with download.file:
        return download.file.read()


def test_ones_own_link_gives_the_file_and_is_recorded(link, instructor, report):
    assert take(link, instructor, address="192.0.2.7", for_excel=True) == b"a,b\r\n1,2\r\n"
    row = ReportDownload.objects.get()
    assert (row.report, row.user, row.at, row.address, row.outcome, row.for_excel) == (
        report,
        instructor,
        NINE,
        "192.0.2.7",
        "downloaded",
        True,
    )


@pytest.mark.parametrize("age", [0, 60, 299, 300])
def test_a_link_is_good_for_five_minutes(clock, link, instructor, age):
    clock.shift(timedelta(seconds=age))
    assert take(link, instructor)


@pytest.mark.parametrize("age", [300.001, 301, 86_400])
def test_a_link_expires_after_five_minutes_and_names_its_report(clock, link, instructor, report, age):
    clock.shift(timedelta(seconds=age))
    with pytest.raises(api.LinkExpired) as refused:
        take(link, instructor)
    assert refused.value.report == report
    assert outcomes() == ["link_expired"]


@pytest.mark.parametrize("early", [5.002, 30, 3600])
def test_a_link_from_the_future_is_invalid(clock, link, instructor, early):
    clock.shift(timedelta(seconds=-early))
    with pytest.raises(api.LinkInvalid):
        take(link, instructor)
    assert outcomes() == ["from_the_future"]


@pytest.mark.parametrize("early", [0.002, 0.3, 4.9])
def test_a_link_made_by_a_server_whose_clock_is_a_little_ahead_is_good(clock, link, instructor, early):
    clock.shift(timedelta(seconds=-early))
    assert take(link, instructor) == b"a,b\r\n1,2\r\n"


def test_a_link_made_within_the_same_millisecond_is_good(report, instructor):
    with time_machine.travel(NINE + timedelta(microseconds=999_999), tick=False):
        assert take(api.download_link(report, instructor), instructor)


def test_another_persons_link_is_invalid_even_for_an_administrator(link):
    with pytest.raises(api.LinkInvalid):
        take(link, UserFactory(admin=True))
    assert outcomes() == ["anothers_link"]


def test_a_link_dies_when_access_is_withdrawn(clock, link, instructor):
    instructor.user_permissions.clear()
    with pytest.raises(api.LinkInvalid):
        take(link, type(instructor).objects.get(pk=instructor.pk))
    assert outcomes() == ["not_allowed"]


def test_permission_is_checked_before_age(clock, link, instructor):
    clock.shift(timedelta(hours=1))
    instructor.user_permissions.clear()
    with pytest.raises(api.LinkInvalid):
        take(link, type(instructor).objects.get(pk=instructor.pk))


def test_an_inactive_person_takes_nothing(link, instructor):
    instructor.is_active = False
    with pytest.raises(api.LinkInvalid):
        take(link, instructor)


def test_every_altered_character_makes_a_link_invalid(link, instructor, caplog):
    for place in range(len(link)):
        altered = link[:place] + ("A" if link[place] != "A" else "B") + link[place + 1 :]
        with pytest.raises(api.LinkInvalid):
            take(altered, instructor)
    assert outcomes() == []
    assert f"User {instructor.pk}" in caplog.text


@pytest.mark.parametrize("forged", ["", "x", "e30:abc", "a:b:c", "é", "\0", "x" * 10_000])
def test_a_forged_link_is_invalid_and_leaves_no_row(instructor, forged):
    with pytest.raises(api.LinkInvalid):
        take(forged, instructor)
    assert outcomes() == []


def test_a_link_signed_for_something_else_is_invalid(report, instructor):
    from django.core import signing

    data = {"report": str(report.task_id), "user": str(instructor.pk), "at": NINE.timestamp() * 1000}
    with pytest.raises(api.LinkInvalid):
        take(signing.Signer(salt="another").sign_object(data), instructor)


def test_all_refusals_read_the_same(link, instructor):
    sentences = set()
    for user, token in ((UserFactory(), link), (instructor, "forged")):
        with pytest.raises(api.LinkInvalid) as refused:
            take(token, user)
        sentences.add(str(refused.value))
    assert len(sentences) == 1


def test_a_file_that_is_gone_from_storage_is_reported_as_gone(link, instructor, report):
    storages["proctoring_results"].delete(report.file.storage_key)
    with pytest.raises(api.ReportGone):
        take(link, instructor)
    assert outcomes() == ["file_gone"]


@pytest.mark.parametrize("error", [ConnectionError("no route to storage"), RuntimeError("credentials expired")])
def test_a_storage_that_does_not_answer_is_no_lost_file(link, instructor, monkeypatch, error, caplog):
    monkeypatch.setattr(storages["proctoring_results"], "open", raising(error))
    with pytest.raises(api.StorageUnavailable):
        take(link, instructor)
    assert outcomes() == ["unavailable"]
    assert str(error) in caplog.text


def test_a_report_over_its_lifetime_is_gone_before_any_sweep(clock, report, instructor):
    clock.move_to(report.expires_at)
    link = REPORT_LINK.make_token(report, instructor, now=report.expires_at)
    with pytest.raises(api.ReportGone):
        take(link, instructor)
    assert storages["proctoring_results"].exists(report.file.storage_key)


def test_a_link_needs_a_ready_report_and_the_permission(instructor):
    with pytest.raises(api.ReportNotInState):
        api.download_link(ReportFactory(), instructor)
    with pytest.raises(api.AccessDenied):
        api.download_link(ReportFactory(ready=True), UserFactory())


@pytest.mark.parametrize("fields", [{"expires_at": NINE}, {"state": "expired"}])
def test_there_is_no_link_to_what_is_gone(report, instructor, fields):
    Report.objects.filter(pk=report.pk).update(**fields)
    report.refresh_from_db()
    with pytest.raises(api.ReportGone):
        api.download_link(report, instructor)


def test_a_person_who_may_not_generate_reports_learns_nothing_of_the_exams():
    with pytest.raises(api.AccessDenied):
        api.request_report("a-course", filters={"content_id": "nowhere"}, by=UserFactory())
