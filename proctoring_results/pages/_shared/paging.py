"""Lists in pages. A page number that does not exist leads to the nearest page that does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet

from proctoring_results.conf import conf

RowT = TypeVar("RowT", bound=Model, covariant=True)


# Pages before and after the current one that have a link of their own.
NEAR = 2


@dataclass(frozen=True, slots=True)
class PageLink:
    """A page, or the gap before the next link if there is no number."""

    number: int | None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Pager:
    number: int
    pages: int
    rows: int
    previous: str
    next: str
    # The first, the last, and those near the current one.
    links: list[PageLink]


class Rows(Protocol[RowT]):
    """A queryset, or anything else that can be counted and sliced."""

    def count(self) -> int: ...

    def __getitem__(self, part: slice, /) -> Iterable[RowT]: ...


def page_of(rows: QuerySet[RowT] | Rows[RowT] | Sequence[RowT], number: str | None) -> Page[RowT]:
    paginator: Paginator[RowT] = Paginator(cast("QuerySet[RowT]", rows), conf().PAGE_SIZE)
    # No list has a page number of ten digits, and Python refuses to read thousands of them.
    page_number = int(number[:9]) if number and number.isascii() and number.isdigit() else 1
    return paginator.page(min(max(1, page_number), paginator.num_pages))


def pager(
    page: Page[Any], name: str, /, *, params: Mapping[str, str] | None = None, base: str = "", **others: int
) -> Pager:
    """The links keep the page numbers of ``others``, and the other ``params`` of the address.

    ``base`` is the address of the page, if it may be shown at another one, too.
    """

    def link(number: int) -> str:
        numbers = {name: number, **others}
        page_params = [(key, str(value)) for key, value in sorted(numbers.items()) if value > 1]
        return f"{base}?" + urlencode([*(params or {}).items(), *page_params])

    return Pager(
        number=page.number,
        pages=page.paginator.num_pages,
        rows=page.paginator.count,
        previous=link(page.number - 1) if page.has_previous() else "",
        next=link(page.number + 1) if page.has_next() else "",
        links=[PageLink(None) if one is None else PageLink(one, link(one)) for one in _numbers(page)],
    )


def _numbers(page: Page[Any]) -> list[int | None]:
    """Return the numbers of pages that have a link, with None for each gap between them."""
    last = page.paginator.num_pages
    near = range(page.number - NEAR, page.number + NEAR + 1)
    numbers = sorted({1, last, *(number for number in near if 1 <= number <= last)})
    links: list[int | None] = []
    for before, number in zip([0, *numbers], numbers, strict=False):
        # A gap of one page takes no less room than its number.
        links += [None] if number - before > 2 else range(before + 1, number)
        links.append(number)
    return links
