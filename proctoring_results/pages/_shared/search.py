"""A search for people, in an address: encrypted, since it names people, and bound to one person, course and purpose."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from proctoring_results import crypto
from proctoring_results.exceptions import CannotDecrypt, InvalidInput
from proctoring_results.lms import overrides
from proctoring_results.validation import clean_text

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

MAX_LENGTH = 255
# What is searched. Nothing else that is encrypted, and no search of another page, may be read as this one.
SESSIONS = "search of sessions"
LEARNERS = "search of learners"


@dataclass(frozen=True, slots=True)
class Search:
    """What was typed; ``token`` is the same in the address. Both are empty without a search."""

    text: str = ""
    token: str = ""
    # Why it cannot be searched for: then nothing is listed.
    problem: str = ""
    # The address has a search that this person cannot read: the page is as without one.
    is_unreadable: bool = False

    @property
    def label(self) -> str:
        """Return what people and sessions are found by."""
        if overrides("search"):
            return _("Name, username, email address, student number or attempt code")
        return _("Name, username, email address or attempt code")


def make_token(purpose: str, text: str, user: AbstractBaseUser, course_id: str) -> str:
    # A little more than what is allowed, so that the page can say that it is too long.
    data = [purpose, course_id, str(user.pk), text.strip()[: MAX_LENGTH + 1]]
    return crypto.encrypt(json.dumps(data)).decode()


def read_search(purpose: str, token: str, user: AbstractBaseUser, course_id: str) -> Search:
    if not token:
        return Search()
    try:
        *scope, text = json.loads(crypto.decrypt(token.encode()))
    except (CannotDecrypt, ValueError, TypeError):
        return Search(is_unreadable=True)
    if scope != [purpose, course_id, str(user.pk)]:
        return Search(is_unreadable=True)
    return Search(text, token, _problem_of(text))


def _problem_of(text: str) -> str:
    try:
        clean_text("search", text, max_length=MAX_LENGTH)
    except InvalidInput as refusal:
        return problem_of(refusal)
    return ""


def problem_of(refusal: InvalidInput) -> str:
    return _("The search %(problem)s") % {"problem": refusal.problem}
