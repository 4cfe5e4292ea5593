"""Case files by the REST API: requested for a purpose, watched, and downloaded as a report."""

import pytest
from django.utils import timezone

from proctoring_results.models import Disclosure, Report, ReportDownload
from tests.factories import COURSE, ExamAttemptFactory, UserFactory, make_ready
from tests.host.models import CourseRole
from tests.reports.case_files import PURPOSE, exported
from tests.rest.calling import post, signed_in
from tests.rest.v1.calling import V1, pages, problem, team_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_worker(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: None)


@pytest.fixture
def attempt():
    return ExamAttemptFactory(submitted=True)


@pytest.fixture
def client():
    return team_of(COURSE)


def of(attempt, *more) -> str:
    return f"{V1}attempts/{attempt.attempt_code}/case-files/{''.join(f'{part}/' for part in more)}"


def requested(client, attempt, **body):
    return post(client, of(attempt), body or {"purpose": PURPOSE})


def test_a_request_is_accepted_and_says_where_to_look(client, attempt):
    answer = requested(client, attempt)
    body = answer.json()
    assert answer.status_code == 202
    assert answer["Location"].endswith(of(attempt, body["id"]))
    assert (body["attempt_code"], body["purpose"], body["state"], body["format"]) == (
        attempt.attempt_code,
        PURPOSE,
        "queued",
        "zip",
    )
    assert Disclosure.objects.get().address == "127.0.0.1"


def test_the_same_request_again_answers_with_the_first(client, attempt):
    first = requested(client, attempt).json()
    answer = requested(client, attempt)
    assert (answer.status_code, answer.json()["id"]) == (200, first["id"])
    assert Disclosure.objects.count() == 1


@pytest.mark.parametrize(
    "body", [{"purpose": ""}, {"purpose": " "}, {"purpose": 7}, {"purpose": "x" * 1_001}, {"x": 1}]
)
def test_a_purpose_that_will_not_do_is_refused(client, attempt, body):
    assert problem(requested(client, attempt, **body))[0] == 400
    assert not Report.objects.exists()


def test_an_erased_session_is_refused(client):
    erased = ExamAttemptFactory(submitted=True, erased_at=timezone.now())
    assert problem(requested(client, erased))[:2] == (409, "attempt_is_erased")


def test_ones_own_attempt_is_refused(client):
    own = ExamAttemptFactory(submitted=True, user=CourseRole.objects.get().user)
    assert problem(requested(client, own))[:2] == (403, "own_attempt")
    assert problem(client.get(of(own)))[:2] == (403, "own_attempt")


def test_all_of_a_session_are_listed_newest_first(client, attempt):
    files = [exported(attempt, purpose=f"Purpose {number}") for number in range(3)]
    exported(ExamAttemptFactory(submitted=True))
    rows = pages(client, of(attempt), page_size=2)
    assert [row["purpose"] for row in rows] == ["Purpose 2", "Purpose 1", "Purpose 0"]
    assert rows[0]["requested_by"] == files[2].requested_by.username


def test_its_state_has_the_checksums_once_it_is_ready(client, attempt):
    file = exported(attempt)
    make_ready(file, b"PK")
    Report.objects.filter(pk=file.pk).update(manifest_sha256="ab" * 32)
    body = client.get(of(attempt, file.task_id)).json()
    assert (body["state"], body["manifest_sha256"], body["size"]) == ("ready", "ab" * 32, 2)


@pytest.mark.parametrize("key", ["unknown", "4b9f0c36-8d3a-4a55-9a6b-111111111111"])
def test_an_unknown_one_is_not_found(client, attempt, key):
    assert problem(client.get(of(attempt, key)))[:2] == (404, "not_found")


def test_one_of_another_session_is_not_found(client, attempt):
    other = exported(ExamAttemptFactory(submitted=True))
    assert client.get(of(attempt, other.task_id)).status_code == 404


def test_it_is_downloaded_as_a_report_by_who_requested_it(client, attempt):
    file = Report.objects.get(task_id=requested(client, attempt).json()["id"])
    make_ready(file, b"PK")
    link = post(client, f"{V1}reports/{file.task_id}/link/", {}).json()
    answer = client.get(link["url"])
    assert (answer.status_code, answer["Content-Type"], answer.getvalue()) == (200, "application/zip", b"PK")
    assert ReportDownload.objects.get().outcome == "downloaded"


def test_nobody_else_gets_a_link(client, attempt):
    file = exported(attempt)
    make_ready(file, b"PK")
    for other in (client, signed_in(UserFactory(admin=True))):
        assert problem(post(other, f"{V1}reports/{file.task_id}/link/", {}))[:2] == (403, "access_denied")


def test_it_is_cancelled_as_a_report(client, attempt):
    key = requested(client, attempt).json()["id"]
    assert post(client, f"{V1}reports/{key}/cancel/", {}).json()["state"] == "cancelled"


def test_it_is_in_no_list_of_reports_and_has_no_readme_there(client, attempt):
    key = requested(client, attempt).json()["id"]
    assert pages(client, f"{V1}reports/", course_id=COURSE) == []
    assert client.get(f"{V1}reports/{key}/readme/").status_code == 404


def test_a_report_cannot_be_requested_as_a_zip_file(client):
    answer = post(client, f"{V1}reports/", {"course_id": COURSE, "format": "zip"})
    assert problem(answer) == (400, "invalid", "format")


def test_a_case_file_cannot_be_requested_as_a_kind_of_report(client):
    answer = post(client, f"{V1}reports/", {"course_id": COURSE, "kind": "proctored_session_case_file"})
    assert problem(answer) == (400, "invalid", "kind")


def test_the_list_asks_as_many_queries_however_many_there_are(client, attempt, django_assert_max_num_queries):
    exported(attempt)
    with django_assert_max_num_queries(19) as queries:
        client.get(of(attempt))
    for _ in range(5):
        exported(attempt)
    with django_assert_max_num_queries(len(queries)):
        client.get(of(attempt))
