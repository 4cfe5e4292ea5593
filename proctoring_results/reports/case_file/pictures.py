"""The pictures of a case file, and why others are missing. A picture that is missing never fails the file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import TYPE_CHECKING

from proctoring_results import crypto
from proctoring_results.choices import EvidenceKind, PictureProblem
from proctoring_results.exceptions import CannotDecrypt
from proctoring_results.providers.pictures import Picture, fetch_picture

if TYPE_CHECKING:
    from proctoring_results.models import Evidence

    from .case import Case

MAX_BYTES, MAX_BYTES_IN_ALL = 5 * 1024 * 1024, 20 * 1024 * 1024
MAX_SECONDS, MAX_SECONDS_IN_ALL = 10.0, 120.0


@dataclass(frozen=True, slots=True)
class Copy:
    """A picture in the case file: where it is there, and what it is."""

    path: str
    picture: Picture

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.picture.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Pictures:
    """By the key of the evidence: several versions of a review have the same pictures."""

    copies: Mapping[int, Copy]
    missing: Mapping[int, PictureProblem]

    @property
    def files(self) -> list[Copy]:
        """Each picture once, in their order."""
        return list({copy.path: copy for copy in self.copies.values()}.values())

    def path_of(self, evidence: Evidence) -> str | None:
        copy = self.copies.get(evidence.pk)
        return copy.path if copy else None


def fetch_pictures(case: Case, on_progress: Callable[[int, int], None]) -> Pictures:
    """Fetch each picture of the session once. ``on_progress`` gets the pictures done and those in all."""
    every = list(case.evidence)
    fetched: dict[str, Copy | PictureProblem] = {}
    copies, missing = {}, {}
    started, size = monotonic(), 0
    for done, evidence in enumerate(every):
        on_progress(done, len(every))
        url, problem = _address_of(evidence)
        if problem is None and url not in fetched:
            seconds = min(MAX_SECONDS, MAX_SECONDS_IN_ALL - (monotonic() - started))
            outcome = _fetch(case.attempt.provider, url, MAX_BYTES_IN_ALL - size, seconds)
            if isinstance(outcome, Picture):
                size += len(outcome.content)
                number = sum(isinstance(one, Copy) for one in fetched.values()) + 1
                fetched[url] = Copy(f"pictures/{number:03}.{outcome.extension}", outcome)
            else:
                fetched[url] = outcome
        result = problem or fetched[url]
        if isinstance(result, Copy):
            copies[evidence.pk] = result
        else:
            missing[evidence.pk] = result
    on_progress(len(every), len(every))
    return Pictures(copies, missing)


def _address_of(evidence: Evidence) -> tuple[str, PictureProblem | None]:
    if evidence.kind == EvidenceKind.VIDEO:
        return "", PictureProblem.RECORDING
    try:
        return crypto.decrypt(evidence.url), None
    except CannotDecrypt:
        return "", PictureProblem.UNREADABLE


def _fetch(provider: str, url: str, space: int, seconds: float) -> Picture | PictureProblem:
    if space <= 0 or seconds <= 0:
        return PictureProblem.TOO_MANY
    outcome = fetch_picture(provider, url, max_bytes=min(MAX_BYTES, space), seconds=seconds)
    if outcome is PictureProblem.TOO_LARGE and space < MAX_BYTES:
        return PictureProblem.TOO_MANY
    return outcome
