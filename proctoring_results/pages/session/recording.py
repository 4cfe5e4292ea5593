"""The incidents of a review on the length of the recording, as numbers that an SVG takes as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from proctoring_results.choices import ReviewStatus
from proctoring_results.models import ExamAttempt, Incident

# The drawing is so many units wide, whatever the width of the screen.
WIDTH, HEIGHT = 1000, 28
# A mark can be seen and touched, however short the incident was.
NARROWEST = 10
TICKS = 4

# How serious an incident is can be seen without its colour, too: how high the mark is.
HEIGHTS = {ReviewStatus.SUSPICIOUS.value: HEIGHT, ReviewStatus.RULES_VIOLATION.value: 20}
LOWEST = 12
LEVELS = {ReviewStatus.SUSPICIOUS.value: "bad", ReviewStatus.RULES_VIOLATION.value: "warn"}


@dataclass(frozen=True, slots=True)
class Mark:
    x: int
    y: int
    width: int
    height: int
    level: str


def length_of(attempt: ExamAttempt, incidents: Sequence[Incident]) -> float:
    """Seconds: as long as the exam took, or until the end of the last incident if that is later."""
    taken = 0.0
    if attempt.started_at and attempt.completed_at:
        taken = max(0.0, (attempt.completed_at - attempt.started_at).total_seconds())
    ends = [moment for one in incidents for moment in (one.start, one.stop) if moment is not None]
    return max([taken, *ends, 1.0])


def mark_of(incident: Incident, length: float) -> Mark | None:
    """None for an incident that has no place on the recording."""
    start = incident.start if incident.start is not None else incident.stop
    if start is None:
        return None
    stop = incident.stop if incident.stop is not None else start
    first, last = (min(max(0.0, moment / length), 1.0) * WIDTH for moment in sorted((start, stop)))
    width = max(NARROWEST, round(last - first))
    height = HEIGHTS.get(incident.status, LOWEST)
    level = "off" if incident.is_dismissed else LEVELS.get(incident.status, "info")
    return Mark(min(round(first), WIDTH - width), HEIGHT - height, width, height, level)


def ticks(length: float) -> list[str]:
    """Moments that stand below the drawing, at even distances."""
    return [clock(length * tick / TICKS) for tick in range(TICKS + 1)]


def clock(seconds: float) -> str:
    """``1:05:09``, ``5:09``."""
    hours, rest = divmod(int(max(0.0, seconds)), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(start: float | None, stop: float | None) -> str:
    """From and to; empty where neither is known."""
    return "–".join(clock(moment) for moment in (start, stop) if moment is not None)


def minutes(time: timedelta) -> int:
    return round(time.total_seconds() / 60)
