"""Readers for the fields of a message. Only what makes a message unreadable raises ``InvalidInput``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from django.utils.translation import gettext as _

from proctoring_results.exceptions import InvalidInput

from .data import EvidenceData, ScoreData

SCORE_KEYS = ("value", "label", "thresholds", "lowest", "highest", "higher_is_worse")


def objects(field: str, value: object) -> list[Mapping[str, Any]]:
    """Return a list of JSON objects; an empty one for null and for a field that is missing."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(field, _("must be a list."))
    return [json_object(f"{field}[{number}]", item) for number, item in enumerate(value)]


def json_object(field: str, value: object) -> Mapping[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, Mapping):
        raise InvalidInput(field, _("must be an object."))
    return value


def evidence(value: object) -> tuple[EvidenceData, ...]:
    """Return the evidence in a list of ``{"kind", "url", "start", "stop"}``.

    What is no such object has no address, and is left out when the review is stored.
    """
    items = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(
        EvidenceData(kind=item.get("kind", ""), url=item.get("url", ""), start=item.get("start"), stop=item.get("stop"))
        for item in (each if isinstance(each, Mapping) else dict[str, Any]() for each in items)
    )


def score(value: object) -> ScoreData | None:
    """Return the score in a number, or in an object whose keys are the fields of ``ScoreData`` but ``rank``.

    What is odd about it is put right when the review is stored.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        return ScoreData(value=value)  # type: ignore[arg-type]  # as it came
    return ScoreData(**{key: value[key] for key in SCORE_KEYS if value.get(key) is not None})


def wall_clock(value: object, *, zone: tzinfo = UTC) -> datetime | None:
    """Return the time that an ISO 8601 text names, in UTC, or None. ``zone`` is that of a text without one."""
    try:
        time = datetime.fromisoformat(value)  # type: ignore[arg-type]  # JSON: a TypeError like any other
        time = (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        return None
    # What every database stores.
    return time if 1970 <= time.year <= 9998 else None


def seconds_of_recording(value: object, *, start: datetime | None, zone: tzinfo = UTC) -> float | None:
    """Return the seconds from ``start``, when the recording began, to a wall-clock time; None if either is missing.

    ``value`` is an ISO 8601 text, and ``zone`` is that of a text without one. ``attempt.started_at`` will do as the
    start, unless the provider says when its recording began. For what is no such text the answer is NaN: the incident
    is stored without a time, and the provider is told.
    """
    if value is None or start is None:
        return None
    time = wall_clock(value, zone=zone)
    return math.nan if time is None else (time - start).total_seconds()
