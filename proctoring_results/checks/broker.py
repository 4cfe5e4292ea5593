"""The check of Celery's broker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from celery import current_app
from django.apps import AppConfig
from django.core.checks import CheckMessage, register

from proctoring_results.conf import conf

from .messages import err, warn
from .settings import name_problems

# What installs the driver of a broker, by the scheme of its address. The others have an extra of Celery.
EXTRAS = {"redis": "proctoring-results[redis]", "rediss": "proctoring-results[redis]"}


@register()
def check_broker(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Check that tasks can be handed to Celery's broker, without asking it."""
    names_are_wrong = [*name_problems()]
    return [] if names_are_wrong or not conf().ENQUEUE else [*_broker()]


def _broker() -> Iterator[CheckMessage]:
    broker = current_app.conf.broker_write_url
    if not broker:
        yield warn(
            31,
            "Celery has no address of a broker, so nothing is enqueued: reports and effects wait for the upkeep.",
            "Set CELERY_BROKER_URL. Without Celery, let cron run “proctoring_upkeep --here”, and set "
            "PROCTORING_RESULTS['ENQUEUE'] = False.",
        )
        return
    scheme = str(broker).partition(":")[0]
    extra = EXTRAS.get(scheme, f"celery[{scheme}]")
    try:
        # Imports the driver and makes its object, which connects to nothing yet.
        _ = current_app.connection_for_write().transport
    except ImportError as error:
        yield err(30, f"The driver of Celery's broker is missing: {error}.", f'Install it: pip install "{extra}".')
    except (KeyError, ValueError, TypeError, NameError, AttributeError) as error:
        detail = error.args[0] if error.args else type(error).__name__
        yield err(30, f"Celery's broker cannot be used: {detail}.", "Correct the address in CELERY_BROKER_URL.")
