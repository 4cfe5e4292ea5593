"""The LMS as we see it: one small interface, filled in by the host (setting ``LMS``)."""

from datetime import datetime
from typing import Protocol, cast, runtime_checkable

from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from proctoring_results.conf import conf


@runtime_checkable
class Lms(Protocol):
    """What we ask a host. Every answer may come from its database; none may change anything."""

    def course_name(self, course_id: str) -> str:
        """The name people know the course by."""

    def course_end(self, course_id: str) -> datetime | None:
        """The moment the course ends, or None where it does not."""

    def exam_url(self, course_id: str, content_id: str) -> str:
        """Where a learner takes this exam. Secured browsers are sent there when they are ready."""

    def whom_to_ask(self, course_id: str) -> str:
        """Whom a person asks who lacks a permission in this course: a sentence part, a name or an address."""


class NullLMS:
    """The LMS that knows nothing: what a host gets before it names its own."""

    def course_name(self, course_id: str) -> str:
        return course_id

    def course_end(self, course_id: str) -> datetime | None:
        return None

    def exam_url(self, course_id: str, content_id: str) -> str:
        return "/"

    def whom_to_ask(self, course_id: str) -> str:
        return _("an administrator of this site")


def lms() -> Lms:
    """The host's LMS. Raises ImportError where the setting names nothing (a system check says so first)."""
    return cast(Lms, import_string(conf().LMS)())
