"""Which providers there are: the built-in ones, and those that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from django.utils.module_loading import import_string

from proctoring_results.conf import conf

from .base import Provider

DEFAULT_CLASS = "proctoring_results.providers.rest.RestProvider"
BUILT_IN: Mapping[str, str] = {
    "proctortrack": DEFAULT_CLASS,
    "rpnow": "proctoring_results.providers.rpnow.RPNowProvider",
}


def class_path(name: str) -> str:
    """Return the dotted path of the provider's class. A provider without settings speaks the REST protocol."""
    path: str = conf().PROVIDERS.get(name, {}).get("class", BUILT_IN.get(name, DEFAULT_CLASS))
    return path


def provider_named(name: str) -> Provider:
    return cast(Provider, import_string(class_path(name))(name))


def known_names() -> list[str]:
    return sorted({*BUILT_IN, *conf().PROVIDERS})


def known_providers() -> list[Provider]:
    return [provider_named(name) for name in known_names()]
