"""The host LMS: one small interface that the host fills in (setting ``LMS``)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, cast, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from proctoring_results.conf import conf
from proctoring_results.people import person

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.choices import CreditState


@runtime_checkable
class Lms(Protocol):
    """What the app asks the host, and what it tells it. Inherit from ``NullLMS`` and override what your site has.

    Commands are level-triggered: "make it so". Each may be called more than once, and must then change nothing more.
    An exception means "not now": the call is retried, with growing pauses, for about a day.
    """

    # --- Questions. They change nothing.

    def course_name(self, course_id: str) -> str:
        """Return the name of the course."""

    def course_end(self, course_id: str) -> datetime | None:
        """Return when the course ends, or None if it does not."""

    def whom_to_ask(self, course_id: str) -> str:
        """Return whom to ask about permissions and results in this course: a name or an address.

        It is part of sentences.
        """

    def how_to_appeal(self, course_id: str) -> str:
        """Return how a learner appeals against a result in this course, in one or more sentences."""

    def course_team(self, course_id: str) -> Sequence[str]:
        """Return the email addresses that get the notices to the course team."""

    def exam_url(self, course_id: str, content_id: str) -> str:
        """Return the full URL of an exam's page; empty if there is none.

        Mails link to it, and secured browsers are redirected there when they are ready.
        """

    def learner_name(self, user: AbstractBaseUser) -> str:
        """Return the name by which to address a learner."""

    def learner_language(self, user: AbstractBaseUser) -> str:
        """Return the code of the learner's language, as in ``settings.LANGUAGES``."""

    def holds_grades(self, course_id: str) -> bool:
        """Return whether a failed proctoring review sets the grade to 0 in this course."""

    def own_grade(self, user: AbstractBaseUser, course_id: str, content_id: str) -> str:
        """Return the learner's own grade of the exam as text, such as ``7 of 10``, whether or not it is held at 0.

        It is shown to those who decide. Empty if there is none.
        """

    # --- Commands: make it so.

    def hold_at_zero(self, user: AbstractBaseUser, course_id: str, content_id: str) -> None:
        """Show 0 in place of the learner's own grade of the exam, which is kept underneath."""

    def release(self, user: AbstractBaseUser, course_id: str, content_id: str) -> None:
        """Show the learner's own grade again, whatever it is by now."""

    def set_credit(self, user: AbstractBaseUser, course_id: str, content_id: str, state: CreditState) -> None:
        """Set the state of this exam as a requirement for credit."""

    def invalidate_certificate(self, user: AbstractBaseUser, course_id: str) -> None:
        """Invalidate the certificate of the course, because a grade is held at 0."""

    def evaluate_certificate(self, user: AbstractBaseUser, course_id: str) -> None:
        """Evaluate again whether the learner has earned the certificate, because a grade was released."""


class NullLMS:
    """The LMS that knows nothing: the default, and the class to inherit from."""

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
        return person(user).name

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
    """Return the host's LMS. Raises ImportError if the setting names no class, which a system check reports first."""
    return cast(Lms, import_string(conf().LMS)())
