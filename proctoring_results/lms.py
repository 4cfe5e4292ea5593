"""The host LMS: one small interface that the host fills in (setting ``LMS``), and the guard around each call of it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cached_property, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable
from urllib.parse import urljoin, urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from proctoring_results.conf import conf
from proctoring_results.exceptions import NotFound
from proctoring_results.people import MAX_PEOPLE, person

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.choices import CreditState

logger = logging.getLogger("proctoring_results.lms")


@runtime_checkable
class Lms(Protocol):
    """What the app asks the host, and what it tells it. Inherit from ``NullLMS`` and override what your site has.

    Commands are level-triggered: "make it so". Each may be called more than once, and must then change nothing more.
    An exception means "not now": the call is retried, with growing pauses, for about a day.

    A question whose answer is an exception or of a wrong type is logged, and pages show that the answer is missing. A
    course that does not exist is answered by ``ObjectDoesNotExist`` (the ``DoesNotExist`` of any model) or ``Http404``.
    """

    # --- Questions. They change nothing.

    def course_name(self, course_id: str) -> str:
        """Return the name of the course. Its pages are "404 Not Found" if there is no such course."""

    def course_end(self, course_id: str) -> datetime | None:
        """Return when the course ends, or None if it does not."""

    def time_zone(self, course_id: str) -> str:
        """Return the name of the time zone of the course's days, such as ``Europe/Paris``; empty for the site's."""

    def whom_to_ask(self, course_id: str) -> str:
        """Return whom to ask about permissions and results in this course: a name or an address.

        It is part of sentences.
        """

    def how_to_appeal(self, course_id: str) -> str:
        """Return how a learner appeals against a result in this course, in one or more sentences."""

    def course_team(self, course_id: str) -> Sequence[str]:
        """Return the email addresses that get the notices to the course team."""

    def exam_url(self, course_id: str, content_id: str) -> str:
        """Return the address of an exam's page; empty if there is none.

        Mails link to it, and secured browsers are redirected there when they are ready. Before a path, as ``reverse``
        returns it, comes ``SITE_URL``.
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

    def decision_limit(self, course_id: str) -> timedelta | None:
        """Return within which time the course team should decide what requires attention; None if there is no limit.

        The page Sessions colours what has waited for half of it, and for all of it.
        """

    def data_policy(self, course_id: str) -> tuple[str, str]:
        """Return the name and the full URL (http or https) of the policy for learners' data in this course.

        Data Download asks its readers to follow it. Each is empty if there is none.
        """

    def search(self, course_id: str, text: str) -> Iterable[Any]:
        """Return the users, or their ids, whom a number of your own names, such as a student number; none by default.

        It is asked whenever somebody searches for people in a course, with what was typed. Names, usernames and
        addresses are searched anyway, and whoever has no attempt in the course is left out.
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

    def time_zone(self, course_id: str) -> str:
        return ""

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

    def decision_limit(self, course_id: str) -> timedelta | None:
        return timedelta(days=14)

    def data_policy(self, course_id: str) -> tuple[str, str]:
        return "", ""

    def search(self, course_id: str, text: str) -> Iterable[Any]:
        return ()

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


QUESTIONS = frozenset(
    {
        "course_name",
        "course_end",
        "time_zone",
        "whom_to_ask",
        "how_to_appeal",
        "course_team",
        "exam_url",
        "learner_name",
        "learner_language",
        "holds_grades",
        "own_grade",
        "decision_limit",
        "data_policy",
        "search",
    }
)
# How a host says that there is no such course.
NO_SUCH_COURSE = (ObjectDoesNotExist, Http404)


def lms() -> Lms:
    """Return the host's LMS for pages: a question that it fails to answer is answered for, and logged."""
    return cast(Lms, _Guard(Exception))


def strict_lms() -> Lms:
    """Return the host's LMS for what is tried again later: it raises whatever the host raises.

    Only a course that does not exist, and never will, is answered for as ``NullLMS`` does.
    """
    return cast(Lms, _Guard(*NO_SUCH_COURSE))


def course_name(course_id: str) -> str:
    """Return the name of a course for a page of its own. Raises ``NotFound`` if the host knows no such course."""
    try:
        return str(_checked("course_name", _host().course_name(course_id)))
    except NO_SUCH_COURSE as error:
        raise NotFound("course", course_id) from error
    except Exception:  # noqa: BLE001  the guard logs it
        return lms().course_name(course_id)


def course_zone(course_id: str) -> tzinfo:
    """Return the time zone of a course's days, the same for each reader; without a course the site's."""
    name = lms().time_zone(course_id) if course_id else ""
    return ZoneInfo(name) if name else timezone.get_default_timezone()


def overrides(*methods: str) -> bool:
    """Return whether the host's class has any of these methods itself: what ``NullLMS`` does is nothing to announce."""
    host = type(_host())
    return any(getattr(host, method, None) is not getattr(NullLMS, method) for method in methods)


def _host() -> Lms:
    """Raises ImportError if the setting names no class, which a system check reports first."""
    return cast(Lms, import_string(conf().LMS)())


class _Guard:
    """The host's LMS. A question that ends in one of these errors is answered for; a command raises what it raises."""

    def __init__(self, *errors: type[Exception]) -> None:
        self._errors = errors

    def __getattr__(self, method: str) -> Any:
        return partial(self._ask, method) if method in QUESTIONS else getattr(self._host, method)

    @cached_property
    def _host(self) -> Lms:
        return _host()

    def _ask(self, method: str, *args: Any) -> Any:
        if method == "holds_grades" and not overrides("hold_at_zero"):
            return False
        try:
            return _checked(method, getattr(self._host, method)(*args))
        except self._errors as error:
            if not isinstance(error, NO_SUCH_COURSE):
                # Not the arguments: a person may be among them.
                logger.exception("The LMS did not answer %s.", method)
                return getattr(_SILENT, method)(*args)
            return getattr(_NOTHING, method)(*args)


def _checked(method: str, answer: Any) -> Any:
    """Return the answer. Raises ``TypeError`` for one that nothing can be done with."""
    match method:
        case "course_end":
            is_right = answer is None or (isinstance(answer, datetime) and answer.tzinfo is not None)
        case "decision_limit":
            is_right = answer is None or (isinstance(answer, timedelta) and answer > timedelta())
        case "holds_grades":
            is_right = isinstance(answer, bool)
        case "course_team":
            answer = answer if isinstance(answer, str) else list(answer)
            is_right = not isinstance(answer, str) and all(isinstance(address, str) for address in answer)
        case "data_policy":
            is_right = isinstance(answer, tuple) and len(answer) == 2 and _is_name_and_url(*answer)
        case "search":
            # One more than a search may find, so that it is refused.
            answer = [_key_of_user(one) for one in islice(answer, MAX_PEOPLE + 1)]
            is_right = None not in answer
        case "time_zone":
            is_right = isinstance(answer, str) and (not answer or _is_time_zone(answer))
        case "exam_url":
            is_right = isinstance(answer, str | Promise)
            answer = _full_address(str(answer)) if is_right else answer
        case _:
            is_right = isinstance(answer, str | Promise)
    if not is_right:
        raise TypeError(f"{conf().LMS}.{method} returned {type(answer).__name__}, or something wrong in it.")
    return answer


def _key_of_user(user: object) -> Any:
    """Return the key of a user, or of the user with this id. Raises ``ValidationError`` for what is no id."""
    return user.pk if isinstance(user, get_user_model()) else get_user_model()._meta.pk.to_python(user)


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    # Not found, no relative path below the folder of time zones, a folder.
    except (KeyError, ValueError, OSError):
        return False
    return True


def _is_name_and_url(name: object, url: object) -> bool:
    """A page links to the URL, so that no script may be in it."""
    if not (isinstance(name, str | Promise) and isinstance(url, str)):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return not url or (parts.scheme in ("http", "https") and bool(parts.netloc))


def _full_address(address: str) -> str:
    """Return an address that leads there from a mail, too; a path as it is if ``SITE_URL`` is not set."""
    site, parts = conf().SITE_URL, urlsplit(address)
    if not (site and address) or parts.scheme:
        return address
    return urljoin(site, address) if parts.netloc else f"{site}/{address.removeprefix('/')}"


class _SilentLMS(NullLMS):
    """What pages show while the host's LMS does not answer: nothing that could be taken for an answer."""

    def course_name(self, course_id: str) -> str:
        return _("%(course)s (the name is not available at the moment)") % {"course": course_id}


_NOTHING, _SILENT = NullLMS(), _SilentLMS()
