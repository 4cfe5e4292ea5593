"""A recording or picture inside the page, where the settings let the provider's host be shown there.

What the browser is told to load is our link, which is checked, recorded as opened, and redirects to the provider.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from mimetypes import guess_type
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.urls import reverse

from proctoring_results.choices import EvidenceKind
from proctoring_results.http import policy_admitting
from proctoring_results.providers.policy import embedded_sources

if TYPE_CHECKING:
    from proctoring_results.models import Evidence, ExamAttempt

# What shows a file of a type. Anything else is taken for a page of the provider's, which has a player of its own.
ELEMENTS = {"image": "img", "video": "video", "audio": "video"}


@dataclass(frozen=True, slots=True)
class Viewer:
    """``element`` is the name of the one that shows it: ``img``, ``video`` or ``iframe``."""

    number: int
    name: str
    element: str
    url: str


def element_for(url: str) -> str:
    """Return the element by the ending of the provider's address."""
    media_type, _ = guess_type(urlsplit(url).path)
    return ELEMENTS.get((media_type or "").partition("/")[0], "iframe")


def evidence_url(token: str, second: int = 0) -> str:
    """Return our link. Browsers hand its fragment on to where it redirects, and players begin at that second."""
    address = reverse("proctoring_results:evidence", args=[token])
    return f"{address}#t={second}" if second else address


def recording_at(evidence: Sequence[Evidence], second: float) -> tuple[Evidence, int] | None:
    """Return the recording of the whole session that shows a second of it, and which second of its own that is."""
    for piece in evidence:
        begins, ends = piece.start or 0.0, piece.stop
        is_recording = piece.incident_id is None and piece.kind == EvidenceKind.VIDEO
        if is_recording and begins <= second and (ends is None or second <= ends):
            return piece, int(second - begins)
    return None


def policy_of(attempt: ExamAttempt) -> str:
    """Return the Content-Security-Policy that lets the page show the hosts of its provider; empty if there are none."""
    hosts = embedded_sources(attempt.provider)
    return policy_admitting({"frame-src": hosts, "media-src": hosts, "img-src": hosts}) if hosts else ""
