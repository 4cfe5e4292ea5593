"""What is counted, and the lists of the sessions behind each number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode

from django.urls import reverse

from proctoring_results.choices import Archived, Practice, SessionTab
from proctoring_results.filters import AttemptFilter
from proctoring_results.queries.lookups import get_exam
from proctoring_results.validation import clean_key

if TYPE_CHECKING:
    from proctoring_results.models import ProctoredExam


@dataclass(frozen=True, slots=True)
class Counted:
    """Which attempts of a course are counted. Practice attempts stand apart, as on Sessions."""

    course_id: str
    content_id: str | None
    practice: Practice
    archived: Archived

    @classmethod
    def read(cls, course_id: str, params: Mapping[str, str]) -> Self:
        """Read the address: by default neither practice nor archived ones. Raises ``InvalidInput``, ``NotFound``."""
        content_id = clean_key("exam", params["exam"]) if params.get("exam") else None
        switches = AttemptFilter.read({name: params.get(name, "") for name in ("practice", "archived")})
        exam = get_exam(course_id, content_id) if content_id and switches.practice is None else None
        return cls(course_id, content_id, switches.practice or _practice_of(exam), switches.archived)

    @property
    def params(self) -> dict[str, str]:
        """Return what ``read`` reads."""
        params = {"exam": self.content_id} if self.content_id else {}
        if self.practice is Practice.ONLY:
            params["practice"] = self.practice.value
        return params | self._archived

    @property
    def _archived(self) -> dict[str, str]:
        return {} if self.archived is Archived.WITHOUT else {"archived": self.archived.value}

    def sessions(self, tab: SessionTab = SessionTab.ALL, **filters: str) -> str:
        """Return the address of the list of those of them that match, too."""
        tab = SessionTab.PRACTICE if self.practice is Practice.ONLY else tab
        params = {"tab": tab.value, **({"exam": self.content_id} if self.content_id else {}), **self._archived}
        return f"{reverse('proctoring_results:sessions', args=[self.course_id])}?{urlencode({**params, **filters})}"

    def sessions_on(self, event: str, first: date, last: date, **filters: str) -> str:
        """Return that of those which ended, or were decided, on these days. ``event`` is ``ended`` or ``decided``."""
        return self.sessions(SessionTab.ALL, **{f"{event}_since": f"{first}", f"{event}_until": f"{last}"}, **filters)

    def of_exam(self, content_id: str) -> Counted:
        return Counted(self.course_id, content_id, self.practice, self.archived)

    def url(self, name: str = "numbers") -> str:
        address = reverse(f"proctoring_results:{name}", args=[self.course_id])
        return f"{address}?{urlencode(self.params)}" if self.params else address


def _practice_of(exam: ProctoredExam | None) -> Practice:
    return Practice.ONLY if exam is not None and exam.is_practice_exam else Practice.WITHOUT
