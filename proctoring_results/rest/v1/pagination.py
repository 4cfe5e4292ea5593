"""Long lists, a page at a time: a cursor says behind which row the next page begins.

A page costs the same wherever it is, if an index has the rows in this order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.crypto import salted_hmac
from rest_framework import serializers
from rest_framework.response import Response

from proctoring_results.exceptions import InvalidInput

from .params import Text, Whole

SALT = "proctoring_results.rest.v1.cursor"
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200

RowT = TypeVar("RowT", bound=Model)


class PageQuery(serializers.Serializer[Any]):
    """What each list can be asked for."""

    cursor = Text(required=False, max_length=2_000, help_text="The `next_cursor` of the page before.")
    page_size = Whole(default=DEFAULT_PAGE_SIZE, min_value=1, max_value=MAX_PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class Order:
    """Fields of one direction; the last is unique among the rows of a list."""

    fields: tuple[str, ...]
    descending: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """As ``order_by`` takes them."""
        return tuple(f"-{field}" if self.descending else field for field in self.fields)

    def behind(self, values: Sequence[Any]) -> Q:
        """The rows behind this one. The first field stands alone once, so that an index is used for it."""
        compare = "lt" if self.descending else "gt"
        first, *others = zip(self.fields, values, strict=True)
        if not others:
            return Q(**{f"{first[0]}__{compare}": first[1]})
        further = Q(**{f"{first[0]}__{compare}": first[1]}) | Order(self.fields[1:], self.descending).behind(values[1:])
        return Q(**{f"{first[0]}__{compare}e": first[1]}) & further

    def take(self, rows: QuerySet[RowT], number: int) -> list[tuple[RowT, Sequence[Any]]]:
        """The first rows, each with its place."""
        return [(row, [getattr(row, field) for field in self.fields]) for row in rows.order_by(*self.names)[:number]]

    def read_place(self, model: type[Model], values: Sequence[Any]) -> list[Any]:
        named = (model._meta.pk if field == "pk" else model._meta.get_field(field) for field in self.fields)
        return [field.to_python(value) for field, value in zip(named, values, strict=True)]  # type: ignore[union-attr]


BY_KEY = Order(("pk",))
NEWEST_FIRST = Order(("pk",), descending=True)


def page(
    rows: QuerySet[RowT],
    order: Order,
    asked: Mapping[str, Any],
    show: Callable[[list[RowT]], Any],
    *,
    of: str,
    take: Callable[[Any, int], Sequence[tuple[RowT, Sequence[Any]]]] | None = None,
) -> Response:
    """A page of the rows, and the way to the next.

    ``of`` names the list, with what it is narrowed to in ``asked``: a cursor of another list is refused. ``take`` has a
    way of its own to the first rows in this order, and says the place of each. Raises ``InvalidInput``.
    """
    size = asked["page_size"]
    scope = _scope(of, order, asked)
    if "cursor" in asked:
        rows = rows.filter(order.behind(order.read_place(rows.model, _read(asked["cursor"], scope))))
    # One more than is shown tells whether there is another page.
    here = (take or order.take)(rows, size + 1)
    shown = here[:size]
    more = signing.dumps([scope, *map(_kept, shown[-1][1])], salt=SALT) if len(here) > size else None
    return Response({"results": show([row for row, _ in shown]), "next_cursor": more})


def _read(cursor: str, scope: str) -> list[Any]:
    try:
        found, *place = list[Any](signing.loads(cursor, salt=SALT))
    except signing.BadSignature:
        raise InvalidInput("cursor", "is not one that was given here.") from None
    if found != scope:
        raise InvalidInput("cursor", "is of another list, or of other filters.")
    return place


def _scope(of: str, order: Order, asked: Mapping[str, Any]) -> str:
    """A mark of the list. Keyed: nobody can find out from a cursor what was searched for."""
    narrowed = {name: value for name, value in sorted(asked.items()) if name not in PageQuery().fields}
    text = json.dumps([of, order.fields, order.descending, narrowed], default=str)
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()[:16]


def _kept(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
