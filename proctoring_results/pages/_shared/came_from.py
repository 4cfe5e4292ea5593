"""The list of sessions that somebody came from, in the address of a session: its filters, and the place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt

# The lists of Sessions, and the column that each of them is ordered by.
ATTENTION, OTHERS = "attention", "others"
COLUMNS = {ATTENTION: "attention_since", OTHERS: "last_activity_at"}
MAX_FILTERS_LENGTH = 4_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# A time, and the key of the attempt.
Place = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class CameFrom:
    """``filters`` are those of the list as they stand in its address; a search in them is a token.

    ``place`` is where the session stood when somebody came to it: it may leave the list by what they decide.
    """

    name: str
    filters: str
    place: Place | None
    # What of it stood in the address: links within the page keep that.
    params: dict[str, str]

    @property
    def is_attention(self) -> bool:
        return self.name == ATTENTION

    @property
    def list_params(self) -> dict[str, str]:
        """Return what the address of another session of the list says about it."""
        return {name: value for name, value in self.params.items() if name != "place"}

    @property
    def params_with_place(self) -> dict[str, str]:
        """Return what forms and the ways to other sessions need."""
        if self.place is None:
            return self.params
        at, key = self.place
        return {**self.params, "place": f"{(at - EPOCH) // MICROSECOND}-{key}"}


def list_params(name: str, filters: str) -> dict[str, str]:
    """Return what the address of a session says about the list that its link stands in."""
    return {"list": name, "filters": filters} if filters else {"list": name}


def came_from(params: Mapping[str, str], attempt: ExamAttempt) -> CameFrom:
    """Read the address of a session. By default somebody came from what requires attention at its exam."""
    name = params.get("list", "")
    filters = params.get("filters", "")[:MAX_FILTERS_LENGTH]
    if name not in COLUMNS:
        name, filters = ATTENTION, urlencode({"exam": attempt.exam.content_id})
        explicit = {}
    else:
        explicit = list_params(name, filters)
    place = _read_place(params.get("place", ""))
    # The place of another session would be none of this one.
    if place and place[1] == attempt.pk:
        return CameFrom(name, filters, place, {**explicit, "place": params["place"]})
    at = getattr(attempt, COLUMNS[name])
    return CameFrom(name, filters, (at, attempt.pk) if at else None, explicit)


def _read_place(text: str) -> Place | None:
    time, _, key = text.partition("-")
    if not all(part.isascii() and part.isdigit() and len(part) <= 17 for part in (time, key)):
        return None
    return EPOCH + int(time) * MICROSECOND, int(key)


def list_url(course_id: str, filters: str) -> str:
    address = reverse("proctoring_results:sessions", args=[course_id])
    return f"{address}?{filters}" if filters else address
