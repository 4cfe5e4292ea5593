"""Report files in S3: stored there, and handed out by a URL that S3 signs for a minute."""

import urllib.request
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from django.test import Client
from django.urls import reverse
from moto.server import ThreadedMotoServer

from proctoring_results import api
from proctoring_results.models import Report, ReportDownload
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import COURSE, ExamAttemptFactory, UserFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.filterwarnings("ignore::DeprecationWarning")]

KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "eu-central-1"}


@pytest.fixture(scope="module")
def endpoint():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint, settings):
    client = boto3.client("s3", endpoint_url=endpoint, **KEYS)
    client.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    settings.STORAGES = {
        **settings.STORAGES,
        "proctoring_results": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": "reports",
                "endpoint_url": endpoint,
                "access_key": "test",
                "secret_key": "test",
                "region_name": "eu-central-1",
                "signature_version": "s3v4",
            },
        },
    }
    yield client
    for item in client.list_objects_v2(Bucket="reports").get("Contents", []):
        client.delete_object(Bucket="reports", Key=item["Key"])
    client.delete_bucket(Bucket="reports")


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def report(bucket) -> Report:
    ExamAttemptFactory(submitted=True)
    report = api.request_report(COURSE)
    assert build(report.pk)
    return api.get_report(report.task_id)


@pytest.fixture
def browser_of(admin):
    client = Client()
    client.force_login(admin)
    return client


def keys(bucket) -> list[str]:
    return [item["Key"] for item in bucket.list_objects_v2(Bucket="reports").get("Contents", [])]


def address(name, report, admin) -> str:
    return reverse(f"proctoring_results:{name}", args=[api.download_link(report, admin)])


def test_a_click_is_redirected_to_a_signed_url_that_lives_a_minute_and_gives_the_file(report, browser_of, admin):
    answer = browser_of.get(address("download", report, admin))
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert int(query["X-Amz-Expires"][0]) <= 60
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert report.file_name in query["response-content-disposition"][0]
    with urllib.request.urlopen(answer["Location"]) as response:
        content = response.read()
    assert len(content) == report.size
    assert content.startswith(b"course_id,")
    assert ReportDownload.objects.get().outcome == "downloaded"


def test_for_excel_django_sends_the_file_after_a_bom(report, browser_of, admin):
    answer = browser_of.get(address("download_excel", report, admin))
    content = b"".join(answer.streaming_content)
    assert content.startswith(b"\xef\xbb\xbfcourse_id,")
    assert len(content) == report.size + 3


def test_an_object_that_is_gone_is_reported_as_gone(report, bucket, browser_of, admin):
    bucket.delete_object(Bucket="reports", Key=keys(bucket)[0])
    assert browser_of.get(address("download", report, admin)).status_code == 410


def test_the_sweep_removes_what_a_dead_worker_left(bucket, report):
    file = files.reserve(report, 99, report.requested_at)
    bucket.put_object(Bucket="reports", Key=file.storage_key, Body=b"half a f")
    sweep_reports(enqueue=False)
    assert keys(bucket) == [report.file.storage_key]


def test_a_bucket_that_is_missing_fails_the_try_as_storage(bucket):
    report = api.request_report(COURSE)
    bucket.delete_bucket(Bucket="reports")
    with pytest.raises(Exception, match="NoSuchBucket"):
        build(report.pk)
    bucket.create_bucket(Bucket="reports", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    assert Report.objects.get().failure == "storage"
