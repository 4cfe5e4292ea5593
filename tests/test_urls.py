"""The URLs can be included whole or in parts, and a check warns if a provider's messages do not arrive."""

import sys
from types import ModuleType

import pytest
from django.http import HttpResponse
from django.test.utils import override_script_prefix
from django.urls import NoReverseMatch, include, path, re_path, resolve, reverse

from proctoring_results.checks.urls import check_addresses
from proctoring_results.providers import urls as providers_urls
from proctoring_results.providers.registry import BUILT_IN, provider_named
from tests.rest.signing import VENDOR
from tests.test_access import names

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


def warnings():
    return [(problem.id.removeprefix("proctoring_results."), problem.msg) for problem in check_addresses(None)]


def providers(settings, **named):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": named}


def test_all_addresses_of_the_example_lead_to_this_app(settings):
    providers(settings, vendor={"class": VENDOR}, rpnow={}, own={})
    assert warnings() == []


def test_every_address_that_services_call_is_one_of_a_built_in_providers():
    called = {resolve(address).url_name for name in BUILT_IN for address in provider_named(name).addresses()}
    # The last is for whatever class signs its messages.
    assert {*names(providers_urls.urlpatterns)} == called | {"provider_messages"}


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_the_addresses_of_a_built_in_provider_are_included(name):
    """Of a built-in provider that the settings do not name, the check says nothing."""
    assert {resolve(address).namespace for address in provider_named(name).addresses()} == {"proctoring_webhooks"}


def test_an_address_that_leads_to_another_app_is_a_warning(urls, settings):
    providers(settings, vendor={"class": VENDOR})
    urls(re_path("^api/edx_proctoring/v1/", another_app), path("", include("proctoring_results.urls")))
    problems = warnings()
    assert {number for number, _ in problems} == {"W018"}
    assert "'proctortrack' calls /api/edx_proctoring/v1/proctored_exam/attempt/id/reviewed" in problems[0][1]
    assert all("leads to tests.test_urls.another_app." in sentence for _, sentence in problems)
    assert len(problems) == 2  # reviewed and ready; RPNow and the vendor have other addresses


@override_script_prefix("/lms/")
def test_the_webhooks_of_a_site_below_a_path_are_found(urls):
    urls(path("exams/", include("proctoring_results.urls")))
    assert warnings() == []


def test_the_webhooks_may_stand_under_a_prefix(urls):
    urls(path("proctoring/", include("proctoring_results.urls")))
    assert warnings() == []


def test_a_provider_of_the_settings_without_an_address_is_a_warning(urls, settings):
    urls(path("", include(PAGES)))
    providers(settings)
    assert warnings() == []
    providers(settings, vendor={"class": VENDOR})
    [(number, sentence)] = warnings()
    assert (number, "'vendor' cannot send its messages" in sentence) == ("W019", True)


def test_wrong_settings_are_not_reported_twice(settings):
    providers(settings, vendor={"class": "nowhere.Vendor"})
    assert warnings() == []
