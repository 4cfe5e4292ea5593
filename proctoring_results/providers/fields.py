"""Readers for the fields of a message. Each raises ``InvalidInput``, which names the field as the provider calls it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from proctoring_results.choices import EvidenceKind
from proctoring_results.exceptions import InvalidInput
from proctoring_results.validation import clean_text, not_one_of

from .data import MAX_EVIDENCE, MAX_INCIDENTS, MAX_URL_LENGTH, EvidenceData, IncidentData


def optional_text(field: str, value: object, *, max_length: int) -> str:
    """Return the text, or the empty text for null and for a field that is missing."""
    return "" if value is None else clean_text(field, value, max_length=max_length)


def optional_seconds(field: str, value: object) -> float | None:
    """Return a number of seconds, or None."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(field, _("must be a number of seconds."))
    return value


def wall_clock(field: str, value: object, *, zone: tzinfo = UTC) -> datetime:
    """Return the time that an ISO 8601 text names, in UTC. ``zone`` is that of a text without one."""
    try:
        time = datetime.fromisoformat(clean_text(field, value, max_length=64))
        time = (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidInput(field, _("must be a date and time like 2026-05-01T09:30:00Z.")) from None
    # What every database stores.
    if not 1970 <= time.year <= 9998:
        raise InvalidInput(field, _("must be a date and time after 1970."))
    return time


def seconds_of_recording(field: str, value: object, *, start: datetime | None, zone: tzinfo = UTC) -> float | None:
    """Return the seconds from ``start``, when the recording began, to a wall-clock time; None if either is missing.

    ``value`` is an ISO 8601 text, and ``zone`` is that of a text without one. ``attempt.started_at`` will do as the
    start, unless the provider says when its recording began.
    """
    if value is None or start is None:
        return None
    return (wall_clock(field, value, zone=zone) - start).total_seconds()


def web_address(field: str, value: object) -> str:
    """Return a full address of the web, and refuse any that a browser may parse differently."""
    address = clean_text(field, value, min_length=1, max_length=MAX_URL_LENGTH)
    try:
        parts = urlsplit(address)
        is_fine = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _port = parts.port  # raises ValueError unless it is a port number
    except ValueError:
        is_fine = False
    if not is_fine or "\\" in address or any(letter.isspace() or not letter.isprintable() for letter in address):
        raise InvalidInput(field, _("must be an address that begins with https:// or http://."))
    return address


def evidence(field: str, value: object) -> tuple[EvidenceData, ...]:
    """Return the evidence in a list of ``{"kind", "url", "start", "stop"}``; none for null and a missing field."""
    return tuple(_evidence(f"{field}[{number}]", item) for number, item in enumerate(objects(field, value)))


def refuse_too_much_evidence(
    field: str, of_review: Collection[EvidenceData], incidents: Iterable[IncidentData]
) -> None:
    """Raise ``InvalidInput`` if a review and its incidents have more evidence together than is stored."""
    if len(of_review) + sum(len(incident.evidence) for incident in incidents) > MAX_EVIDENCE:
        problem = _("must, together with the evidence of the incidents, have at most %(limit)d entries.")
        raise InvalidInput(field, problem % {"limit": MAX_EVIDENCE})


def _evidence(place: str, item: Mapping[str, Any]) -> EvidenceData:
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in EvidenceKind.values:
        raise not_one_of(f"{place}.kind", EvidenceKind.values)
    return EvidenceData(
        kind=EvidenceKind(kind),
        url=web_address(f"{place}.url", item.get("url")),
        start=optional_seconds(f"{place}.start", item.get("start")),
        stop=optional_seconds(f"{place}.stop", item.get("stop")),
    )


def objects(field: str, value: object) -> list[Mapping[str, Any]]:
    """Return a list of JSON objects; an empty one for null and for a field that is missing."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(field, _("must be a list."))
    if len(value) > MAX_INCIDENTS:
        raise InvalidInput(field, _("must have at most %(limit)d entries.") % {"limit": MAX_INCIDENTS})
    for number, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise InvalidInput(f"{field}[{number}]", _("must be an object."))
    return value


def json_object(field: str, value: object) -> Mapping[str, Any]:
    """Return a JSON object."""
    if not isinstance(value, Mapping):
        raise InvalidInput(field, _("must be an object."))
    return value
