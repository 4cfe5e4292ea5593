"""The API is the same on every site, whatever the host has set for its own pages and its own API.

Settings that are read when the modules are imported are tried by a whole project in ``tests/hosts``.
"""

from datetime import date, timedelta

import pytest
from django.conf import settings as site
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.settings import DEFAULTS
from rest_framework.views import APIView

from proctoring_results.models import StatusChange
from proctoring_results.providers.rest.webhooks import RestView
from proctoring_results.providers.webhooks import SignedMessageView
from proctoring_results.rest.problem import STATUS, TITLES
from proctoring_results.rest.v1.base import ApiView
from tests.factories import COURSE, ExamAttemptFactory, IncidentFactory, ReportFactory
from tests.host.foreign import FOREIGN_DJANGO, FOREIGN_DRF
from tests.rest.calling import REVIEW, account_of, post, rest_attempt, reviewed, signed_in
from tests.rest.v1.calling import V1, team_of

pytestmark = pytest.mark.django_db

# For the host to decide: who calls, how often, and what stands before it.
OWN = site.REST_FRAMEWORK
HOSTS_OWN = {"DEFAULT_AUTHENTICATION_CLASSES", "DEFAULT_THROTTLE_RATES", "NUM_PROXIES"}


@pytest.fixture
def calls(monkeypatch, settings):
    """A function that makes the same calls each time, and returns what they answer."""
    settings.USE_I18N = True
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *_, **__: None)
    attempt = ExamAttemptFactory(submitted=True, exam__exam_name="Prüfung", exam__due_date=timezone.now())
    dismissed = {"dismissed_at": timezone.now(), "dismissed_by": attempt.user, "dismissal_reason": "x"}
    review = IncidentFactory(review__attempt=attempt, start=1234.5, **dismissed).review
    StatusChange.objects.create(
        attempt=attempt, from_status="started", to_status="submitted", at=timezone.now(), source="learner"
    )
    report = ReportFactory(ready=True)
    rest_attempt()
    team, provider = team_of(COURSE), signed_in(account_of())
    attempt_path = f"attempts/{attempt.attempt_code}/"
    paths = (
        f"exams/?course_id={COURSE}",
        f"exams/{attempt.exam.pk}/",
        f"attempts/?course_id={COURSE}&since=2026-04-30&until=2026-05-02",
        f"attempts/?course_id={COURSE}&since=30/04/2026",
        attempt_path,
        f"{attempt_path}changes/",
        f"{attempt_path}reviews/",
        f"{attempt_path}reviews/{review.pk}/incidents/",
        f"numbers/?course_id={COURSE}",
        "me/attempts/",
        f"reports/?course_id={COURSE}",
        f"reports/{report.task_id}/",
    )

    def make() -> list[tuple[int, str, bytes]]:
        answers = [team.get(V1 + path.replace("+", "%2B")) for path in paths]
        answers += [Client().get(V1 + paths[0]), team.options(V1 + paths[0])]
        answers.append(post(team, f"{V1}attempts/search/", {"course_id": COURSE, "search": "ü" * 100}))
        answers.append(post(team, f"{V1}reports/", {"course_id": COURSE, "filters": "all"}))
        answers.append(post(provider, reviewed(), REVIEW))
        return [(answer.status_code, answer.headers.get("Content-Type", ""), answer.content) for answer in answers]

    # Once before: the second review of the same kind is answered from what is stored.
    make()
    return make


def test_the_walk_over_the_settings_knows_them_all():
    known = HOSTS_OWN | set(FOREIGN_DRF)
    assert set(DEFAULTS) - known == set()


@pytest.mark.parametrize("foreign", [{"REST_FRAMEWORK": {**OWN, **FOREIGN_DRF}}, FOREIGN_DJANGO], ids=["DRF", "Django"])
def test_no_setting_of_the_host_changes_what_the_api_answers(calls, settings, foreign):
    expected = calls()
    for name, value in foreign.items():
        setattr(settings, name, value)
    assert calls() == expected


def test_a_time_zone_that_is_activated_for_a_person_changes_no_answer(calls):
    expected = calls()
    with timezone.override("America/St_Johns"):
        assert calls() == expected


@pytest.mark.parametrize("view", [ApiView, RestView, SignedMessageView])
def test_what_drf_takes_from_the_settings_is_set_for_each_view(view):
    """DRF reads these when it is imported, so no test can change them afterwards."""
    defaults = {name for name in vars(APIView) if name.endswith(("_class", "_classes"))}
    ours = {name for kind in view.__mro__[: view.__mro__.index(APIView)] for name in vars(kind)}
    assert defaults - ours <= {"authentication_classes"}


def test_json_looks_the_same_whatever_drf_is_told():
    renderer = ApiView.renderer_classes[0]()
    assert renderer.render({"name": "Zoë", "day": date(2026, 5, 1), "minutes": 1}) == (
        '{"name":"Zoë","day":"2026-05-01","minutes":1}'.encode()
    )
    assert renderer.strict


# ------------------------------------------------------------------------------------------------------------- forms

FORM = {"data": "course_id=a", "content_type": "application/x-www-form-urlencoded"}
PARTS = {"data": {"course_id": "a"}}


@pytest.mark.parametrize("form", [FORM, PARTS])
@pytest.mark.parametrize("path", ["attempts/search/", "attempts/X/decisions/", "reports/", "reports/X/cancel/"])
def test_a_form_of_somebody_with_a_session_is_refused(path, form):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies = team_of(COURSE).cookies
    answer = client.post(V1 + path, **form)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(("method", "url"), [("put", f"{V1}reports/"), ("put", reviewed()), ("delete", V1 + "exams/")])
def test_a_form_by_a_method_that_there_is_not_is_no_error_of_the_server(method, url):
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies = team_of(COURSE).cookies
    assert getattr(client, method)(url, **FORM).status_code == 405


def test_a_form_at_a_providers_address_is_refused():
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies = signed_in(account_of()).cookies
    assert client.post(reviewed(), **FORM).status_code == 415


def test_a_button_without_a_body_needs_no_media_type():
    report = ReportFactory()
    answer = team_of(COURSE).generic("POST", f"{V1}reports/{report.task_id}/cancel/")
    assert answer.status_code == 200


def test_a_moment_is_written_in_utc_with_all_its_digits():
    moment = timezone.now().replace(microsecond=250_000)
    report = ReportFactory(requested_at=moment)
    body = team_of(COURSE).get(f"{V1}reports/{report.task_id}/").json()
    assert body["requested_at"] == f"{moment:%Y-%m-%dT%H:%M:%S}.250000Z"
    assert moment.utcoffset() == timedelta(0)


def test_the_title_of_every_refusal_is_the_same_on_each_python():
    """``HTTPStatus(413).phrase`` is “Request Entity Too Large” before Python 3.13, and “Content Too Large” since."""
    drfs = {kind for kind in APIException.__subclasses__() if kind.__module__ == APIException.__module__}
    raised = {kind.status_code for kind in drfs} | set(STATUS.values())
    assert raised <= set(TITLES)
    assert {TITLES[code] for code in (413, 416, 422)} == {
        "Content Too Large",
        "Range Not Satisfiable",
        "Unprocessable Content",
    }
