"""The incidents of a review along the recording, as numbers for an SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from proctoring_results.models import ExamAttempt, Incident
from proctoring_results.moments import clock
from proctoring_results.rules import tone_of

# In units of the SVG, whatever the width of the screen.
WIDTH, HEIGHT = 1000, 28
# A mark can be seen and touched, however short the incident was.
MIN_MARK_WIDTH = 10
# More incidents than this are drawn as groups, so that marks neither cover each other nor take a hundred tab stops.
MAX_MARKS = 25
TICKS = 4

# The height of a mark shows without colour, too, how serious the incident is.
HEIGHTS = {"bad": HEIGHT, "warn": 20}
MIN_HEIGHT = 12
# The most serious first.
TONES = ("bad", "warn", "info", "good", "off")


@dataclass(frozen=True, slots=True)
class Mark:
    x: int
    y: int
    width: int
    height: int
    tone: str


@dataclass(frozen=True, slots=True)
class MarkedGroup:
    """What is drawn for incidents, in their order: a mark for one, a bar of several pieces for many."""

    marks: list[Mark]
    incidents: list[Incident]


def length_of(attempt: ExamAttempt, incidents: Sequence[Incident]) -> float:
    """Return seconds: as long as the exam took, or until the end of the last incident if that is later."""
    taken = 0.0
    if attempt.started_at and attempt.completed_at:
        taken = max(0.0, (attempt.completed_at - attempt.started_at).total_seconds())
    ends = [seconds for incident in incidents for seconds in (incident.start, incident.stop) if seconds is not None]
    return max([taken, *ends, 1.0])


def start_of(incident: Incident) -> float | None:
    """Return seconds: when it began, or at least when it was over; None for an incident without a time."""
    return incident.start if incident.start is not None else incident.stop


def incident_tone(incident: Incident) -> str:
    return "off" if incident.is_dismissed else tone_of(incident.status)


def mark_of(incident: Incident, length: float) -> Mark | None:
    """Return None for an incident without a time."""
    start = start_of(incident)
    if start is None:
        return None
    stop = incident.stop if incident.stop is not None else start
    first, last = (min(max(0.0, seconds / length), 1.0) * WIDTH for seconds in sorted((start, stop)))
    width = max(MIN_MARK_WIDTH, round(last - first))
    height = HEIGHTS.get(tone_of(incident.status), MIN_HEIGHT)
    return Mark(min(round(first), WIDTH - width), HEIGHT - height, width, height, incident_tone(incident))


def marks_of(incidents: Iterable[Incident], length: float) -> list[MarkedGroup]:
    """Return a mark for each incident that has a time, or a bar for each stretch of the recording if there are many."""
    marked = [(mark, incident) for incident in incidents if (mark := mark_of(incident, length))]
    if len(marked) <= MAX_MARKS:
        return [MarkedGroup([mark], [incident]) for mark, incident in marked]
    stretches: dict[int, list[tuple[Mark, Incident]]] = {}
    for mark, incident in marked:
        stretches.setdefault(mark.x * MAX_MARKS // WIDTH, []).append((mark, incident))
    highest = max(map(len, stretches.values()))
    return [_bar(number, stretch, highest) for number, stretch in sorted(stretches.items())]


def _bar(number: int, stretch: list[tuple[Mark, Incident]], highest: int) -> MarkedGroup:
    """The bar is as high as its incidents are many, against the ``highest``; the most serious stand at its foot."""
    width = WIDTH // MAX_MARKS
    pieces: list[Mark] = []
    total = 0
    for tone in TONES:
        total += sum(mark.tone == tone for mark, _ in stretch)
        # Whole units, so that pieces neither overlap nor leave gaps; one unit can be seen at least.
        top = HEIGHT - max(1, round(HEIGHT * total / highest)) if total else HEIGHT
        foot = pieces[-1].y if pieces else HEIGHT
        if top < foot:
            # A gap of one unit on each side, so that neighbours can be told apart.
            pieces.append(Mark(number * width + 1, top, width - 2, foot - top, tone))
    return MarkedGroup(pieces, [incident for _, incident in stretch])


def ticks(length: float) -> list[str]:
    """Return the times below the drawing, at even distances."""
    return [clock(length * tick / TICKS) for tick in range(TICKS + 1)]


def minutes(time: timedelta) -> int:
    return round(time.total_seconds() / 60)
