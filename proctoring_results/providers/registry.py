"""Which providers there are: the built-in ones, and those that the settings name."""

from __future__ import annotations

from typing import cast

from django.utils.module_loading import import_string

from proctoring_results.conf import conf

from .base import Provider
from .policy import BUILT_IN, class_path, options_of


def provider_named(name: str) -> Provider:
    """Return the provider. One without settings speaks the REST protocol."""
    return cast(Provider, import_string(class_path(name, options_of(name)))(name))


def known_names() -> list[str]:
    return sorted({*BUILT_IN, *conf().PROVIDERS})


def known_providers() -> list[Provider]:
    return [provider_named(name) for name in known_names()]
