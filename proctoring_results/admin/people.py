"""People in the lists of Django admin: shown by name, and found whatever the case or accent."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from proctoring_results.exceptions import InvalidInput
from proctoring_results.people import person, username_field
from proctoring_results.queries.search import find_people

from .read_only import ReadOnlyAdmin

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


def person_column(field: str, description: str | StrPromise) -> Callable[[Any], str]:
    """Return a column with the name of the person in this field, and the username in brackets."""

    @admin.display(description=description, ordering=f"{field}__{username_field()}")
    def column(row: Model) -> str:
        user = getattr(row, field)
        return person(user).label if user else ""

    # Part of the class of the cells.
    column.__name__ = field
    return column


class PeopleAdmin(ReadOnlyAdmin):
    """A list that is searched by people, and by its ``search_fields``."""

    # Leads from the row to the person.
    person_path = "user"
    search_help_text = _("Parts of a name, username or email address in any order, or another text of the row.")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any, Any], search_term: str
    ) -> tuple[QuerySet[Any, Any], bool]:
        rows, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        if not search_term.strip():
            return rows, may_have_duplicates
        try:
            people = find_people(search_term, queryset.order_by().values(self.person_path))
        except InvalidInput as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return queryset.none(), False
        return rows | queryset.filter(**{f"{self.person_path}__in": people}), may_have_duplicates
