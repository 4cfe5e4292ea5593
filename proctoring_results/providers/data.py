"""What passes between a provider's class and the services: messages on their way in, and reviews in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from proctoring_results.choices import EvidenceKind, ReviewStatus
from proctoring_results.validation import storable_text

MAX_URL_LENGTH = 4096  # characters
MAX_STEPS, MAX_STEP_LENGTH = 50, 2_000  # of the instructions for a learner; characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One POST, before it is known who sent it. Names of headers ignore case, as in ``request.headers``."""

    headers: Mapping[str, str]
    body: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """Which attempt a message is about, and what kind of message it is.

    It names the attempt by our ``attempt_code``, by the provider's ``external_id``, or by both, which then have to
    belong together: ``external_id_field`` is the name that the answer gives to the second one. ``message_id`` is the
    provider's own id of the message; a message whose id was stored before is a repeat, whatever it contains. The view
    fills in ``signed_sha256``, by the class's ``signed_digest``.
    """

    kind: Literal["review", "ready"] = "review"
    attempt_code: str = ""
    external_id: str = ""
    external_id_field: str = "external_id"
    message_id: str = ""
    signed_sha256: str = ""

    def __post_init__(self) -> None:
        """Raise ``TypeError`` for what no row could be found by, where the class that made it is still known."""
        if not all(isinstance(getattr(self, field.name), str) for field in fields(self)):
            raise TypeError("Each field of an Envelope must be text.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceData:
    """Where a recording or a picture can be seen. ``start`` and ``stop`` are seconds from the start of the recording.

    ``kind`` is ``video``, ``screenshot``, ``id``, ``room`` or ``onboarding``.
    """

    kind: EvidenceKind | str
    url: str
    start: float | None = None
    stop: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentData:
    """One thing a reviewer marked. ``start`` and ``stop`` are seconds from the start of the recording.

    ``status`` is ``Suspicious``, ``Rules Violation``, or the provider's own label, which is stored and not counted.
    ``severity`` is the provider's own word or number, which is shown and not counted either.
    What a provider sent may stand here as it came: ``mended`` makes it such that it can be stored. ``place`` is where
    it stood in the message (``comments[3]``), for the notes in the answer.
    """

    status: str = ""
    comment: str = ""
    kind: str = ""
    severity: str = ""
    start: float | None = None
    stop: float | None = None
    evidence: tuple[EvidenceData, ...] = ()
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreData:
    """How suspicious the service itself finds a session: a number, a word, or both. Shown to people; decides nothing.

    ``label`` is the provider's own word, and ``thresholds`` are the numbers that it says are its limits, by its own
    names for them. ``value`` stands on a scale from ``lowest`` to ``highest``, which is the most suspicious unless
    ``higher_is_worse`` is false. Lists sort by the place on it; a service that sends words only says that place itself:
    ``rank``, from 0 to 1, the most suspicious.
    """

    value: float | None = None
    label: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    lowest: float = 0.0
    highest: float = 100.0
    higher_is_worse: bool = True
    rank: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewData:
    """A review in our words.

    ``reviewed_by`` is the address of the person who, the provider claims, reviewed it. ``raw_data`` is the JSON that is
    stored of the message; the addresses of the evidence are stored encrypted, and are removed from it. ``sent_at`` is
    when the provider sent the review, by its own clock: one that was sent before a review that is already stored does
    not replace it. ``score`` is the service's own, and decides nothing. ``notes`` are sentences for the provider, sent
    back in the answer.
    """

    review_status: ReviewStatus | str
    incidents: tuple[IncidentData, ...] = ()
    evidence: tuple[EvidenceData, ...] = ()
    score: ScoreData | None = None
    reviewed_by: str = ""
    sent_at: datetime | None = None
    raw_data: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a learner has to do before the exam: sentences, and the address of the software, if there is one."""

    steps: tuple[str, ...] = ()
    download_url: str = ""

    @classmethod
    def read(cls, steps: object, download_url: object) -> Self:
        """Return what a page can show of a service's answer: texts, and an address of the web."""
        texts = [step for step in steps if isinstance(step, str)] if isinstance(steps, list) else []
        link = storable_text(download_url).strip() if isinstance(download_url, str) else ""
        is_web = link.lower().startswith(("https://", "http://")) and _has_host(link) and len(link) <= MAX_URL_LENGTH
        return cls(tuple(storable_text(step)[:MAX_STEP_LENGTH] for step in texts[:MAX_STEPS]), link if is_web else "")


def _has_host(link: str) -> bool:
    try:
        return bool(urlsplit(link).hostname)
    except ValueError:
        return False
