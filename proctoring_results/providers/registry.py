"""Which providers there are: the built-in ones, and those that the settings name."""

from __future__ import annotations

from typing import cast

from django.utils.module_loading import import_string

from proctoring_results.conf import conf

from .base import Provider
from .policy import BUILT_IN, class_path


def provider_named(name: str) -> Provider:
    """The provider; one that nobody described speaks the REST protocol."""
    return cast(Provider, import_string(class_path(name))(name))


def known_providers() -> list[Provider]:
    return [provider_named(name) for name in sorted({*BUILT_IN, *conf().PROVIDERS})]
