"""Long lists, a page at a time: a cursor says behind which row the next page begins.

A page costs the same wherever it is, if an index has the rows in this order.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.core import signing
from django.db.models import Model, Q, QuerySet
from django.utils.crypto import salted_hmac
from rest_framework import serializers
from rest_framework.response import Response

from proctoring_results.exceptions import InvalidInput

from .asking import Text, Whole

SALT = "proctoring_results.rest.v1.cursor"
USUAL_SIZE = 50
LARGEST_SIZE = 200

RowT = TypeVar("RowT", bound=Model)


class PageQuery(serializers.Serializer[Any]):
    """What each list can be asked for."""

    cursor = Text(required=False, max_length=2_000, help_text="The `next_cursor` of the page before.")
    page_size = Whole(default=USUAL_SIZE, min_value=1, max_value=LARGEST_SIZE)


@dataclass(frozen=True, slots=True)
class Order:
    """Fields of one direction; the last is unique among the rows of a list."""

    fields: tuple[str, ...]
    descending: bool = False

    def sort(self, rows: QuerySet[RowT]) -> QuerySet[RowT]:
        return rows.order_by(*(f"-{field}" if self.descending else field for field in self.fields))

    def behind(self, values: Sequence[Any]) -> Q:
        """The rows behind this one. The first field stands alone once, so that an index is used for it."""
        compare = "lt" if self.descending else "gt"
        first, *others = zip(self.fields, values, strict=True)
        if not others:
            return Q(**{f"{first[0]}__{compare}": first[1]})
        further = Q(**{f"{first[0]}__{compare}": first[1]}) | Order(self.fields[1:], self.descending).behind(values[1:])
        return Q(**{f"{first[0]}__{compare}e": first[1]}) & further

    def place_of(self, row: Model) -> list[Any]:
        values = [getattr(row, field) for field in self.fields]
        return [value.isoformat() if isinstance(value, datetime) else value for value in values]

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
) -> Response:
    """A page of the rows, and the way to the next.

    ``of`` names the list, with what it is narrowed to in ``asked``: a cursor of another list is refused. Raises
    ``InvalidInput``.
    """
    size = asked["page_size"]
    scope = _scope(of, order, asked)
    found = order.sort(rows)
    if "cursor" in asked:
        found = found.filter(order.behind(order.read_place(rows.model, _read(asked["cursor"], scope))))
    # One more than is shown tells whether there is another page.
    here = list(found[: size + 1])
    shown = here[:size]
    more = signing.dumps([scope, *order.place_of(shown[-1])], salt=SALT) if len(here) > size else None
    return Response({"results": show(shown), "next_cursor": more})


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
    text = json.dumps([of, order.fields, order.descending, narrowed], default=_plain)
    return salted_hmac(SALT, text).hexdigest()[:16]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
