"""Checks of the pages and of the addresses that providers call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, register
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string

from proctoring_results.conf import conf
from proctoring_results.providers.base import Provider
from proctoring_results.providers.registry import known_providers

from .messages import err, warn
from .settings import name_problems, provider_problems


@register(Tags.urls)
def check_addresses(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Check that the addresses which providers call lead to this app. ``PROVIDERS`` has to be right for that."""
    if not getattr(settings, "ROOT_URLCONF", None) or [*name_problems()] or [*provider_problems()]:
        return []
    return [problem for provider in known_providers() for problem in _addresses(provider)]


def _addresses(provider: Provider) -> Iterator[CheckMessage]:
    try:
        paths = provider.addresses()
    except NoReverseMatch:
        # The built-in providers may be of no use to a site.
        if provider.name in conf().PROVIDERS:
            yield warn(
                19,
                f"The provider {provider.name!r} cannot send its messages: its addresses are not among the URLs.",
                "Include proctoring_results.providers.urls. If your own code calls api.record_review instead, add the "
                "id of this check to SILENCED_SYSTEM_CHECKS.",
            )
        return
    for path in paths:
        view = _view_of_another(path)
        if view is not None:
            yield warn(
                18,
                f"The provider {provider.name!r} calls {path}, and that leads to {view}.",
                "Include proctoring_results.providers.urls before the URLs of that view.",
            )


def _view_of_another(path: str) -> str | None:
    """Return the name of the view that a path leads to, or None if it is a webhook of this app."""
    try:
        match = resolve(path.removeprefix(get_script_prefix().rstrip("/")))
    except Resolver404:
        return "no view"
    if "proctoring_webhooks" in match.app_names:
        return None
    view = getattr(match.func, "view_class", None) or getattr(match.func, "cls", match.func)
    return f"{view.__module__}.{getattr(view, '__qualname__', type(view).__qualname__)}"


@register(Tags.urls)
def check_pages(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Check that the pages are among the URLs, and that what they need is there."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    try:
        reverse("proctoring_results:quiz_list", args=["course"])
    except NoReverseMatch:
        return [
            warn(
                33,
                "The pages are not among the URLs: notices to the course team cannot link to a session.",
                "Include proctoring_results.urls. If the site leaves the pages out, add the id of this check to "
                "SILENCED_SYSTEM_CHECKS.",
            )
        ]
    return [*_middleware(), *_login_url()]


MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)


def _middleware() -> Iterator[CheckMessage]:
    installed = tuple(_class_named(path) for path in settings.MIDDLEWARE)
    for path in MIDDLEWARE:
        if not any(issubclass(one, import_string(path)) for one in installed):
            yield err(34, f"The pages need {path!r}.", "Add it, or a child of it, to MIDDLEWARE.")


def _class_named(path: str) -> type:
    """Return the class; ``object`` where there is none, which Django itself reports."""
    try:
        target = import_string(path)
    except ImportError:
        return object
    return target if isinstance(target, type) else object


def _login_url() -> Iterator[CheckMessage]:
    try:
        address = resolve_url(settings.LOGIN_URL)
        if address.startswith("/") and not address.startswith("//"):
            resolve(urlsplit(address).path.removeprefix(get_script_prefix().rstrip("/")))
    except (NoReverseMatch, Resolver404):
        yield warn(
            35,
            f"LOGIN_URL leads to no page: {str(settings.LOGIN_URL)!r}. People who are not signed in are sent there.",
            'Set it to the sign-in page of your site. To try the app, "admin:login" will do.',
        )
