"""The URLs can be included whole or in parts, and a check says whether a provider's messages arrive."""

import sys
from types import ModuleType

import pytest
from django.http import HttpResponse
from django.urls import NoReverseMatch, include, path, re_path, resolve, reverse

from proctoring_results.checks import check_addresses
from tests.rest.signing import VENDOR

PAGES, WEBHOOKS, API = (f"proctoring_results.{part}.urls" for part in ("pages", "providers", "rest"))
OF_PAGES = ("proctoring_results:data_download", ["course"])
OF_WEBHOOKS = ("proctoring_webhooks:provider_messages", ["vendor"])
OF_API = ("proctoring_api:v1_exams", [])


def another_app(request):
    return HttpResponse()


@pytest.fixture
def urls(settings, monkeypatch):
    def use(*patterns):
        module = ModuleType("urls_of_a_host")
        module.urlpatterns = list(patterns)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        settings.ROOT_URLCONF = module.__name__

    return use


def exists(view, args):
    try:
        return resolve(reverse(view, args=args)).view_name == view
    except NoReverseMatch:
        return False


@pytest.mark.parametrize(
    ("part", "present"),
    [
        ("proctoring_results.urls", (True, True, True)),
        (PAGES, (True, False, False)),
        (WEBHOOKS, (False, True, False)),
        (API, (False, False, True)),
    ],
)
def test_each_part_can_be_included_alone(urls, part, present):
    urls(path("", include(part)))
    assert tuple(exists(*view) for view in (OF_PAGES, OF_WEBHOOKS, OF_API)) == present


def found():
    return [(problem.id.removeprefix("proctoring_results."), problem.msg) for problem in check_addresses(None)]


def providers(settings, **named):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": named}


def test_all_addresses_of_the_example_lead_to_this_app(settings):
    providers(settings, vendor={"class": VENDOR}, rpnow={}, own={})
    assert found() == []


def test_an_address_that_leads_to_another_app_is_a_warning(urls, settings):
    providers(settings, vendor={"class": VENDOR})
    urls(re_path("^api/edx_proctoring/v1/", another_app), path("", include("proctoring_results.urls")))
    problems = found()
    assert {number for number, _ in problems} == {"W018"}
    assert "'proctortrack' calls /api/edx_proctoring/v1/proctored_exam/attempt/id/reviewed" in problems[0][1]
    assert all("leads to tests.test_urls.another_app." in sentence for _, sentence in problems)
    assert len(problems) == 2  # reviewed and ready; RPNow and the vendor have other addresses


def test_the_webhooks_may_stand_under_a_prefix(urls):
    urls(path("proctoring/", include("proctoring_results.urls")))
    assert found() == []


def test_a_provider_of_the_settings_without_an_address_is_a_warning(urls, settings):
    urls(path("", include(PAGES)))
    providers(settings)
    assert found() == []
    providers(settings, vendor={"class": VENDOR})
    [(number, sentence)] = found()
    assert (number, "'vendor' cannot send its messages" in sentence) == ("W019", True)


def test_wrong_settings_are_not_reported_twice(settings):
    providers(settings, vendor={"class": "nowhere.Vendor"})
    assert found() == []
