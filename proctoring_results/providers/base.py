"""What a proctoring service is to us. A host's own service is a child of ``Provider``, or of ``RestProvider``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from proctoring_results.exceptions import InvalidInput
from proctoring_results.statuses import ReviewStatus

from .policy import Policy, options_of

__all__ = [
    "LONGEST_COMMENT",
    "LONGEST_LINK",
    "MOST_INCIDENTS",
    "IncidentData",
    "Policy",
    "Provider",
    "ReviewData",
    "json_object",
    "objects",
    "optional_seconds",
    "optional_text",
    "text",
]

MOST_INCIDENTS = 1_000
LONGEST_COMMENT = 32 * 1024  # characters
LONGEST_LINK = 4096  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentData:
    """One thing a reviewer marked. ``start`` and ``stop`` are seconds from the start of the recording.

    ``status`` is ``Suspicious``, ``Rules Violation``, or the provider's own word, which is kept and counted nowhere.
    """

    status: str
    comment: str
    kind: str = ""
    start: float | None = None
    stop: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewData:
    """A review in our words.

    ``reviewed_by`` is the address of the person who the provider says has reviewed it: a claim. ``raw_data`` is what
    is kept of the message as it came; ``video_link`` is kept encrypted, and so must not stand in it.
    """

    review_status: ReviewStatus
    incidents: tuple[IncidentData, ...] = ()
    reviewed_by: str = ""
    video_link: str = ""
    raw_data: Mapping[str, Any]


class Provider:
    """A proctoring service under one name. Made anew for each message; holds no state.

    A child says at least how a message is read: ``read_review``. The JSON it gets is an object that any database can
    keep, at most 20 levels deep and ``LARGEST_MESSAGE`` bytes long. Its messages arrive at the addresses of the REST
    protocol; at RPNow's those of ``RPNowProvider`` and its children.
    """

    # What follows from its reviews; the settings may say otherwise.
    policy: ClassVar[Policy] = Policy()
    # What the status of a review is called; case matters.
    review_words: ClassVar[Mapping[str, ReviewStatus]] = {}
    # What the status of an incident is called, in lower case; case does not matter. Other words are kept as they come.
    incident_words: ClassVar[Mapping[str, ReviewStatus]] = {
        "suspicious": ReviewStatus.SUSPICIOUS,
        "violation": ReviewStatus.RULES_VIOLATION,
        "rules violation": ReviewStatus.RULES_VIOLATION,
    }
    # Keys of its own in ``PROVIDERS``: each a list of texts.
    own_settings: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, name: str) -> None:
        self.name = name

    def read_review(self, body: Mapping[str, Any]) -> ReviewData:
        """The message in our words. Raises ``InvalidInput``, naming the field as the provider calls it."""
        raise NotImplementedError

    def own(self, key: str) -> Sequence[str]:
        """What the settings say under a key of its own; nothing unless they do."""
        texts: Sequence[str] = options_of(self.name).get(key, ())
        return texts

    def review_status(self, field: str, word: object) -> ReviewStatus:
        """Raises ``InvalidInput`` unless it is one of ``review_words``."""
        if not isinstance(word, str) or word not in self.review_words:
            raise InvalidInput(field, f"must be one of {', '.join(self.review_words)}.")
        return self.review_words[word]

    def incident_status(self, field: str, word: object) -> str:
        """The word in ours where it is one of ``incident_words``, else as it came."""
        kept = text(field, word, most=255)
        known = self.incident_words.get(kept.strip().casefold())
        return known.value if known else kept


def text(field: str, value: object, *, most: int, least: int = 0) -> str:
    """The text, unchanged. Raises ``InvalidInput`` for what is no text, too short or too long (in characters)."""
    if not isinstance(value, str):
        raise InvalidInput(field, "must be text.")
    if len(value) < least:
        raise InvalidInput(field, "must not be empty.")
    if len(value) > most:
        raise InvalidInput(field, f"must have at most {most} characters.")
    return value


def optional_text(field: str, value: object, *, most: int) -> str:
    """``text``; nothing and null are the empty text."""
    return "" if value is None else text(field, value, most=most)


def optional_seconds(field: str, value: object) -> float | None:
    """A number of seconds, or None. Raises ``InvalidInput``."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(field, "must be a number of seconds.")
    return value


def objects(field: str, value: object) -> list[Mapping[str, Any]]:
    """A list of JSON objects; nothing and null are the empty one. Raises ``InvalidInput``."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(field, "must be a list.")
    if len(value) > MOST_INCIDENTS:
        raise InvalidInput(field, f"must have at most {MOST_INCIDENTS} entries.")
    for number, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise InvalidInput(f"{field}[{number}]", "must be an object.")
    return value


def json_object(field: str, value: object) -> Mapping[str, Any]:
    """Raises ``InvalidInput`` for what is no JSON object."""
    if not isinstance(value, Mapping):
        raise InvalidInput(field, "must be an object.")
    return value
