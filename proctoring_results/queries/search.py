"""People by name, whatever the case or accent, on every database. Reads only."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from proctoring_results.exceptions import InvalidInput
from proctoring_results.lms import lms
from proctoring_results.people import MAX_PEOPLE, fold, is_named, search_fields


def find_people(search: str, among: QuerySet[Any, Any], course_id: str = "") -> list[Any]:
    """Return the keys of the people whom every word of the search names, in any order.

    In a course the host's own numbers are searched, too (``Lms.search``).

    ``among`` yields the keys of those who come into question. Their names are compared here and not by the database:
    each database folds case and accents in its own way, and some not at all. Raise ``InvalidInput`` for too many.
    """
    # Not by the default manager: a site's own may leave out people who have left.
    people = get_user_model()._base_manager.filter(pk__in=among).order_by()
    rows = people.values_list("pk", *search_fields()).iterator(chunk_size=2_000)
    terms = fold(search).split()
    by_number = set(lms().search(course_id, search)) if course_id else set()
    keys = [key for key, *texts in rows if key in by_number or is_named(terms, texts)]
    if len(keys) > MAX_PEOPLE:
        raise InvalidInput("search", _("matches too many people. Write more of the name."))
    return keys
