"""What the address of a session says beside the session: which part is shown, and which list somebody came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from proctoring_results.pages._shared.came_from import CameFrom, came_from

if TYPE_CHECKING:
    from django.http import HttpRequest

    from proctoring_results.models import ExamAttempt


@dataclass(frozen=True, slots=True)
class Address:
    # The number of a review, and of a page of its incidents; as they were sent, so perhaps nonsense.
    review: str
    page: str
    came_from: CameFrom

    @property
    def params(self) -> dict[str, str]:
        """Return what the page that follows a form needs to be at the same place."""
        page = {"page": self.page} if self.page.isascii() and self.page.isdigit() and len(self.page) < 6 else {}
        return {**self.came_from.params_with_place, **page}

    @property
    def query(self) -> str:
        return f"?{urlencode(self.params)}" if self.params else ""


def address_of_page(request: HttpRequest, attempt: ExamAttempt) -> Address:
    params = request.GET
    return Address(params.get("review", ""), params.get("page", ""), came_from(params, attempt))
