"""Lists of many pages. A page that does not exist is the nearest that does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.utils.formats import number_format

from proctoring_results.conf import conf

RowT = TypeVar("RowT", bound=Model, covariant=True)


@dataclass(frozen=True, slots=True)
class Pager:
    number: int
    pages: int
    rows: int
    previous: str
    next: str


class Rows(Protocol[RowT]):
    """What can be counted and cut: a queryset, or what does as much."""

    def count(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Iterable[RowT]: ...


def page_of(rows: QuerySet[RowT] | Rows[RowT], number: str | None) -> Page[RowT]:
    paginator: Paginator[RowT] = Paginator(cast("QuerySet[RowT]", rows), conf().PAGE_SIZE)
    # Digits beyond the ninth are nobody's page, and Python refuses to read thousands of them.
    wanted = int(number[:9]) if number and number.isascii() and number.isdigit() else 1
    return paginator.page(min(max(1, wanted), paginator.num_pages))


def pager(page: Page[Any], name: str, /, *, kept: Mapping[str, str] | None = None, **others: int) -> Pager:
    """The links keep the pages that ``others`` are at, and what else is ``kept`` in the address."""

    def link(number: int) -> str:
        numbers = {name: number, **others}
        given = [*(kept or {}).items(), *((key, str(value)) for key, value in sorted(numbers.items()) if value > 1)]
        return "?" + urlencode(given)

    return Pager(
        number=page.number,
        pages=page.paginator.num_pages,
        rows=page.paginator.count,
        previous=link(page.number - 1) if page.has_previous() else "",
        next=link(page.number + 1) if page.has_next() else "",
    )


def number(value: int) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)
