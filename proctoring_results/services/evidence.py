"""Evidence of a review: checked, and written with its URLs encrypted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from proctoring_results import crypto
from proctoring_results.choices import EvidenceKind
from proctoring_results.models import Evidence
from proctoring_results.providers.base import (
    EvidenceData,
    IncidentData,
    optional_seconds,
    refuse_too_much_evidence,
    web_address,
)
from proctoring_results.validation import clean_text, not_one_of

if TYPE_CHECKING:
    from proctoring_results.models import ExamReview, Incident


def check_evidence(of_session: Sequence[EvidenceData], incidents: Sequence[IncidentData]) -> None:
    """Raise ``InvalidInput``, naming the field, for what cannot be stored."""
    refuse_too_much_evidence("evidence", of_session, incidents)
    fields = {"evidence": of_session}
    fields |= {f"incidents[{number}].evidence": incident.evidence for number, incident in enumerate(incidents)}
    for field, items in fields.items():
        for number, item in enumerate(items):
            _check(f"{field}[{number}]", item)


def without_urls(raw: Any, of_session: Iterable[EvidenceData], incidents: Iterable[IncidentData]) -> Any:
    """Return the raw data without the URLs of the evidence: these are stored encrypted, and nowhere else."""
    urls = {item.url for _incident, item in _in_order(of_session, incidents)}
    return _without(raw, urls) if urls else raw


def write_evidence(
    review: ExamReview,
    of_session: Iterable[EvidenceData],
    incidents: Sequence[IncidentData],
    rows: Sequence[Incident],
) -> None:
    """Write the evidence of the whole session, then that of each incident. ``rows`` are the incidents as written."""
    Evidence.objects.bulk_create(
        Evidence(
            review=review,
            incident=None if incident is None else rows[incident],
            position=number,
            kind=EvidenceKind(item.kind),
            url=crypto.encrypt(item.url),
            start=item.start,
            stop=item.stop,
        )
        for number, (incident, item) in enumerate(_in_order(of_session, incidents))
    )


def _in_order(
    of_session: Iterable[EvidenceData], incidents: Iterable[IncidentData]
) -> Iterator[tuple[int | None, EvidenceData]]:
    """Yield each piece of evidence with the number of its incident; None if it is of the whole session."""
    yield from ((None, item) for item in of_session)
    yield from ((number, item) for number, incident in enumerate(incidents) for item in incident.evidence)


def _check(field: str, item: EvidenceData) -> None:
    if item.kind not in EvidenceKind.values:
        raise not_one_of(f"{field}.kind", EvidenceKind.values)
    web_address(f"{field}.url", clean_text(f"{field}.url", item.url))
    optional_seconds(f"{field}.start", item.start)
    optional_seconds(f"{field}.stop", item.stop)


def _without(raw: Any, urls: set[str]) -> Any:
    def is_url(value: object) -> bool:
        return isinstance(value, str) and value in urls

    if isinstance(raw, dict):
        return {key: _without(value, urls) for key, value in raw.items() if not is_url(value)}
    if isinstance(raw, list):
        return [_without(value, urls) for value in raw if not is_url(value)]
    return raw
