"""The system checks of settings and databases."""

import sys
from datetime import timedelta
from types import ModuleType, SimpleNamespace

import pytest
from celery import Celery
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.db import connection

from proctoring_results.checks.broker import check_broker
from proctoring_results.checks.databases import check_databases, check_routers
from proctoring_results.checks.settings import check_settings
from proctoring_results.checks.urls import check_pages
from proctoring_results.conf import conf

LOCAL = "django.core.files.storage.FileSystemStorage"


def problem_ids() -> set[str]:
    return {problem.id.removeprefix("proctoring_results.") for problem in check_settings(None)}


@pytest.mark.django_db
def test_the_example_has_no_wrong_setting():
    assert [problem for problem in run_checks() if problem.id.startswith("proctoring_results")] == []


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"DOWNLOAD_TLL": timedelta(minutes=5)}, "E001"),
        ({"DOWNLOAD_TTL": 300}, "E002"),
        ({"DOWNLOAD_VIA": "ftp"}, "E002"),
        ({"PAGE_SIZE": True}, "E002"),
        ({"RETRY_PAUSES": (10, 60)}, "E002"),
        ({"REASON_CATEGORIES": ["phone"]}, "E002"),
        ({"REASON_CATEGORIES": {"a phone": "A phone"}}, "E038"),
        ({"REASON_CATEGORIES": {"-phone": "A phone"}}, "E038"),
        ({"REASON_CATEGORIES": {"phone": " "}}, "E038"),
        ({"REASON_CATEGORIES": {"p" * 65: "A phone"}}, "E038"),
        ({"REPORT_KINDS": "yes"}, "E002"),
        ({"REPORT_KINDS": ["nowhere.Report"]}, "E037"),
        ({"REPORT_KINDS": ["without a dot"]}, "E037"),
        ({"PROVIDERS": []}, "E002"),
        ([], "E002"),
        ({"DOWNLOAD_TTL": timedelta(0)}, "E003"),
        ({"LEASE": timedelta(seconds=-1)}, "E003"),
        ({"REDIRECT_TTL": timedelta(seconds=61)}, "E003"),
        ({"PAGE_SIZE": 0}, "E003"),
        ({"PROVIDERS": {"x": "reject"}}, "E004"),
        ({"PROVIDERS": {"x": {"on_suspicious": "fail"}}}, "E004"),
        ({"PROVIDERS": {"x": {"on_suspicous": "reject"}}}, "E004"),
        ({"PROVIDERS": {"x": {"class": "nowhere.Provider"}}}, "E004"),
        ({"PROVIDERS": {"x": {"class": "builtins.dict"}}}, "E004"),
        ({"PROVIDERS": {"x": {"class": 5}}}, "E004"),
        ({"PROVIDERS": {"x": {"users": ["a:b"]}}}, "E004"),
        ({"PROVIDERS": {"rpnow": {"users": "a:b"}}}, "E004"),
        ({"PROVIDERS": {"rpnow": {"secrets": [""]}}}, "E004"),
        ({"PROVIDERS": {"x": {"base_url": ["https://x.example"]}}}, "E004"),
        ({"PROVIDERS": {"x": {"rules": "none"}}}, "E004"),
        ({"PROVIDERS": {"x": {"base_url": "https://x.example"}}}, "E017"),
        ({"PROVIDERS": {"x": {"evidence_hosts": "video.example"}}}, "E004"),
        ({"PROVIDERS": {"x": {"evidence_hosts": ["https://video.example"]}}}, "E004"),
        ({"PROVIDERS": {"x": {"evidence_hosts": ["Video.example"]}}}, "E004"),
        ({"PROVIDERS": {"x": {"evidence_hosts": ["video.example:443"]}}}, "E004"),
        ({"PROVIDERS": {"x": {"evidence_hosts": ["."]}}}, "E004"),
        ({"PROVIDERS": {"x": {"picture_hosts": "pictures.example"}}}, "E004"),
        ({"PROVIDERS": {"x": {"picture_hosts": ["https://pictures.example"]}}}, "E004"),
        ({"PROVIDERS": {"x": {"embedded_hosts": ["https://video.example"]}}}, "E004"),
        ({"PROVIDERS": {"x": {"embedded_hosts": ["video.example; script-src *"]}}}, "E004"),
        ({"ENCRYPTION_KEYS": ["too short"]}, "E015"),
        ({"ENCRYPTION_KEYS": "a key"}, "E002"),
        ({"MAX_MESSAGE_BYTES": 0}, "E003"),
        ({"SITE_URL": "lms.example"}, "E016"),
        ({"SITE_URL": "https://lms.example/"}, "E016"),
        ({"SITE_URL": "ftp://lms.example"}, "E016"),
        ({"LMS": "nowhere.LMS"}, "E005"),
        ({"LMS": "builtins.object"}, "E005"),
        ({"REPORT_STORAGE": "none"}, "E006"),
    ],
)
def test_a_wrong_value_is_an_error(settings, values, problem):
    settings.PROCTORING_RESULTS = values
    assert problem_ids() == {problem}


def test_right_values_are_no_errors(settings):
    settings.PROCTORING_RESULTS = {
        "PROVIDERS": {
            "x": {
                "on_suspicious": "reject",
                "newer_replaces_older": False,
                "evidence_hosts": ["a.example", ".b.example"],
                "picture_hosts": ["c.example", ".d.example"],
                "embedded_hosts": [".b.example"],
            },
            "y": {"class": "proctoring_results.providers.rest.RestProvider"},
            "rpnow": {"users": ["a:b", "a:c"], "secrets": (), "signing_keys": ["k"], "on_suspicious": "second_review"},
        },
        "ENCRYPTION_KEYS": [Fernet.generate_key().decode()],
        "RETRY_PAUSES": [timedelta(seconds=1)],
        "DOWNLOAD_VIA": "x-sendfile",
        "REPORT_KINDS": [],
        "REASON_CATEGORIES": {"no-photo_1": "No photo"},
    }
    assert problem_ids() == set()
    assert conf().DOWNLOAD_VIA == "x-sendfile"


def test_a_providers_secret_is_not_shown(settings):
    settings.PROCTORING_RESULTS = {"PROVIDERS": {"rpnow": {"secrets": "hunter2"}}}
    assert "hunter2" not in str(check_settings(None))


@pytest.mark.parametrize(
    "values",
    [
        {"PROVIDERS": {"x": {"client_secrt": "hunter2"}}},
        {"PROVIDERS": {"x": {"client_secret": 5, "base_url": "hunter2"}}},
        {"PROVIDERS": {"x": {"base_url": "https://hunter2:hunter2@x.example"}}},
        {"PROVIDERS": ["hunter2"]},
        {"ENCRYPTION_KEYS": "hunter2"},
    ],
)
def test_no_secret_is_shown_under_whatever_name(settings, values):
    settings.PROCTORING_RESULTS = values
    assert check_settings(None)
    assert "hunter2" not in str(check_settings(None))


CALLED = {"base_url": "https://x.example/", "client_id": "me", "client_secret": "s", "rules": {"a": 1}}


@pytest.mark.parametrize(
    ("provider", "others", "sentence"),
    [
        ({"base_url": "x.example"}, {}, "base_url"),
        ({"base_url": "ftp://x.example"}, {}, "base_url"),
        ({"base_url": "https://x.example/?a=b"}, {}, "base_url"),
        ({"base_url": "https://me:s@x.example"}, {}, "without a password"),
        ({"base_url": "https://x.example:port"}, {}, "base_url"),
        ({"base_url": "https://[x"}, {}, "base_url"),
        ({"client_id": ""}, {}, "client_id"),
        ({"client_secret": ""}, {}, "client_secret"),
        ({"rules": {"a": object()}}, {}, "rules"),
        ({}, {"SITE_URL": ""}, "SITE_URL"),
        ({}, {"LEASE": timedelta(seconds=30)}, "LEASE"),
    ],
)
def test_a_provider_that_cannot_be_called_is_said(settings, provider, others, sentence):
    right = {"SITE_URL": "https://lms.example", "PROVIDERS": {"x": {**CALLED, **provider}}}
    settings.PROCTORING_RESULTS = {**right, **others}
    [problem] = check_settings(None)
    assert (problem.id, sentence in problem.msg) == ("proctoring_results.E017", True)


def test_the_extra_is_needed_only_where_something_is_called(settings, monkeypatch):
    monkeypatch.setattr("proctoring_results.providers.rest.calls.find_spec", lambda name: None)
    assert problem_ids() == set()
    settings.PROCTORING_RESULTS = {"SITE_URL": "https://lms.example", "PROVIDERS": {"x": CALLED}}
    [problem] = check_settings(None)
    assert "proctoring-results[rest]" in problem.msg


def test_a_provider_that_can_be_called_is_fine(settings):
    settings.PROCTORING_RESULTS = {"SITE_URL": "https://lms.example", "PROVIDERS": {"x": CALLED}}
    assert problem_ids() == set()


def test_time_zones_are_needed(settings):
    settings.USE_TZ = False
    assert problem_ids() == {"E007"}


@pytest.mark.parametrize("name", ["MEDIA_ROOT", "STATIC_ROOT"])
def test_a_public_folder_is_no_place_for_reports(settings, tmp_path, name):
    setattr(settings, name, str(tmp_path))
    settings.STORAGES = {
        **settings.STORAGES,
        "proctoring_results": {"BACKEND": LOCAL, "OPTIONS": {"location": str(tmp_path / "reports")}},
    }
    assert problem_ids() == {"E008"}


def s3(settings, **options):
    settings.STORAGES = {
        **settings.STORAGES,
        "proctoring_results": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {"bucket_name": "reports", **options},
        },
    }


@pytest.mark.parametrize("options", [{"custom_domain": "cdn.example.com"}, {"querystring_auth": False}])
def test_a_storage_that_would_not_sign_its_urls_is_an_error(settings, options):
    s3(settings, **options)
    assert problem_ids() == {"E010"}


@pytest.mark.parametrize("acl", ["public-read", "public-read-write", "authenticated-read", "publicRead"])
def test_a_storage_whose_files_others_may_read_is_an_error(settings, acl):
    s3(settings, default_acl=acl)
    assert problem_ids() == {"E010"}


@pytest.mark.parametrize("acl", [None, "private", "bucket-owner-full-control"])
def test_a_storage_whose_files_are_private_is_none(settings, acl):
    s3(settings, default_acl=acl)
    assert problem_ids() == set()


def test_a_web_server_cannot_send_files_that_are_elsewhere(settings):
    s3(settings)
    settings.PROCTORING_RESULTS = {"DOWNLOAD_VIA": "x-sendfile"}
    assert problem_ids() == {"E009"}


def connect(monkeypatch, vendor, changes):
    settings_dict = {"TIME_ZONE": None, "OPTIONS": {"transaction_mode": "IMMEDIATE"}, **changes}
    database = SimpleNamespace(vendor=vendor, display_name=vendor.title(), settings_dict=settings_dict)
    monkeypatch.setattr("proctoring_results.checks.databases.connections", {"default": database})
    monkeypatch.setattr("proctoring_results.checks.databases._character_sets", lambda connection: [])


@pytest.mark.parametrize(
    ("vendor", "changes", "problem"),
    [
        ("oracle", {}, "E011"),
        ("sqlite", {"TIME_ZONE": "Asia/Tokyo"}, "E012"),
        ("sqlite", {"OPTIONS": {}}, "W013"),
        ("mysql", {"OPTIONS": {"charset": "utf8mb3"}}, "E014"),
        ("mysql", {"TIME_ZONE": "Asia/Tokyo"}, "E012"),
    ],
)
def test_a_database_that_would_go_wrong_is_said(monkeypatch, vendor, changes, problem):
    connect(monkeypatch, vendor, changes)
    problems = check_databases(None, databases=["default"])
    assert [one.id for one in problems] == [f"proctoring_results.{problem}"]


def test_a_postgresql_with_a_time_zone_of_its_own_is_fine(monkeypatch):
    connect(monkeypatch, "postgresql", {"TIME_ZONE": "Asia/Tokyo"})
    assert check_databases(None, databases=["default"]) == []


def ids_of(problems):
    return [problem.id.removeprefix("proctoring_results.") for problem in problems]


# --------------------------------------------------------------------------------------------------------- the broker


@pytest.fixture
def connect_broker(monkeypatch):
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)

    def connect(url):
        monkeypatch.setattr("proctoring_results.checks.broker.current_app", Celery(broker=url, set_as_current=False))

    return connect


@pytest.mark.parametrize("url", ["nonsense://localhost", "redis://[x", "redis://localhost:port/0"])
def test_an_address_of_no_broker_is_an_error(connect_broker, url):
    connect_broker(url)
    assert ids_of(check_broker(None)) == ["E030"]


def test_a_missing_driver_is_an_error_that_names_the_extra(connect_broker, monkeypatch):
    monkeypatch.setattr("kombu.transport.redis.redis", None)
    connect_broker("redis://localhost:6379/0")
    [problem] = check_broker(None)
    assert (problem.id, "proctoring-results[redis]" in problem.hint) == ("proctoring_results.E030", True)


def test_a_broker_is_not_asked_by_its_check(connect_broker):
    # Nobody listens there.
    connect_broker("redis://127.0.0.1:1/0")
    assert check_broker(None) == []


def test_no_broker_is_a_warning_until_the_site_says_so(connect_broker, settings):
    connect_broker(None)
    assert ids_of(check_broker(None)) == ["W031"]
    settings.PROCTORING_RESULTS = {"ENQUEUE": False}
    assert check_broker(None) == []


# ---------------------------------------------------------------------------------------------- routers, URLs, sign-in


class OfTheApp:
    def db_for_write(self, model, **hints):
        return "second" if model._meta.app_label == "proctoring_results" else None


class OfPeople:
    def db_for_write(self, model, **hints):
        return "second" if model._meta.app_label == "auth" else None


class Replica:
    def db_for_read(self, model, **hints):
        return "replica"


@pytest.mark.parametrize(("kind", "problems"), [(OfTheApp, ["E032"]), (OfPeople, ["E032"]), (Replica, [])])
def test_a_router_that_places_tables_elsewhere_is_an_error(settings, kind, problems):
    settings.DATABASE_ROUTERS = [f"{__name__}.{kind.__name__}"]
    assert ids_of(check_routers(None)) == problems


def test_urls_that_are_not_included_are_a_warning(settings, monkeypatch):
    empty = ModuleType("tests.empty_urls")
    empty.urlpatterns = []
    monkeypatch.setitem(sys.modules, empty.__name__, empty)
    settings.ROOT_URLCONF = empty.__name__
    assert ids_of(check_pages(None)) == ["W033"]


@pytest.mark.parametrize("name", ["sessions", "auth", "messages"])
def test_a_middleware_that_the_pages_need_is_missed(settings, name):
    settings.MIDDLEWARE = [path for path in settings.MIDDLEWARE if f"contrib.{name}." not in path]
    assert ids_of(check_pages(None)) == ["E034"]


@pytest.mark.parametrize(
    ("url", "problems"),
    [
        ("/accounts/none/", ["W035"]),
        ("no-such-name", ["W035"]),
        ("/accounts/login/", []),
        ("login", []),
        ("https://sso.example/login", []),
    ],
)
def test_a_sign_in_page_that_is_not_there_is_a_warning(settings, url, problems):
    settings.LOGIN_URL = url
    assert ids_of(check_pages(None)) == problems


@pytest.mark.mariadb
@pytest.mark.database
@pytest.mark.django_db(transaction=True)
def test_a_table_that_cannot_store_every_character_is_an_error():
    assert check_databases(None, databases=["default"]) == []
    table = "proctoring_results_incident"
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb3")
    try:
        [problem] = check_databases(None, databases=["default"])
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET utf8mb4")
    assert (problem.id, table in problem.msg) == ("proctoring_results.E036", True)
