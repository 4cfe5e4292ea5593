"""The list of sessions that somebody came from, in the address of a session: its filters, and the place in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from proctoring_results.choices import SessionTab
from proctoring_results.queries.sessions import ListOrder, Place, place_of

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt

MAX_FILTERS_LENGTH = 4_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class CameFrom:
    """``filters`` are those of the list as they stand in its address, with its order; a search in them is a token.

    ``place`` is where the session stood when somebody came to it: it may leave the list by what they decide.
    """

    tab: SessionTab
    filters: str
    order: ListOrder
    place: Place | None
    # What of it stood in the address: links within the page keep that.
    params: dict[str, str]

    @property
    def is_attention(self) -> bool:
        return self.tab is SessionTab.ATTENTION

    @property
    def list_params(self) -> dict[str, str]:
        """Return what the address of another session of the list says about it."""
        return {name: value for name, value in self.params.items() if name != "place"}

    @property
    def params_with_place(self) -> dict[str, str]:
        """Return what forms and the ways to other sessions need."""
        if self.place is None:
            return self.params
        at, rank, key = self.place
        return {**self.params, "place": f"{(at - EPOCH) // MICROSECOND}-{rank}-{key}"}

    @property
    def list_query(self) -> dict[str, str]:
        """Return what the address of the list has after its question mark."""
        return {"tab": self.tab.value, **QueryDict(self.filters).dict()}


def list_params(tab: SessionTab, filters: str) -> dict[str, str]:
    """Return what the address of a session says about the list that its link stands in."""
    return {"list": tab.value, "filters": filters} if filters else {"list": tab.value}


def came_from(params: Mapping[str, str], attempt: ExamAttempt) -> CameFrom:
    """Read the address of a session. By default somebody came from what requires attention at its exam."""
    name = params.get("list", "")
    if name in SessionTab.values:
        tab, filters = SessionTab(name), params.get("filters", "")[:MAX_FILTERS_LENGTH]
        explicit = list_params(tab, filters)
    else:
        tab = SessionTab.PRACTICE if attempt.is_sample_attempt else SessionTab.ATTENTION
        filters, explicit = urlencode({"exam": attempt.exam.content_id}), {}
    order = ListOrder.read(QueryDict(filters).get("sort", ""))
    place = _read_place(params.get("place", ""))
    # The place of another session would be none of this one.
    if place and place.pk == attempt.pk:
        return CameFrom(tab, filters, order, place, {**explicit, "place": params["place"]})
    return CameFrom(tab, filters, order, place_of(attempt, tab, order), explicit)


def _read_place(text: str) -> Place | None:
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 17 for part in parts):
        return None
    time, rank, key = map(int, parts)
    return Place(EPOCH + time * MICROSECOND, rank, key)


def list_url(course_id: str, params: Mapping[str, str]) -> str:
    address = reverse("proctoring_results:sessions", args=[course_id])
    return f"{address}?{urlencode(params)}" if params else address
