"""Odd details of a review never refuse it: they are stored as well as can be, and the provider is told."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from proctoring_results.choices import EvidenceKind, ReviewStatus
from proctoring_results.validation import not_one_of, storable_text

from .data import MAX_URL_LENGTH, EvidenceData, IncidentData, ReviewData, ScoreData
from .fields import wall_clock

# A thousand odd comments are told of by a few sentences.
MAX_NOTES = 20
MAX_LABEL_LENGTH, MAX_KIND_LENGTH = 255, 64  # characters
MAX_THRESHOLDS = 10


def mended(review: ReviewData) -> ReviewData:
    """Return the review as every database can store it, with a note for each detail that was odd.

    The addresses of evidence are removed from its raw data. Raises ``InvalidInput`` only for an unknown verdict.
    """
    if review.review_status not in ReviewStatus:
        raise not_one_of("review_status", ReviewStatus.values)
    mender = _Mender()
    places = enumerate(review.incidents)
    incidents = tuple(mender.incident(one.place or f"incidents[{number}]", one) for number, one in places)
    items = [*review.evidence, *(item for one in review.incidents for item in one.evidence)]
    urls = {item.url for item in items if isinstance(item.url, str)}
    return replace(
        review,
        incidents=incidents,
        evidence=mender.evidence("evidence", review.evidence),
        score=mender.score(review.score),
        reviewed_by=mender.text("reviewed_by", review.reviewed_by, max_length=MAX_LABEL_LENGTH),
        sent_at=mender.time("sent_at", review.sent_at),
        raw_data=_without(review.raw_data, urls) if urls else review.raw_data,
        notes=(*review.notes, *mender.all_notes()),
    )


def rank_of(score: ScoreData) -> float | None:
    """Return where a score that is ``mended`` stands, from 0 to 1, the most suspicious; None if nobody knows."""
    if score.rank is not None:
        return min(1.0, max(0.0, score.rank))
    if score.value is None:
        return None
    # Divided first: the difference of two huge numbers would be infinite.
    place = (score.value / 2 - score.lowest / 2) / (score.highest / 2 - score.lowest / 2)
    place = min(1.0, max(0.0, place))
    return place if score.higher_is_worse else 1 - place


class _Mender:
    """Makes whatever a field has into what can be stored there, and notes each change."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, field: str, change: str) -> None:
        self.notes.append(f"{field}: {change}")

    def all_notes(self) -> tuple[str, ...]:
        notes, others = self.notes[:MAX_NOTES], len(self.notes) - MAX_NOTES
        if others > 0:
            notes.append(ngettext("and %d more.", "and %d more.", others) % others)
        return tuple(notes)

    def incident(self, place: str, incident: IncidentData) -> IncidentData:
        status = self.text(f"{place}, status", incident.status, max_length=MAX_LABEL_LENGTH)
        comment = self.text(f"{place}, comment", incident.comment)
        if not status:
            self.note(f"{place}, status", _("missing; the incident is counted in neither column."))
        if not comment:
            self.note(f"{place}, comment", _("missing; the incident is stored without a text."))
        return IncidentData(
            place=place,
            status=status,
            comment=comment,
            kind=self.text(f"{place}, kind", incident.kind, max_length=MAX_KIND_LENGTH),
            severity=self.severity(f"{place}, severity", incident.severity),
            start=self.seconds(f"{place}, start", incident.start),
            stop=self.seconds(f"{place}, stop", incident.stop),
            evidence=self.evidence(f"{place}, evidence", incident.evidence),
        )

    def evidence(self, field: str, items: Iterable[EvidenceData]) -> tuple[EvidenceData, ...]:
        """Return what has an address of the web."""
        usable = []
        for number, item in enumerate(items):
            place = f"{field}[{number}]"
            if not _is_web_address(item.url):
                self.note(f"{place}, url", _("no address of the web; this evidence is left out."))
                continue
            kind = item.kind
            if not isinstance(kind, str) or kind not in EvidenceKind.values:
                kind = EvidenceKind.VIDEO
                self.note(f"{place}, kind", _("unknown; the evidence is stored as a recording."))
            start, stop = self.seconds(f"{place}, start", item.start), self.seconds(f"{place}, stop", item.stop)
            usable.append(EvidenceData(kind=kind, url=item.url, start=start, stop=stop))
        return tuple(usable)

    def severity(self, field: str, value: object) -> str:
        # Some services have words, others numbers.
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return self.text(field, str(value) if is_number else value, max_length=MAX_KIND_LENGTH)

    def score(self, score: ScoreData | None) -> ScoreData | None:
        """Return what of the score can be shown; None if it is neither a number nor a word."""
        if not isinstance(score, ScoreData):
            if score is not None:
                self.note("score", _("no score; left out."))
            return None
        value = self.number("score", score.value)
        label = self.text("score, label", score.label, max_length=MAX_KIND_LENGTH)
        if value is None and not label:
            return None
        lowest, highest = self.number("score, lowest", score.lowest), self.number("score, highest", score.highest)
        if lowest is None or highest is None or lowest >= highest:
            self.note("score", _("its scale has no lowest and highest number; 0 to 100 is taken."))
            lowest, highest = 0.0, 100.0
        if not isinstance(score.higher_is_worse, bool):
            self.note("score, higher_is_worse", _("not true or false; true is taken."))
        return ScoreData(
            value=value,
            label=label,
            thresholds=self.thresholds(score.thresholds),
            lowest=lowest,
            highest=highest,
            higher_is_worse=score.higher_is_worse is not False,
            rank=self.number("score, rank", score.rank),
        )

    def thresholds(self, thresholds: object) -> dict[str, float]:
        if not isinstance(thresholds, Mapping):
            self.note("score, thresholds", _("no object; left out."))
            return {}
        if len(thresholds) > MAX_THRESHOLDS:
            self.note("score, thresholds", _("only %(limit)d are stored.") % {"limit": MAX_THRESHOLDS})
        limits = {}
        for name, value in list(thresholds.items())[:MAX_THRESHOLDS]:
            limit = self.number(f"score, thresholds, {str(name)[:MAX_KIND_LENGTH]}", value)
            if limit is not None:
                limits[self.text("score, thresholds", name, max_length=MAX_KIND_LENGTH)] = limit
        return limits

    def text(self, field: str, value: object, *, max_length: int | None = None) -> str:
        if value is None or value == "":
            return ""
        if not isinstance(value, str):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            self.note(field, _("a number; stored as text.") if is_number else _("no text; left out."))
            return str(value)[:max_length] if is_number else ""
        text = storable_text(value)
        if text != value:
            self.note(field, _("characters that cannot be stored were replaced."))
        if max_length is not None and len(text) > max_length:
            self.note(field, _("cut to %(limit)d characters.") % {"limit": max_length})
        return text[:max_length]

    def seconds(self, field: str, value: object) -> float | None:
        return self._finite(field, value, _("no number of seconds; left out."))

    def number(self, field: str, value: object) -> float | None:
        return self._finite(field, value, _("no number; left out."))

    def _finite(self, field: str, value: object, problem: str) -> float | None:
        if value is None:
            return None
        try:
            number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self.note(field, problem)
            return None
        if isinstance(value, str):
            self.note(field, _("a number in quotes; stored as a number."))
        return number

    def time(self, field: str, value: object) -> datetime | None:
        if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
            return value
        time = value.replace(tzinfo=UTC) if isinstance(value, datetime) else wall_clock(value)
        if time is None:
            self.note(field, _("no date and time like 2026-05-01T09:30:00Z; left out."))
        return time


def _is_web_address(value: object) -> bool:
    """Return whether this is a full address of the web that every browser parses alike."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_URL_LENGTH:
        return False
    try:
        parts = urlsplit(value)
        _port = parts.port  # raises ValueError unless it is a port number
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc or "\\" in value:
        return False
    return not any(letter.isspace() or not letter.isprintable() for letter in value)


def _without(raw: Any, urls: set[str]) -> Any:
    """Return the raw data without the addresses of evidence: these are stored encrypted, and nowhere else."""

    def is_url(value: object) -> bool:
        return isinstance(value, str) and value in urls

    if isinstance(raw, dict):
        return {key: _without(value, urls) for key, value in raw.items() if not is_url(value)}
    if isinstance(raw, list):
        return [_without(value, urls) for value in raw if not is_url(value)]
    return raw
