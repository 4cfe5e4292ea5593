"""Long lists, a page at a time: a cursor says after which row the next page begins.

A page costs the same wherever it is, if an index has the rows in this order. Why not DRF's ``CursorPagination``:
``docs/decisions/cursors-are-our-own.md``.
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
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from proctoring_results.exceptions import InvalidInput

from .params import StrictCharField, StrictIntegerField

SALT = "proctoring_results.rest.v1.cursor"
DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200

RowT = TypeVar("RowT", bound=Model)


class PageQuery(serializers.Serializer[Any]):
    """The parameters of every list."""

    cursor = StrictCharField(required=False, max_length=2_000, help_text="The `next_cursor` of the page before.")
    page_size = StrictIntegerField(default=DEFAULT_PAGE_SIZE, min_value=1, max_value=MAX_PAGE_SIZE)


@dataclass(frozen=True, slots=True)
class Order:
    """Fields of one direction; the last is unique among the rows of a list. A row's position is its values of them."""

    fields: tuple[str, ...]
    descending: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The arguments of ``order_by``."""
        return tuple(f"-{field}" if self.descending else field for field in self.fields)

    def after(self, position: Sequence[Any]) -> Q:
        """Return the condition for rows after this position.

        The first field also stands alone, so that the database uses an index for it.
        """
        compare = "lt" if self.descending else "gt"
        field, value = self.fields[0], position[0]
        is_after = Q(**{f"{field}__{compare}": value})
        if len(self.fields) == 1:
            return is_after
        rest = Order(self.fields[1:], self.descending)
        return Q(**{f"{field}__{compare}e": value}) & (is_after | rest.after(position[1:]))

    def first(self, rows: QuerySet[RowT], number: int) -> list[tuple[RowT, Sequence[Any]]]:
        """Return the first rows, each with its position."""
        return [(row, [getattr(row, field) for field in self.fields]) for row in rows.order_by(*self.names)[:number]]

    def parse_position(self, model: type[Model], values: Sequence[Any]) -> list[Any]:
        fields = (model._meta.pk if name == "pk" else model._meta.get_field(name) for name in self.fields)
        return [field.to_python(value) for field, value in zip(fields, values, strict=True)]  # type: ignore[union-attr]


BY_KEY = Order(("pk",))
NEWEST_FIRST = Order(("pk",), descending=True)


def page(
    rows: QuerySet[RowT],
    order: Order,
    params: Mapping[str, Any],
    serialize: Callable[[list[RowT]], Any],
    *,
    list_name: str,
    first: Callable[[Any, int], Sequence[tuple[RowT, Sequence[Any]]]] | None = None,
) -> Response:
    """Return a page of the rows, and the cursor of the next. Raise ``InvalidInput``.

    A cursor belongs to the list ``list_name`` with its filters in ``params``; elsewhere it is refused. ``first``
    replaces ``order.first`` if there is a faster way to the first rows of a queryset in this order.
    """
    size = params["page_size"]
    scope = _scope(list_name, order, params)
    if "cursor" in params:
        rows = rows.filter(order.after(order.parse_position(rows.model, _read_cursor(params["cursor"], scope))))
    # One row more than the page has tells whether there is another page.
    fetched = (first or order.first)(rows, size + 1)
    on_page = fetched[:size]
    next_cursor = None
    if len(fetched) > size:
        next_cursor = signing.dumps([scope, *map(_json_value, on_page[-1][1])], salt=SALT)
    return Response({"results": serialize([row for row, _position in on_page]), "next_cursor": next_cursor})


def serialize_all(serializer_class: type[serializers.Serializer[Any]]) -> Callable[[list[Any]], Any]:
    """Return what ``page`` takes as ``serialize`` if every row is serialized by itself."""
    return lambda rows: serializer_class(rows, many=True).data


def _read_cursor(cursor: str, scope: str) -> list[Any]:
    try:
        signed_scope, *position = list[Any](signing.loads(cursor, salt=SALT))
    except signing.BadSignature:
        raise InvalidInput("cursor", _("is not a cursor of this API.")) from None
    if signed_scope != scope:
        raise InvalidInput("cursor", _("belongs to another list, or to other filters."))
    return position


def _scope(list_name: str, order: Order, params: Mapping[str, Any]) -> str:
    """Return a keyed hash of the list and its filters, so that a cursor does not tell what was searched for."""
    filters = {name: value for name, value in sorted(params.items()) if name not in PageQuery().fields}
    text = json.dumps([list_name, order.fields, order.descending, filters], default=str)
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()[:16]


def _json_value(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
