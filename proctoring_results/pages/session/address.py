"""What the address of a session says beside the session: which part is shown, and which list somebody came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from proctoring_results.choices import SessionPart
from proctoring_results.pages._shared.came_from import CameFrom, came_from

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctoring_results.models import ExamAttempt


@dataclass(frozen=True, slots=True)
class Viewed:
    """Evidence that is shown in the page. By its position: in a newer version of the review it is another row."""

    number: int
    second: int = 0

    @property
    def params(self) -> dict[str, str]:
        return {"show": str(self.number), **({"second": str(self.second)} if self.second else {})}


@dataclass(frozen=True, slots=True)
class Address:
    # The number of a review, and of a page of its incidents; as they were sent, so perhaps nonsense.
    review: str
    page: str
    # The part whose incidents are listed; None for all of them.
    part: SessionPart | None
    # Whether the incidents that somebody has dismissed are left out.
    only_counted: bool
    # The evidence that is shown in the page, by its position from 1, and the second at which; None for nothing.
    viewed: Viewed | None
    came_from: CameFrom

    @property
    def params(self) -> dict[str, str]:
        """Return what the page that follows a form needs to be at the same place."""
        page = {"page": self.page} if self.page.isascii() and self.page.isdigit() and len(self.page) < 6 else {}
        return {**self.came_from.params_with_place, **self.list_params, **page, **self.viewed_params}

    @property
    def list_params(self) -> dict[str, str]:
        """Return which incidents are listed."""
        return list_params(self.part, only_counted=self.only_counted)

    @property
    def viewed_params(self) -> dict[str, str]:
        return self.viewed.params if self.viewed else {}

    @property
    def query(self) -> str:
        return f"?{urlencode(self.params)}" if self.params else ""


def list_params(part: SessionPart | None, *, only_counted: bool) -> dict[str, str]:
    return {**({"part": part.value} if part else {}), **({"counted": "yes"} if only_counted else {})}


def address_of_page(request: HttpRequest, attempt: ExamAttempt) -> Address:
    params = request.GET
    part = params.get("part", "")
    return Address(
        review=params.get("review", ""),
        page=params.get("page", ""),
        part=SessionPart(part) if part in SessionPart.values else None,
        only_counted=params.get("counted") == "yes",
        viewed=Viewed(number, _number(params.get("second", "")))
        if (number := _number(params.get("show", "")))
        else None,
        came_from=came_from(params, attempt),
    )


def _number(text: str) -> int:
    """Return 0 for anything that no page of ours sends."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0
