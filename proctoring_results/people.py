"""People, as the user model of the site has them.

The model may have no username (``USERNAME_FIELD = "email"``), no email address and no names. Nothing else asks it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, F, TextField, Value
from django.db.models.functions import Concat, Lower

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.db.models.expressions import Combinable

# A search finds up to this many: their keys go into an IN list, and SQLite takes 32,766 parameters.
MAX_PEOPLE = 20_000
# Where models keep names. A name that a model makes of other fields is shown, and not searched.
NAME_FIELDS = ("first_name", "last_name", "full_name", "name")
# Letters that Unicode does not take apart into a letter and a mark.
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)


@dataclass(frozen=True, slots=True)
class Person:
    """Each is empty where the model has none."""

    full_name: str
    username: str
    email: str

    @property
    def name(self) -> str:
        """Return what people are called by: the full name, else the username, else the address."""
        return self.full_name or self.username or self.email

    @property
    def details(self) -> list[str]:
        """Return what tells people of one name apart: username and address, unless they are the name."""
        return list(dict.fromkeys(text for text in (self.username, self.email) if text and text != self.name))

    @property
    def label(self) -> str:
        """Return the name in one line with the username, where a name alone would not do."""
        return f"{self.name} ({self.username})" if self.username and self.username != self.name else self.name


def person(user: AbstractBaseUser) -> Person:
    full_name = str(getattr(user, "get_full_name", str)() or "").strip()
    return Person(full_name, str(user.get_username() or ""), email_of(user))


def email_of(user: AbstractBaseUser) -> str:
    field = email_field()
    return str(getattr(user, field) or "") if field else ""


def username_field() -> str:
    return get_user_model().USERNAME_FIELD


def email_field() -> str:
    """Return the name of the field with the address; empty if the model has none."""
    name = get_user_model().get_email_field_name()
    return name if _is_text(name) else ""


def search_fields() -> list[str]:
    """Return the fields in which people are searched."""
    return list(dict.fromkeys(filter(None, [username_field(), email_field(), *filter(_is_text, NAME_FIELDS)])))


def sortable_name(relation: str = "") -> Combinable:
    """Return what the database sorts people by, who are in this relation if it is named: surname, name, username."""
    names = [*filter(_is_text, ("last_name", "full_name", "name", "first_name")), username_field()]
    texts = [F(f"{relation}__{name}" if relation else name) for name in names]
    return Lower(texts[0] if len(texts) == 1 else Concat(*_spaced(texts), output_field=TextField()))


def _spaced(texts: list[F]) -> Iterator[Combinable]:
    for text in texts:
        yield text
        yield Value(" ")


def fold(text: str) -> str:
    """Return the text without case and accents: “Sjöström” and “SJOSTROM” become the same."""
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).translate(LETTERS)


def is_named(terms: Iterable[str], texts: Iterable[object]) -> bool:
    """Return whether each of the folded terms is part of one of the texts."""
    folded = fold("\n".join([str(text) for text in texts if text]))
    return all(term in folded for term in terms)


def _is_text(name: str) -> bool:
    try:
        field = get_user_model()._meta.get_field(name)
    except FieldDoesNotExist:
        return False
    return isinstance(field, CharField | TextField)
