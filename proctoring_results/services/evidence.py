"""Evidence of a review: checked, and written with its addresses encrypted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from proctoring_results import crypto
from proctoring_results.choices import EvidenceKind
from proctoring_results.exceptions import InvalidInput
from proctoring_results.models import Evidence
from proctoring_results.models.compiled import insert
from proctoring_results.providers.base import EvidenceData, IncidentData, refuse_too_much_evidence, web_address
from proctoring_results.validation import clean_text

if TYPE_CHECKING:
    from proctoring_results.models import ExamReview, Incident


def check_seconds(place: str, start: object, stop: object) -> None:
    """Raise ``InvalidInput`` for what is no number of seconds, naming the field."""
    for name, value in (("start", start), ("stop", stop)):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InvalidInput(f"{place}.{name}", "must be a number of seconds.")
        if value is not None and not math.isfinite(value):
            raise InvalidInput(f"{place}.{name}", "must be a finite number of seconds.")


def check_evidence(of_review: Sequence[EvidenceData], incidents: Sequence[IncidentData]) -> None:
    """Raise ``InvalidInput``, naming the field, for what cannot be kept."""
    refuse_too_much_evidence("evidence", of_review, incidents)
    for place, items in _by_place(of_review, incidents):
        for number, item in enumerate(items):
            _check(f"{place}[{number}]", item)


def without_addresses(raw: object, of_review: Iterable[EvidenceData], incidents: Iterable[IncidentData]) -> object:
    """The raw data without the addresses of the evidence: these are kept encrypted, and nowhere else."""
    addresses = {item.url for items in (of_review, *(one.evidence for one in incidents)) for item in items}
    return _without(raw, addresses) if addresses else raw


def write_evidence(
    review: ExamReview,
    of_review: Iterable[EvidenceData],
    incidents: Iterable[IncidentData],
    incident_rows: Sequence[Incident],
) -> None:
    """In the order in which it came: the whole session's first, then that of each incident."""
    found: list[tuple[Incident | None, EvidenceData]] = [(None, item) for item in of_review]
    for row, incident in zip(incident_rows, incidents, strict=True):
        found += [(row, item) for item in incident.evidence]
    rows = [
        Evidence(
            review=review,
            incident=row,
            position=number,
            kind=EvidenceKind(item.kind),
            url=crypto.encrypt(item.url),
            start=item.start,
            stop=item.stop,
        )
        for number, (row, item) in enumerate(found)
    ]
    insert(*rows)


def _by_place(
    of_review: Sequence[EvidenceData], incidents: Sequence[IncidentData]
) -> list[tuple[str, Sequence[EvidenceData]]]:
    places = [(f"incidents[{number}].evidence", incident.evidence) for number, incident in enumerate(incidents)]
    return [("evidence", of_review), *places]


def _check(place: str, item: EvidenceData) -> None:
    if item.kind not in EvidenceKind.values:
        raise InvalidInput(f"{place}.kind", f"must be one of {', '.join(EvidenceKind.values)}.")
    web_address(f"{place}.url", clean_text(f"{place}.url", item.url))
    check_seconds(place, item.start, item.stop)


def _without(raw: Any, addresses: set[str]) -> Any:
    if isinstance(raw, dict):
        return {key: _without(item, addresses) for key, item in raw.items() if not _is_one(item, addresses)}
    if isinstance(raw, list):
        return [_without(item, addresses) for item in raw if not _is_one(item, addresses)]
    return raw


def _is_one(item: object, addresses: set[str]) -> bool:
    return isinstance(item, str) and item in addresses


def rows_with_keys(review: ExamReview, rows: list[Incident]) -> list[Incident]:
    """The incidents as they were written, in their order; MySQL does not tell their keys."""
    return rows if all(row.pk for row in rows) else list(review.incidents.order_by("position"))
