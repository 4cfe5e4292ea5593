"""The LMS as we see it: one small interface, filled in by the host (setting ``LMS``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from proctoring_results.conf import conf

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.choices import CreditState


@runtime_checkable
class Lms(Protocol):
    """What we ask a host, and what we tell it. Inherit from ``NullLMS`` and write what your site has.

    What we tell is level-triggered: "make it so". Each call may come more than once, and must then change nothing
    more. An exception means "not now": the call is made again, with growing pauses, for about a day.
    """

    # --- Questions: the answers may come from the database; asking changes nothing.

    def course_name(self, course_id: str) -> str:
        """The name people know the course by."""

    def course_end(self, course_id: str) -> datetime | None:
        """The moment the course ends, or None where it does not."""

    def whom_to_ask(self, course_id: str) -> str:
        """Whom a person asks who lacks a permission in this course, or has a question: a name or an address.

        It stands inside sentences.
        """

    def how_to_appeal(self, course_id: str) -> str:
        """How a learner objects to a result of this course: a sentence, or several."""

    def course_team(self, course_id: str) -> Sequence[str]:
        """Addresses that notices to the course team go to."""

    def exam_url(self, course_id: str, content_id: str) -> str:
        """The address of an exam's page, with the host from the settings; empty if there is none.

        It stands in mails, and secured browsers are sent there when they are ready.
        """

    def learner_name(self, user: AbstractBaseUser) -> str:
        """The name by which a learner is addressed."""

    def learner_language(self, user: AbstractBaseUser) -> str:
        """The code of the language a learner reads, as ``settings.LANGUAGES`` has it."""

    def holds_grades(self, course_id: str) -> bool:
        """Whether a failed proctoring review sets the grade to 0 in this course."""

    def own_grade(self, user: AbstractBaseUser, course_id: str, content_id: str) -> str:
        """The learner's own grade of the exam as text, ``7 of 10`` say: what would stand there without us.

        Shown to those who decide, before they do. Empty where there is none.
        """

    # --- What follows: make it so.

    def hold_at_zero(self, user: AbstractBaseUser, course_id: str, content_id: str) -> None:
        """Show 0 in place of the learner's own grade of the exam, which stays as it is underneath."""

    def release(self, user: AbstractBaseUser, course_id: str, content_id: str) -> None:
        """Show the learner's own grade again, whatever it is by now."""

    def set_credit(self, user: AbstractBaseUser, course_id: str, content_id: str, state: CreditState) -> None:
        """Say how the requirement of this exam stands for credit."""

    def invalidate_certificate(self, user: AbstractBaseUser, course_id: str) -> None:
        """A grade is held at 0: the certificate of the course no longer holds."""

    def evaluate_certificate(self, user: AbstractBaseUser, course_id: str) -> None:
        """A grade was released: see again whether the learner has earned the certificate."""


class NullLMS:
    """The LMS that knows nothing: what a host gets before it names its own, and may inherit from."""

    def course_name(self, course_id: str) -> str:
        return course_id

    def course_end(self, course_id: str) -> datetime | None:
        return None

    def whom_to_ask(self, course_id: str) -> str:
        return _("an administrator of this site")

    def how_to_appeal(self, course_id: str) -> str:
        return _("If you think that a result is wrong, you can appeal: write to %(whom)s, and say why.") % {
            "whom": self.whom_to_ask(course_id)
        }

    def course_team(self, course_id: str) -> Sequence[str]:
        return ()

    def exam_url(self, course_id: str, content_id: str) -> str:
        return ""

    def learner_name(self, user: AbstractBaseUser) -> str:
        return str(getattr(user, "get_full_name", str)() or user.get_username())

    def learner_language(self, user: AbstractBaseUser) -> str:
        return settings.LANGUAGE_CODE

    def holds_grades(self, course_id: str) -> bool:
        return True

    def own_grade(self, user: AbstractBaseUser, course_id: str, content_id: str) -> str:
        return ""

    def hold_at_zero(self, user: AbstractBaseUser, course_id: str, content_id: str) -> None:
        """No grade book, no grade."""

    def release(self, user: AbstractBaseUser, course_id: str, content_id: str) -> None:
        """No grade book, no grade."""

    def set_credit(self, user: AbstractBaseUser, course_id: str, content_id: str, state: CreditState) -> None:
        """No credit."""

    def invalidate_certificate(self, user: AbstractBaseUser, course_id: str) -> None:
        """No certificates."""

    def evaluate_certificate(self, user: AbstractBaseUser, course_id: str) -> None:
        """No certificates."""


def lms() -> Lms:
    """The host's LMS. Raises ImportError where the setting names nothing (a system check says so first)."""
    return cast(Lms, import_string(conf().LMS)())
