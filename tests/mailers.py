"""Where mails go, in the settings of the Django that runs: ``MAILERS`` since 6.1, ``EMAIL_…`` before."""

from typing import Any

import django


def mail_settings(backend: str, **options: str) -> dict[str, Any]:
    if django.VERSION >= (6, 1):
        return {"MAILERS": {"default": {"BACKEND": backend, "OPTIONS": options}}}
    return {"EMAIL_BACKEND": backend, **{f"EMAIL_{name.upper()}": value for name, value in options.items()}}


def send_mails_to(backend: str, settings: Any, **options: str) -> None:
    """For the rest of a test, whose fixture ``settings`` this is."""
    for name, value in mail_settings(backend, **options).items():
        setattr(settings, name, value)
